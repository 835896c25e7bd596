"""Intake: the incoming bytes of one connection that wait, and whether it reads more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.http.server.load import Load

__all__ = ["Intake"]


class Intake:
    """Counts the waiting bytes in the worker's load."""

    __slots__ = ("_is_reading", "_load", "_transport", "_unread", "pending")

    def __init__(self, transport: asyncio.Transport, load: Load) -> None:
        self._transport = transport
        self._load = load
        self._is_reading = True
        self._unread = 0
        """The bytes of this connection in the load."""
        self.pending = b""
        """The bytes behind the open request."""

    def pause(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._transport.pause_reading()

    def resume(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            self._transport.resume_reading()

    def keep(self, data: bytes) -> None:
        """Keep these bytes, and stop reading until they are taken."""
        self.pause()
        self.pending += data
        self.count(len(data))

    def take(self) -> bytes:
        """Return the kept bytes, in their turn."""
        data, self.pending = self.pending, b""
        self.release()
        self.resume()
        return data

    def drop(self) -> None:
        self.pending = b""
        self.release()

    def count(self, size: int) -> None:
        """Count `size` bytes of an incomplete request."""
        self._load.unread_bytes += size
        self._unread += size

    def release(self) -> None:
        """Release the bytes of a complete or abandoned request."""
        self._load.unread_bytes -= self._unread
        self._unread = 0
