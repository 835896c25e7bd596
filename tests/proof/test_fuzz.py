"""The fuzzer of the wire: its reader, its generator, its rules, and a wrong server that it must catch."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proof.fuzz.answers import Malformed, read_answers
from proof.fuzz.campaign import Campaign, literal
from proof.fuzz.mutations import MAX_BYTES, mutate
from proof.fuzz.play import Played
from proof.fuzz.reader import read_requests
from proof.fuzz.rules import canaries_in, judge, judge_pair
from proof.fuzz.scripts import Cut, End, Script, make_script
from proof.fuzz.shrink import shrink

HOST = b"Host: a\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
IDENTITY = b"X-Request-Id: fuzz-0001\r\n"


@pytest.mark.parametrize(
    ("data", "bodies"),
    [
        (b"", []),
        (b"\r\n\r\n", []),
        (GET + b"\r\n" + GET, [b"", b""]),
        (POST + b"Content-Length: 3\r\n\r\nabc" + GET, [b"abc", b""]),
        (CHUNKED + b"3\r\nabc\r\n002;x=y\r\nde\r\n0\r\nT: v\r\n\r\n" + GET, [b"abcde", b""]),
        (POST + b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nGET" + GET, [b"GET", b""]),
        (b"GET http://A:80/ HTTP/1.1\r\nHost: a\r\n\r\n", [b""]),
        (b"GET / HTTP/1.0\r\n\r\n" + GET, [b""]),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n" + GET, [b""]),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n" + GET, [b""]),
        (POST + b"Expect: a-miracle\r\nContent-Length: 1\r\n\r\nx" + GET, [b"x"]),
    ],
)
def test_the_reader_finds_whole_requests(data: bytes, bodies: list[bytes]) -> None:
    reading = read_requests(data)
    assert [request.body for request in reading.requests] == bodies
    assert reading.fault is None


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"\r\n" * 33 + GET, "empty lines"),
        (b"GET /\r\nHost: a\r\n\r\n", "head"),
        (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "head"),
        (b"GET / HTTP/1.1\nHost: a\n\n", "head"),
        (b"GET / HTTP/1.1\r\n\r\n", "head"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "head"),
        (b"GET / HTTP/1.1\r\nHost: a b/c?d@e\r\n\r\n", "head"),
        (b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "head"),
        (b"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "head"),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", "head"),
        (b"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", "head"),
        (POST + b"X : y\r\n\r\n", "head"),
        (POST + b"X: y\r\n z\r\n\r\n", "head"),
        (POST + b"X: a\x00b\r\n\r\n", "head"),
        (POST + b"X: a\rb\r\n\r\n", "head"),
        (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", "head"),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx", "head"),
        (POST + b"Content-Length: +1\r\n\r\nx", "head"),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "head"),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "head"),
        (CHUNKED + b"x\r\n", "body"),
        (CHUNKED + b"1\r\nab\r\n0\r\n\r\n", "body"),
        (CHUNKED + b"1\nx\r\n0\r\n\r\n", "body"),
        (CHUNKED + b"10000000000000000\r\n", "body"),
        (CHUNKED + b"0\r\nno field\r\n\r\n", "body"),
        (CHUNKED + b"0\r\n" + b"a:b\r\n" * 9_000 + b"\r\n", "body"),
        (CHUNKED + b"1;" + b"a" * 9_000 + b"\r\nx\r\n0\r\n\r\n", "body"),
    ],
)
def test_the_reader_finds_the_first_error(data: bytes, where: str) -> None:
    reading = read_requests(GET + data + GET)
    assert len(reading.requests) == 1
    assert reading.fault is not None
    assert (reading.fault.where, reading.fault.is_error, reading.fault.start) == (where, True, len(GET))


def test_every_prefix_of_a_request_is_unfinished() -> None:
    whole = CHUNKED + b"3;a\r\nabc\r\n0\r\nT: v\r\n\r\n"
    for end in range(1, len(whole)):
        fault = read_requests(whole[:end]).fault
        assert fault is not None
        assert not fault.is_error


def test_a_head_over_the_limits_is_marked() -> None:
    assert read_requests(b"GET /" + b"a" * 8_192 + b" HTTP/1.1\r\nHost: a\r\n\r\n").requests[0].is_over_limits
    assert read_requests(POST + b"X: y\r\n" * 100 + b"\r\n").requests[0].is_over_limits
    assert not read_requests(POST + b"X: y\r\n" * 99 + b"\r\n").requests[0].is_over_limits


def answer(status: int = 200, fields: bytes = b"", body: bytes = b"ok", id: bytes = b"fuzz-0001") -> bytes:
    return b"".join(
        [
            b"HTTP/1.1 %d Any\r\nDate: Sun, 29 Nov 2026 13:37:16 GMT\r\nX-Request-Id: %s\r\n" % (status, id),
            fields,
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body),
        ]
    )


@pytest.mark.parametrize(
    "data",
    [
        answer().replace(b"HTTP/1.1 200", b"HTTP/1.1  200"),
        answer().replace(b"Date: Sun", b"X-Date: Sun"),
        answer().replace(b"X-Request-Id: ", b"X-Request-Id: !"),
        answer(fields=b"Content-Length: 2\r\n"),
        answer(fields=b"Transfer-Encoding: chunked\r\n"),
        answer(fields=b"A: b\nC: d\r\n"),
        answer(status=503),
        answer(status=204),
        answer()[:-1],
        answer()[:20],
    ],
)
def test_a_malformed_answer_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_answers(data, [b"GET"])


def test_an_answer_to_head_has_no_body() -> None:
    bare = answer(body=b"ok")[:-2]
    assert len(read_answers(bare + answer(), [b"HEAD", b"GET"])) == 2
    assert len(read_answers(bare + answer(), [b"HEAD?", b"GET"])) == 2
    assert read_answers(answer(), [b"HEAD?"])[0].body == b"ok"


def broken(data: bytes, answers: bytes, *, end: End = "probe", has_ended: bool = True) -> set[str]:
    """Return the rules that these answers to these bytes break."""
    script = Script(number=0, data=data, cuts=(), end=end)
    return {one.rule for one in judge(script, Played(data=answers, has_ended=has_ended))[1]}


CLOSE = b"Connection: close\r\n"
REQUEST = b"GET / HTTP/1.1\r\n" + HOST + IDENTITY + b"\r\n"
FRESH = b"0123456789"


@pytest.mark.parametrize(
    ("data", "answers", "rules"),
    [
        (REQUEST, answer(), set()),
        (REQUEST, answer(id=FRESH), {"identity"}),
        (REQUEST, answer(status=500), {"5xx"}),
        (REQUEST, b"", {"missing"}),
        (REQUEST, answer() + answer(), {"count"}),
        (REQUEST + GET, answer() + answer(id=b"fuzz-0001"), {"identity"}),
        (REQUEST + GET, answer() + answer(id=FRESH), set()),
        (REQUEST + GET, answer(), {"missing"}),
        (REQUEST + GET, answer(fields=CLOSE), set()),
        (REQUEST + GET, answer(fields=CLOSE) + answer(id=FRESH), {"count"}),
        (REQUEST + b"x\r\n", answer(), {"missing"}),
        (REQUEST + b"x\r\n", answer() + answer(id=FRESH), {"broken"}),
        (REQUEST + b"x\r\n", answer() + answer(status=400, id=FRESH), {"close"}),
        (REQUEST + b"x\r\n", answer() + answer(status=400, fields=CLOSE, id=FRESH), set()),
        (REQUEST.replace(b"1.1", b"1.0"), answer(), {"close"}),
        (REQUEST, b"HTTP/1.1 100 Continue\r\n\r\n" + answer(), {"interim"}),
        (CHUNKED + b"x\r\n", answer(status=201, id=FRESH), {"broken"}),
        (CHUNKED + b"x\r\n", answer(status=404, id=FRESH), set()),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9_000 + b"\r\n\r\n", answer(id=FRESH), {"broken"}),
    ],
)
def test_judge_reports_exactly_the_broken_rules(data: bytes, answers: bytes, rules: set[str]) -> None:
    assert broken(data, answers) == rules


def test_an_open_connection_is_accused() -> None:
    assert broken(GET, answer(id=FRESH), has_ended=False) == {"end"}


def test_different_answers_to_the_same_bytes_are_accused() -> None:
    script = Script(number=0, data=REQUEST, cuts=(), end="probe")
    one, other = read_answers(answer(), [b"GET"]), read_answers(answer(status=404), [b"GET"])
    assert [each.rule for each in judge_pair(script, one, other)] == ["split"]
    assert judge_pair(script, one, one) == []


def test_only_an_early_answer_may_close() -> None:
    """Only after a body that is large or was waited for."""
    length = b"Content-Length: 1\r\n\r\nx"
    one = read_answers(answer(fields=CLOSE), [b"POST"])
    both = read_answers(answer() + answer(id=FRESH), [b"POST", b"GET"])
    waited = Script(
        number=0, data=POST + IDENTITY + b"Expect: 100-continue\r\n" + length + GET, cuts=(), end="probe"
    )
    assert judge_pair(waited, both, one) == []
    small = Script(number=0, data=POST + IDENTITY + length + GET, cuts=(), end="probe")
    assert [each.rule for each in judge_pair(small, both, one)] == ["split"]


def test_a_head_and_its_body_may_both_be_broken() -> None:
    """The cuts decide which error is reported. A head that breaks within its lines has no body."""
    body = b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"T" * 9000
    one, other = (read_answers(answer(status=status, fields=CLOSE), [b"GET"]) for status in (400, 431))
    both = Script(number=0, data=b"GET / HTTP/1.1\r\n" + body, cuts=(), end="half-close")
    assert judge_pair(both, one, other) == []
    head = Script(number=0, data=b"GET / HTTP/1.1\r\n:\r\n" + body, cuts=(), end="half-close")
    assert [each.rule for each in judge_pair(head, one, other)] == ["split"]


def test_a_canary_freed_by_a_mutation_is_excused() -> None:
    event = b'{"name":"canary 1"}'
    request = POST + b"Content-Length: %d\r\n\r\n%s" % (len(event), event)
    assert canaries_in(read_requests(request)) == {"canary 1"}
    hidden = POST + b"Content-Length: %d\r\n\r\n%s" % (len(request), request)
    assert canaries_in(read_requests(hidden)) == set()


def test_a_seed_repeats_its_scripts() -> None:
    assert [make_script(5, n, 8000) for n in range(50)] == [make_script(5, n, 8000) for n in range(50)]
    assert make_script(5, 1, 8000) != make_script(6, 1, 8000)


def test_the_reader_accepts_undamaged_scripts() -> None:
    scripts = [script for n in range(400) if (script := make_script(1, n, 8000)).expected]
    assert len(scripts) > 30
    for script in scripts:
        fault = read_requests(script.data).fault
        assert fault is None or "coding" in fault.why  # chunks in HTTP/1.0, which are generated on purpose


def test_scripts_have_many_kinds_of_faults() -> None:
    faults = [read_requests(make_script(1, n, 8000).data).fault for n in range(600)]
    kinds = Counter("none" if fault is None else fault.why for fault in faults)
    assert kinds["none"] > 60
    assert len(kinds) >= 12


def test_mutations_stay_below_the_size_limit() -> None:
    chance = random.Random(3)
    data = GET
    for _ in range(2_000):
        data = mutate(chance, data) or GET
        assert len(data) <= MAX_BYTES


async def test_shrink_keeps_only_the_failing_bytes() -> None:
    script = Script(number=0, data=b"x" * 300 + b"bad" + b"y" * 300, cuts=(Cut(10), Cut(302)), end="probe")

    async def fails(candidate: Script) -> bool:
        return b"bad" in candidate.data and any(
            candidate.data[: cut.at].endswith(b"ba") for cut in candidate.cuts
        )

    small = await shrink(script, fails, seconds=30)
    assert (small.data, small.cuts, small.end) == (b"bad", (Cut(2),), "half-close")
    assert literal(small, 8000) == "[\n    b'ba',\n    b'd',\n]"


def test_a_find_is_shown_as_python() -> None:
    script = Script(number=0, data=b"Host: a:8000" + b" " * 99 + b"x", cuts=(Cut(6, "answer"),), end="probe")
    assert literal(script, 8000) == "[\n    b'Host: ',\n    WAIT,\n    b'a:@PORT@' + b' ' * 99 + b'x',\n]"


@asynccontextmanager
async def strict_server(*, upgrades: bool) -> AsyncIterator[int]:
    """A server that is correct by the reference reader. With `upgrades` it reads the body of an Upgrade as
    the next request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(10):
                await _serve(reader, writer, upgrades=upgrades)
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upgrades: bool) -> None:
    data = b""
    while True:
        try:
            async with asyncio.timeout(1):
                piece = await reader.read(2**20)
        except TimeoutError:
            piece = b""
        data += piece
        while True:
            data = data.lstrip(b"\r\n")
            if upgrades and (head := re.match(rb"(?is)((?:(?!\r\n\r\n).)*\r\nUpgrade: .*?)\r\n\r\n", data)):
                data = (
                    re.sub(rb"(?im)^(Content-Length|Transfer-Encoding|Expect):.*\r\n", b"", head[0])
                    + data[head.end() :]
                )
            reading = read_requests(data)
            if not reading.requests:
                break
            one, data = reading.requests[0], data[reading.requests[0].end :]
            status = 417 if one.expects not in (b"", b"100-continue") else 431 if one.is_over_limits else 404
            own = [id for id in one.ids if re.fullmatch(rb"[A-Za-z0-9._-]{8,64}", id)]
            body = answer(status, CLOSE if one.closes else b"", id=own[0] if own else FRESH)
            writer.write(body[:-2] if one.method == b"HEAD" else body)
            if one.closes:
                break
        fault = reading.fault
        if not reading.requests and fault is not None and (fault.is_error or not piece):
            writer.write(answer(400, CLOSE, id=FRESH))
        if not piece or reading.requests or (fault is not None and fault.is_error):
            await writer.drain()
            writer.write_eof()
            while piece:
                piece = await reader.read(2**20)
            return


async def test_reading_an_upgrade_body_as_a_request_is_caught() -> None:
    """The shrunk script is little more than the upgrade."""
    async with strict_server(upgrades=True) as port:
        campaign = Campaign(seed=1, port=port, max_finds=20)
        await campaign.run(seconds=60, scripts=150)
        await campaign.repeat_suspects()
    found = {find.violation.rule: find for find in campaign.finds}
    assert found.keys() & {"count", "identity"}
    small = (found.get("count") or found["identity"]).small
    assert b"upgrade:" in small.data.lower()
    assert len(small.data) < 400


async def test_a_correct_server_is_not_accused() -> None:
    """It breaks only `expected`, because it does not have our routes."""
    async with strict_server(upgrades=False) as port:
        campaign = Campaign(seed=1, port=port, max_finds=20)
        await campaign.run(seconds=60, scripts=150)
        await campaign.repeat_suspects()
    assert {find.violation.rule for find in campaign.finds} <= {"expected"}
