"""The client log: written lines can be read again, however the client ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from proof.log import ClientLog, LogFile, read_json


def begin(log: ClientLog, key: str = "k") -> int:
    return log.invoke(
        proc="p1", user="u1", f="hold", key=key, attempt=1, via="v1", given={"event": "e", "lines": []}
    )


def test_a_logged_request_is_read_with_its_end(tmp_path: Path) -> None:
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


def test_a_request_is_logged_before_it_is_sent(tmp_path: Path) -> None:
    """A killed client leaves its request without an end."""
    path = tmp_path / "client-1.jsonl"
    begin(ClientLog(path))
    [attempt] = LogFile(path).attempts()
    assert (attempt.ret, attempt.res) == (None, "info")


def test_ends_may_be_logged_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    with ClientLog(path) as log:
        first, second = begin(log, "first"), begin(log, "second")
        log.settle(second, res="fail", status=409, code="seat_taken")
        log.settle(first, res="ok", status=201)
    assert {each.line["key"]: each.res for each in LogFile(path).attempts()} == {
        "first": "ok",
        "second": "fail",
    }


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    with ClientLog(path) as log:
        number = begin(log)
        log.settle(number, res="ok", status=201)
    path.write_bytes(path.read_bytes()[:-5])
    assert [each.res for each in LogFile(path).attempts()] == ["info"]


def test_an_unreadable_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    path.write_bytes(b'{"e":"inv"\n{}\n')
    with pytest.raises(ValueError, match="cannot be read"):
        list(LogFile(path).attempts())


def test_a_client_log_refuses_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "client-1.jsonl"
    ClientLog(path).close()
    with pytest.raises(FileExistsError):
        ClientLog(path)


def test_an_empty_or_missing_log_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "client-1.jsonl").touch()
    assert list(LogFile(tmp_path / "client-1.jsonl").attempts()) == []
    assert read_json(tmp_path / "nemesis.jsonl") == []
