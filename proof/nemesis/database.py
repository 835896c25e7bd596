"""Database: operators, limits and clocks that disturb a running PostgreSQL."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

import psycopg

from proof.nemesis.fault import Fault, Jump
from proof.nemesis.meanwhile import Meanwhile
from proof.system.clock import Clock

HOUR_SECONDS = 3_600.0
DAY_SECONDS = 24 * HOUR_SECONDS


class TerminateBackends(Meanwhile):
    """pg_terminate_backend ten times a second, preferably of busy sessions."""

    name = "terminate-backends"
    seconds = (3.0, 10.0)
    short_seconds = (1.0, 2.0)
    within_seconds = 3.0

    def step(self) -> None:
        with contextlib.suppress(psycopg.OperationalError):
            connection = psycopg.connect(
                self.deployment.cluster.superuser_url, autocommit=True, connect_timeout=2
            )
            with connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'holdfast'"
                    " ORDER BY state IN ('active', 'idle in transaction') DESC, random() LIMIT 1"
                )


class ExhaustConnections(Meanwhile):
    """Another client takes every free connection, and the app loses its own."""

    name = "exhaust-connections"
    seconds = (3.0, 10.0)
    short_seconds = (1.5, 3.0)
    within_seconds = 5.0
    pause_seconds = 0.02

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self._taken: list[psycopg.Connection[tuple[object, ...]]] = []
        self._refusals = 0

    def start(self) -> Mapping[str, object]:
        self._fill()
        with contextlib.suppress(psycopg.OperationalError):
            connection = psycopg.connect(self.deployment.cluster.superuser_url, autocommit=True)
            with connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'holdfast' AND application_name <> 'exhausts'"
                )
        return {**super().start(), "taken": len(self._taken)}

    def step(self) -> None:
        self._fill()

    def heal(self) -> Mapping[str, object]:
        detail = super().heal()
        taken = len(self._taken)
        while self._taken:
            self._taken.pop().close()
        return {**detail, "taken": taken, "refused": self._refusals}

    def _fill(self) -> None:
        """Connect until a connection is refused."""
        with contextlib.suppress(psycopg.OperationalError):
            while not self._stopping.is_set():
                url = self.deployment.cluster.url
                self._taken.append(psycopg.connect(url, application_name="exhausts", connect_timeout=2))
        self._refusals += 1


class LockHotRow(Fault):
    """An operator's session locks the row of a busy event, and stays idle in its transaction."""

    name = "lock-hot-row"
    seconds = (2.0, 8.0)
    short_seconds = (1.0, 2.0)
    within_seconds = 3.0

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._session: psycopg.Connection[tuple[int, ...]] | None = None

    def start(self) -> Mapping[str, object]:
        try:
            return {"event_number": self._lock()}
        except psycopg.OperationalError as error:
            return {"event_number": None, "failed": str(error)}  # in a storm the database may be down

    def heal(self) -> Mapping[str, object]:
        if self._session is not None:
            self._session.close()
        return {}

    def _lock(self) -> int:
        url = self.deployment.cluster.url
        self._session = psycopg.connect(url, application_name="operator", connect_timeout=2)
        self._session.execute("SET statement_timeout = '5s'")
        busiest = self._session.execute(
            "SELECT event_number FROM inventories ORDER BY version DESC LIMIT 4"
        ).fetchall()
        self._session.commit()
        number: int = self.chance.choice(busiest)[0]
        self._session.execute("SELECT version FROM inventories WHERE event_number = %s FOR UPDATE", (number,))
        return number


class _Clock(Fault):
    """Sets a wall clock, and logs it as a jump."""

    needs = frozenset({"clocks"})
    seconds = (3.0, 8.0)
    short_seconds = (1.0, 2.0)
    within_seconds = 3.0

    def clock(self) -> Clock:
        found = self.deployment.database_clock
        assert found is not None, "suits() was not called"
        return found

    def move(self, seconds: float) -> None:
        """Move the clock by `seconds`."""
        clock = self.clock()
        t0 = time.monotonic_ns()
        clock.set(clock.offset_seconds + seconds)
        self.jumps.append(Jump(t0=t0, t1=time.monotonic_ns(), jump_us=round(seconds * 1e6)))


class DatabaseClockForward(_Clock):
    """PostgreSQL's clock jumps an hour ahead, and stays there."""

    name = "database-clock-forward"
    needs = frozenset({"clocks", "external"})
    seconds = (0.0, 0.0)
    short_seconds = (0.0, 0.0)

    def start(self) -> Mapping[str, object]:
        self.move(HOUR_SECONDS)
        return {"seconds_moved": HOUR_SECONDS}


class DatabaseClockBack(_Clock):
    """PostgreSQL's clock falls an hour behind, and is corrected later."""

    name = "database-clock-back"
    needs = frozenset({"clocks", "external"})

    def start(self) -> Mapping[str, object]:
        self.move(-HOUR_SECONDS)
        return {"seconds_moved": -HOUR_SECONDS}

    def heal(self) -> Mapping[str, object]:
        self.move(HOUR_SECONDS)
        return {}


class DatabaseClockShaken(_Clock):
    """PostgreSQL's clock moves a few seconds and back, about as far as holds last."""

    name = "database-clock-shaken"
    needs = frozenset({"clocks", "external"})

    def start(self) -> Mapping[str, object]:
        self._by = self.chance.uniform(-10, 10)
        self.move(self._by)
        return {"seconds_moved": self._by}

    def heal(self) -> Mapping[str, object]:
        self.move(-self._by)
        return {}


class AppClock(_Clock):
    """The servers' clocks are a day off. It must have no effect, so the checker sees no jump."""

    name = "app-clock"

    def clock(self) -> Clock:
        found = self.deployment.app_clock
        assert found is not None, "suits() was not called"
        return found

    def start(self) -> Mapping[str, object]:
        days = self.chance.choice((-1, 1))
        self.clock().set(days * DAY_SECONDS)
        return {"days": days}

    def heal(self) -> Mapping[str, object]:
        self.clock().set(0.0)
        return {}


ALL: tuple[type[Fault], ...] = (
    TerminateBackends,
    ExhaustConnections,
    LockHotRow,
    DatabaseClockForward,
    DatabaseClockBack,
    DatabaseClockShaken,
    AppClock,
)
