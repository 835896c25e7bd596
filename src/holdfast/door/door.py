"""Door: the face of this context. It records scans, and says what a door without a network needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from holdfast.access.audit import Actor
from holdfast.access.audit_jobs import audit_job
from holdfast.door.decide import (
    MOVEMENTS,
    Direction,
    DoorRules,
    EntryList,
    Movement,
    ReEntry,
    Scan,
    ScannedTicket,
    Why,
    decide_check_in,
)
from holdfast.door.offline_list import CODE_HASH_BYTES, ListedTicket, hash_code, label_of, listed_tickets
from holdfast.door.records import DoorState, GateCounts, LoggedScan, NewScan, Recorded, ScanAnswer
from holdfast.door.store import DoorStore, LockedDoor, TicketOnList
from holdfast.door.texts import rules_text
from holdfast.errors import BookingNotFound
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF
from holdfast.postgres.connections import Connections
from holdfast.tickets.tickets import CheckedTicket, Tickets

__all__ = ["MAX_SCANS", "Door", "ListPage", "ListPosition"]

MAX_SCANS = 100
"""Scans of one request, so that its body stays below the limit."""

_VALID = timedelta(hours=12)
"""How long a door may use a list without a network. The time is rounded, so that an equal list has an equal tag."""

ListPosition = tuple[UUID, int]
"""A booking, and the number of its next ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """Some codes of an event, and where the next page begins. It knows the log up to `log_number`."""

    items: Sequence[ListedTicket]
    next: ListPosition | None
    log_number: int
    valid_until: datetime


class Door:
    """The doors of all events."""

    def __init__(self, inventory: Inventory, tickets: Tickets, connections: Connections) -> None:
        self._queries = inventory.queries
        self._tickets = tickets
        self._store = DoorStore(connections)

    async def get_state(self, number: int) -> DoorState:
        return await self._store.get_state(number)

    async def count_by_gate(self, number: int) -> Sequence[GateCounts]:
        return await self._store.count_by_gate(number)

    async def list_scans(self, number: int, *, before: int | None, limit: int) -> Sequence[LoggedScan]:
        """Return the log of an event, newest first."""
        return await self._store.list_scans(number, before=before, limit=limit)

    async def change_rules(
        self,
        number: int,
        *,
        re_entry: ReEntry | None = None,
        lists: Sequence[EntryList] | None = None,
        by: Actor,
    ) -> DoorState:
        """Change the rules that are given. The audit of the event's organisation says who did it."""
        organisation = (await self._queries.get_event(number)).organisation
        async with self._store.locked(number) as door:
            before = door.state.rules
            rules = DoorRules(
                re_entry=before.re_entry if re_entry is None else re_entry,
                lists=before.lists if lists is None else tuple(lists),
            )
            text = rules_text(rules)
            if text == rules_text(before):
                return door.state
            job = audit_job(
                number,
                by,
                "door.changed",
                f"event:{number}",
                organisation=organisation,
                rules=text,
                at=door.now.isoformat(),
            )
            await door.change(rules, [job])
            return replace(door.state, rules=rules, changed_at=door.now)

    async def record(
        self,
        number: int,
        device: str,
        scans: Sequence[NewScan],
        *,
        sent_at: datetime | None,
        by: str,
    ) -> list[ScanAnswer]:
        """Record scans of a device in their order, each once, and return an answer to each.

        With `sent_at`, the times of the scans are corrected by how wrong the device's clock is.
        """
        checked = {code: await self._tickets.check(number, code) for code in {one.code for one in scans}}
        async with self._store.locked(number) as door:
            off = timedelta(0) if sent_at is None else door.now - sent_at
            known = dict(await door.find_scans(device, {one.seq for one in scans}))
            movements = await door.last_movements(_bookings_of(checked.values()))
            answers: list[ScanAnswer] = []
            added: list[LoggedScan] = []
            for one in scans:
                existing = known.get(one.seq)
                if existing is not None:
                    answers.append(_repeated(existing, one))
                    continue
                log_number = door.state.last_number + len(added) + 1
                scan = _decided(
                    door, movements, one, checked[one.code], device, number=log_number, off=off, by=by
                )
                known[one.seq] = scan
                added.append(scan)
                answers.append(ScanAnswer(outcome=Recorded.RECORDED, scan=scan))
            await door.append(added)
        return answers

    async def read_list(self, number: int, *, start: ListPosition | None, limit: int) -> ListPage:
        """Return the codes of an event's tickets from a position on, those of the newest booking first.

        A ticket that was issued again has several codes, so a page may have more than `limit` items.
        """
        event = await self._queries.get_event(number)
        seat_map = await self._queries.get_seat_map(number, event.map_version)
        log_number = (await self._store.get_state(number)).last_number
        spans, following = await self._spans(number, start, limit)
        bookings = {booking.id for booking, _, _ in spans}
        revisions = await self._store.list_revisions(number, bookings)
        movements = await self._store.last_movements(number, bookings)
        items = [
            item
            for booking, first, count in spans
            for item in listed_tickets(
                booking,
                event,
                seat_map,
                self._tickets.codes,
                first=first,
                limit=count,
                revisions=revisions,
                movements=movements,
            )
        ]
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        return ListPage(items=items, next=following, log_number=log_number, valid_until=now + _VALID)

    async def _spans(
        self, number: int, start: ListPosition | None, limit: int
    ) -> tuple[list[tuple[Booking, int, int]], ListPosition | None]:
        """Return the bookings of a page with the number of their first ticket and how many; then the next position."""
        found: list[Booking] = []
        before, first = None, 1
        if start is not None:
            before, first = start
            try:
                found = [await self._queries.get_booking(before, STAFF)]
            except BookingNotFound:  # a restored backup has lost it
                first = 1
        found += await self._queries.list_bookings(number, before=before, limit=limit + 1)
        spans: list[tuple[Booking, int, int]] = []
        left = limit
        for booking in found:
            if left == 0:
                return spans, (booking.id, first)
            if booking.ticket_runs:  # its numbers have gaps, so it is never divided
                spans.append((booking, first, booking.quantity))
                left, first = max(0, left - booking.quantity), 1
                continue
            count = min(left, booking.quantity - first + 1)
            if count > 0:
                spans.append((booking, first, count))
                left -= count
            if first + count <= booking.quantity:
                return spans, (booking.id, first + count)
            first = 1
        return spans, None


def _bookings_of(checked: Iterable[CheckedTicket]) -> set[UUID]:
    return {each.ticket.booking_id for each in checked if each.ticket is not None}


def _decided(
    door: LockedDoor,
    movements: dict[TicketOnList, Movement],
    one: NewScan,
    checked: CheckedTicket,
    device: str,
    *,
    number: int,
    off: timedelta,
    by: str,
) -> LoggedScan:
    """Return a scan with its verdict, and remember its movement for the scans after it."""
    ticket = checked.ticket
    at = min(one.at + off, door.now)
    scan = Scan(direction=one.direction, at=at, list=one.list, shown=one.shown, refused=one.refused)
    place = None if ticket is None else (ticket.booking_id, ticket.number, one.list)
    entry = decide_check_in(
        scan, _scanned(checked), door.state.rules, None if place is None else movements.get(place)
    )
    if place is not None and entry.verdict in MOVEMENTS:
        movements[place] = Movement(direction=Direction(one.direction), at=at, gate=one.gate)
    return LoggedScan(
        number=number,
        device=device,
        seq=one.seq,
        device_at=one.at,
        at=at,
        recorded_at=door.now,
        code_hash=_hash_of(one.code),
        direction=one.direction,
        gate=one.gate,
        list=one.list,
        shown=one.shown,
        verdict=entry.verdict,
        why=entry.why,
        earlier=entry.earlier,
        booking_id=None if ticket is None else ticket.booking_id,
        ticket_number=None if ticket is None else ticket.number,
        admission=None if ticket is None else label_of(ticket.admission),
        recorded_by=by,
    )


def _scanned(checked: CheckedTicket) -> ScannedTicket:
    why = None if checked.reason is None else Why(checked.reason.value)
    if checked.ticket is None:
        return ScannedTicket(why=why or Why.NOT_OURS)
    return ScannedTicket(
        why=why, area=checked.ticket.admission.area, category=checked.ticket.admission.category
    )


def _repeated(existing: LoggedScan, one: NewScan) -> ScanAnswer:
    is_same = (existing.code_hash, existing.direction) == (_hash_of(one.code), one.direction)
    return ScanAnswer(outcome=Recorded.REPEATED if is_same else Recorded.CONFLICT, scan=existing)


def _hash_of(code: str) -> bytes:
    found = bytes.fromhex(hash_code(code))
    assert len(found) == CODE_HASH_BYTES
    return found
