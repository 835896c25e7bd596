"""Wire: PostgreSQL's protocol as far as a gate must read it, to tell one statement from the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FLUSH = b"H\x00\x00\x00\x04"
"""Has the server answer what it was sent so far; it changes nothing else."""

SYNC, QUERY, EXECUTE, PARSE, BIND = b"S", b"Q", b"E", b"P", b"B"
READY, BACKEND_KEY, ERROR = b"Z", b"K", b"E"
COMPLETE = (b"C", b"I", b"s")
"""What ends a statement that went well: CommandComplete, EmptyQueryResponse, PortalSuspended."""

PREFIX = "holdfast_"


@dataclass(frozen=True, slots=True)
class Step:
    """What goes to the server at once. With a `name` it is a statement, and waits for its turn; else it goes on."""

    data: bytes
    name: str | None
    ends_with: bytes
    """READY where the server then says that it is ready, EXECUTE where it answers one statement, b"" where nothing."""


def messages(buffer: bytearray) -> Iterator[tuple[bytes, bytes]]:
    """Takes whole messages out of the buffer: (type, all of it)."""
    while len(buffer) >= 5:
        length = 1 + int.from_bytes(buffer[1:5], "big")
        if len(buffer) < length:
            return
        whole = bytes(buffer[:length])
        del buffer[:length]
        yield whole[:1], whole


class Steps:
    """Groups a client's messages into steps."""

    def __init__(self) -> None:
        self._group: list[bytes] = []
        self._text: bytes | None = None
        """Of the statement that the group parses."""
        self._name = ""
        self._texts: dict[bytes, bytes] = {}
        """Of prepared statements, by their names."""

    def take(self, kind: bytes, whole: bytes) -> Step | None:
        """The step that this message makes complete."""
        if kind == QUERY:
            return Step(whole, _short(whole[5:-1]), READY)
        self._group.append(whole)
        if kind == PARSE:
            name, _, rest = whole[5:].partition(b"\0")
            self._texts[name] = rest.partition(b"\0")[0]
        elif kind == BIND:
            name = whole[5:].split(b"\0", 2)[1]
            self._name = name.decode() if name.startswith(PREFIX.encode()) else _short(self._texts[name])
        elif kind == EXECUTE:
            return Step(self._whole() + FLUSH, self._name.removeprefix(PREFIX), EXECUTE)
        elif kind == SYNC:
            return Step(self._whole(), None, READY)
        elif kind not in (b"D", b"C", b"H"):
            return Step(self._whole(), None, b"")
        return None

    def _whole(self) -> bytes:
        whole = b"".join(self._group)
        self._group.clear()
        return whole


def _short(text: bytes) -> str:
    """The beginning of a statement that has no name of ours."""
    lines = [line for line in text.decode().splitlines() if not line.lstrip().startswith("--")]
    return " ".join(" ".join(lines).split())[:40]
