"""The catalogue: how events and their seat maps are created, found and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast import ids
from holdfast.inventory.rules.commands import NewEvent
from holdfast.inventory.rules.event import Area, Event, EventStatus, FullEvent, in_full
from holdfast.inventory.rules.journal import Resized
from holdfast.inventory.rules.metadata import Metadata
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store import rows
from holdfast.inventory.store.inventory_inserts import (
    INSERT_AREAS,
    INSERT_DETAILS,
    INSERT_SEATS,
    area_rows,
    details_row,
    seat_rows,
)
from holdfast.postgres import queries
from holdfast.postgres.arrays import json_text
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.fan_out import ask_everywhere
from holdfast.postgres.pipeline import Statement
from holdfast.postgres.rows import RowReader
from holdfast.postgres.together import Answer, read_together

SQL = queries.load("catalogue")
BATCH_SQL = queries.load("batch")
CREATION_SECONDS = 60.0
"""A large event's seats are inserted by several statements, each with a limit of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """The filters of a list of events; None means all."""

    status: str | None = None
    text: str | None = None
    starts_from: datetime | None = None
    starts_until: datetime | None = None
    drafts: bool = True
    """False leaves drafts out."""
    drafts_of: int | None = None
    """The organisation whose drafts are listed; None: all."""
    organisation: int | None = None
    """The organisation whose events are listed; None: all."""
    on_sale: bool | None = None
    seated: bool | None = None
    metadata: Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """A retry key of POST /v1/events: its number and id, and the answer once there is one."""

    body: bytes
    number: int
    id: UUID
    created_at: datetime
    status: int | None = None
    answer: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedEvent:
    """An event's rules and counters as they were at some moment. A batch's load under the lock shows whether
    they still hold."""

    event: Event
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whose event it is. `is_public`: it is no draft."""

    organisation: int
    is_public: bool


_CREATION = RowReader(Creation)
_STANDING = RowReader(Standing)
_KNOWN = tuple(Statement(name, SQL[name]) for name in ("get_event", "get_areas"))


class EventStore:
    """Reads and writes of events outside their lanes."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def next_number(self) -> tuple[int, datetime]:
        """Return a new event's number, and the database's time."""
        table = await self._connections.ask_pool(self._connections.control(), SQL["next_event_number"])
        ((number, clock),) = table.select("number", "clock")
        return number, clock

    async def next_dialect_numbers(self, count: int) -> list[int]:
        control = self._connections.control()
        found = await self._connections.ask_pool(control, SQL["next_dialect_numbers"], {"count": count})
        return found.column("number")

    async def claim_creation(
        self, scope: bytes, body: bytes, number: int, id: UUID, now: datetime
    ) -> Creation | None:
        """Reserve a retry key. Return None if it is new; otherwise what an earlier request stored."""
        async with self._connections.use(self._connections.control()) as connection:
            parameters = {"scope": scope, "body": body, "number": number, "id": id, "now": now}
            if await fetch(connection, SQL["claim_creation"], parameters):
                return None
            return _CREATION.first(await fetch(connection, SQL["find_creation"], {"scope": scope}))

    async def find_creation(self, scope: bytes) -> Creation | None:
        """Return what an earlier request with this retry key stored."""
        control = self._connections.control()
        return _CREATION.first(
            await self._connections.ask_pool(control, SQL["find_creation"], {"scope": scope})
        )

    async def finish_creation(self, scope: bytes, status: int, answer: bytes) -> None:
        async with self._connections.use(self._connections.control(), writes=True) as connection:
            await connection.execute(
                SQL["finish_creation"], {"scope": scope, "status": status, "answer": answer}
            )

    async def insert_event(
        self, new: NewEvent, *, number: int, id: UUID, now: datetime, by: str
    ) -> FullEvent:
        """Insert the event with its inventory, in one transaction, and return it. An existing event is returned
        as it is."""
        seat_map = SeatMap.build(new.seats, 1, categories=new.categories) if new.seats else None
        areas = _areas_of(new, seat_map)
        event = Event(
            number=number,
            id=id,
            name=new.name,
            status=EventStatus(new.status),
            created_at=now,
            venue=new.venue,
            time_zone=new.time_zone,
            starts_at=new.starts_at,
            on_sale_at=new.on_sale_at,
            off_sale_at=new.off_sale_at,
            rules=new.rules,
            metadata=new.metadata,
            organisation=new.organisation,
            map_version=1 if seat_map is not None else 0,
        )
        columns = {
            name: getattr(event, name) for name in Event.__slots__ if name not in ("number", "sales_stopped")
        }
        columns["rules"] = rows.rules_text(event.rules)
        columns["metadata"] = rows.metadata_text(event.metadata)
        pool = self._connections.pool(number)
        async with (
            self._connections.use(pool, answer_seconds=CREATION_SECONDS, writes=True) as connection,
            connection.transaction(),
        ):
            cursor = await connection.execute(SQL["insert_event"], {"event_number": number, **columns})
            if await cursor.fetchone() is None:
                known = await self.find_known(number)
                assert known is not None
                return in_full(known.event, known.areas)
            await connection.execute(SQL["insert_inventory"], {"event_number": number, "now": now})
            await self._insert_areas(connection, number, areas)
            if seat_map is not None:
                await self._insert_seats(connection, number, seat_map.specs(), areas)
                if not new.details.is_empty:
                    row = dict(zip(INSERT_DETAILS.columns, details_row(1, new.details), strict=True))
                    await connection.execute(BATCH_SQL["insert_map_details"], {"event_number": number, **row})
            opening: Resized = {
                "change": "opened",
                "areas": {str(area.number): area.capacity for area in areas},
                "by": by,
            }
            journal = {"version": 0, "now": now, "structural": True, "changes": json_text([opening])}
            await connection.execute(BATCH_SQL["insert_journal"], {"event_number": number, **journal})
        return in_full(event, areas)

    @staticmethod
    async def _insert_areas(connection: Connection, number: int, areas: Sequence[Area]) -> None:
        columns = INSERT_AREAS.arrays(area_rows(areas))
        await connection.execute(BATCH_SQL["insert_areas"], {"event_number": number, **columns})

    @staticmethod
    async def _insert_seats(connection: Connection, number: int, specs: Any, areas: Sequence[Area]) -> None:
        """Insert seats in steps, so that no statement reaches its time limit."""
        area_of = {area.category: area.number for area in areas if area.seated}
        table = [(at, spec, area_of[spec.category]) for at, spec in enumerate(specs, 1)]
        for start in range(0, len(table), 20_000):
            columns = INSERT_SEATS.arrays(seat_rows(table[start : start + 20_000]))
            await connection.execute(
                BATCH_SQL["insert_seats"], {"event_number": number, "map_version": 1, **columns}
            )

    async def find_known(self, number: int) -> CachedEvent | None:
        """Return the event's rules and counters as they are now, outside any lock; None if there is no such event."""
        found = (await self.find_all_known([number]))[number]
        if isinstance(found, Exception):
            raise found
        return found

    async def find_all_known(self, numbers: Sequence[int]) -> dict[int, CachedEvent | Exception | None]:
        """Return the same of several events, or an event's error, in one round trip of each node."""
        givens = {
            number: {"event_number": number} for number in numbers if 0 < number <= ids.MAX_EVENT_NUMBER
        }
        answers = await read_together(self._connections, _KNOWN, givens)
        return {number: _known_of(answers.get(number)) for number in numbers}

    async def find_standing(self, number: int) -> Standing | None:
        """Return whose event it is, and whether anyone may see it; None if there is no such event."""
        return _STANDING.first(
            await self._connections.ask(number, SQL["find_standing"], {"event_number": number})
        )

    async def list_events(
        self, filters: EventFilter, *, before: int | None, limit: int
    ) -> list[tuple[Event, tuple[int, int, int, int], datetime]]:
        """Return (event, (capacity, held, booked, blocked), now), newest number first. Lapsed holds count as
        held here."""
        text = None if filters.text is None else f"%{_escaped(filters.text)}%"
        parameters = {
            "before": before if before is not None else ids.MAX_EVENT_NUMBER + 1,
            "status": filters.status,
            "text": text,
            "starts_from": filters.starts_from,
            "starts_until": filters.starts_until,
            "on_sale": filters.on_sale,
            "drafts": filters.drafts,
            "drafts_of": filters.drafts_of,
            "organisation": filters.organisation,
            "seated": filters.seated,
            "metadata": rows.metadata_text(filters.metadata),
            "max_rows": limit,
        }
        found: list[tuple[Event, datetime]] = []
        for page in await ask_everywhere(self._connections, SQL["list_events"], parameters):
            found.extend(zip(rows.EVENT.read(page), page.column("clock"), strict=True))
        found.sort(key=lambda each: each[0].number, reverse=True)
        found = found[:limit]
        numbers = {"event_numbers": [event.number for event, _ in found]}
        totals: dict[int, tuple[int, int, int, int]] = {}
        for sums in await ask_everywhere(self._connections, SQL["list_capacities"], numbers):
            counts = sums.select("capacity", "held", "booked", "blocked")
            totals.update(zip(sums.column("event_number"), counts, strict=True))
        return [(event, totals.get(event.number, (0, 0, 0, 0)), clock) for event, clock in found]

    async def list_areas(self, numbers: Sequence[int]) -> dict[int, list[Area]]:
        """Return the areas of several events, by event number."""
        found: dict[int, list[Area]] = {}
        given = {"event_numbers": list(numbers)}
        for table in await ask_everywhere(self._connections, SQL["list_areas"], given):
            for number, area in zip(table.column("event_number"), rows.AREA.read(table), strict=True):
                found.setdefault(number, []).append(area)
        return found


def _known_of(answer: Answer | None) -> CachedEvent | Exception | None:
    if answer is None or isinstance(answer, Exception):
        return answer
    events, areas = answer
    event = rows.EVENT.first(events)
    return None if event is None else CachedEvent(event=event, areas=tuple(rows.AREA.read(areas)))


def _areas_of(new: NewEvent, seat_map: SeatMap | None) -> list[Area]:
    """Return counted areas in the given order, then an area for each category of seats, in the map's order."""
    areas = [
        Area(number=number, name=spec.name, category=spec.category, seated=False, capacity=spec.capacity)
        for number, spec in enumerate(new.areas, 1)
    ]
    if seat_map is not None:
        counts = dict.fromkeys(seat_map.categories, 0)
        for spec in new.seats:
            counts[spec.category] += 1
        areas.extend(
            Area(number=number, name=category, category=category, seated=True, capacity=count)
            for number, (category, count) in enumerate(counts.items(), len(areas) + 1)
        )
    return areas


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
