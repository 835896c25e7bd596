"""Meanings: methods, media types, credentials and context of requests, as RFC 9110 has them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from scenarios.wire.conforming import (
    HEALTH,
    as_staff,
    ask,
    conforming_server,
    event_names,
    hold_body,
    host_of,
    make_event,
    raw_answer,
    request,
)
from scenarios.wire.raw import exchange
from support.serving import Serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with conforming_server() as one:
        yield one


@pytest.fixture(scope="module")
def event(server: Serving) -> int:
    return make_event(server.port)


# Methods


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_every_readable_resource_has_get_and_head(server: Serving, event: int, method: bytes):
    for target in (b"/", b"/healthz", b"/docs", b"/openapi.json", b"/v1/events", b"/v1/events/%d" % event):
        assert (await ask(server.port, request(target, method=method), method=method)).status == 200


async def test_an_answer_to_head_ends_with_its_head(server: Serving):
    """The next answer begins right behind it."""
    pipelined = request(method=b"HEAD", is_last=False) * 2 + HEALTH
    answers = await exchange(server.port, [pipelined], methods=[b"HEAD", b"HEAD", b"GET"])
    assert [answer.status for answer in answers] == [200, 200, 200]


async def test_a_safe_method_changes_nothing(server: Serving, event: int):
    """Neither with a body, nor with an action in its query, nor with another method in a field."""
    before = as_staff(server.port, "GET", f"/v1/events/{event}")
    for method in (b"GET", b"HEAD", b"OPTIONS", b"TRACE"):
        for target in (
            b"/v1/events?name=unsafe&capacity=1",
            b"/v1/events/%d/cancel" % event,
            b"/v1/events/%d?_method=PATCH&name=unsafe" % event,
        ):
            fields = [b"X-HTTP-Method-Override: POST", b"X-HTTP-Method: POST"]
            sent = request(target, *fields, method=method, host=host_of(server.port),
                           body=b'{"name":"unsafe","capacity":1}')  # fmt: skip
            raw_answer(server.port, sent)
    assert "unsafe" not in event_names(server.port)
    assert as_staff(server.port, "GET", f"/v1/events/{event}") == before


@pytest.mark.parametrize("method", [b"PUT", b"DELETE", b"TRACE", b"OPTIONS"])
async def test_a_method_that_a_target_does_not_have_is_405(server: Serving, event: int, method: bytes):
    for target in (b"/healthz", b"/v1/events/%d" % event, b"/v1/holds", b"/docs/holdfast.css"):
        answer = raw_answer(server.port, request(target, method=method, host=host_of(server.port)))
        assert answer.status == 405, target
        assert len(answer.all(b"allow")) == 1


@pytest.mark.parametrize("method", [b"BREW", b"FOO-BAR", b"G", b"X" * 200])
async def test_a_method_that_nobody_knows_is_refused(server: Serving, method: bytes):
    assert raw_answer(server.port, request(method=method)).status in (400, 405, 501)


@pytest.mark.parametrize("body", [b"", b"{}"])
async def test_options_for_the_whole_server_is_answered(server: Serving, body: bytes):
    """Health checks of load balancers and scanners ask so. The next request of the connection is answered, too."""
    sent = request(b"*", method=b"OPTIONS", body=body, is_last=False) + HEALTH
    first, second = await exchange(server.port, [sent], methods=[b"OPTIONS", b"GET"])
    assert (first.status, second.status) == (204, 200)
    assert first.header(b"allow") == b"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    assert first.all(b"content-length") == []


@pytest.mark.parametrize("port", [b"", b":", b":0", b":65536", b":-1", b":http", b":99999999999"])
async def test_connect_to_no_port_is_refused(server: Serving, port: bytes):
    answer = raw_answer(server.port, request(b"example.org" + port, method=b"CONNECT", is_last=False))
    assert 400 <= answer.status < 500


@pytest.mark.parametrize("target", [b"example.org:443", b"127.0.0.1:22", b"/healthz", b"http://example.org/"])
async def test_connect_opens_no_tunnel(server: Serving, target: bytes):
    """What follows is nobody's: it is neither forwarded nor read as a request."""
    answers = await exchange(server.port, [request(target, method=b"CONNECT", is_last=False) + HEALTH])
    assert len(answers) == 1
    assert 400 <= answers[0].status < 500
    assert answers[0].header(b"connection") == b"close"


# Representations and context of a request


@pytest.mark.parametrize(
    "media_type",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json;charset=utf-8",
        b"application/json ; charset=UTF-8",
        b'application/json; charset="utf-8"',
    ],
)
async def test_a_media_type_is_read_by_its_grammar(server: Serving, event: int, media_type: bytes):
    """In any case, with whitespace at the semicolon, and quoted."""
    body = hold_body(event)
    fields = [b"Content-Type: " + media_type, b"Content-Length: %d" % len(body)]
    answer = raw_answer(server.port, request(b"/v1/holds", *fields, method=b"POST") + body)
    assert answer.status == 201


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
async def test_a_scheme_is_read_in_any_case(server: Serving, scheme: bytes):
    """A key that is none is refused as a key, and not as an unknown scheme."""
    answer = raw_answer(server.port, request(b"/metrics", b"Authorization: %s hfk_none" % scheme))
    assert answer.status == 401
    assert "Authorization takes" not in json.loads(answer.body)["detail"]


@pytest.mark.parametrize(
    "fields",
    [
        [b"Content-Location: /v1/events"],
        [b"From: staff@example.org"],
        [b"Referer: http://localhost/"],
        [b"User-Agent: Holdfast"],
        [b"Max-Forwards: 0"],
        [b"Date: Sun, 06 Nov 1994 08:49:37 GMT"],
        [b"Content-Language: xx"],
        [b"TE: gzip;q=0.5, trailers"],
        [b"Accept: , text/html;q=0.001,,application/json"],
        [b"Accept: image/png;q=1.000"],
    ],
    ids=lambda fields: fields[0].decode(),
)
async def test_context_of_a_request_changes_nothing(server: Serving, event: int, fields: list[bytes]):
    wanted = request(b"/v1/holds", *fields, method=b"POST", body=hold_body(event))
    answer = await ask(server.port, wanted)
    assert answer.status == 201
    assert answer.header(b"content-type") == b"application/json"
    for name in (b"content-location", b"content-language"):
        assert answer.all(name) == []


async def test_a_field_that_nobody_knows_is_ignored(server: Serving, event: int):
    fields = [b"X-Holdfast: a", b"Unknown: " + b"\xff" * 20, b"Empty:", b"!#$%&'*+.^_`|~09: token"]
    wanted = request(b"/v1/holds", *fields, method=b"POST", body=hold_body(event))
    assert (await ask(server.port, wanted)).status == 201


@pytest.mark.parametrize(
    "coding", [b"identity", b"", b"*;q=0", b"br", b"gzip;q=0", b"gzip;q=0.000, identity"]
)
async def test_a_coding_that_is_not_accepted_is_not_sent(server: Serving, coding: bytes):
    answer = raw_answer(server.port, request(b"/docs/holdfast.css", b"Accept-Encoding: " + coding))
    assert answer.status in (200, 406, 415)
    assert answer.all(b"content-encoding") == []
