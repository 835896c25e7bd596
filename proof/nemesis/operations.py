"""Operations: acts of a server's operators, and exhausted resources of its machine."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import time
from collections.abc import Mapping

import psycopg

from proof.nemesis.fault import Fault
from proof.nemesis.meanwhile import Meanwhile
from proof.processes import descriptors_of, send
from proof.system import Server


class RollingRestart(Fault):
    """Every server restarts, one after the other, while callers use another."""

    name = "rolling-restart"
    alone = True
    needs = frozenset({"two-servers"})
    within_seconds = 3.0

    def start(self) -> Mapping[str, object]:
        servers = self.chance.sample(self.deployment.servers, k=len(self.deployment.servers))
        for server in servers:
            server.restart()
        return {"servers": [server.name for server in servers]}


class SweeperStopped(Fault):
    """No sweeper runs: lapsed holds must be free anyway."""

    name = "sweeper-stopped"
    alone = True
    seconds = (8.0, 20.0)
    short_seconds = (3.0, 5.0)
    within_seconds = 3.0

    def start(self) -> Mapping[str, object]:
        for server in self.deployment.servers:
            server.settings["sweep_interval_seconds"] = "3600"
            server.restart()
        return {}

    def heal(self) -> Mapping[str, object]:
        for server in self.deployment.servers:
            server.settings.pop("sweep_interval_seconds", None)
            server.restart()
        return {}


class SweeperDoubled(Meanwhile):
    """Every worker sweeps twenty times a second, because the lease that separates them is removed repeatedly."""

    name = "sweeper-doubled"
    alone = True
    seconds = (5.0, 15.0)
    short_seconds = (2.0, 4.0)
    within_seconds = 3.0
    pause_seconds = 0.02

    def start(self) -> Mapping[str, object]:
        for server in self.deployment.servers:
            server.settings["sweep_interval_seconds"] = "0.05"
            server.restart()
        return super().start()

    def step(self) -> None:
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(self.deployment.cluster.url, connect_timeout=2) as session,
        ):
            session.execute("UPDATE leases SET until = '-infinity' WHERE name = 'sweeper'")

    def heal(self) -> Mapping[str, object]:
        detail = super().heal()
        for server in self.deployment.servers:
            server.settings.pop("sweep_interval_seconds", None)
            server.restart()
        return detail


class LogsLost(Fault):
    """A server cannot write its log, because the pipe is closed or the disk full, while it has much to log."""

    name = "logs-lost"
    alone = True
    seconds = (2.0, 4.0)
    short_seconds = (1.5, 2.5)
    within_seconds = 5.0

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._server: Server | None = None
        self._starts = 0
        self._writing = -1

    def start(self) -> Mapping[str, object]:
        server = self._server = self.a_server()
        how = self.chance.choice(("pipe closed", "disk full"))
        if how == "disk full":
            self._writing = os.open("/dev/full", os.O_WRONLY)
            server.log_to = self._writing
            server.restart()
        else:
            reading, self._writing = os.pipe()
            server.log_to = self._writing
            server.restart()
            os.close(reading)
        self._starts = server.starts
        # The supervisor must log that a worker ended, and the next worker that its database is down.
        for pid in server.workers():
            send(pid, signal.SIGKILL)
        if self.deployment.setup == "external":
            self.deployment.cluster.kill()
        return {"server": server.name, "how": how}

    def heal(self) -> Mapping[str, object]:
        server = self._server
        assert server is not None
        died = server.starts - self._starts
        if died:
            self.complaints.append(f"{server.name} died {died} times, because it could not write its log")
        server.log_to = None
        server.restart()
        os.close(self._writing)
        return {"died": died}


class AcceptStorm(Fault):
    """Thousands of silent connections to a server that may open only a few hundred files."""

    name = "accept-storm"
    seconds = (3.0, 10.0)
    short_seconds = (2.0, 3.0)
    within_seconds = 5.0
    connections = 5_000
    descriptors = 512
    tolerance = 5

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._sockets: list[socket.socket] = []
        self._limits: dict[int, tuple[int, int]] = {}
        self._before: dict[int, int] = {}

    def start(self) -> Mapping[str, object]:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        server = self.a_server()
        for pid in server.workers():
            self._before[pid] = descriptors_of(pid)
            with contextlib.suppress(ProcessLookupError):
                self._limits[pid] = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (self.descriptors, self._limits[pid][1]))
        for _ in range(self.connections):
            one = socket.socket()
            one.setblocking(False)
            with contextlib.suppress(OSError):
                one.connect(("127.0.0.1", server.port))
            self._sockets.append(one)
        return {"server": server.name, "connections": len(self._sockets)}

    def heal(self) -> Mapping[str, object]:
        peak = {pid: descriptors_of(pid) for pid in self._before}
        while self._sockets:
            self._sockets.pop().close()
        for pid, limits in self._limits.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        return {"descriptors": {str(pid): [self._before[pid], peak[pid]] for pid in peak}}

    def settle(self) -> Mapping[str, object]:
        """Wait until the storm's files are closed. Clients' own connections may come and go."""
        deadline = time.monotonic() + 20.0
        allowed = {pid: before + self.tolerance + self.clients for pid, before in self._before.items()}
        while time.monotonic() < deadline:
            now = {pid: descriptors_of(pid) for pid in self._before}
            left = {pid: count for pid, count in now.items() if count > allowed[pid]}
            if not left:
                return {}
            time.sleep(0.05)
        self.complaints.append(f"files stay open after an accept storm: {left}")
        return {}

    clients = 100
    """A margin for connections that clients opened meanwhile."""


ALL: tuple[type[Fault], ...] = (RollingRestart, SweeperStopped, SweeperDoubled, LogsLost, AcceptStorm)
