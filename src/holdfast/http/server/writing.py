"""Writing: one connection's outgoing bytes, and how much of them its reader has taken."""

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

__all__ = ["Writer", "bound_kernel"]

_SHARED_BYTES = 64 * 1024
"""From this size on, a body is written separately from its head, so that connections share it without a copy."""
_KERNEL_BYTES = 64 * 1024
_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)
_NO_LINGER = struct.pack("ii", 1, 0)


def bound_kernel(listening: socket.socket, untaken_seconds: float) -> None:
    """Limit what the kernel keeps for each connection of a listening socket: how many bytes, and how long.

    Unread bytes wait here, where they are counted. Otherwise the kernel would buffer megabytes per connection, and a
    stream's reader would receive old messages. The kernel ends a connection whose peer takes none of its bytes for
    `untaken_seconds`. Without that a stream of small messages to a peer that is gone, or never reads, has no deadline:
    its bytes fit into the kernel, so none of them waits here.
    """
    for option, value in ((_NOTSENT_LOWAT, _KERNEL_BYTES), (_USER_TIMEOUT, round(untaken_seconds * 1_000))):
        if option is not None:
            with contextlib.suppress(OSError):  # the socket is not TCP
                listening.setsockopt(socket.IPPROTO_TCP, option, value)


class Writer:
    """Writes to a transport, and counts the waiting bytes in the worker's load."""

    __slots__ = ("_load", "_transport", "_unsent", "_untaken", "is_paused")

    def __init__(self, transport: asyncio.Transport, load: Load) -> None:
        self._transport = transport
        self._load = load
        self.is_paused = False
        """Whether written bytes wait for the reader."""
        self._unsent: bytes | None = None
        """The waiting bytes, as the load counts them."""
        self._untaken: int | None = None
        """The untaken bytes at the last check; None before the first."""

    def begin(self) -> None:
        """Let the transport notice every waiting byte at once, so that it has a deadline."""
        is_plain = self._transport.get_extra_info("sslcontext") is None
        self._transport.set_write_buffer_limits(
            high=0 if is_plain else 1
        )  # Python's TLS pauses at the limit itself

    def write(self, data: bytes, body: bytes = b"") -> None:
        """Write immediately. A large `body` is not copied."""
        if len(body) < _SHARED_BYTES:
            self._transport.write(data + body if body else data)
        else:
            self._transport.writelines((data, body))
        if self.is_paused and self._unsent is None:
            self._unsent = body or data
            self._load.add_unsent(self._unsent)

    def pause(self) -> None:
        """The transport reports that the reader is behind."""
        self.is_paused = True
        self._untaken = self._count_untaken()

    def resume(self) -> None:
        """The transport reports that no byte waits."""
        self.is_paused = False
        self._untaken = None
        self.release()

    def release(self) -> None:
        if self._unsent is not None:
            self._load.remove_unsent(self._unsent)
            self._unsent = None

    @property
    def is_behind(self) -> bool:
        """Return whether the reader has not taken all written bytes."""
        return self.is_paused or self._count_untaken() > 0

    def has_moved(self, min_bytes: int) -> bool:
        """Return whether the reader took this many bytes since the last check; True at the first."""
        before, self._untaken = self._untaken, self._count_untaken()
        return before is None or before - self._untaken >= min_bytes

    def cut(self) -> None:
        """End the connection at once. Untaken bytes are dropped, also in the kernel."""
        with contextlib.suppress(OSError, AttributeError):
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
            )
        self._transport.abort()

    def _count_untaken(self) -> int:
        """Return the untaken bytes: those that wait here and those in the kernel."""
        kept = bytearray(4)
        with contextlib.suppress(OSError):  # some kernels do not report them
            fcntl.ioctl(self._transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, kept)
        return self._transport.get_write_buffer_size() + int.from_bytes(kept, sys.byteorder)
