"""Head: one request's head, and its reader, which uses httptools and finds the end itself.

Each head has its own parser, which never sees a byte behind the empty line. So no parser state outlives a request.
After an `Upgrade`, a `CONNECT` or a body, parser and connection cannot disagree about the next byte.
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from holdfast.errors import BadRequest, HeadersTooLarge, UriTooLong
from holdfast.http.headers import MAX_TARGET_BYTES
from holdfast.http.server.framing import Framing, read_framing

__all__ = ["END", "Head", "HeadReader"]

END = b"\r\n\r\n"
_VERSIONS = ("1.1", "1.0")


class Head(NamedTuple):
    """A complete head."""

    method: str
    target: bytes
    version: str
    keeps_alive: bool
    lines: list[tuple[bytes, bytes]] | None
    """Field lines in order, with lower-case names and stripped values; None if `headers` has them all."""
    framing: Framing
    headers: dict[bytes, bytes] | None = None
    """The fields by name, if it is known that no name repeats and that all are within their limits."""

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """Return the field lines in order. To add to them, change `lines`."""
        return [*(self.headers or {}).items()] if self.lines is None else self.lines


class HeadReader:
    """Reads one head from its first byte."""

    # Most fields are set once or never. Their defaults are the class's own, which cost nothing per request.
    target = b""
    method = b""
    has_ended = False
    _line = b""
    """The request line, as far as it has arrived."""
    _has_line = False
    _version = ""
    _keeps_alive = False
    _is_foreign = False
    _size = 0
    _tail = b""
    """The last bytes of an unfinished head, because its empty line may arrive in two pieces."""

    def __init__(self) -> None:
        self._fields: list[tuple[bytes, bytes]] = []
        self._parser: HttpRequestParser | None = HttpRequestParser(self)

    def read(self, data: bytes, at: int, max_bytes: int) -> int:
        """Take the head's bytes from `at` on, and return the position of the next byte.

        Raises BadRequest, UriTooLong, HeadersTooLarge. After an error nothing more can be read.
        """
        end = self._find_end(data, at)
        if not end:
            self._read_part(data[at:], max_bytes)
            return len(data)
        if self._size + end - at > max_bytes:
            self._refuse_size(data[at:end], max_bytes)
        piece = data if not at and end == len(data) else data[at:end]
        self._feed(piece)
        self._parser = None
        if not self.has_ended or self._is_foreign:
            raise BadRequest(BadRequest.HEAD_END)
        if self._version not in _VERSIONS:
            raise BadRequest(BadRequest.VERSION_UNKNOWN)
        if self._line.count(b" ") != 2:  # httptools takes several as one; the program before us may not
            raise BadRequest(BadRequest.SPACES)
        if self._tail or b" \r" in piece or b"\t\r" in piece:  # httptools keeps the white space after a value
            self._fields = [(name, value.rstrip(b" \t")) for name, value in self._fields]
        return end

    def head(self) -> Head:
        """Return the head that has ended. Raises BadRequest and ExpectationFailed for the end of its body."""
        return Head(
            method=self.method.decode("ascii"),
            target=self.target,
            version=self._version,
            keeps_alive=self._keeps_alive and self._version == "1.1",
            lines=self._fields,
            framing=read_framing(self._fields, self._version),
        )

    def _read_part(self, piece: bytes, max_bytes: int) -> None:
        """Parse a piece that does not hold the empty line."""
        if self._size + len(piece) > max_bytes:
            self._refuse_size(piece, max_bytes)
        self._feed(piece)
        if self.has_ended:
            raise BadRequest(BadRequest.HEAD_END)
        self._size += len(piece)
        self._tail = (self._tail + piece)[1 - len(END) :]

    def _find_end(self, data: bytes, at: int) -> int:
        """Return the position behind the empty line; 0 if the head continues."""
        tail = self._tail
        if tail:
            found = (tail + data[at : at + len(END) - 1]).find(END)
            if found >= 0:
                return at + found + len(END) - len(tail)
        found = data.find(END, at)
        return found + len(END) if found >= 0 else 0

    def _refuse_size(self, piece: bytes, max_bytes: int) -> NoReturn:
        """Parse up to the limit first, because an earlier error takes precedence."""
        self._feed(piece[: max(0, max_bytes - self._size)])
        raise HeadersTooLarge(f"The head of the request is longer than {max_bytes} bytes.")

    def _feed(self, piece: bytes) -> None:
        if len(self.target) + len(piece) > MAX_TARGET_BYTES and not self._fields:
            piece = self._feed_target(piece)
        self._parse(piece)

    def _feed_target(self, piece: bytes) -> bytes:
        """Stop as soon as the target is too long, in pieces of any size. Return the bytes that remain to parse."""
        end = piece.find(b"\r")
        line = piece if end < 0 else piece[:end]
        at = 0
        while at < len(line) and len(self.target) <= MAX_TARGET_BYTES:
            step = MAX_TARGET_BYTES + 1 - len(self.target)
            self._parse(line[at : at + step])
            at += step
        if len(self.target) > MAX_TARGET_BYTES:
            raise UriTooLong(f"The path and the query are longer than {MAX_TARGET_BYTES} bytes.")
        return piece[len(line) :]

    def _parse(self, piece: bytes) -> None:
        if not self._has_line:
            line, ended, _ = (self._line + piece).lstrip(b"\r\n").partition(b"\r")
            self._line, self._has_line = line, bool(ended)
        try:
            self._parser.feed_data(piece)  # type: ignore[union-attr]  # it exists until the head has ended
        except HttpParserUpgrade as upgrade:  # an offer, or CONNECT: the head is complete
            self._is_foreign = upgrade.args[0] != len(piece)
        except HttpParserError:
            raise BadRequest from None

    def close(self) -> None:
        """Release the parser, which refers back to this head. Keep only the method of an unfinished head."""
        if self._parser is not None and self.target:
            self.method = self._parser.get_method()
        self._parser = None

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        self.has_ended = True
        self.method = parser.get_method()
        self._version = parser.get_http_version()
        self._keeps_alive = parser.should_keep_alive()

    def on_body(self, _part: bytes) -> None:
        self._is_foreign = True
