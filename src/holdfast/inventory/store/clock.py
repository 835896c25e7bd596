"""The clock of events: which are ahead of the real time, and how to set one back."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, fetch

SQL = queries.load("clock")

_SECONDS = 60.0
_STEPS = ("set_journal_back", "set_holds_back", "set_bookings_back", "set_blocks_back", "set_clock_back")


class Ahead(NamedTuple):
    """An event, and by how many seconds its own time is ahead of the clock."""

    number: int
    seconds: float


class ClockStore:
    """Each call is one statement a node, or one transaction."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def find_ahead(self, max_rows: int) -> list[Ahead]:
        """Return events that are more than a second ahead, the farthest first."""
        found: list[Ahead] = []
        for pool in self._connections.all():
            table = await self._connections.ask_pool(pool, SQL["find_ahead"], {"max_rows": max_rows})
            found += [Ahead(*row) for row in table.select("event_number", "seconds")]
        return sorted(found, key=lambda each: -each.seconds)[:max_rows]

    async def set_back(self, number: int) -> list[UUID]:
        """Set an event's time back as far as its expired holds allow. Return its holds that would never end."""
        pool = self._connections.pool(number)
        of_event = {"event_number": number}
        async with (
            self._connections.use(pool, answer_seconds=_SECONDS, writes=True) as connection,
            connection.transaction(),
        ):
            await fetch(connection, SQL["lock_clock"], of_event)
            (goal,) = (await fetch(connection, SQL["load_goal"], of_event)).column("goal")
            for step in _STEPS:
                await fetch(connection, SQL[step], {**of_event, "goal": goal})
            table = await fetch(connection, SQL["find_endless_holds"], {**of_event, "goal": goal})
            return table.column("id")
