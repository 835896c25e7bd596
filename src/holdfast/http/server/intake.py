"""Intake: one connection's incoming bytes that wait, and whether more of them are read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.http.server.load import Load

__all__ = ["Intake"]


class Intake:
    """What waits is counted as the worker's load."""

    __slots__ = ("_is_reading", "_load", "_transport", "_unread", "pending")

    def __init__(self, transport: asyncio.Transport, load: Load) -> None:
        self._transport = transport
        self._load = load
        self._is_reading = True
        self._unread = 0
        """What this connection adds to the load."""
        self.pending = b""
        """What came behind the open request."""

    def stop(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._transport.pause_reading()

    def go_on(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self._transport.resume_reading()

    def keep(self, data: bytes) -> None:
        """Wait with this, and read no more until it is taken."""
        self.stop()
        self.pending += data
        self.count(len(data))

    def take(self) -> bytes:
        """What waits, in its turn."""
        data, self.pending = self.pending, b""
        self.release()
        self.go_on()
        return data

    def drop(self) -> None:
        self.pending = b""
        self.release()

    def count(self, size: int) -> None:
        """So much of a request has come that is not whole."""
        self._load.unread_bytes += size
        self._unread += size

    def release(self) -> None:
        """A request is whole, or nobody waits for it any more."""
        self._load.unread_bytes -= self._unread
        self._unread = 0
