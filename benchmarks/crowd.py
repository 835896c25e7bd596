"""Crowd: thousands of watchers of one event in one cheap process, which notes when each watcher gets each version.

    python -m benchmarks.crowd --port PORT --event NUMBER --watchers 10000

It prints a line of JSON when all have their first message, and a report for each line that it reads. It ends with its
input. It only finds the id and the end of a message, because it takes its processor time from the sales.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import sys
import time

from holdfast.process.descriptors import raise_descriptor_limit

PORTS_OF_AN_ADDRESS = 5_000
"""Connections from one address. A kernel has some 28,000 ports, and each is free again only after a minute."""
_BIND_ADDRESS_NO_PORT = 24
"""A socket option of Linux without a name in Python: connect() chooses a port that is new for this pair."""
ARRIVING_AT_ONCE = 250
ARRIVAL_SECONDS = 120.0
_END = b"\n\n\r\n"
"""The end of a message and of its chunk."""
_REFUSED = b"HTTP/1.1 5"
_READ_BYTES = 64 * 1024


class Crowd:
    """`came` maps (previous version, new version) to the number of clients and the time of the last one."""

    def __init__(self, port: int, event: int, watchers: int) -> None:
        self._port = port
        self._request = f"GET /v1/events/{event}/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._poll = select.epoll()
        self._wanted = watchers
        self._sockets: dict[int, socket.socket] = {}
        self._known: dict[int, int] = {}
        self._parts: dict[int, bytes] = {}
        self._started = 0
        self.snapshots = 0
        self.lost = 0
        self.came: dict[tuple[int, int], list[float]] = {}

    def arrive(self) -> None:
        """Connect until all have their first message. Only a few connect at once: the listen queue is short."""
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while self._started < self._wanted:
            if time.monotonic() > deadline:
                raise SystemExit(f"{self._started} of {self._wanted} watchers had a first message")
            while len(self._sockets) < min(self._wanted, self._started + ARRIVING_AT_ONCE):
                self._connect(len(self._sockets))
            self._read(1.0)
            if self.lost:
                raise SystemExit(f"{self.lost} watchers were sent away")

    def follow(self, commands: int) -> None:
        """Read messages until a command arrives."""
        self._poll.register(commands, select.EPOLLIN)
        while not self._read(-1, commands):
            pass
        self._poll.unregister(commands)

    def report(self) -> dict[str, object]:
        deliveries = [[before, version, *found] for (before, version), found in self.came.items()]
        made = {"came": deliveries, "snapshots": self.snapshots, "lost": self.lost}
        self.came, self.snapshots = {}, 0
        return made | {"cpu_seconds": time.process_time()}

    def _connect(self, number: int) -> None:
        one = socket.socket()
        one.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
        # Each crowd has its own network, because the ports of the previous one may still be in use.
        one.bind((f"127.0.{os.getpid() % 250 + 1}.{1 + number // PORTS_OF_AN_ADDRESS}", 0))
        one.connect(("127.0.0.1", self._port))
        one.sendall(self._request)
        one.setblocking(False)
        self._sockets[one.fileno()] = one
        self._known[one.fileno()] = -1
        self._poll.register(one.fileno(), select.EPOLLIN)

    def _read(self, seconds: float, commands: int = -1) -> bool:
        """Read what has arrived. Return whether a command was among it."""
        is_asked = False
        for descriptor, _ in self._poll.poll(seconds, 1024):
            if descriptor == commands:
                is_asked = True
                continue
            data = self._sockets[descriptor].recv(_READ_BYTES)
            if not data or data.startswith(_REFUSED):
                self._poll.unregister(descriptor)
                self.lost += 1
                continue
            if descriptor in self._parts:
                data = self._parts.pop(descriptor) + data
            if data.endswith(_END):
                self._take(descriptor, data)
            else:
                self._parts[descriptor] = data
        return is_asked

    def _take(self, descriptor: int, data: bytes) -> None:
        at = data.rfind(b"\r\nid: ")
        if at < 0:
            return  # the opening, or a keep-alive
        version = int(data[data.index(b".", at) + 1 : data.index(b"\n", at + 6)])  # behind the epoch
        before = self._known[descriptor]
        self._known[descriptor] = version
        found = self.came.setdefault((before, version), [0, 0.0])
        found[0] += 1
        found[1] = time.time()
        if data.find(b"\nevent: snapshot", at) >= 0:
            if before < 0:
                self._started += 1
            else:
                self.snapshots += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--port", "--event", "--watchers"):
        parser.add_argument(name, type=int, required=True)
    given = parser.parse_args()
    raise_descriptor_limit()
    crowd = Crowd(given.port, given.event, given.watchers)
    began = time.monotonic()
    crowd.arrive()
    arrived = {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time()}
    print(json.dumps(arrived), flush=True)
    while True:
        crowd.follow(sys.stdin.fileno())
        if not sys.stdin.readline():
            return 0
        print(json.dumps(crowd.report()), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
