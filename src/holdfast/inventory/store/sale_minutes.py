"""Sale minutes: the counts of an event's sale by minute and kind, as all processes have added them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, fetch

SQL = queries.load("sale_minutes")


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteCount:
    """`kind`: held, booked, released, expired, cancelled, or `refused:` and a code."""

    at: datetime
    kind: str
    count: int
    admissions: int


class SaleMinuteStore:
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def add(self, number: int, counts: Sequence[MinuteCount]) -> None:
        """Add counts to an event's rows."""
        ordered = sorted(
            counts, key=lambda each: (each.at, each.kind)
        )  # two processes lock in the same order
        parameters = {
            "event_number": number,
            "ats": [each.at for each in ordered],
            "kinds": [each.kind for each in ordered],
            "counts": [each.count for each in ordered],
            "admissions": [each.admissions for each in ordered],
        }
        async with self._connections.use(self._connections.pool(number), writes=True) as connection:
            await fetch(connection, SQL["add_sale_minutes"], parameters)

    async def read_time(self, number: int) -> datetime:
        """Return the event's time."""
        table = await self._connections.ask(number, SQL["read_event_time"], {"event_number": number})
        now: datetime
        (now,) = table.column("now")
        return now

    async def read(self, number: int, *, first: datetime, step: timedelta) -> list[MinuteCount]:
        """Return the counts since a time, summed by step."""
        parameters = {"event_number": number, "first": first, "seconds": step // timedelta(seconds=1)}
        table = await self._connections.ask(number, SQL["sum_sale_minutes"], parameters)
        return [
            MinuteCount(at=at, kind=kind, count=count, admissions=admissions)
            for at, kind, count, admissions in table.select("at", "kind", "count", "admissions")
        ]
