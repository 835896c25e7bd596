"""Kills: processes of the app and of PostgreSQL that end or freeze without warning."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from proof.nemesis.fault import Fault
from proof.processes import send, wait_until_gone


class _Kill(Fault):
    def kill(self, pids: list[int]) -> Mapping[str, object]:
        return self.note([pid for pid in pids if send(pid, signal.SIGKILL)])

    def note(self, pids: list[int]) -> Mapping[str, object]:
        self.took_effect = bool(pids)
        return {"pids": pids}


class KillApp(_Kill):
    """kill -9 of one worker: its supervisor starts another."""

    name = "kill-app"
    within_seconds = 3.0

    def start(self) -> Mapping[str, object]:
        server = self.a_server()
        victims = self.chance.sample(workers := server.workers(), k=min(1, len(workers)))
        return {"server": server.name, **self.kill(victims)}


class KillWorkers(_Kill):
    """kill -9 of all workers of a server."""

    name = "kill-workers"
    within_seconds = 3.0

    def start(self) -> Mapping[str, object]:
        server = self.a_server()
        victims = server.workers()
        return {"server": server.name, **self.kill(victims)}


class KillServer(_Kill):
    """kill -9 of a supervisor and all its workers. An embedded PostgreSQL ends with them: its parent is dead.

    The whole server must start again, and no promise limits the time of a start.
    """

    name = "kill-server"

    def start(self) -> Mapping[str, object]:
        server = self.a_server()
        return {"server": server.name, **self.note(server.kill())}


class KillSupervisor(_Kill):
    """kill -9 of a supervisor alone: its workers end by themselves, and the next supervisor takes over the port."""

    name = "kill-supervisor"

    def start(self) -> Mapping[str, object]:
        server = self.a_server()
        server.workers()
        return {"server": server.name, **self.kill([server.pid] if server.pid is not None else [])}


class KillPostgres(_Kill):
    """kill -9 of all processes of PostgreSQL at once."""

    name = "kill-postgres"
    within_seconds = 5.0

    def start(self) -> Mapping[str, object]:
        return self.note(self.deployment.cluster.kill())


class KillPostmaster(_Kill):
    """kill -9 of the postmaster alone: its children must end before another can start."""

    name = "kill-postmaster"
    within_seconds = 5.0

    def start(self) -> Mapping[str, object]:
        victim = self.deployment.cluster.postmaster
        return self.kill([victim] if victim is not None else [])


class KillBackend(_Kill):
    """kill -9 of one backend: PostgreSQL treats its shared memory as corrupt, and restarts all processes."""

    name = "kill-backend"
    within_seconds = 5.0

    def start(self) -> Mapping[str, object]:
        backends = self.deployment.cluster.backends()
        victims = self.chance.sample(backends, k=min(1, len(backends)))
        return self.kill(victims)


class _Stop(Fault):
    """SIGSTOP, and SIGCONT at the end."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._stopped: list[int] = []

    def victims(self) -> list[int]:
        raise NotImplementedError

    def start(self) -> Mapping[str, object]:
        self._stopped = self.victims()
        for pid in self._stopped:
            send(pid, signal.SIGSTOP)
        return {"pids": self._stopped}

    def heal(self) -> Mapping[str, object]:
        return {"gone": [pid for pid in self._stopped if not send(pid, signal.SIGCONT)]}


class StopApp(_Stop):
    """A worker freezes in the middle of its work, and continues later."""

    name = "stop-app"
    seconds = (5.0, 12.0)
    short_seconds = (2.0, 4.0)
    within_seconds = 3.0

    def victims(self) -> list[int]:
        workers = self.a_server().workers()
        return self.chance.sample(workers, k=min(1, len(workers)))


class StopBackends(_Stop):
    """Some backends freeze, and keep their locks."""

    name = "stop-backends"
    seconds = (3.0, 10.0)
    short_seconds = (1.0, 3.0)
    within_seconds = 5.0

    def victims(self) -> list[int]:
        backends = self.deployment.cluster.backends()
        return self.chance.sample(backends, k=self.chance.randint(min(1, len(backends)), len(backends)))


class StopPostgres(_Stop):
    """All of PostgreSQL freezes: connections stay open without answers."""

    name = "stop-postgres"
    seconds = (3.0, 12.0)
    short_seconds = (1.0, 3.0)
    within_seconds = 5.0

    def victims(self) -> list[int]:
        return self.deployment.cluster.processes()


class RestartPostgres(Fault):
    """An operator's restart, fast or immediate."""

    name = "restart-postgres"
    within_seconds = 5.0

    def start(self) -> Mapping[str, object]:
        mode = self.chance.choice(("fast", "immediate"))
        ended = self.deployment.cluster.end(mode)
        wait_until_gone([ended] if ended is not None else [], seconds=20.0)
        return {"mode": mode}


ALL: tuple[type[Fault], ...] = (
    KillApp,
    KillWorkers,
    KillServer,
    KillSupervisor,
    KillPostgres,
    KillPostmaster,
    KillBackend,
    StopApp,
    StopBackends,
    StopPostgres,
    RestartPostgres,
)
