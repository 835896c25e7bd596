"""Network: faults of the proxies in requests, answers, and the servers' connections to PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

from proof.nemesis.fault import Fault
from proof.proxy import Door


class _AtDoor(Fault):
    """Sets rules of one door, and removes them at the end."""

    needs = frozenset({"proxies"})
    seconds = (2.0, 6.0)
    short_seconds = (1.0, 2.0)
    within_seconds = 3.0

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._door: Door | None = None
        self._before: Mapping[str, int] = {}

    def door(self) -> Door:
        raise NotImplementedError

    def rules(self) -> dict[str, object]:
        raise NotImplementedError

    def start(self) -> Mapping[str, object]:
        door, rules = self.door(), self.rules()
        self._door, self._before = door, door.counts()
        door.set(**rules)
        return {"door": door.name, **rules}

    def heal(self) -> Mapping[str, object]:
        assert self._door is not None
        self._door.calm()
        after = self._door.counts()
        changed = {
            name: after[name] - before
            for name, before in self._before.items()
            if name not in ("open", "connections", "bytes", "trapped") and after[name] != before
        }
        return {"did": changed}


class _AtDatabase(_AtDoor):
    needs = frozenset({"database-door"})
    within_seconds = 5.0

    def door(self) -> Door:
        return self.the_database_door()


class _AtClients(_AtDoor):
    def door(self) -> Door:
        return self.a_client_door()


class SlowDatabase(_AtDatabase):
    """50 to 500 ms and jitter between app and PostgreSQL."""

    name = "database-latency"

    def rules(self) -> dict[str, object]:
        latency = self.chance.uniform(25, 250)  # each way
        return {"latency_ms": round(latency, 1), "jitter_ms": round(latency * self.chance.random(), 1)}


class CutDatabase(_AtDatabase):
    """Connections to PostgreSQL that break after some bytes, in the middle of a message."""

    name = "database-cut"

    def rules(self) -> dict[str, object]:
        direction = self.chance.choice(("cut_forth", "cut_back"))
        return {direction: self.chance.randint(0, 4_000), "cut_times": self.chance.randint(1, 20)}


class CutCommit(_AtDatabase):
    """COMMITs without an answer, some of them executed and some not."""

    name = "commit-cut"

    def rules(self) -> dict[str, object]:
        return {
            "commits": self.chance.choice(("after", "after", "before")),
            "commit_times": self.chance.randint(1, 20),
            "commit_share": self.chance.choice((0.1, 0.5, 1.0)),
        }


class DatabaseBlackHole(_AtDatabase):
    """No data passes between app and PostgreSQL; a COMMIT on its way arrives after its caller gave up."""

    name = "database-black-hole"
    seconds = (3.0, 12.0)
    short_seconds = (1.0, 3.0)

    def rules(self) -> dict[str, object]:
        return {"black_hole": True}


class DatabaseRefused(_AtDatabase):
    """Connections to PostgreSQL are reset, and new ones are refused."""

    name = "database-refused"
    seconds = (1.0, 5.0)
    short_seconds = (0.5, 1.5)

    def start(self) -> Mapping[str, object]:
        detail = super().start()
        return {**detail, "reset": self.the_database_door().reset()}

    def rules(self) -> dict[str, object]:
        return {"refuse": True}


class SlowClients(_AtClients):
    """Latency and jitter between clients and a server."""

    name = "client-latency"

    def rules(self) -> dict[str, object]:
        latency = self.chance.uniform(10, 200)
        return {"latency_ms": round(latency, 1), "jitter_ms": round(2 * latency * self.chance.random(), 1)}


class CutClients(_AtClients):
    """Requests and answers that break off after some bytes."""

    name = "client-cut"

    def rules(self) -> dict[str, object]:
        direction = self.chance.choice(("cut_forth", "cut_back"))
        return {direction: self.chance.randint(0, 400), "cut_times": self.chance.randint(1, 40)}


class HoldRequests(_AtClients):
    """Requests that arrive 1 to 10 s late, after their client gave up and retried."""

    name = "hold-requests"

    def rules(self) -> dict[str, object]:
        return {"hold_share": self.chance.choice((0.05, 0.2, 0.5)), "hold_from_s": 1.0, "hold_to_s": 10.0}


class DuplicateRequests(_AtClients):
    """Requests that arrive twice."""

    name = "duplicate-requests"

    def rules(self) -> dict[str, object]:
        return {"duplicate_share": self.chance.choice((0.1, 0.5, 1.0))}


class LoseMessages(_AtClients):
    """Lost requests, lost answers, and incomplete answers."""

    name = "lose-messages"

    def rules(self) -> dict[str, object]:
        return {
            name: round(self.chance.uniform(0.01, 0.15), 3)
            for name in ("lose_request_share", "lose_answer_share", "half_answer_share")
        }


class ClientBlackHole(_AtClients):
    """No data passes between clients and a server, and no connection is closed."""

    name = "client-black-hole"
    seconds = (2.0, 8.0)
    short_seconds = (1.0, 2.0)

    def rules(self) -> dict[str, object]:
        return {"black_hole": True}


class ResetClients(_AtClients):
    """All client connections of a server are reset, with losses before and after."""

    name = "client-reset"

    def start(self) -> Mapping[str, object]:
        detail = super().start()
        assert self._door is not None
        return {**detail, "reset": self._door.reset()}

    def rules(self) -> dict[str, object]:
        return {"lose_request_share": 0.1, "lose_answer_share": 0.1}


ALL: tuple[type[Fault], ...] = (
    SlowDatabase,
    CutDatabase,
    CutCommit,
    DatabaseBlackHole,
    DatabaseRefused,
    SlowClients,
    CutClients,
    HoldRequests,
    DuplicateRequests,
    LoseMessages,
    ClientBlackHole,
    ResetClients,
)
