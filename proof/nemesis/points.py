"""Points: kills at one moment of a sale, which a proxy holds at that moment."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping

from proof.nemesis.fault import Fault
from proof.processes import owner_of, send
from proof.proxy import Door
from proof.system import Server

POINTS = ("begin", "begin-done", "commit", "commit late", "commit-done", "reply")
"""Before and after PostgreSQL receives the first statements or the last ones. `late`: it receives them after
the sender is dead. `reply`: all is done, and the client's answer is on its way."""

VICTIMS = ("worker", "server", "postgres")
_PATIENCE_SECONDS = 5.0
_TICK_SECONDS = 0.002


class KillAtPoint(Fault):
    """kill -9 of a worker, a server or PostgreSQL while a proxy holds a sale at one of its points."""

    name = "kill-at-point"
    needs = frozenset({"proxies", "database-door"})
    within_seconds = 5.0

    def start(self) -> Mapping[str, object]:
        point, victim = self.chance.choice(POINTS), self.chance.choice(VICTIMS)
        server = self.a_server()
        reply = point == "reply"
        door = (
            self.deployment.client_doors[self.deployment.servers.index(server)]
            if reply
            else self.the_database_door()
        )
        before = len(door.counts()["trapped"])
        door.set(trap=point.removesuffix(" late"), trap_delivers=point.endswith("late"))
        try:
            port = _caught(door, before)
            if port is None:
                self.took_effect = False
                return {"point": point, "victim": victim, "caught": False}
            if not reply:
                server = next(
                    (one for one in self.deployment.servers if owner_of(port, one.workers())), server
                )
            return {
                "point": point,
                "victim": victim,
                "caught": True,
                "pids": self._kill(server, victim, port),
            }
        finally:
            door.set(trap=None)

    def _kill(self, server: Server, victim: str, port: int) -> list[int]:
        self.happened = time.monotonic_ns()
        if victim == "postgres":
            return self.deployment.cluster.kill()
        if victim == "server":
            return server.kill()
        owner = owner_of(port, workers := server.workers())
        pids = workers if owner is None else [owner]  # nobody here owns a client's port
        for pid in pids:
            send(pid, signal.SIGKILL)
        return pids


def _caught(door: Door, before: int) -> int | None:
    """Return the port of the held transaction, or None if none arrived in time."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found: list[int] = door.counts()["trapped"]
        if len(found) > before:
            return found[-1]
        time.sleep(_TICK_SECONDS)
    return None


ALL: tuple[type[Fault], ...] = (KillAtPoint,)
