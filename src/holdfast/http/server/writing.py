"""Writing: one connection's outgoing bytes, and what is known of those that its reader has not taken."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import struct
import sys
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.http.server.load import Load

__all__ = ["Writer", "keep_little_in_kernel"]

_SHARED_BYTES = 64 * 1024
"""A body from this size on is written beside its head, not joined with it: no connection gets a copy."""
_KERNEL_BYTES = 64 * 1024
_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_NO_LINGER = struct.pack("ii", 1, 0)


def keep_little_in_kernel(listening: socket.socket) -> None:
    """For all connections of a listening socket: what their readers do not take waits here, where it is counted.

    Otherwise the kernel takes megabytes for each of them, which would be old news to the reader of a stream.
    """
    if _NOTSENT_LOWAT is not None:
        with contextlib.suppress(OSError):  # another kind of socket than TCP
            listening.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _KERNEL_BYTES)


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
        self._untaken: int | None = None
        """What the reader had not taken at the last look; None before the first."""

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
        self._untaken = None
        self.release()

    def release(self) -> None:
        if self._unsent is not None:
            self._load.remove_unsent(self._unsent)
            self._unsent = None

    @property
    def is_behind(self) -> bool:
        """Whether the reader has not taken all that was written."""
        return self.is_paused or self._count_untaken() > 0

    def has_moved(self, least_bytes: int) -> bool:
        """Whether the reader took this much since the last look, if there was one."""
        before, self._untaken = self._untaken, self._count_untaken()
        return before is None or before - self._untaken >= least_bytes

    def cut(self) -> None:
        """End the connection at once. What its reader has not taken is dropped, in the kernel too."""
        with contextlib.suppress(OSError, AttributeError):
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
            )
        self._transport.abort()

    def _count_untaken(self) -> int:
        """Bytes of all that was written: those that wait here, and those in the kernel."""
        kept = bytearray(4)
        with contextlib.suppress(OSError):  # some kernels do not say
            fcntl.ioctl(self._transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, kept)
        return self._transport.get_write_buffer_size() + int.from_bytes(kept, sys.byteorder)
