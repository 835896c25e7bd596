"""Head: one request's head, taken apart by httptools. Where it ends is ours to say.

Each head gets a parser of its own, which never sees a byte behind the empty line. So no state of the parser outlives a
request, and an `Upgrade`, a `CONNECT` or a body can not make the parser and the connection disagree about what is next.
"""

from __future__ import annotations

from typing import NoReturn

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from holdfast.domain.errors import BadRequest, HeadersTooLarge, HoldfastError, UriTooLong
from holdfast.http.headers import MAX_TARGET_BYTES

__all__ = ["Head"]

END = b"\r\n\r\n"
_WHITE = b" \t"
_VERSIONS = ("1.1", "1.0")


class Head:
    """Reads one head from its first byte. Its fields are valid once `has_ended`."""

    __slots__ = (
        "_is_foreign",
        "_parser",
        "_size",
        "_tail",
        "has_ended",
        "headers",
        "keeps_alive",
        "method",
        "target",
        "version",
    )

    def __init__(self) -> None:
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        """Field lines in their order, names in lower case, values without white space around them."""
        self.method = b""
        self.version = ""
        self.keeps_alive = False
        self.has_ended = False
        self._is_foreign = False
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._size = 0
        self._tail = b""
        """The last bytes of an unfinished head: its empty line may come in two pieces."""

    def read(self, data: bytes, at: int, max_bytes: int) -> int:
        """Take what belongs to the head from `at` on; return where the next byte is.

        Raises BadRequest, UriTooLong, HeadersTooLarge. After any of them nothing more can be read.
        """
        end = self._find_end(data, at)
        size = self._size + (end or len(data)) - at
        try:
            if size > max_bytes:
                self._feed(data[at : at + max(0, max_bytes - self._size)], is_last=False)
                self._refuse_size(max_bytes)
            if not end:
                piece = data[at:]
                self._feed(piece, is_last=False)
                self._size = size
                self._tail = (self._tail + piece)[1 - len(END) :]
                if len(self.target) > MAX_TARGET_BYTES:
                    self._refuse_size(max_bytes)
                return len(data)
            self._feed(data if not at and end == len(data) else data[at:end], is_last=True)
        except HoldfastError:
            self.close()
            raise
        self.close()
        return end

    def _find_end(self, data: bytes, at: int) -> int:
        """Where the next byte behind the empty line is; 0 where the head goes on."""
        tail = self._tail
        if tail:
            found = (tail + data[at : at + len(END) - 1]).find(END)
            if found >= 0:
                return at + found + len(END) - len(tail)
        found = data.find(END, at)
        return found + len(END) if found >= 0 else 0

    def _refuse_size(self, max_bytes: int) -> NoReturn:
        if len(self.target) > MAX_TARGET_BYTES:
            raise UriTooLong(f"The path is longer than {MAX_TARGET_BYTES} bytes.")
        raise HeadersTooLarge(f"The head of the request is longer than {max_bytes} bytes.")

    def _feed(self, piece: bytes, *, is_last: bool) -> None:
        """With `is_last` the piece ends with the empty line."""
        parser = self._parser
        assert parser is not None, "the head has ended"
        end = len(piece)
        try:
            parser.feed_data(piece)
        except HttpParserUpgrade as upgrade:  # an offer, or CONNECT: the head is whole
            end = upgrade.args[0]
        except HttpParserError:
            raise BadRequest("This is not a well-formed HTTP/1.1 request.") from None
        if is_last or self.has_ended:
            if self.has_ended is not is_last or end != len(piece) or self._is_foreign:
                raise BadRequest("The head of the request does not end where its empty line is.")
            if self.version not in _VERSIONS:
                raise BadRequest("This server speaks HTTP/1.1 and HTTP/1.0.")

    def close(self) -> None:
        """Let the parser go. It holds this head, and this head holds it."""
        self._parser = None

    # -- called by httptools ---------------------------------------------------------------------------------------

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if value[-1:] in _WHITE:
            value = value.rstrip(_WHITE)
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        self.has_ended = True
        self.method = parser.get_method()
        self.version = parser.get_http_version()
        self.keeps_alive = parser.should_keep_alive()

    def on_body(self, _part: bytes) -> None:
        self._is_foreign = True
