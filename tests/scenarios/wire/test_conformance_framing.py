"""Bodies of requests: where they end, as RFC 9112 has it in sections 6 to 8."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from scenarios.wire.conforming import (
    HEALTH,
    ask,
    conforming_server,
    event_names,
    hold_body,
    host_of,
    make_event,
    refusal,
    request,
)
from scenarios.wire.raw import Answer, exchange, split
from support.serving import Serving

JSON = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with conforming_server() as one:
        yield one


@pytest.fixture(scope="module")
def event(server: Serving) -> int:
    return make_event(server.port)


def hold(*fields: bytes, version: bytes = b"HTTP/1.1", is_last: bool = True) -> bytes:
    """The head of a hold, whose body these fields frame."""
    return request(b"/v1/holds", JSON, *fields, method=b"POST", version=version, is_last=is_last)


def chunks(body: bytes, size: bytes = b"%x\r\n") -> bytes:
    return size % len(body) + body + b"\r\n0\r\n\r\n"


def problem_code(answer: Answer) -> str:
    code: str = json.loads(answer.body)["code"]
    return code


@pytest.mark.parametrize("size", [b"%x\r\n", b"%X\r\n", b"000%x\r\n", b"00000000000000%02x\r\n"])
async def test_a_chunked_body_is_read(server: Serving, event: int, size: bytes):
    assert (await ask(server.port, hold(CHUNKED) + chunks(hold_body(event), size))).status == 201


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b"CHUNKED"])
async def test_a_chunked_body_is_read_however_it_is_cut(server: Serving, event: int, coding: bytes):
    body = hold_body(event)
    pieces = b"".join(b"1\r\n%c\r\n" % octet for octet in body) + b"0\r\n\r\n"
    data = hold(b"Transfer-Encoding: " + coding, is_last=False) + pieces
    answers = await exchange(server.port, [*split(data), HEALTH])
    assert [answer.status for answer in answers] == [201, 200]


async def test_a_second_field_of_transfer_encoding_is_refused(server: Serving, event: int):
    """Chunked twice, by two fields or by a list."""
    body = chunks(hold_body(event))
    await refusal(server.port, hold(CHUNKED, CHUNKED) + body)
    await refusal(server.port, hold(b"Transfer-Encoding: chunked, chunked") + body)


@pytest.mark.parametrize("coding", [b"gzip", b"chunked, gzip", b"identity", b"xchunked", b"chunked;q=1", b""])
async def test_a_body_whose_last_coding_is_not_chunked_is_refused(server: Serving, event: int, coding: bytes):
    await refusal(server.port, hold(b"Transfer-Encoding: " + coding) + chunks(hold_body(event)))


async def test_a_coding_that_is_not_known_is_refused(server: Serving, event: int):
    await refusal(server.port, hold(b"Transfer-Encoding: gzip, chunked") + chunks(hold_body(event)))


@pytest.mark.parametrize("length", [b"5", b"0", b"%d"])
async def test_a_length_beside_chunks_is_refused_and_closes(server: Serving, event: int, length: bytes):
    body = chunks(hold_body(event))
    field = b"Content-Length: " + (length % len(body) if b"%" in length else length)
    await refusal(server.port, hold(CHUNKED, field) + body)
    await refusal(server.port, hold(field, CHUNKED) + body)


@pytest.mark.parametrize("field", [[], [b"Content-Length: 5"], [b"Connection: keep-alive"]])
async def test_chunks_in_http_1_0_are_a_faulty_framing(server: Serving, event: int, field: list[bytes]):
    data = hold(CHUNKED, *field, version=b"HTTP/1.0", is_last=False) + chunks(hold_body(event))
    await refusal(server.port, data)


@pytest.mark.parametrize(
    "length", [b"+2", b"-2", b"0x2", b"2 2", b"2,3", b"two", b"", b"2.0", b"2;", b"\xd9\xa2", b"1_0"]
)
async def test_an_invalid_length_is_refused_and_closes(server: Serving, length: bytes):
    await refusal(server.port, hold(b"Content-Length: " + length) + b"{}")


async def test_two_lengths_are_refused(server: Serving):
    await refusal(server.port, hold(b"Content-Length: 2", b"Content-Length: 3") + b"{}")
    await refusal(server.port, hold(b"Content-Length: 2", b"Content-Length: 2") + b"{}")


@pytest.mark.parametrize("turns", [2**32, 2**63, 2**64, 2**128])
async def test_a_large_length_never_wraps_around(server: Serving, turns: int):
    """Where it wrapped, the body would be whole."""
    answers = await exchange(server.port, [hold(b"Content-Length: %d" % (turns + 2)) + b"{}"])
    assert [answer.status for answer in answers] in ([400], [413])


@pytest.mark.parametrize("turns", [2**32, 2**63, 2**64, 2**128])
async def test_a_large_chunk_size_never_wraps_around(server: Serving, turns: int):
    answers = await exchange(
        server.port, [hold(CHUNKED) + b"%x\r\n{}\r\n0\r\n\r\n" % (turns + 2)], half_close=True
    )
    assert all(answer.status in (400, 408, 413) for answer in answers), answers


@pytest.mark.parametrize(
    "body",
    [b"2\n{}\r\n0\r\n\r\n", b"2\r\n{}\n0\r\n\r\n", b"2\r\n{}0\r\n\r\n", b"2\r\n{}x\r\n0\r\n\r\n", b"g\r\n{}\r\n",
     b" 2\r\n{}\r\n0\r\n\r\n", b"+2\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"\r\n{}\r\n0\r\n\r\n"],
)  # fmt: skip
async def test_a_chunk_outside_the_grammar_is_refused_and_closes(server: Serving, body: bytes):
    await refusal(server.port, hold(CHUNKED) + body)


@pytest.mark.parametrize(
    "extension", [b";a", b";a=b", b';a="b;c"', b";a=b;c=d", b';a="\\""', b";" + b"a" * 900]
)
async def test_a_chunk_extension_is_ignored(server: Serving, event: int, extension: bytes):
    body = hold_body(event)
    data = b"%x%s\r\n%s\r\n0%s\r\n\r\n" % (len(body), extension, body, extension)
    answers = await exchange(server.port, [hold(CHUNKED, is_last=False) + data + HEALTH])
    assert [answer.status for answer in answers] == [201, 200]


@pytest.mark.parametrize("extension", [b" ;a=b", b"\t;a=b", b"; a=b", b";a =b", b";a= b"])
async def test_bad_whitespace_in_a_chunk_extension_is_read_over(
    server: Serving, event: int, extension: bytes
):
    body = hold_body(event)
    data = b"%x%s\r\n%s\r\n0\r\n\r\n" % (len(body), extension, body)
    assert (await ask(server.port, hold(CHUNKED) + data)).status == 201


async def test_a_trailer_never_becomes_a_header(server: Serving, event: int):
    """As a header, the key would make the second hold a replay of the first."""
    body = hold_body(event)
    trailer = b"Idempotency-Key: 0123456789012345678901\r\nHost: other.example\r\nContent-Length: 1\r\n"
    trailer += b"Transfer-Encoding: gzip\r\nConnection: close\r\nContent-Type: text/plain\r\nExpect: x\r\n"
    data = hold(CHUNKED, is_last=False) + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailer)
    first, second, last = await exchange(server.port, [data, data, HEALTH])
    assert (first.status, second.status, last.status) == (201, 201, 200)
    assert json.loads(first.body)["id"] != json.loads(second.body)["id"]


async def test_credentials_in_a_trailer_change_nothing(server: Serving):
    body = b'{"name":"trailer","capacity":1}'
    head = request(b"/v1/events", JSON, CHUNKED, method=b"POST")
    trailer = b"Host: %s\r\nAuthorization: Bearer x\r\n" % host_of(server.port)
    data = head + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailer)
    answers = await exchange(server.port, [data])
    assert [answer.status for answer in answers] == [401]
    assert "trailer" not in event_names(server.port)


@pytest.mark.parametrize("framing", [b"Content-Length: 100", CHUNKED])
async def test_a_body_that_the_client_cuts_short_is_not_acted_on(server: Serving, framing: bytes):
    part = b'{"name":"cut","capacity":1}'
    head = request(b"/v1/events", JSON, framing, method=b"POST", host=host_of(server.port), is_last=False)
    data = head + (b"%x\r\n%s\r\n" % (len(part), part) if framing == CHUNKED else part)
    answers = await exchange(server.port, [data], half_close=True)
    assert all(answer.status in (400, 408) for answer in answers), answers
    assert "cut" not in event_names(server.port)


@pytest.mark.parametrize("framing", [b"Content-Length: 100", CHUNKED])
async def test_a_body_that_does_not_come_is_408_and_closes(server: Serving, framing: bytes):
    (answer,) = await exchange(server.port, [hold(framing, is_last=False) + b"2"])
    assert (answer.status, answer.header(b"connection")) == (408, b"close")


async def test_a_request_without_framing_has_no_body(server: Serving):
    """Whatever its method is: what follows is the next request."""
    for method in (b"GET", b"POST", b"DELETE", b"OPTIONS"):
        first = request(b"/v1/holds", method=method, is_last=False)
        answers = await exchange(server.port, [first + HEALTH])
        assert [answer.status for answer in answers][1:] == [200], method
        assert problem_code(answers[0]) in ("method_not_allowed", "unsupported_media_type", "malformed_json",
                                            "invalid_input")  # fmt: skip


async def test_a_body_of_get_is_no_second_request(server: Serving):
    hidden = request(b"/nowhere")
    first = request(b"/healthz", b"Content-Length: %d" % len(hidden), JSON, is_last=False)
    answers = await exchange(server.port, [first + hidden + HEALTH])
    assert all(answer.status != 404 for answer in answers)
    assert answers[-1].status in (200, 400)
