"""Reads of events, holds, bookings and blocks, outside any lane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.identity import identity_of
from holdfast.ids import end_of_id
from holdfast.inventory.rules.event import Area, Event
from holdfast.inventory.rules.journal import Entry
from holdfast.inventory.rules.metadata import Metadata
from holdfast.inventory.rules.records import BlockRecord, HoldRecord
from holdfast.inventory.store import rows
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections
from holdfast.postgres.pipeline import Statement
from holdfast.postgres.rows import RowReader, Table
from holdfast.postgres.together import read_together
from holdfast.value import value_class

SQL = queries.load("reads") | queries.load("booking_search")

MAX_FITS = 1_000
"""Candidates of a search for words, of bookings and of holds. A search that fits more finds only some of them."""

Check = Callable[[HoldRecord], None]
"""Raises if the caller may not see the hold."""


@value_class(frozen=True, slots=True, kw_only=True)
class EventState:
    """Counters of one event at one moment. `lapsed`: holds past their expiry, and how much they hold of each area."""

    event: Event
    areas: tuple[Area, ...]
    version: int
    now: datetime
    lapsed: int
    lapsed_by_area: dict[int, int]
    next_expiry: datetime | None

    @property
    def has_lapsed(self) -> bool:
        return self.next_expiry is not None and self.next_expiry <= self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over all nodes."""

    events: int
    active_holds: int
    bookings: int
    expired_holds: int
    oldest_unswept_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """The counters of one event."""

    event_number: int
    capacity: int
    held: int
    booked: int
    blocked: int


_EVENT_COUNTS = RowReader(EventCounts)
_READ_STATE = Statement("read_state", SQL["read_state"])
_READ_STATES = Statement("read_states", queries.load("together")["read_states"])
_READ_LAPSED_STATE = Statement("read_lapsed_state", SQL["read_lapsed_state"])


class ReadStore:
    """Each call is one statement, or a few statements of different moments."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @property
    def epoch(self) -> str:
        """The name of the history in which versions count."""
        return self._connections.epoch

    async def _fetch(self, number: int, name: str, **parameters: Any) -> Table:
        return await self._connections.ask(number, SQL[name], {"event_number": number, **parameters})

    async def find_states(self, numbers: Sequence[int]) -> list[EventState | Exception | None]:
        """Return the state of each event, None if it does not exist, or its error; see `read_together`."""
        found = await self._find_states(_READ_STATE, numbers, at_once=_READ_STATES)
        lapsed = [
            number for number, state in found.items() if isinstance(state, EventState) and state.has_lapsed
        ]
        if lapsed:
            found |= await self._find_states(_READ_LAPSED_STATE, lapsed)
        return [found[number] for number in numbers]

    async def _find_states(
        self, statement: Statement, numbers: Sequence[int], *, at_once: Statement | None = None
    ) -> dict[int, EventState | Exception | None]:
        givens = {number: {"event_number": number} for number in numbers}
        answers = await read_together(self._connections, [statement], givens, at_once=at_once)
        return {
            number: answer if isinstance(answer, Exception) else _state_or_error(answer[0])
            for number, answer in answers.items()
        }

    async def versions_of(self, numbers: Sequence[int]) -> dict[int, int]:
        """Return the versions of all watched events, by one small query per node."""
        found: dict[int, int] = {}
        for pool in self._connections.all():
            table = await self._connections.ask_pool(
                pool, SQL["read_versions"], {"event_numbers": list(numbers)}
            )
            found.update(table.select("event_number", "version"))
        return found

    async def find_hold(
        self, number: int, hold_id: UUID, check: Check | None = None
    ) -> tuple[HoldRecord, datetime] | None:
        """Return the hold with its claims, and the event's time.

        `check` may refuse the hold. It comes before the claims are read, so a wrong token costs what no hold costs.
        """
        return await self._find(number, "read_hold", check, hold_id=hold_id)

    async def find_hold_of_booking(
        self, number: int, booking_id: UUID, check: Check | None = None
    ) -> tuple[HoldRecord, datetime] | None:
        """Return the booking's hold, as `find_hold` does."""
        return await self._find(number, "read_hold_of_booking", check, booking_id=booking_id)

    async def find_holds_of_bookings(
        self, number: int, ids: Sequence[UUID]
    ) -> list[tuple[HoldRecord, datetime]]:
        """Return the holds of an event's bookings, in any order."""
        return await self._list(number, "find_holds_of_bookings", booking_ids=list(ids))

    async def find_hold_of_seat(self, number: int, seat: int) -> tuple[HoldRecord, datetime] | None:
        return await self._find(number, "read_hold_of_seat", seat_number=seat)

    async def find_bare_hold(self, number: int, hold_id: UUID) -> HoldRecord | None:
        """Return the hold without its claims."""
        table = await self._fetch(number, "read_hold", hold_id=hold_id)
        return next(iter(rows.holds_of(table, {})), None)

    async def find_bare_hold_of_booking(self, number: int, booking_id: UUID) -> HoldRecord | None:
        """Return the booking's hold without its claims."""
        table = await self._fetch(number, "read_hold_of_booking", booking_id=booking_id)
        return next(iter(rows.holds_of(table, {})), None)

    async def _find(
        self, number: int, name: str, check: Check | None = None, **parameters: Any
    ) -> tuple[HoldRecord, datetime] | None:
        table = await self._fetch(number, name, **parameters)
        if check is not None:
            for hold in rows.holds_of(table, {}):
                check(hold)
        holds = rows.holds_of(table, await self._claims(number, table))
        return next(zip(holds, table.column("now"), strict=True), None)

    async def list_holds(
        self, number: int, *, status: str | None, buyer: str | None, before: UUID | None, limit: int
    ) -> list[tuple[HoldRecord, datetime]]:
        return await self._list(
            number,
            "list_holds",
            status=status,
            buyer=buyer,
            identity=None if buyer is None else identity_of(buyer),
            before=before,
            max_rows=limit,
        )

    async def list_bookings(
        self,
        number: int,
        *,
        status: str | None,
        metadata: Metadata | None,
        before: UUID | None,
        limit: int,
    ) -> list[tuple[HoldRecord, datetime]]:
        return await self._list(
            number,
            "list_bookings" if metadata is None else "search_bookings",
            status=status,
            metadata=rows.metadata_text(metadata),
            before=before,
            max_rows=limit,
        )

    async def list_booking_ids(
        self,
        *,
        organisation: int | None,
        status: str | None,
        metadata: Metadata | None,
        before: UUID | None,
        limit: int,
    ) -> list[tuple[int, UUID]]:
        """Return (event number, booking id) over all events of an organisation (None: of all), newest event first."""
        found: list[tuple[int, UUID]] = []
        for pool in self._connections.all():
            parameters = {
                "organisation": organisation,
                "status": status,
                "metadata": rows.metadata_text(metadata),
                "before": before,
                "max_rows": limit,
            }
            name = "list_bookings_of_all" if metadata is None else "search_bookings_of_all"
            table = await self._connections.ask_pool(pool, SQL[name], parameters)
            found.extend(table.select("event_number", "id"))
        found.sort(key=lambda each: each[1], reverse=True)
        return found[:limit]

    async def count_readers(self, number: int, account: str) -> tuple[int, int]:
        """Return how many people have booked by an address or an account, and how many bookings have neither."""
        table = await self._fetch(number, "count_readers", account=account)
        ((people, without),) = table.select("people", "without_address")
        return people, without

    async def list_changes_of_booking(self, number: int, hold_id: UUID) -> list[tuple[int, datetime, bool]]:
        """Return (version, time, whether it is an exchange) of each time that the booking gave places back."""
        table = await self._fetch(number, "list_changes_of_booking", hold_id=hold_id)
        return list(table.select("version", "at", "is_exchange"))

    async def find_bookings_by_words(
        self,
        number: int,
        words: str,
        *,
        status: str | None,
        metadata: Metadata | None,
        before: UUID | None,
        limit: int,
    ) -> list[tuple[HoldRecord, datetime]]:
        """Return an event's bookings whose buyers have the words (`booking_search.py`), newest first."""
        return await self._list(
            number,
            "find_bookings_by_words",
            words=words,
            max_fits=MAX_FITS,
            status=status,
            metadata=rows.metadata_text(metadata),
            before=before,
            max_rows=limit,
        )

    async def find_booking_ids_by_words(
        self,
        words: str,
        *,
        organisation: int | None,
        status: str | None,
        metadata: Metadata | None,
        before: UUID | None,
        limit: int,
    ) -> list[tuple[int, UUID]]:
        """Return (event number, booking id) of an organisation's bookings whose buyers have the words."""
        found: list[tuple[int, UUID]] = []
        for pool in self._connections.all():
            parameters = {
                "words": words,
                "max_fits": MAX_FITS,
                "organisation": organisation,
                "status": status,
                "metadata": rows.metadata_text(metadata),
                "before": before,
                "max_rows": limit,
            }
            table = await self._connections.ask_pool(pool, SQL["find_bookings_by_words_of_all"], parameters)
            found.extend(table.select("event_number", "id"))
        return sorted(found, key=lambda each: each[1], reverse=True)[:limit]

    async def find_booking_ids(self, reference: str, *, organisation: int | None) -> list[tuple[int, UUID]]:
        """Return (event number, booking id) of an organisation's bookings with this reference, newest event first."""
        found: list[tuple[int, UUID]] = []
        for pool in self._connections.all():
            parameters = {"end_of_id": end_of_id(reference), "organisation": organisation}
            table = await self._connections.ask_pool(pool, SQL["find_bookings_of_all"], parameters)
            found.extend(table.select("event_number", "id"))
        return sorted(found, key=lambda each: each[1], reverse=True)

    async def _list(self, number: int, name: str, **parameters: Any) -> list[tuple[HoldRecord, datetime]]:
        table = await self._fetch(number, name, **parameters)
        holds = rows.holds_of(table, await self._claims(number, table))
        return list(zip(holds, table.column("now"), strict=True))

    async def list_blocks(
        self, number: int, *, live: bool | None, before: UUID | None, limit: int
    ) -> list[BlockRecord]:
        table = await self._fetch(number, "list_blocks", live=live, before=before, max_rows=limit)
        return rows.blocks_of(table, await self._claims(number, table))

    async def version_at(self, number: int, at: datetime) -> int:
        """Return the last version at or before a time; 0 before the first."""
        table = await self._fetch(number, "version_at", at=at)
        (version,) = table.column("version")
        return version or 0

    async def taken_at(self, number: int, version: int, at: datetime) -> dict[int, dict[str, int]]:
        """Return area number -> state -> quantity, as it was."""
        found: dict[int, dict[str, int]] = {}
        table = await self._fetch(number, "taken_at", version=version, at=at)
        for area, state, quantity in table.select("area_number", "state", "quantity"):
            found.setdefault(area, {})[state] = quantity
        return found

    async def seats_at(
        self, number: int, version: int, at: datetime
    ) -> list[tuple[int, str, datetime | None]]:
        """Return (seat number, state, final expiry of its hold) of every seat that was not available."""
        table = await self._fetch(number, "seats_at", version=version, at=at)
        return list(table.select("seat_number", "state", "expires_at"))

    async def structural_since(self, number: int, version: int) -> list[tuple[int, list[Entry]]]:
        table = await self._fetch(number, "structural_since", version=version)
        return list(table.select("version", "changes"))

    async def structural_until(self, number: int, version: int) -> list[tuple[int, list[Entry]]]:
        """Return structural entries up to a version, newest first."""
        table = await self._fetch(number, "structural_until", version=version)
        return list(table.select("version", "changes"))

    async def journal_since(
        self, number: int, version: int, max_rows: int
    ) -> list[tuple[int, datetime, list[Entry]]]:
        table = await self._fetch(number, "journal_since", version=version, max_rows=max_rows)
        return list(table.select("version", "at", "changes"))

    async def released_at(self, number: int, hold_id: UUID, seat: int) -> datetime | None:
        """Return when a hold's claim on this seat ended without a booking; None while it has not."""
        table = await self._fetch(number, "released_at", hold_id=hold_id, seat_number=seat)
        found: datetime | None
        (found,) = table.column("at")
        return found

    async def count_totals(self) -> Totals:
        nodes = [
            await self._connections.ask_pool(pool, SQL["count_totals"]) for pool in self._connections.all()
        ]

        def total(name: str) -> int:
            return sum(count for node in nodes for count in node.column(name))

        return Totals(
            events=total("events"),
            active_holds=total("active_holds"),
            bookings=total("bookings"),
            expired_holds=total("expired_holds"),
            oldest_unswept_seconds=_oldest_seconds(nodes),
        )

    async def count_live_holds(self) -> tuple[int, float]:
        """Return the number of holds that have not lapsed, and for how many seconds the oldest unswept one has
        been lapsed."""
        nodes = [
            await self._connections.ask_pool(pool, SQL["count_live_holds"])
            for pool in self._connections.all()
        ]
        return sum(count for node in nodes for count in node.column("live")), _oldest_seconds(nodes)

    async def count_events_on_sale(self, max_rows: int) -> list[EventCounts]:
        """Return the counters of max `max_rows` events on sale, those with the most held and booked first."""
        found = [
            one
            for pool in self._connections.all()
            for one in _EVENT_COUNTS.read(
                await self._connections.ask_pool(pool, SQL["count_events_on_sale"], {"max_rows": max_rows})
            )
        ]
        return sorted(found, key=lambda one: (-one.held - one.booked, -one.event_number))[:max_rows]

    async def _claims(self, number: int, holds: Table) -> rows.Claims:
        if not holds:
            return {}
        return rows.numbered_claims_of(
            await self._fetch(number, "read_booked_claims", hold_ids=holds.column("id"))
        )


def _state_or_error(table: Table) -> EventState | Exception | None:
    try:
        return _state_of(table) if table else None
    except Exception as error:  # noqa: BLE001 - a row that cannot be read is an error of its event alone
        return error


def _state_of(table: Table) -> EventState:
    (version, now, lapsed, next_expiry), *_ = table.select("version", "now", "lapsed", "next_expiry")
    has_areas = table.column("area_number") != [None]  # an event without areas has one row
    return EventState(
        event=next(rows.EVENT.read(table)),
        version=version,
        now=now,
        lapsed=lapsed,
        next_expiry=next_expiry,
        areas=tuple(rows.AREA.read(table)) if has_areas else (),
        lapsed_by_area=dict(table.select("area_number", "area_lapsed")) if lapsed else {},
    )


def _oldest_seconds(nodes: Iterable[Table]) -> float:
    """Return for how many seconds the oldest lapsed hold of all nodes has been lapsed."""
    lapsed = [row for node in nodes for row in node.select("oldest", "now")]
    return max(((now - oldest).total_seconds() for oldest, now in lapsed if oldest is not None), default=0.0)
