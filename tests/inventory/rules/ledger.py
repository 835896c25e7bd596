"""Ledger: rows as the store keeps them, but in memory, so that sales are decided without a database.

It loads a batch's state from its rows, and writes its changes in the same order as the store.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from holdfast import ids
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import BookingStatus
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.claim_changes import ClaimChanges
from holdfast.inventory.rules.decide import decide
from holdfast.inventory.rules.event import Area, Event, EventStatus
from holdfast.inventory.rules.hold import HoldStatus
from holdfast.inventory.rules.occupancy import Occupancy, Occupant
from holdfast.inventory.rules.records import BlockRecord, Claim, ClaimEnd, HoldRecord, NumberedClaim
from holdfast.inventory.rules.sale_rules import SaleRules
from holdfast.inventory.seating.seat_map import SeatMap, SeatSpec

NUMBER = 7
START = datetime(2030, 5, 1, 12, tzinfo=UTC)


def an_id(n: int) -> UUID:
    return ids.make_id(NUMBER, unix_ms=ids.EPOCH_MS + n, random_bits=n)


class Row:
    """One row of claims."""

    def __init__(
        self, holder: UUID, kind: str, claim: Claim, *, booked: bool = False, live: bool = True
    ) -> None:
        self.holder, self.kind, self.claim, self.booked, self.live = holder, kind, claim, booked, live
        self.returned = False
        self.ticket: int | None = None


class Ledger:
    """One event's rows."""

    def __init__(
        self,
        *,
        areas: dict[str, int] | None = None,
        seats: list[SeatSpec] | None = None,
        status: EventStatus = EventStatus.PUBLISHED,
        **rules: Any,
    ) -> None:
        self.seat_map = SeatMap.build(seats or (), 1) if seats else None
        self.event = Event(
            number=NUMBER,
            id=an_id(0),
            name="E",
            status=status,
            created_at=START,
            map_version=1 if seats else 0,
            rules=SaleRules(**rules),
        )
        self.areas: dict[int, Area] = {}
        for name, capacity in (areas or {}).items():
            self._add_area(name, None, False, capacity)
        if self.seat_map is not None:
            for category in self.seat_map.categories:
                self._add_area(
                    category, category, True, sum(spec.category == category for spec in seats or ())
                )
        self.holds: dict[UUID, HoldRecord] = {}
        self.blocks: dict[UUID, BlockRecord] = {}
        self.claims: list[Row] = []
        self.answers: dict[bytes, tuple[bytes, c.StoredAnswer]] = {}
        self.version, self.last_at, self.reclaimed_until = 0, START, START
        self.journal: list[tuple[int, datetime, list[dict[str, Any]]]] = []
        self.occupancy: Occupancy | None = None
        self.sweeps_everything = False
        """Like the store's load for a sweep, load every live hold of a cancelled event, not only the lapsed ones."""

    def _add_area(self, name: str, category: str | None, seated: bool, capacity: int) -> None:
        number = len(self.areas) + 1
        self.areas[number] = Area(
            number=number, name=name, category=category, seated=seated, capacity=capacity
        )

    def run(self, *commands: c.AnyCommand, at: datetime) -> list[Any]:
        """Decide these commands as one batch, and keep the result."""
        state = self.load(at)
        outcomes, changes = decide(state, commands)
        if not changes.is_empty:
            self._write(state, changes)
            if self.occupancy is not None and changes.journal:
                self.occupancy.follow(self.version, state.now, changes.journal)
        self.check()
        return outcomes

    def load(self, at: datetime) -> BatchState:
        now = max(at, self.last_at)
        if self.seat_map is not None and self.occupancy is None:
            self.occupancy = self.new_occupancy()
        holds = [self._copy(hold) for hold in self.holds.values()]
        lapsed = [
            h
            for h in holds
            if h.status is HoldStatus.ACTIVE
            and (self.reclaimed_until <= h.expires_at <= now or self.sweeps_everything)
        ]
        return BatchState(
            event=self.event,
            version=self.version,
            now=now,
            areas=[replace(area) for area in self.areas.values()],
            holds=holds,
            lapsed=[h.id for h in sorted(lapsed, key=lambda h: (h.expires_at, h.id))],
            lapsed_complete=True,
            occupancy=self.occupancy,
            buyers=[
                (h.buyer, h.id, h.quantity, h.expires_at if h.status is HoldStatus.ACTIVE else None)
                for h in holds
                if h.buyer is not None and h.has_live_claims
            ],
            blocks=[
                BlockRecord(
                    id=b.id,
                    reason=b.reason,
                    blocked_at=b.blocked_at,
                    lifted_at=b.lifted_at,
                    claims=[row.claim for row in self.claims if row.holder == b.id],
                )
                for b in self.blocks.values()
            ],
            answers=dict(self.answers),
            claim_ends={hold.id: end for hold in holds if (end := self._end_of(hold)) is not None},
        )

    def _rows_of(self, holder: UUID) -> list[Row]:
        """Return its rows. A row's place is its number."""
        return [row for row in self.claims if row.holder == holder]

    def _end_of(self, hold: HoldRecord) -> ClaimEnd | None:
        rows = self._rows_of(hold.id)
        tickets = [row.ticket + row.claim.quantity for row in rows if row.ticket is not None]
        return ClaimEnd(claim=len(rows), ticket=max(tickets)) if tickets else None

    def _copy(self, hold: HoldRecord) -> HoldRecord:
        fields = {name: getattr(hold, name) for name in HoldRecord.__slots__}
        claims = [
            NumberedClaim(
                line=row.claim.line,
                area=row.claim.area,
                seat=row.claim.seat,
                quantity=row.claim.quantity,
                number=number,
                ticket=row.ticket,
            )
            for number, row in enumerate(self._rows_of(hold.id))
            if not row.returned
        ]
        return HoldRecord(**{**fields, "claims": claims})

    def _write(self, state: BatchState, changes: Changes) -> None:
        self.version += bool(changes.journal)
        self.last_at = state.now
        self.event = state.event
        for area in changes.new_areas:
            self.areas[area.number] = replace(area)
        self._change_claims(changes.claims)
        for row in self.claims:
            if row.holder in changes.ended and row.holder not in changes.new_holds:
                row.live = False
            if row.holder in changes.booked and row.live:
                row.booked = True
        for id, status in changes.moved_holds.items():
            self.holds[id].status = status
        for id, expires_at in changes.extended_holds.items():
            self.holds[id].expires_at = expires_at
        for hold in changes.new_holds.values():
            assert hold.id not in self.holds
            self.holds[hold.id] = self._copy(hold)
            if hold.id in changes.claims.quantities:
                continue
            self.claims += [
                Row(hold.id, "hold", x, booked=hold.booking_id is not None, live=hold.id not in changes.ended)
                for x in hold.claims
            ]
        for (hold_id, number), added in sorted(changes.claims.added.items()):
            assert number == len(self._rows_of(hold_id))
            ends = added.returned or hold_id in changes.ended
            row = Row(hold_id, "hold", added.claim, booked=True, live=not ends)
            row.returned, row.ticket = added.returned, added.claim.ticket
            self.claims.append(row)
        for block in changes.new_blocks:
            if block.first == 0:
                self.blocks[block.id] = BlockRecord(
                    id=block.id, reason=block.reason, blocked_at=state.now, lifted_at=None, claims=[]
                )
            self.claims += [
                Row(block.id, "block", x, live=block.id not in changes.ended) for x in block.claims
            ]
        for booking in changes.new_bookings:
            hold = self.holds[booking.hold_id]
            hold.booking_id, hold.booking_status = booking.id, BookingStatus.CONFIRMED
            hold.confirmed_at = state.now
        for id in changes.cancelled_bookings:
            self.holds[id].booking_status, self.holds[id].cancelled_at = (
                BookingStatus.CANCELLED,
                state.now,
            )
        for id in changes.lifted_blocks:
            self.blocks[id].lifted_at = state.now
        for number, area in changes.areas.items():
            self.areas[number] = replace(area)
        for scope, body, answer in changes.answers:
            assert scope not in self.answers
            self.answers[scope] = (body, answer)
        if changes.journal:
            self.journal.append((self.version, state.now, changes.journal))
        if changes.reclaimed_until is not None:
            self.reclaimed_until = max(self.reclaimed_until, changes.reclaimed_until)

    def _change_claims(self, changes: ClaimChanges) -> None:
        for (hold_id, number), changed in changes.changed.items():
            row = self._rows_of(hold_id)[number]
            row.claim = replace(row.claim, quantity=changed.quantity)
            row.ticket, row.returned, row.live = changed.ticket, changed.returned, not changed.returned
        for part in sorted(changes.divisions, key=lambda part: part.new_number):
            rows = self._rows_of(part.hold_id)
            assert part.new_number == len(rows)
            claim = replace(rows[part.number].claim, quantity=part.quantity)
            row = Row(part.hold_id, "hold", claim, booked=True, live=False)
            row.returned, row.ticket = True, part.ticket
            self.claims.append(row)
        for hold_id, quantity in changes.quantities.items():
            if hold_id in self.holds:
                self.holds[hold_id].quantity = quantity

    def check(self) -> None:
        live = [row for row in self.claims if row.live]
        seats = Counter(row.claim.seat for row in live if row.claim.seat is not None)
        assert max(seats.values(), default=0) <= 1, "a seat twice"
        for area in self.areas.values():
            mine = [row for row in live if row.claim.area == area.number]
            counted = {
                "held": sum(r.claim.quantity for r in mine if r.kind == "hold" and not r.booked),
                "booked": sum(r.claim.quantity for r in mine if r.booked),
                "blocked": sum(r.claim.quantity for r in mine if r.kind == "block"),
            }
            kept = {name: getattr(area, name) for name in counted}
            assert kept == counted, f"counters of {area.name} are not what the claims say"
            assert sum(kept.values()) <= area.capacity, "oversold"
        for hold in self.holds.values():
            self._check_tickets(hold)
        lost = [
            h
            for h in self.holds.values()
            if h.status is HoldStatus.ACTIVE and h.expires_at < self.reclaimed_until
        ]
        assert not lost, "an active hold below the bound of the scan: no sweep would ever find it"
        if self.occupancy is not None:
            self.check_occupancy()

    def _check_tickets(self, hold: HoldRecord) -> None:
        rows = self._rows_of(hold.id)
        assert hold.quantity == sum(row.claim.quantity for row in rows if not row.returned)
        tickets = [
            number
            for row in rows
            if row.ticket is not None
            for number in range(row.ticket, row.ticket + row.claim.quantity)
        ]
        assert len(set(tickets)) == len(tickets), "a ticket twice"
        assert not tickets or set(tickets) == set(range(1, len(tickets) + 1)), "a ticket without its place"

    def check_occupancy(self) -> None:
        """Assert that the occupancy that followed the journal equals a new one, and that its picker knows the
        free seats."""
        fresh = self.new_occupancy()
        assert self.occupancy is not None
        assert self.occupancy.version == fresh.version
        assert {seat: h.id for seat, h in self.occupancy.by_seat.items()} == {
            seat: h.id for seat, h in fresh.by_seat.items()
        }
        for id, occupant in fresh.by_id.items():
            mine = self.occupancy.by_id[id]
            assert (mine.status, sorted(mine.seats)) == (occupant.status, sorted(occupant.seats))
            assert occupant.booked or mine.areas == occupant.areas  # nothing reads what a booking has
            assert occupant.booked or mine.expires_at == occupant.expires_at
        assert set(self.occupancy.by_id) == set(fresh.by_id)
        if self.occupancy._picker is None:  # it is built at the first request, which must come from a batch
            return
        mine, theirs = self.occupancy.picker(self.last_at), fresh.picker(self.last_at)
        assert set(mine.free_numbers()) == set(theirs.free_numbers()), (
            "the picker is wrong about the free seats"
        )

    def new_occupancy(self) -> Occupancy:
        assert self.seat_map is not None
        occupancy = Occupancy(self.seat_map, self.version)
        by_holder: dict[UUID, list[Row]] = {}
        for row in self.claims:
            if row.live:
                by_holder.setdefault(row.holder, []).append(row)
        for id, rows in by_holder.items():
            hold = self.holds.get(id)
            areas: Counter[int] = Counter()
            for row in rows:
                areas[row.claim.area] += row.claim.quantity
            booked = hold is not None and hold.status is HoldStatus.CONFIRMED
            occupancy.add(
                Occupant(
                    id=id,
                    kind=rows[0].kind,
                    placed_at=START,
                    expires_at=None if hold is None or booked else hold.expires_at,
                    booked=booked,
                    seats=tuple(row.claim.seat for row in rows if row.claim.seat is not None),
                    areas=dict(areas),
                    buyer=hold.buyer if hold is not None else None,
                )
            )
        return occupancy
