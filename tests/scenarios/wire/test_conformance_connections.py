"""Connections: persistence, order, closing, 100 (Continue) and Upgrade, as RFC 9112 and RFC 9110 have them."""

from __future__ import annotations

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
    raw_answer,
    request,
)
from scenarios.wire.raw import RawConnection, exchange
from support.serving import Serving

JSON = b"Content-Type: application/json"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with conforming_server() as one:
        yield one


@pytest.fixture(scope="module")
def event(server: Serving) -> int:
    return make_event(server.port)


def new_event(port: int, name: bytes) -> bytes:
    """A request that leaves a trace where it is processed."""
    body = b'{"name":"%s","capacity":1}' % name
    return request(b"/v1/events", method=b"POST", host=host_of(port), body=body, is_last=False)


def expecting(
    body: bytes, *fields: bytes, version: bytes = b"HTTP/1.1", target: bytes = b"/v1/holds"
) -> bytes:
    """The head of a request whose client waits for 100 (Continue)."""
    length = b"Content-Length: %d" % len(body)
    return request(
        target, JSON, length, b"Expect: 100-continue", *fields, method=b"POST", version=version, is_last=False
    )


# Persistence and order


async def test_a_connection_is_kept_without_being_asked(server: Serving):
    async with RawConnection(server.port) as connection:
        for _ in range(3):
            await connection.send(request(is_last=False))
            answer = await connection.answer()
            assert answer is not None
            assert (answer.status, answer.header(b"connection")) in ((200, None), (200, b"keep-alive"))


async def test_pipelined_requests_are_answered_in_their_order(server: Serving, event: int):
    """Slow ones and quick ones, mixed."""
    sent = []
    for number in range(40):
        identity = b"X-Request-Id: number-%d" % (100 + number)
        body = hold_body(event) if number % 3 == 0 else None
        target = [b"/v1/holds", b"/healthz", b"/v1/events/%d/availability" % event][number % 3]
        method = b"POST" if body else b"GET"
        sent.append(request(target, identity, method=method, body=body, is_last=False))
    answers = await exchange(server.port, [b"".join(sent) + HEALTH])
    found = [answer.header(b"x-request-id") for answer in answers]
    assert found[:-1] == [b"number-%d" % (100 + number) for number in range(40)]


@pytest.mark.parametrize("target", [b"/nowhere", b"/healthz", b"/v1/events"])
async def test_a_body_that_nobody_wanted_is_never_the_next_request(server: Serving, target: bytes):
    """Refused before its body was read: the body is read to its end, or the connection closes."""
    hidden = new_event(server.port, b"hidden in a body")
    answers = await exchange(
        server.port, [request(target, method=b"POST", body=hidden, is_last=False), HEALTH]
    )
    assert answers[0].status in (401, 404, 405)
    assert [answer.status for answer in answers[1:]] in ([200], [])
    assert "hidden in a body" not in event_names(server.port)


async def test_a_chunked_body_that_nobody_wanted_is_never_the_next_request(server: Serving):
    hidden = new_event(server.port, b"hidden in chunks")
    head = request(b"/nowhere", b"Transfer-Encoding: chunked", method=b"POST", is_last=False)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)
    answers = await exchange(server.port, [head, body, HEALTH])
    assert answers[0].status == 404
    assert [answer.status for answer in answers[1:]] in ([200], [])
    assert "hidden in chunks" not in event_names(server.port)


# Closing


@pytest.mark.parametrize(
    "field", [b"close", b"Close", b"CLOSE", b"keep-alive, close", b" ,close , ", b"close\r\nConnection: x"]
)
async def test_after_a_close_of_the_client_nothing_is_processed(server: Serving, field: bytes):
    first = request(b"/healthz", b"Connection: " + field, is_last=False)
    answers = await exchange(server.port, [first + new_event(server.port, b"after the close")])
    assert [(answer.status, answer.header(b"connection")) for answer in answers] == [(200, b"close")]
    assert "after the close" not in event_names(server.port)


async def test_after_a_close_of_the_server_nothing_is_processed(server: Serving):
    large = request(b"/v1/holds", b"Content-Length: 70000", JSON, method=b"POST", is_last=False)
    broken = request(b"/healthz", b"X-A : b", is_last=False)
    for first, status in ((large + b" " * 70_000, 413), (broken, 400)):
        answers = await exchange(server.port, [first + new_event(server.port, b"after the end")])
        assert [(answer.status, answer.header(b"connection")) for answer in answers] == [(status, b"close")]
    assert "after the end" not in event_names(server.port)


async def test_an_http_1_0_connection_ends_with_its_answer(server: Serving):
    first = request(version=b"HTTP/1.0", is_last=False)
    answers = await exchange(server.port, [first + new_event(server.port, b"after 1.0")])
    assert [(answer.status, answer.header(b"connection")) for answer in answers] == [(200, b"close")]
    assert "after 1.0" not in event_names(server.port)


# 100 (Continue)


async def test_a_client_that_waits_is_asked_for_its_body(server: Serving, event: int):
    """Before any of the body arrives, and the final answer follows it."""
    body = hold_body(event)
    async with RawConnection(server.port) as connection:
        await connection.send(expecting(body))
        interim = await connection.answer()
        assert interim is not None
        assert interim.status == 100
        await connection.send(body)
        final = await connection.answer()
        assert final is not None
        assert final.status == 201


async def test_a_continue_has_neither_length_nor_coding(server: Serving, event: int):
    async with RawConnection(server.port) as connection:
        await connection.send(expecting(hold_body(event)))
        interim = await connection.answer()
        assert interim is not None
        assert interim.all(b"content-length") == interim.all(b"transfer-encoding") == []


async def test_an_http_1_0_client_never_sees_a_continue(server: Serving, event: int):
    body = hold_body(event)
    answers = await exchange(server.port, [expecting(body, version=b"HTTP/1.0") + body])
    assert [answer.status for answer in answers] == [201]
    assert [
        answer.status for answer in await exchange(server.port, [expecting(body, version=b"HTTP/1.0")])
    ] in (
        [],
        [400],
        [408],
    )


@pytest.mark.parametrize(("target", "status"), [(b"/nowhere", 404), (b"/healthz", 405), (b"/v1/events", 401)])
async def test_a_refusal_comes_in_place_of_the_continue(server: Serving, target: bytes, status: int):
    """The client does not send the body then, so the next request could not be found: the connection closes."""
    answers = await exchange(server.port, [expecting(b"{}", target=target)])
    assert [(answer.status, answer.header(b"connection")) for answer in answers] == [(status, b"close")]


async def test_an_expectation_without_a_body_is_answered_at_once(server: Serving):
    answers = await exchange(server.port, [request(b"/healthz", b"Expect: 100-continue")])
    assert [answer.status for answer in answers] == [200]


@pytest.mark.parametrize("form", [b"100-Continue", b"100-CONTINUE", b"\t100-continue ", b" , 100-continue ,"])
async def test_an_expectation_is_read_by_its_grammar(server: Serving, event: int, form: bytes):
    """In any case, with whitespace around it, and in a list with empty elements."""
    length = b"Content-Length: %d" % len(hold_body(event))
    async with RawConnection(server.port) as connection:
        await connection.send(request(b"/v1/holds", JSON, length, b"Expect: " + form, method=b"POST"))
        interim = await connection.answer()
        assert interim is not None
        assert interim.status == 100


# Upgrade and Connection


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0", b"other/9, h2c", b"HTTP/2.0"])
async def test_an_upgrade_is_never_taken(server: Serving, protocol: bytes, version: bytes):
    """No protocol but HTTP/1.1 is spoken here: the request is answered as if the field were absent."""
    fields = [b"Upgrade: " + protocol, b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"]
    options = b"Connection: Upgrade, HTTP2-Settings"
    first = request(b"/healthz", *fields, options, is_last=False, version=version)
    answers = await exchange(server.port, [first + HEALTH])
    assert [answer.status for answer in answers] == ([200, 200] if version == b"HTTP/1.1" else [200])
    assert answers[0].all(b"upgrade") == []


async def test_the_body_of_a_request_that_upgrades_is_read(server: Serving, event: int):
    fields = [b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13"]
    first = request(b"/v1/holds", *fields, method=b"POST", body=hold_body(event), is_last=False)
    assert [answer.status for answer in await exchange(server.port, [first + HEALTH])] == [201, 200]


async def test_an_upgrade_with_an_expectation_is_continued_and_never_switched(server: Serving, event: int):
    body = hold_body(event)
    async with RawConnection(server.port) as connection:
        await connection.send(expecting(body, b"Upgrade: h2c", b"Connection: Upgrade"))
        interim = await connection.answer()
        await connection.send(body)
        final = await connection.answer()
    assert interim is not None
    assert final is not None
    assert (interim.status, final.status) == (100, 201)


async def test_unknown_options_of_the_connection_are_ignored(server: Serving):
    fields = [b"Connection: , x-a,, keep-alive ,", b"X-A: b", b"Keep-Alive: timeout=9", b"TE: trailers"]
    answers = await exchange(server.port, [request(b"/healthz", *fields, is_last=False) + HEALTH])
    assert [answer.status for answer in answers] == [200, 200]


# Streams


async def test_a_stream_is_chunked_in_http_1_1(server: Serving, event: int):
    async with RawConnection(server.port) as connection:
        await connection.send(request(b"/v1/events/%d/stream" % event, is_last=False))
        head = await connection.answer(b"HEAD")
        assert head is not None
        assert (head.all(b"transfer-encoding"), head.all(b"content-length")) == ([b"chunked"], [])
        size = int(await connection.reader.readline(), 16)
        assert (await connection.reader.readexactly(size + 2)).endswith(b"\n\n\r\n")


async def test_a_stream_in_http_1_0_has_no_coding(server: Serving, event: int):
    """It ends with the connection, and its first octets are the first message."""
    target = b"/v1/events/%d/stream" % event
    async with RawConnection(server.port) as connection:
        await connection.send(request(target, version=b"HTTP/1.0", is_last=False))
        head = await connection.answer(b"HEAD")
        assert head is not None
        assert head.all(b"transfer-encoding") == head.all(b"content-length") == []
        assert head.header(b"connection") == b"close"
        assert (await connection.reader.readuntil(b"\n\n")).startswith(b"retry:")
        assert b"event: snapshot" in await connection.reader.readuntil(b"\n\n")


async def test_the_head_of_a_stream_names_no_length_that_it_does_not_have(server: Serving, event: int):
    """A length of zero would say that the stream is empty."""
    answer = raw_answer(server.port, request(b"/v1/events/%d/stream" % event, method=b"HEAD"))
    assert answer.status == 200
    assert answer.all(b"content-length") == []
    assert answer.body == b""


async def test_no_trailer_is_ever_sent(server: Serving, event: int):
    """Nobody asked for one, and none is needed."""
    answer = await ask(server.port, request(b"/healthz", b"TE: trailers"))
    assert answer.all(b"trailer") == []
