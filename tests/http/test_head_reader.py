"""The reader of heads finds a head's end itself, and asks its parser whether it agrees."""

from __future__ import annotations

import pytest

from holdfast.errors import BadRequest
from holdfast.http.server.head import HeadReader

NEXT = b"GET /v1/events HTTP/1.1\r\nHost: smuggled\r\n\r\n"
FOREIGN = {
    "an upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\n",
    "a tunnel": b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\n",
    "a body": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\n",
}
"""Heads whose empty line has no CR."""


@pytest.mark.parametrize("head", FOREIGN.values(), ids=FOREIGN)
def test_a_head_that_ends_earlier_for_the_parser_is_refused(head: bytes) -> None:
    """Otherwise the bytes between the two ends would be nobody's, or another program's next request.

    Our parser is strict and refuses each of these heads. Here it takes a bare LF, as a later release may.
    """
    strict = HeadReader()
    with pytest.raises(BadRequest, match="not a well-formed"):
        strict.read(head + NEXT, 0, 65_536)
    lax = HeadReader()
    assert lax._parser is not None
    lax._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
    with pytest.raises(BadRequest, match="does not end at its empty line"):
        lax.read(head + NEXT, 0, 65_536)
