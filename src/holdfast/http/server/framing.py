"""Framing: finds the end of a request's body (RFC 9112, 6), and reads the chunked coding (7.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from holdfast.errors import BadRequest, ExpectationFailed, HeadersTooLarge

__all__ = ["Chunks", "Framing", "Length", "read_framing"]

MAX_ASIDE_BYTES = 8 * 1024
"""Limit on the chunk extensions and trailers of one body together. They are counted and never kept."""

_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})([ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
_MAX_SIZE_LINE = 16
_LINE_END = b"\r\n"


class Framing(NamedTuple):
    """`length` is the body's size in bytes, 0 without one, None if it is chunked."""

    length: int | None
    expects_continue: bool


_FIELDS = frozenset((b"content-length", b"transfer-encoding", b"expect"))
_NO_BODY = Framing(0, False)


def read_framing(headers: list[tuple[bytes, bytes]], version: str) -> Framing:
    """Return the framing. Raises BadRequest for an ambiguous end, ExpectationFailed for an unknown expectation."""
    fields = tuple([field for field in headers if field[0] in _FIELDS])
    return _read_fields(fields, version) if fields else _NO_BODY


@lru_cache(maxsize=1_024)
def _read_fields(fields: tuple[tuple[bytes, bytes], ...], version: str) -> Framing:
    length: bytes | None = None
    coding: bytes | None = None
    expectation = b""
    for name, value in fields:
        if name == b"content-length":
            if length is not None:
                raise BadRequest(BadRequest.HEADER_TWICE.format(name="content-length"))
            length = value
        elif name == b"transfer-encoding":
            if coding is not None:
                raise BadRequest(BadRequest.HEADER_TWICE.format(name="transfer-encoding"))
            coding = value
        else:
            expectation = expectation + b"," + value if expectation else value
    expects_continue = _expects_continue(expectation, version)
    if coding is not None:
        if length is not None:
            raise BadRequest(BadRequest.LENGTH_AND_CODING)
        if coding.lower() != b"chunked":
            raise BadRequest(BadRequest.CODING_UNKNOWN)
        if version == "1.0":
            raise BadRequest(BadRequest.CODING_IN_HTTP_1_0)
        return Framing(None, expects_continue)
    if length is None:
        return _NO_BODY
    if not _LENGTH.fullmatch(length):
        raise BadRequest(BadRequest.LENGTH_FORM)
    return Framing(int(length), expects_continue)


def _expects_continue(expectation: bytes, version: str) -> bool:
    if not expectation or version == "1.0":  # RFC 9110 10.1.1: HTTP/1.0 has no expectations
        return False
    members = [member.strip(b" \t").lower() for member in expectation.split(b",")]
    if any(member not in (b"100-continue", b"") for member in members):
        raise ExpectationFailed
    return b"100-continue" in members


class Length:
    """Reads a body of known length."""

    __slots__ = ("remaining", "take")

    def __init__(self, length: int, take: Callable[[bytes], None]) -> None:
        self.take = take
        """Receives the body's parts."""
        self.remaining = length
        """Bytes that have not arrived yet."""

    @property
    def is_done(self) -> bool:
        return not self.remaining

    def feed(self, data: bytes, at: int) -> int:
        """Read from `at` on, and return the position of the next unread byte."""
        end = min(len(data), at + self.remaining)
        self.remaining -= end - at
        self.take(data if not at and end == len(data) else data[at:end])
        return end


class Chunks:
    """Reads one chunked body, in pieces of any size. Extensions and trailers are counted and dropped."""

    __slots__ = ("_aside", "_in_trailers", "_left", "_line", "is_done", "take")
    remaining = 0
    """The remaining length is unknown."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self.take = take
        self._left = 0
        """Missing bytes of this chunk's data; -1 if only its line end is missing."""
        self._line = b""
        """The beginning of an incomplete line: a chunk's size, its end, or a trailer."""
        self._aside = 0
        self._in_trailers = False
        self.is_done = False

    def feed(self, data: bytes, at: int) -> int:
        """Read from `at` on, and return the position of the next unread byte. Raises BadRequest, HeadersTooLarge."""
        while at < len(data) and not self.is_done:
            if self._left > 0:
                part = data[at : at + self._left]
                self._left -= len(part)
                at += len(part)
                self.take(part)
                if not self._left:
                    self._left = -1
                continue
            end = data.find(b"\n", at)
            line = self._line + data[at : end + 1 if end >= 0 else None]
            if end < 0:
                self._check_size(line)
                self._line = line
                return len(data)
            at = end + 1
            self._line = b""
            self._check_size(line)
            if not line.endswith(_LINE_END):
                raise BadRequest(BadRequest.CHUNK_LINE_END)
            self._read_line(line[:-2])
        return at

    def _read_line(self, line: bytes) -> None:
        if self._left < 0:
            if line:
                raise BadRequest(BadRequest.CHUNK_OVER_SIZE)
            self._left = 0
        elif self._in_trailers:
            self._read_trailer(line)
        else:
            self._read_size(line)

    def _read_size(self, line: bytes) -> None:
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise BadRequest(BadRequest.CHUNK_WITHOUT_SIZE)
        self._aside += len(found[2] or b"")
        self._left = int(found[1], 16)
        self._in_trailers = not self._left

    def _read_trailer(self, line: bytes) -> None:
        if not line:
            self.is_done = True
            return
        self._aside += len(line) + 2
        if not _TRAILER.fullmatch(line):
            raise BadRequest(BadRequest.TRAILER_FORM)

    def _check_size(self, line: bytes) -> None:
        """Refuse a line that brings the extras above their limit, complete or not."""
        if self._left < 0:
            if len(line) > 2:
                raise BadRequest(BadRequest.CHUNK_OVER_SIZE)
        elif self._in_trailers:
            if self._aside + len(line) > MAX_ASIDE_BYTES + 2:
                raise HeadersTooLarge(HeadersTooLarge.TRAILERS.format(limit=MAX_ASIDE_BYTES))
        elif self._aside + len(line) > MAX_ASIDE_BYTES + _MAX_SIZE_LINE + 2:
            raise BadRequest(BadRequest.CHUNK_EXTENSIONS.format(limit=MAX_ASIDE_BYTES))
