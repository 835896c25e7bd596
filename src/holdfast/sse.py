"""Server-sent events: one message for all readers of a stream, and what a reader can do."""

from __future__ import annotations

from typing import Protocol

__all__ = ["KEEP_ALIVE", "OPENING", "Message", "Reader"]


class Message:
    """A server-sent event as bytes, one object for all of its readers."""

    __slots__ = ("body", "framed")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.framed: bytes | None = None
        """The same as an HTTP chunk, built by the first reader that needs it and shared by all."""


OPENING = Message(b"retry: 2000\n\n")
KEEP_ALIVE = Message(b": keep-alive\n\n")


class Reader(Protocol):
    """Where one client's messages go. No method waits or raises."""

    @property
    def is_ready(self) -> bool:
        """True if the reader would take a message now."""

    def write(self, message: Message) -> bool:
        """Take a message. Return False and drop it if an earlier message has not been sent yet."""

    def end(self) -> None:
        """End the stream: no more messages follow."""
