"""Usual head: a head in the form that nearly every client sends, read in one pass.

The parser calls back for each line, and the limits, the framing and the names are checked after it. This module reads a
head that arrives whole, with nothing that changes where the request ends or what follows it. It leaves every other head
to the parser. A test holds that both read the same.

Clients differ in few of their lines, so a line that many of them send is read once.
"""

from __future__ import annotations

import re
from functools import lru_cache

from holdfast.http.headers import MAX_HEADER_BYTES, MAX_HEADERS
from holdfast.http.server.framing import Framing
from holdfast.http.server.head import END, Head

__all__ = ["read_usual_head"]

_METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_MAX_BYTES = MAX_HEADER_BYTES
"""A whole head of this size exceeds no limit on a part of it."""
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_UNUSUAL = frozenset((b"expect", b"proxy-connection", b"transfer-encoding", b"upgrade"))
"""The parser, or the reading of the body, has further rules for these."""
_LENGTH = re.compile(rb"[0-9]{1,18}")
_PRINTABLE = bytes(range(0x20, 0x7F))
_MAX_NAMES = 1_024
_MAX_LINES = 1_024
_MAX_LINE_BYTES = 256
_REPEATED = frozenset(
    (
        b"accept accept-charset accept-encoding accept-language cache-control connection content-length content-type "
        b"dnt host origin pragma priority sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode "
        b"sec-fetch-site sec-fetch-user upgrade-insecure-requests user-agent"
    ).split()
)
"""Names of lines that many clients send with the same value. None of them can have a secret."""


class _Names(dict[bytes, bytes]):
    """The lower-case form of each name that clients send. Raises ValueError for one that is not usual."""

    def __missing__(self, name: bytes) -> bytes:
        lower = name.lower()
        if lower in _UNUSUAL or not _NAME.fullmatch(name):
            raise ValueError
        if len(self) >= _MAX_NAMES:
            self.clear()
        self[name] = lower
        return lower


_names = _Names()


class _Lines(dict[bytes, tuple[bytes, bytes]]):
    """The lower-case name and the value of each line. Raises ValueError for one that is not usual."""

    def __missing__(self, line: bytes) -> tuple[bytes, bytes]:
        name, value = line.split(b":", 1)
        field = _names[name], value.strip()
        if field[0] in _REPEATED and len(line) <= _MAX_LINE_BYTES:
            if len(self) >= _MAX_LINES:
                self.clear()
            self[line] = field
        return field


_lines = _Lines()


def read_usual_head(data: bytes, at: int) -> tuple[Head, int] | None:
    """Return the head that begins at `at`, and the position of the next byte; None for any but a usual one."""
    end = data.find(END, at)
    if not 0 < end - at <= _MAX_BYTES:
        return None
    text = data[at:end]
    first, *lines = text.split(b"\r\n")
    if len(text.translate(None, _PRINTABLE)) != 2 * len(lines):  # not only the ends of the lines
        return None
    try:
        method, target = _request_line(first)
        headers = dict(map(_lines.__getitem__, lines))
        framing = _framing_of(headers.get(b"content-length", b"0"))
    except ValueError:
        return None
    if (
        len(headers) != len(lines)  # a name repeats
        or len(lines) > MAX_HEADERS
        or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive"
    ):
        return None
    return Head(method, target, "1.1", True, None, framing, headers), end + len(END)


@lru_cache(maxsize=1_024)
def _request_line(line: bytes) -> tuple[str, bytes]:
    method, target, version = line.split(b" ")
    if method not in _METHODS or version != b"HTTP/1.1" or target[:1] != b"/" or b"#" in target:
        raise ValueError
    return _METHODS[method], target


@lru_cache(maxsize=1_024)
def _framing_of(length: bytes) -> Framing:
    if not _LENGTH.fullmatch(length):
        raise ValueError
    return Framing(int(length), False)
