"""Writing: one connection's outgoing bytes, and what is known of those that its reader has not taken."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import sys
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.http.server.load import Load

__all__ = ["Writer"]

_SHARED_BYTES = 64 * 1024
"""A body from this size on is written beside its head, not joined with it: no connection gets a copy."""
_STREAM_UNSENT_BYTES = 64 * 1024
_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class Writer:
    """Writes to a transport, and counts what waits there as the worker's load."""

    __slots__ = ("_load", "_transport", "_unsent", "_untaken", "is_paused")

    def __init__(self, transport: asyncio.Transport, load: Load) -> None:
        transport.set_write_buffer_limits(high=0)  # whatever waits is known at once, and has a deadline
        self._transport = transport
        self._load = load
        self.is_paused = False
        """Something that was written waits for the reader."""
        self._unsent: bytes | None = None
        """What waits, as the load counts it."""
        self._untaken = 0
        """What the reader had not taken at the last look."""

    def write(self, data: bytes, body: bytes = b"") -> None:
        """Write now. A large `body` is not copied."""
        if len(body) < _SHARED_BYTES:
            self._transport.write(data + body if body else data)
        else:
            self._transport.writelines((data, body))
        if self.is_paused and self._unsent is None:
            self._unsent = body or data
            self._load.add_unsent(self._unsent)

    def pause(self) -> None:
        """The transport says that the reader is behind."""
        self.is_paused = True
        self._untaken = self._count_untaken()

    def resume(self) -> None:
        """The transport says that nothing waits."""
        self.is_paused = False
        self.release()

    def release(self) -> None:
        if self._unsent is not None:
            self._load.remove_unsent(self._unsent)
            self._unsent = None

    def has_moved(self, least_bytes: int) -> bool:
        """Whether the reader took this much since the last look."""
        before = self._untaken
        self._untaken = self._count_untaken()
        return before - self._untaken >= least_bytes

    def keep_little(self) -> None:
        """For a stream: the kernel keeps little of what a slow reader has not taken, or it would be old news."""
        if _NOTSENT_LOWAT is not None:
            with contextlib.suppress(OSError, AttributeError):  # another kind of socket than TCP
                self._transport.get_extra_info("socket").setsockopt(
                    socket.IPPROTO_TCP, _NOTSENT_LOWAT, _STREAM_UNSENT_BYTES
                )

    def _count_untaken(self) -> int:
        """Bytes of all that was written: those that wait here, and those in the kernel."""
        kept = bytearray(4)
        with contextlib.suppress(OSError):  # some kernels do not say
            fcntl.ioctl(self._transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, kept)
        return self._transport.get_write_buffer_size() + int.from_bytes(kept, sys.byteorder)
