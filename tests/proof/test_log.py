"""The client log: what was written is read again, whatever the end of the client was."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.log import ClientLog, LogFile, read_json


def begin(log: ClientLog, key: str = "k") -> int:
    return log.invoke(
        proc="p1", user="u1", f="hold", key=key, attempt=1, via="v1", given={"event": "e", "lines": []}
    )


def test_a_request_comes_back_with_its_end(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    with ClientLog(path) as log:
        number = begin(log)
        log.settle(number, res="ok", status=201, out={"hold": "h1"})
    [attempt] = LogFile(path).attempts()
    assert attempt.line["in"] == {"event": "e", "lines": []}
    assert attempt.ret is not None
    assert attempt.ret["out"] == {"hold": "h1"}
    assert attempt.ret["t"] >= attempt.line["t"]
    assert '"status":201' in LogFile(path).raw(attempt.returned)


def test_a_request_is_on_file_before_it_is_sent(tmp_path: Path) -> None:
    """A client that was killed leaves what it asked, without an end."""
    path = tmp_path / "client-1.jsonl"
    begin(ClientLog(path))
    [attempt] = LogFile(path).attempts()
    assert (attempt.ret, attempt.res) == (None, "info")


def test_ends_may_come_in_another_order(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    with ClientLog(path) as log:
        first, second = begin(log, "first"), begin(log, "second")
        log.settle(second, res="fail", status=409, code="seat_taken")
        log.settle(first, res="ok", status=201)
    assert {each.line["key"]: each.res for each in LogFile(path).attempts()} == {
        "first": "ok",
        "second": "fail",
    }


def test_a_last_line_that_was_torn_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    with ClientLog(path) as log:
        number = begin(log)
        log.settle(number, res="ok", status=201)
    path.write_bytes(path.read_bytes()[:-5])
    assert [each.res for each in LogFile(path).attempts()] == ["info"]


def test_a_line_in_the_middle_that_cannot_be_read_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    path.write_bytes(b'{"e":"inv"\n{}\n')
    with pytest.raises(ValueError, match="cannot be read"):
        list(LogFile(path).attempts())


def test_a_client_never_goes_on_in_the_file_of_another(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    ClientLog(path).close()
    with pytest.raises(FileExistsError):
        ClientLog(path)


def test_an_empty_or_missing_file_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "client-1.jsonl").touch()
    assert list(LogFile(tmp_path / "client-1.jsonl").attempts()) == []
    assert read_json(tmp_path / "nemesis.jsonl") == []
