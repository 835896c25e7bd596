"""Peers: which user of this machine has the other end of a connection. Only the kernel knows that.

A proxy can hide every trace of itself in a request, but its socket belongs to the user that it runs as.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

__all__ = ["Address", "can_ask_kernel", "owner_of", "ready_to_ask"]

Address = tuple[str, int]

_PROC = Path("/proc/net")
_OVERFLOW_USER = Path("/proc/sys/kernel/overflowuid")
_UNKNOWN_USER = 65_534
_SOCK_DIAG = 4  # the netlink family of linux/sock_diag.h
_DIAG_BY_FAMILY = 20
_REQUEST = 1
_ANY_STATE = 0xFFFF_FFFF
_NO_COOKIE = b"\xff" * 8
_ADDRESS_BYTES = 16


class _Found(NamedTuple):
    """A socket of this machine. Without an inode no process has it: it is closed, and its user is not known."""

    user: int
    inode: int


def owner_of(client: Address, server: Address) -> int | None:
    """Return the user id that has the client's end of a connection to `server`; None if the kernel does not say.

    The addresses are those of the connection as the server sees them. Behind address translation nothing is found.
    """
    try:
        ends = (_plain(client[0]), int(client[1])), (_plain(server[0]), int(server[1]))
    except (TypeError, ValueError):  # the addresses of a caller without a socket
        return None
    found = _ask_netlink(*ends) or _read_tables(*ends)
    if found is None or not found.inode or found.user == _user_of_all_unknown():
        return None
    return found.user


@contextmanager
def ready_to_ask() -> Iterator[None]:
    """Keep this thread's socket for questions open. It is opened now, while there are free descriptors."""
    with suppress(OSError, AttributeError):
        _OF_THREAD.asking = getattr(_OF_THREAD, "asking", None) or _open_netlink()
    try:
        yield
    finally:
        _stop_asking()


def can_ask_kernel() -> bool:
    """Return whether the kernel says whose connections these are. Tried with a connection of our own."""
    with ready_to_ask():
        return _knows_us()


def _knows_us() -> bool:
    for address in ("127.0.0.1", "::1"):
        try:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with (
                closing(socket.create_server((address, 0), family=family)) as listening,
                closing(socket.create_connection(listening.getsockname()[:2], timeout=5)) as ours,
            ):
                return owner_of(ours.getsockname()[:2], listening.getsockname()[:2]) == os.geteuid()
        except OSError:
            continue
    return False


_End = tuple[IPv4Address | IPv6Address, int]


def _plain(text: str) -> IPv4Address | IPv6Address:
    """Return the address. A socket for both families sees IPv4 as a mapped address. Raises ValueError."""
    address = ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _ask_netlink(client: _End, server: _End) -> _Found | None:
    """Ask for one socket, which costs the same among any number of them. A sandbox may forbid it."""
    family = socket.AF_INET if client[0].version == 4 else socket.AF_INET6
    asked = (
        struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, _ANY_STATE)
        + struct.pack("!HH", client[1], server[1])
        + b"".join(end[0].packed.ljust(_ADDRESS_BYTES, b"\0") for end in (client, server))
        + struct.pack("=I", 0)
        + _NO_COOKIE
    )
    answer = _exchange(asked)
    if answer is None:
        return None
    if len(answer) < _INODE_AT + 4 or struct.unpack_from("=H", answer, 4)[0] != _DIAG_BY_FAMILY:
        return None
    if answer[_PORTS_AT : _PORTS_AT + 4] != struct.pack("!HH", client[1], server[1]):
        return None  # a socket that listens on the client's port
    user, inode = struct.unpack_from("=II", answer, _INODE_AT - 4)
    return _Found(user, inode)


def _exchange(asked: bytes) -> bytes | None:
    """Send a question on the socket of this thread, and return its answer; None without such a socket."""
    asking = getattr(_OF_THREAD, "asking", None)
    try:
        if asking is None:
            asking = _OF_THREAD.asking = _open_netlink()
        number = _OF_THREAD.number = getattr(_OF_THREAD, "number", 0) % _MAX_NUMBER + 1
        asking.send(
            struct.pack("=IHHII", _HEAD_BYTES + len(asked), _DIAG_BY_FAMILY, _REQUEST, number, 0) + asked
        )
        while True:
            answer = asking.recv(4096)
            if len(answer) < _HEAD_BYTES or struct.unpack_from("=I", answer, _NUMBER_AT)[0] == number:
                return bytes(answer)  # any other is the late answer to a question before
    except (OSError, AttributeError):  # AttributeError: another system than Linux
        _stop_asking()
        return None


def _stop_asking() -> None:
    asking = getattr(_OF_THREAD, "asking", None)
    if asking is not None:
        asking.close()
        _OF_THREAD.asking = None


def _open_netlink() -> socket.socket:
    asking = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG)
    asking.settimeout(1.0)
    return asking


_OF_THREAD = threading.local()
"""The socket for questions stays open. A server without free descriptors could not open one for each connection."""

_MAX_NUMBER = 0xFFFF_FFFF
_NUMBER_AT = 8
_HEAD_BYTES = 16
_PORTS_AT = _HEAD_BYTES + 4
_INODE_AT = _HEAD_BYTES + 4 + 48 + 16
"""Behind the state (4 bytes), the ends (48), and expiry, two queues and the user (4 each)."""


def _read_tables(client: _End, server: _End) -> _Found | None:
    """Read the tables of all sockets. An IPv4 socket may be in the table of IPv6, by its mapped address."""
    wanted = {f"{_hex(*client, mapped=mapped)} {_hex(*server, mapped=mapped)}" for mapped in (False, True)}
    for name in ("tcp", "tcp6"):
        try:
            with (_PROC / name).open() as table:
                for line in table:
                    columns = line.split()
                    if len(columns) > _INODE_COLUMN and f"{columns[1]} {columns[2]}" in wanted:
                        return _Found(int(columns[_USER_COLUMN]), int(columns[_INODE_COLUMN]))
        except (OSError, ValueError):
            continue
    return None


_USER_COLUMN, _INODE_COLUMN = 7, 9


def _hex(address: IPv4Address | IPv6Address, port: int, *, mapped: bool) -> str:
    """Return an end as the tables write it: words of four bytes in the machine's order, and the port."""
    packed = address.packed
    if mapped and address.version == 4:
        packed = b"\0" * 10 + b"\xff\xff" + packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words) + f":{port:04X}"


@cache
def _user_of_all_unknown() -> int:
    """Return the id that the kernel gives for every user whom this container does not know."""
    try:
        return int(_OVERFLOW_USER.read_text())
    except (OSError, ValueError):
        return _UNKNOWN_USER
