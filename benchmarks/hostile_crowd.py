"""Hostile crowd: thousands of connections of every hostile form, in one cheap process that ends by itself.

    python -m benchmarks.hostile_crowd --port P --sold EVENT --seated EVENT --connections N --per-second N --seconds N

Forms take turns. A connection of the next form replaces each one that the server ends, up to `--per-second`. The
process ends after `--seconds`, or with its input, and then reports one line of JSON. It runs only while a core has
nothing else to do: a real crowd has its own machines, and takes nothing from the server's.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import select
import socket
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.hostile_forms import SLOW_BYTES_PER_SECOND, Form, Reads, forms
from holdfast.process.descriptors import raise_descriptor_limit

__all__ = ["MAX_CONNECTIONS"]

MAX_CONNECTIONS = 10_000
"""The max number of connections of one process."""
CONNECTIONS_OF_AN_ADDRESS = 1_250
"""A kernel has some 28,000 ports for an address, and a used port is free again after a minute."""
STAY_SECONDS = 3.0
"""Longer than the server waits for a client to close."""
TURNS_PER_SECOND = 20
_BIND_ADDRESS_NO_PORT = 24
"""A socket option of Linux without a name in Python. connect() then chooses a port that is new for this pair."""
_SEGMENT_BYTES = 1_460
"""The segment size of Ethernet. With loopback's 64 KB, a kernel reserves megabytes for each new connection."""
_NARROW_BYTES = 4_096
_SLOW_KERNEL_BYTES = 32 * 1024
_READ_BYTES = 64 * 1024
_RESET = struct.pack("ii", 1, 0)
_GONE = select.EPOLLHUP | select.EPOLLERR
_STATUS = b"HTTP/1.1 "


@dataclass(slots=True, eq=False)
class Client:
    """One hostile connection."""

    socket: socket.socket
    form: Form
    opened_at: float
    turn: int
    """The twentieth of a second in which it acts."""
    unsent: memoryview
    is_connected: bool = False
    ended_at: float = 0.0
    """The time when the server closed its side, or 0."""
    drips: int = 0
    watched: int = 0


@dataclass(slots=True)
class Tally:
    """The results of one form."""

    opened: int = 0
    ended: int = 0
    seconds: float = 0.0
    """The total time that the ended connections were open."""
    gave_up: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)

    def report(self) -> dict[str, object]:
        return {
            "opened": self.opened,
            "ended": self.ended,
            "seconds": self.seconds,
            "gave_up": self.gave_up,
            "failed": self.failed,
            "statuses": self.statuses,
        }


class Crowd:
    def __init__(self, port: int, every_form: tuple[Form, ...], connections: int, per_second: float) -> None:
        self._port = port
        self._forms = every_form
        self._wanted = connections
        self._per_second = per_second
        self._addresses = 1 + connections // CONNECTIONS_OF_AN_ADDRESS
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._turns: list[set[Client]] = [set() for _ in range(TURNS_PER_SECOND)]
        self._opened = 0
        self.tallies = {form.name: Tally() for form in every_form}

    def stay(self, seconds: float, commands: int) -> None:
        """Keep the crowd until the time is over, or `commands` has input."""
        self._poll.register(commands, select.EPOLLIN)
        began = time.monotonic()
        turn, allowed, before = 0, 0.0, began
        while (now := time.monotonic()) - began < seconds:
            allowed = min(allowed + (now - before) * self._per_second, self._per_second / 4)
            before = now
            while allowed >= 1 and len(self._clients) < self._wanted:
                allowed -= 1
                self._open(now)
            if int((now - began) * TURNS_PER_SECOND) > turn:
                turn += 1
                for client in tuple(self._turns[turn % TURNS_PER_SECOND]):
                    self._act(client, now)
            next_turn = began + (turn + 1) / TURNS_PER_SECOND
            for descriptor, events in self._poll.poll(max(0.0, next_turn - now), 1024):
                if descriptor == commands:
                    return
                if descriptor in self._clients:
                    self._notice(self._clients[descriptor], events)

    def _open(self, now: float) -> None:
        form = self._forms[self._opened % len(self._forms)]
        one = socket.socket()
        one.setblocking(False)
        one.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)
        if form.reads is not Reads.ALL:
            size = _NARROW_BYTES if form.reads is Reads.NOTHING else _SLOW_KERNEL_BYTES
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        # Each process has its own network, because the ports of the previous one may still be in use.
        one.bind((f"127.0.{os.getpid() % 250 + 1}.{1 + self._opened % self._addresses}", 0))
        client = Client(one, form, now, self._opened % TURNS_PER_SECOND, memoryview(form.opening))
        self._opened += 1
        found = one.connect_ex(("127.0.0.1", self._port))
        if found not in (0, errno.EINPROGRESS):
            self.tallies[form.name].failed[errno.errorcode.get(found, str(found))] += 1
            one.close()
            return
        self._clients[one.fileno()] = client
        client.watched = select.EPOLLOUT
        self._poll.register(one.fileno(), client.watched)

    def _notice(self, client: Client, events: int) -> None:
        if not client.is_connected and not self._is_connected(client):
            return
        if events & select.EPOLLIN and not self._read(client, _READ_BYTES):
            return
        if events & _GONE:
            self._end(client)
            return
        if events & select.EPOLLRDHUP:
            self._mark_ended(client)
            return
        if events & select.EPOLLOUT:
            self._send(client, client.unsent)

    def _is_connected(self, client: Client) -> bool:
        found = client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        tally = self.tallies[client.form.name]
        if found:
            tally.failed[errno.errorcode.get(found, str(found))] += 1
            self._forget(client)
            return False
        tally.opened += 1
        client.is_connected = True
        self._turns[client.turn].add(client)
        return True

    def _send(self, client: Client, data: memoryview) -> None:
        if data:
            try:
                sent = client.socket.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._end(client)
                return
            client.unsent = data[sent:]
        if client.form.resets and not client.unsent:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._end(client)
            return
        self._watch(client)

    def _watch(self, client: Client) -> None:
        wanted = select.EPOLLOUT if client.unsent else 0
        if not client.ended_at:
            wanted |= select.EPOLLIN if client.form.reads is Reads.ALL else select.EPOLLRDHUP
        if wanted != client.watched:
            client.watched = wanted
            self._poll.modify(client.socket.fileno(), wanted)

    def _read(self, client: Client, size: int) -> bool:
        """Read from a connection. Return whether both sides are still open."""
        try:
            data = client.socket.recv(size)
        except BlockingIOError:
            return True
        except OSError:
            self._end(client)
            return False
        if data.startswith(_STATUS):
            self.tallies[client.form.name].statuses[data[9:12].decode("latin-1")] += 1
        if not data:
            self._mark_ended(client)
        return bool(data)

    def _mark_ended(self, client: Client) -> None:
        """The server has closed its side."""
        if not client.form.stays:
            self._end(client)
        elif not client.ended_at:
            client.ended_at = time.monotonic()
            self._watch(client)

    def _act(self, client: Client, now: float) -> None:
        """Do what the form does once a second."""
        if client.ended_at and now - client.ended_at > STAY_SECONDS:
            self._end(client)
            return
        if not client.ended_at and now - client.opened_at > client.form.patience_seconds:
            self.tallies[client.form.name].gave_up += 1
            self._forget(client)
            return
        form = client.form
        if (
            form.reads is Reads.SLOWLY
            and not client.ended_at
            and not self._read(client, SLOW_BYTES_PER_SECOND)
        ):
            return
        if form.drip and not client.unsent:
            piece = form.drip[client.drips % len(form.drip)]
            client.drips += 1
            self._send(client, memoryview(piece))

    def _end(self, client: Client) -> None:
        tally = self.tallies[client.form.name]
        tally.ended += 1
        tally.seconds += (client.ended_at or time.monotonic()) - client.opened_at
        self._forget(client)

    def _forget(self, client: Client) -> None:
        self._turns[client.turn].discard(client)
        del self._clients[client.socket.fileno()]
        client.socket.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("--port", "--sold", "--seated", "--connections"):
        parser.add_argument(name, type=int, required=True)
    for name in ("--per-second", "--seconds"):
        parser.add_argument(name, type=float, required=True)
    given = parser.parse_args()
    if given.connections > MAX_CONNECTIONS:
        parser.error(f"a process has at most {MAX_CONNECTIONS} connections")
    raise_descriptor_limit()
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    crowd = Crowd(given.port, forms(given.sold, given.seated), given.connections, given.per_second)
    began = time.monotonic()
    crowd.stay(given.seconds, sys.stdin.fileno())
    report = {
        "forms": {name: tally.report() for name, tally in crowd.tallies.items()},
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time(),
    }
    print(json.dumps(report), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
