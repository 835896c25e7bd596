"""Wire: the part of PostgreSQL's protocol that a gate needs to separate statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FLUSH = b"H\x00\x00\x00\x04"
"""Asks the server to send the answers to all messages so far. It has no other effect."""

SYNC, QUERY, EXECUTE, PARSE, BIND = b"S", b"Q", b"E", b"P", b"B"
READY, BACKEND_KEY, ERROR = b"Z", b"K", b"E"
COMPLETE = (b"C", b"I", b"s")
"""The ends of a successful statement: CommandComplete, EmptyQueryResponse, PortalSuspended."""

PREFIX = "holdfast_"


@dataclass(frozen=True, slots=True)
class Step:
    """Bytes that go to the server together. A step with a `name` is a statement, and waits for its turn."""

    data: bytes
    name: str | None
    ends_with: bytes
    """READY if the server then reports that it is ready, EXECUTE if it answers one statement, else b""."""


def messages(buffer: bytearray) -> Iterator[tuple[bytes, bytes]]:
    """Take complete messages from the buffer. Yields (type, message)."""
    while len(buffer) >= 5:
        length = 1 + int.from_bytes(buffer[1:5], "big")
        if len(buffer) < length:
            return
        message = bytes(buffer[:length])
        del buffer[:length]
        yield message[:1], message


class Steps:
    """Groups a client's messages into steps."""

    def __init__(self) -> None:
        self._group: list[bytes] = []
        self._text: bytes | None = None
        """The text of the statement that the group parses."""
        self._name = ""
        self._texts: dict[bytes, bytes] = {}
        """The texts of prepared statements, by name."""

    def take(self, kind: bytes, message: bytes) -> Step | None:
        """Return the step that this message completes, or None."""
        if kind == QUERY:
            return Step(message, _short(message[5:-1]), READY)
        self._group.append(message)
        if kind == PARSE:
            name, _, rest = message[5:].partition(b"\0")
            self._texts[name] = rest.partition(b"\0")[0]
        elif kind == BIND:
            name = message[5:].split(b"\0", 2)[1]
            self._name = name.decode() if name.startswith(PREFIX.encode()) else _short(self._texts[name])
        elif kind == EXECUTE:
            return Step(self._joined() + FLUSH, self._name.removeprefix(PREFIX), EXECUTE)
        elif kind == SYNC:
            return Step(self._joined(), None, READY)
        elif kind not in (b"D", b"C", b"H"):
            return Step(self._joined(), None, b"")
        return None

    def _joined(self) -> bytes:
        joined = b"".join(self._group)
        self._group.clear()
        return joined


def _short(text: bytes) -> str:
    """Return the beginning of a statement without one of our names."""
    lines = [line for line in text.decode().splitlines() if not line.lstrip().startswith("--")]
    return " ".join(" ".join(lines).split())[:40]
