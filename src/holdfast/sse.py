"""Server-sent events: one message for all readers of a stream, and what a reader can do."""

from __future__ import annotations

from typing import Protocol

__all__ = ["KEEP_ALIVE", "OPENING", "Message", "Reader"]


class Message:
    """A server-sent event as bytes: one object for all of its readers."""

    __slots__ = ("body", "framed")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.framed: bytes | None = None
        """The same as an HTTP chunk: made by the first reader that needs it, shared by all."""


OPENING = Message(b"retry: 2000\n\n")
KEEP_ALIVE = Message(b": keep-alive\n\n")


class Reader(Protocol):
    """Where one watcher's messages go. None of this waits or raises."""

    @property
    def is_ready(self) -> bool:
        """Whether a message would be taken now."""

    def write(self, message: Message) -> bool:
        """False where an earlier message has not gone out yet: this one is dropped."""

    def end(self) -> None:
        """No more messages come."""
