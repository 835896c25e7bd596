"""A usual head is read as the parser reads it.

The kind: whatever the quick reader accepts, the parser accepts with the same result. Hypothesis joins the parts of
requests, valid and hostile, and then damages some bytes. Both readers see each head at several places of the data.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.http.headers import MAX_HEADERS, read_headers
from holdfast.http.server import usual_head
from holdfast.http.server.head import Head, HeadReader
from holdfast.http.server.usual_head import read_usual_head

ROOM = 64 * 1024

CURL = (
    b"POST /v1/holds HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
    b"Content-Type: application/json\r\nContent-Length: 36\r\n\r\n"
)
BROWSER = (
    b"GET /v1/events/7/availability?a=%C3%A4 HTTP/1.1\r\nHost: tickets.example\r\nConnection: keep-alive\r\n"
    b'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"\r\nsec-ch-ua-mobile: ?0\r\nDNT: 1\r\n'
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n"
    b"Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\nAccept-Language: de,en;q=0.7\r\n"
    b"Sec-Fetch-Site: same-origin\r\nAccept-Encoding: gzip, deflate, br\r\nCookie: a=b; c=d\r\n\r\n"
)
SDK = (
    b"POST /v1/holds/0-1/confirm HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\nidempotency-key: 0123-4567\r\n"
    b"content-type: application/json\r\nconnection: Keep-Alive\r\nhold-token:hfh_1_x\r\nx-empty:\r\n\r\n"
)

METHODS = st.sampled_from(
    [b"GET", b"POST", b"HEAD", b"DELETE", b"PATCH", b"OPTIONS", b"CONNECT", b"get", b"PRI", b""]
)
TARGETS = st.one_of(
    st.sampled_from(
        [b"/", b"/v1/holds", b"*", b"//", b"/a#b", b"/a\tb", b"http://a/b", b"/%00?x=|", b"/\x7f", b""]
    ),
    st.binary(max_size=6).map(b"/".__add__),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12).map(
        lambda text: b"/" + text.encode()
    ),
)
VERSIONS = st.sampled_from(
    [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/11"]
)
NAMES = st.one_of(
    st.sampled_from(
        b"Host host Content-Length Content-Type Connection Keep-Alive Upgrade Transfer-Encoding Expect "
        b"Proxy-Connection Accept X-Request-Id Idempotency-Key Cookie X_Y".split()
    ),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=5).map(str.encode),
    st.binary(max_size=4),
)
LENGTHS = (b"0", b"36", b"0036", b"+1", b"1,1", b"99999999999999999999")
OPTIONS = (
    b"chunked",
    b"close",
    b"keep-alive",
    b"keep-alive, close",
    b"upgrade",
    b"websocket",
    b"100-continue",
)
ODD = (b"localhost", b"", b" ", b"\t", b"a\r\n b", b"\xff\x80", b"a\x00")
VALUES = st.one_of(
    st.sampled_from(LENGTHS + OPTIONS + ODD),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12).map(str.encode),
    st.binary(max_size=8),
)
GAPS = st.sampled_from([b": "] * 5 + [b":", b":\t", b":  ", b" :", b"", b"::"])
ENDS = st.sampled_from([b"\r\n"] * 9 + [b" \r\n", b"\t\r\n", b"\n", b"\r", b"\r\r\n", b"\r\n "])
LINES = st.lists(st.tuples(NAMES, GAPS, VALUES, ENDS).map(b"".join), max_size=7)
HEADS = st.builds(
    lambda method, target, version, end, lines: (
        b" ".join((method, target, version)) + end + b"".join(lines) + b"\r\n"
    ),
    METHODS,
    TARGETS,
    VERSIONS,
    ENDS,
    LINES,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a head that one byte may have been changed in."""
    head = bytearray(draw(st.one_of(HEADS, st.sampled_from([CURL, BROWSER, SDK]))))
    if draw(st.booleans()):
        head[draw(st.integers(0, len(head) - 1))] = draw(st.integers(0, 255))
    return bytes(head)


def read(data: bytes, at: int) -> tuple[Head, int]:
    """Return what the parser reads."""
    reader = HeadReader()
    end = reader.read(data, at, ROOM)
    assert reader.has_ended
    return reader.head(), end


@given(
    head=damaged(), before=st.sampled_from([b"", b"{}"]), behind=st.sampled_from([b"", b"{}", b"GET / HT"])
)
@example(
    head=b"POST / HTTP/1.1\r\nA: b\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", before=b"", behind=b""
)
@example(head=b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", before=b"", behind=b"")
@example(head=b"GET / HTTP/1.1\r\n\r\n", before=b"", behind=b"")
@settings(max_examples=1_500)
def test_what_is_usual_reads_as_by_the_parser(head: bytes, before: bytes, behind: bytes) -> None:
    data = before + head + behind
    usual = read_usual_head(data, len(before))
    if usual is None:
        return
    found, end = usual
    parsed, parsed_end = read(data, len(before))  # an error here is a head that only the quick reader takes
    assert (found._replace(lines=found.fields, headers=None), end) == (parsed, parsed_end)
    assert found.headers == read_headers(parsed.fields)


@pytest.mark.parametrize("head", [CURL, BROWSER, SDK], ids=["curl", "browser", "sdk"])
def test_usual_clients_send_usual_heads(head: bytes) -> None:
    assert read_usual_head(head + b"{}", 0) is not None


UNUSUAL = (
    b"Connection: close",
    b"Upgrade: h2c",
    b"Expect: 100-continue",
    b"Transfer-Encoding: chunked",
    b"Proxy-Connection: close",
    b"Content-Length: x",
    b"Content-Length: ",
    b"A: b\r\nA: c",
    b"A : b",
    b" A: b",
    b"A",
    b": b",
    b"A: \x00",
    b"A: " + b"b" * 9_000,
    b"\r\n".join(b"N%d: 1" % number for number in range(MAX_HEADERS + 1)),
)


@pytest.mark.parametrize("line", UNUSUAL)
def test_the_parser_reads_every_other_head(line: bytes) -> None:
    assert read_usual_head(b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n\r\n", 0) is None


def test_only_lines_without_secrets_are_kept() -> None:
    """A kept line stays in memory: none may carry a token, a key, a cookie, or an address with one."""
    secret = b"hfh_7_" + b"s" * 43
    names = (
        b"Authorization Hold-Token Cookie Idempotency-Key Referer X-Request-Id X-Own If-None-Match".split()
    )
    for name in names:
        line = b"%b: %b\r\n" % (name, secret)
        assert read_usual_head(b"GET / HTTP/1.1\r\nHost: a\r\n" + line + b"\r\n", 0) is not None
    assert not [line for line in usual_head._lines if secret in line]


def test_kept_lines_are_few_and_short() -> None:
    for number in range(5_000):
        head = b"GET /%d HTTP/1.1\r\nHost: a\r\nUser-Agent: %d\r\nAccept: %b\r\n\r\n"
        assert read_usual_head(head % (number, number, b"a" * 1_000), 0) is not None
    assert len(usual_head._lines) <= usual_head._MAX_LINES
    assert max(map(len, usual_head._lines)) <= usual_head._MAX_LINE_BYTES


def test_an_unfinished_head_is_not_usual() -> None:
    for end in range(len(CURL)):
        assert read_usual_head(CURL[:end], 0) is None
