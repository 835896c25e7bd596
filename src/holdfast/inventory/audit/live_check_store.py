"""The live check's reads: the new part of an event's journal, compared with the rows inside the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.postgres import queries
from holdfast.postgres.connections import Connections

SQL = queries.load("live_check")
FIND_MOVED = queries.load("workers")["find_moved"]

MAX_REPORTED = 20
"""Max disagreements of one step, or of one event's sums."""

Counters = tuple[int, int, int, int]
"""capacity, held, booked, blocked"""

Wrong = tuple[str, str, str]
"""(code, subject, detail)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditStep:
    """A part of an event's journal, up to the version `until`, and its disagreements."""

    version: int
    """The event's own version, at the moment of the look."""
    until: int
    areas: dict[int, Counters]
    """The counters' rows at that moment."""
    moved: dict[int, tuple[int, int, int]]
    """By how much the journal moved held, booked and blocked, by area."""
    capacities: dict[int, int]
    """Capacities that the journal set, by area."""
    wrong: Sequence[Wrong]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A small event's counters compared with all of its live claims."""

    is_small: bool
    counters: Sequence[tuple[int, str, int, int]]
    """(area, what, counter, claimed) where the two differ."""
    seats: Sequence[int]
    """Seats with two live claims."""


class LiveAuditStore:
    """Each call is one snapshot of less than a second.

    Raises Busy if that was too short, InvariantViolated if the rows cannot be read at all, and Unavailable.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def find_moved(self, *, seconds: float, max_rows: int) -> dict[int, tuple[int, Counters]]:
        """Return version and summed counters of every event that moved within the last `seconds`, read in pages."""
        found: dict[int, tuple[int, Counters]] = {}
        for pool in self._connections.all():
            after = 0
            while True:
                parameters = {"after": after, "seconds": seconds, "max_rows": max_rows}
                page = await self._connections.ask_pool(pool, FIND_MOVED, parameters)
                numbers = page.column("event_number")
                counters = page.select("capacity", "held", "booked", "blocked")
                found |= dict(zip(numbers, zip(page.column("version"), counters, strict=True), strict=True))
                if len(page) < max_rows:
                    break
                after = numbers[-1]
        return found

    async def find_version_before(self, number: int, seconds: float) -> int | None:
        """Return the version before the event's last `seconds` of sale; -1 if it began within them."""
        row = await self._snapshot(number, "version_before", seconds=seconds)
        version: int | None
        (version,) = row or (None,)
        return version

    async def look(self, number: int, since: int, max_versions: int) -> AuditStep | None:
        """Compare max `max_versions` versions of the journal after `since`. Return None if the event does not
        exist."""
        row = await self._snapshot(
            number, "look", since=since, max_versions=max_versions, max_reported=MAX_REPORTED
        )
        if row is None:
            return None
        version, until, areas, moved, capacities, wrong = row
        return AuditStep(
            version=version,
            until=until,
            areas={number: (capacity, *taken) for number, capacity, *taken in areas},
            moved={number: tuple(by) for number, *by in moved},
            capacities=dict(capacities),
            wrong=[(code, subject, detail) for code, subject, detail in wrong],
        )

    async def add_up(self, number: int, max_claims: int) -> Sums:
        """Compare the sums of an event with max `max_claims` claims. An event with more is not small, and gets
        no sums."""
        row = await self._snapshot(number, "add_up", max_claims=max_claims, max_reported=MAX_REPORTED)
        assert row is not None
        is_small, counters, seats = row
        differing = [
            (int(area), what, int(counter), int(claimed)) for area, what, counter, claimed in counters
        ]
        return Sums(is_small=is_small, counters=differing, seats=seats)

    async def _snapshot(self, number: int, statement: str, **parameters: Any) -> tuple[Any, ...] | None:
        pool = self._connections.pool(number)
        async with self._connections.use(pool) as connection, connection.transaction():
            await connection.execute(SQL["limit_snapshot"])
            given = {"event_number": number, **parameters}
            return await (await connection.execute(SQL[statement], given, binary=True)).fetchone()
