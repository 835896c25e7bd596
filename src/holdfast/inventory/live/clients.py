"""Stream clients: the readers of an event's stream, and where their messages go."""

from __future__ import annotations

import asyncio

from holdfast.sse import OPENING, Message, Reader

__all__ = ["BufferedClient", "StreamClient"]


class StreamClient:
    """One reader of a channel."""

    __slots__ = ("after", "event_number", "is_current", "is_over", "reader")

    def __init__(self, event_number: int, reader: Reader, after: int | None) -> None:
        self.event_number = event_number
        self.reader = reader
        self.after = after
        """The version that it resumes after. None once it was sent what it has missed."""
        self.is_current = False
        """True if it has every message of the channel. Else it waits for a first message, or for a snapshot."""
        self.is_over = False


class BufferedClient:
    """A reader in this process, with room for the first message and for one more.

    If a message arrives before the last one was taken, both are dropped.
    """

    __slots__ = ("_is_over", "_messages", "_news")

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._is_over = False
        self._news = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        return not self._messages or self._messages[-1] is OPENING

    def write(self, message: Message) -> bool:
        if not self.is_ready:
            self._messages.pop()
            return False
        self._messages.append(message)
        self._news.set()
        return True

    def end(self) -> None:
        self._is_over = True
        self._news.set()

    async def next(self) -> Message | None:
        """Return the next message, or None at the end. A message that was not taken by then is dropped."""
        while not self._is_over:
            if self._messages:
                return self._messages.pop(0)
            self._news.clear()
            await self._news.wait()
        return None
