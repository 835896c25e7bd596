"""Heads of requests: request line, target, Host and fields, as RFC 9112 and RFC 9110 have them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scenarios.wire.conforming import (
    HEALTH,
    ask,
    conforming_server,
    event_names,
    host_of,
    make_event,
    raw_answer,
    refusal,
    request,
)
from scenarios.wire.raw import RawConnection, exchange, split
from support.serving import Serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with conforming_server() as one:
        yield one


@pytest.mark.parametrize(
    "data",
    [
        b"GET /healthz\r HTTP/1.1\r\nHost: example.org\r\n\r\n",
        b"GET /heal\rthz HTTP/1.1\r\nHost: example.org\r\n\r\n",
        b"GET /healthz HTTP/1.1\rHost: example.org\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: example.org\r\nX-A: a\rb\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: example.org\r\nX-A: a\r\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: example.org\r\nX-A\r: a\r\n\r\n",
    ],
    ids=["after the target", "in the target", "after the version", "in a value", "at its end", "in a name"],
)
async def test_a_bare_carriage_return_is_refused(server: Serving, data: bytes):
    await refusal(server.port, data)


async def test_a_head_is_read_octet_by_octet(server: Serving):
    """In UTF-16 these octets would be other characters, and some of them line ends."""
    value = "X-A: ഊ嘊\u2028 é".encode() + b"\xff\xfe"
    assert (await ask(server.port, request(b"/healthz", value))).status == 200
    (answer,) = await exchange(server.port, split(request(b"/healthz", value)))
    assert answer.status == 200


@pytest.mark.parametrize("blank", [b" ", b"\t", b" \t "], ids=["space", "tab", "several"])
async def test_whitespace_before_the_first_field_is_refused(server: Serving, blank: bytes):
    await refusal(server.port, b"GET /healthz HTTP/1.1\r\n" + blank + b"Host: example.org\r\n\r\n")
    await refusal(server.port, b"GET /healthz HTTP/1.1\r\n" + blank + b"\r\nHost: example.org\r\n\r\n")


@pytest.mark.parametrize("name", [b"Host ", b"Host\t", b"X-A ", b"Content-Length ", b"Transfer-Encoding "])
async def test_whitespace_before_a_colon_is_refused(server: Serving, name: bytes):
    await refusal(server.port, request(b"/healthz", name + b": 0"))


@pytest.mark.parametrize("fold", [b"\r\n ", b"\r\n\t", b"\r\n \r\n "])
async def test_a_folded_field_is_refused(server: Serving, fold: bytes):
    await refusal(server.port, request(b"/healthz", b"X-A: a" + fold + b"b"))


@pytest.mark.parametrize("octet", [b"\x00", b"\r", b"\n"], ids=["NUL", "CR", "LF"])
async def test_a_value_with_nul_cr_or_lf_is_refused(server: Serving, octet: bytes):
    await refusal(server.port, request(b"/healthz", b"X-A: a" + octet + b"b"))


async def test_whitespace_around_a_value_is_no_part_of_it(server: Serving):
    wanted = request(b"/healthz", b"X-Request-Id:\t  shop-4711 \t", host=b"\t example.org  ")
    answer = await ask(server.port, wanted)
    assert (answer.status, answer.header(b"x-request-id")) == (200, b"shop-4711")


async def test_the_name_of_a_field_is_read_in_any_case(server: Serving):
    lines = (
        b"GET /healthz HTTP/1.1\r\nhOST: example.org\r\nx-REQUEST-iD: shop-4711\r\nCONNECTION: close\r\n\r\n"
    )
    answer = await ask(server.port, lines)
    assert (answer.status, answer.header(b"x-request-id")) == (200, b"shop-4711")


async def test_a_method_is_read_in_its_own_case_alone(server: Serving):
    for method in (b"get", b"Get", b"gET"):
        assert raw_answer(server.port, request(method=method)).status in (400, 405, 501)


async def test_a_target_over_the_limit_is_414(server: Serving):
    await refusal(server.port, request(b"/" + b"a" * 9_000), status=414)
    await refusal(server.port, request(b"/healthz?" + b"a" * 9_000), status=414)


@pytest.mark.parametrize(
    "line",
    [
        b"GET  /healthz HTTP/1.1",
        b"GET /healthz  HTTP/1.1",
        b"GET /healthz HTTP/1.1 ",
        b" GET /healthz HTTP/1.1",
        b"GET\t/healthz HTTP/1.1",
        b"GET /healthz\tHTTP/1.1",
        b"GET /healthz\x0bHTTP/1.1",
        b"GET /heal thz HTTP/1.1",
        b"GET" + b" " * 500 + b"/healthz HTTP/1.1",
    ],
)
async def test_a_request_line_has_two_single_spaces(server: Serving, line: bytes):
    await refusal(server.port, line + b"\r\nHost: a\r\n\r\n", status=400)


async def test_a_request_line_of_8000_octets_is_read(server: Serving):
    target = b"/" + b"a" * (8_000 - len(b"GET / HTTP/1.1"))
    assert (await ask(server.port, request(target))).status == 404


@pytest.mark.parametrize(
    "fields",
    [
        [b"X-A: " + b"a" * 9_000],
        [b"a" * 9_000 + b": b"],
        [b"X-%d: a" % number for number in range(101)],
        [b"X-%d: " % number + b"a" * 4_000 for number in range(9)],
    ],
    ids=["a value", "a name", "many", "all of them"],
)
async def test_fields_over_the_limit_are_431(server: Serving, fields: list[bytes]):
    await refusal(server.port, request(b"/healthz", *fields), status=431)


async def test_http_1_1_without_a_host_is_refused(server: Serving):
    await refusal(server.port, request(host=None))
    await refusal(server.port, request(b"http://example.org/healthz", host=None))


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
async def test_two_hosts_are_refused(server: Serving, version: bytes):
    for second in (b"example.org", b"example.com", b""):
        await refusal(server.port, request(b"/healthz", b"Host: " + second, version=version))


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize(
    "host",
    [b"a b", b"a/b", b"a?b", b"a#b", b"a@b", b"a:b", b"a:80:80", b"[::1", b"::1", b"<a>", b'"a"', b"a%zz", b"\xc3\xa9"],
)  # fmt: skip
async def test_an_invalid_host_is_refused(server: Serving, host: bytes, version: bytes):
    await refusal(server.port, request(host=host, version=version))


@pytest.mark.parametrize(
    "host", [b"a", b"a.b-c_d~e", b"127.0.0.1:80", b"[::1]", b"[::1]:8000", b"a:", b"a%20b"]
)
async def test_a_valid_host_is_accepted(server: Serving, host: bytes):
    assert (await ask(server.port, request(host=host))).status == 200


async def test_http_1_0_needs_no_host(server: Serving):
    assert (await ask(server.port, request(version=b"HTTP/1.0", host=None))).status == 200


@pytest.mark.parametrize("target", [b"http://example.org/healthz", b"HTTP://example.org/healthz?"])
async def test_an_absolute_target_is_accepted(server: Serving, target: bytes):
    assert (await ask(server.port, request(target))).status == 200


async def test_the_host_of_an_absolute_target_counts_and_never_the_field(server: Serving):
    """The field alone would make staff of this guest."""
    target = b"http://example.org/v1/events"
    answers = await exchange(
        server.port,
        [request(target, method=b"POST", host=host_of(server.port), body=b'{"name":"field","capacity":1}')],
    )
    assert answers[0].status in (400, 401, 421)
    assert "field" not in event_names(server.port)


@pytest.mark.parametrize(
    "target", [b"http:///healthz", b"http://:80/healthz", b"http:/healthz", b"http://", b"https:///healthz"]
)
async def test_an_absolute_target_without_a_host_is_refused(server: Serving, target: bytes):
    await refusal(server.port, request(target))


@pytest.mark.parametrize("target", [b"http://ada@example.org/healthz", b"http://ada:pw@example.org/healthz"])
async def test_userinfo_in_a_target_is_refused(server: Serving, target: bytes):
    await refusal(server.port, request(target))


@pytest.mark.parametrize("target", [b"https://example.org/healthz", b"HTTPS://example.org/healthz"])
async def test_a_target_of_https_is_refused_without_tls(server: Serving, target: bytes):
    answers = await exchange(server.port, [request(target)])
    assert [answer.status for answer in answers] in ([400], [421])


async def test_an_asterisk_is_for_options_alone(server: Serving):
    for method in (b"GET", b"HEAD", b"POST"):
        answer = raw_answer(server.port, request(b"*", method=method))
        assert answer.status in (400, 404), method


async def test_an_authority_is_for_connect_alone(server: Serving):
    for method in (b"GET", b"POST", b"OPTIONS"):
        await refusal(server.port, request(b"example.org:80", method=method))


@pytest.mark.parametrize(
    "target",
    [b"/healthz#top", b"/heal thz", b"/heal\x7fthz", b"/heal\x01thz", b"/heal\xc3\xa9thz", b"healthz", b""],
    ids=["fragment", "space", "DEL", "control", "not ASCII", "no slash", "empty"],
)
async def test_a_target_outside_the_grammar_is_refused(server: Serving, target: bytes):
    """It is never repaired: somebody else on the way could have repaired it otherwise."""
    await refusal(server.port, request(target))


@pytest.mark.parametrize(
    "version", [b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/11", b"HTTP/1.1 ", b"HTTP/ 1.1", b"HTP/1.1"]
)
async def test_a_version_that_is_not_spoken_here_is_refused(server: Serving, version: bytes):
    answers = await exchange(server.port, [request(version=version) + HEALTH])
    assert [answer.status for answer in answers] in ([400], [505])


async def test_a_request_without_a_version_is_refused(server: Serving):
    await refusal(server.port, b"GET /healthz\r\n\r\n")


@pytest.mark.parametrize(
    "line",
    [b": a", b"X(A): a", b"X-\xc3\xa9: a", b"no colon", b"X\x00A: a", b"X A: a", b'"X": a', b"X\x7f: a"],
)
async def test_a_field_line_outside_the_grammar_is_refused(server: Serving, line: bytes):
    await refusal(server.port, request(b"/healthz", line))


async def test_an_empty_line_before_a_request_is_ignored(server: Serving):
    assert (await ask(server.port, b"\r\n" + HEALTH)).status == 200
    answers = await exchange(server.port, [request(is_last=False) + b"\r\n" + HEALTH])
    assert [answer.status for answer in answers] == [200, 200]


async def test_nothing_is_done_before_the_head_is_whole(server: Serving):
    """A later field could be a condition, credentials or a second Host."""
    body = b'{"name":"too early","capacity":1}'
    whole = request(b"/v1/events", method=b"POST", host=host_of(server.port), body=body)
    head, _, _ = whole.partition(b"\r\n\r\n")
    assert (await exchange(server.port, [head + b"\r\n"], half_close=True))[1:] == []
    await refusal(server.port, head + b"\r\nHost: example.org\r\n\r\n" + body)
    assert "too early" not in event_names(server.port)


async def test_a_location_that_was_answered_is_short_enough_to_ask_for(server: Serving):
    body = b'{"name":"%s","capacity":1}' % (b"n" * 100)
    made = await ask(
        server.port, request(b"/v1/events", method=b"POST", host=host_of(server.port), body=body)
    )
    location = made.header(b"location")
    assert made.status == 201
    assert location is not None
    assert (
        await ask(server.port, request(location.removeprefix(b".."), host=host_of(server.port)))
    ).status == 200


async def test_an_entity_tag_that_was_answered_is_short_enough_to_send_back(server: Serving):
    target = b"/v1/events/%d/availability" % make_event(server.port)
    tag = (await ask(server.port, request(target))).header(b"etag")
    assert tag is not None
    assert (await ask(server.port, request(target, b"If-None-Match: " + tag))).status == 304


async def test_two_requests_of_one_connection_are_two_strangers(server: Serving):
    """Credentials of the first do not count for the second."""
    body = b'{"name":"stranger","capacity":1}'
    async with RawConnection(server.port) as connection:
        await connection.send(request(b"/metrics", host=host_of(server.port), is_last=False))
        first = await connection.answer()
        await connection.send(request(b"/v1/events", method=b"POST", body=body))
        second = await connection.answer()
    assert first is not None
    assert second is not None
    assert (first.status, second.status) == (200, 401)
