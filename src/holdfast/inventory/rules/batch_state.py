"""Batch state: one event as a batch sees it, loaded under the lock and then changed by each command in turn.

It answers what is free at the batch's one `now`, moves admissions, and collects the `Changes` for the store.
Nothing here refuses: the rules are in `decide`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast.identity import identity_of
from holdfast.ids import text_of
from holdfast.inventory.rules.alike import AlikeHolds, Likeness
from holdfast.inventory.rules.booking import BookingStatus
from holdfast.inventory.rules.changes import Changes, NewBlock, NewBooking
from holdfast.inventory.rules.commands import StoredAnswer
from holdfast.inventory.rules.event import Area, AreaState, Event
from holdfast.inventory.rules.hold import HoldStatus
from holdfast.inventory.rules.journal import Blocked, Booked, Cancelled, FieldValue, Held, Move, Step
from holdfast.inventory.rules.metadata import Metadata
from holdfast.inventory.rules.occupancy import Occupancy, Occupant
from holdfast.inventory.rules.records import (
    BlockRecord,
    Claim,
    ClaimEnd,
    HoldRecord,
    quantities_of,
    seats_of,
)
from holdfast.inventory.rules.sale_rules import SaleRules
from holdfast.inventory.seating.picker import SeatPicker
from holdfast.inventory.seating.seat_map import SeatMap


class BatchState:
    """Everything that a batch loaded, and its changes so far."""

    def __init__(
        self,
        *,
        event: Event,
        version: int,
        now: datetime,
        areas: Iterable[Area],
        holds: Iterable[HoldRecord] = (),
        lapsed: Iterable[UUID] = (),
        lapsed_complete: bool = False,
        occupancy: Occupancy | None = None,
        buyers: Iterable[tuple[str, UUID, int, datetime | None]] = (),
        blocks: Iterable[BlockRecord] = (),
        answers: dict[bytes, tuple[bytes, StoredAnswer]] | None = None,
        claim_ends: dict[UUID, ClaimEnd] | None = None,
    ) -> None:
        self.event = event
        self.version = version
        self.now = now
        self.areas = {area.number: area for area in areas}
        self.holds = {hold.id: hold for hold in holds}
        self.lapsed = [self.holds[id] for id in lapsed]
        """Lapsed holds to reclaim where counters are short, oldest first."""
        self.lapsed_complete = lapsed_complete
        """True if `lapsed` begins with the event's oldest lapsed hold. Only then the lower bound may move."""
        self.occupancy = occupancy
        self.blocks = {block.id: block for block in blocks}
        self.answers = answers or {}
        self.claim_ends = claim_ends or {}
        self.changes = Changes()
        self.by_booking = {
            hold.booking_id: hold for hold in self.holds.values() if hold.booking_id is not None
        }
        self._expiries: dict[int, datetime] = {}
        self._last_formatted = (now, now.isoformat())
        self.moved_seats: dict[int, UUID | None] = {}
        """Seats that this batch moved, with their present holder."""
        self._has_picker = False
        self._gone: set[UUID] = set()
        """Occupants that this batch ended."""
        self._buyers: dict[str, dict[UUID, tuple[int, datetime | None]]] = {}
        """The holds of each buyer, by the buyer's identity."""
        for buyer, hold_id, quantity, expires_at in buyers:
            self.count_for(buyer, hold_id, quantity, expires_at)
        self.alike = Likeness()
        self._area_names: dict[str, Area] = {}
        self._category_areas: dict[str | None, Area] = {}
        self.only_area: Area | None = None
        """The counted area of a line that names none; None if the event has no counted area, or several."""
        self._index_areas()

    def _index_areas(self) -> None:
        self.alike = Likeness()
        areas = [area for area in self.areas.values() if area.state is not AreaState.REMOVED]
        self._area_names = {area.name: area for area in areas if not area.seated}
        self._category_areas = {area.category: area for area in areas if area.seated}
        self.only_area = next(iter(self._area_names.values())) if len(self._area_names) == 1 else None

    @property
    def counted_areas(self) -> Collection[Area]:
        return self._area_names.values()

    @property
    def seat_categories(self) -> Collection[str]:
        return [category for category in self._category_areas if category is not None]

    @property
    def seat_map(self) -> SeatMap | None:
        return None if self.occupancy is None else self.occupancy.seat_map

    @property
    def is_seated(self) -> bool:
        return self.event.map_version > 0

    def area_named(self, name: str) -> Area | None:
        return self._area_names.get(name)

    def area_of_seat(self, seat: int) -> Area:
        assert self.occupancy is not None
        return self._category_areas[self.occupancy.seat_map.category_of(seat)]

    def area_of_category(self, category: str) -> Area | None:
        return self._category_areas.get(category)

    def holder_of(self, seat: int) -> Occupant | UUID | None:
        """Return who has the seat: an earlier occupant (lapsed or not), the id of a hold of this batch, or None."""
        if seat in self.moved_seats:
            return self.moved_seats[seat]
        assert self.occupancy is not None
        occupant = self.occupancy.by_seat.get(seat)
        return None if occupant is None or occupant.id in self._gone else occupant

    def picker(self, planned: Iterable[int], *, max_freed: int) -> SeatPicker:
        """Return the picker with this batch's changes, and with the seats `planned` for the present hold taken.

        The picker may be new at this point, after other commands of the batch, so this adds what it missed.
        """
        assert self.occupancy is not None
        picker = self.occupancy.picker(self.now, max_freed=max_freed)
        if not self._has_picker:
            self._has_picker = True
            self.occupancy.free_in_picker(
                [seat for seat, holder in self.moved_seats.items() if holder is None]
            )
            self.occupancy.take_in_picker(
                [seat for seat, holder in self.moved_seats.items() if holder is not None]
            )
            self.occupancy.take_in_picker(planned)
        return picker

    def taken_by(self, buyer: str) -> int:
        """Return the number of admissions that a buyer has in live holds and bookings of this event."""
        of_buyer = self._buyers.get(identity_of(buyer), {})
        return sum(
            quantity
            for quantity, expires_at in of_buyer.values()
            if expires_at is None or expires_at > self.now
        )

    def expiry_after(self, seconds: int) -> datetime:
        """Return the expiry of a hold that lives for `seconds`. Most holds of a batch share one."""
        expiry = self._expiries.get(seconds)
        if expiry is None:
            expiry = self._expiries[seconds] = self.now + timedelta(seconds=seconds)
        return expiry

    def _format(self, expiry: datetime) -> str:
        if expiry is not self._last_formatted[0]:
            self._last_formatted = (expiry, expiry.isoformat())
        return self._last_formatted[1]

    def place(self, hold: HoldRecord, *, by: str, booked: NewBooking | None = None) -> None:
        """Write a new hold. With `booked`, write the hold and its booking in one step."""
        id, claims, changes = hold.id, hold.claims, self.changes
        for claim in claims:
            area = self.areas[claim.area]
            if booked is None:
                area.held += claim.quantity
            else:
                area.booked += claim.quantity
            changes.areas[claim.area] = area
            if claim.seat is not None:
                self.moved_seats[claim.seat] = id  # the picker took the seats when they were planned
        self.holds[id] = hold
        changes.new_holds[id] = hold
        entry: Held | Booked
        if booked is None:
            entry = {
                "change": "held",
                "hold": text_of(id),
                "by": by,
                "requested": hold.requested,
                "until": self._format(hold.expires_at),
                "areas": quantities_of(claims),
            }
        else:
            self.by_booking[booked.id] = hold
            self.changes.new_bookings.append(booked)
            entry = {
                "change": "booked",
                "hold": text_of(id),
                "by": by,
                "booking": text_of(booked.id),
                "instant": True,
                "areas": quantities_of(claims),
            }
        if hold.buyer is not None:
            entry["buyer"] = hold.buyer
            self.count_for(hold.buyer, id, hold.quantity, None if booked else hold.expires_at)
        self._write(entry, claims)

    def place_alike(self, hold: HoldRecord, first: AlikeHolds) -> None:
        """Write a new hold that is like one of this batch: its area is among the changes already."""
        self.areas[first.claim.area].held += first.claim.quantity
        self.holds[hold.id] = self.changes.new_holds[hold.id] = hold
        self.changes.journal.append({**first.entry, "hold": text_of(hold.id)})

    def confirm(self, hold: HoldRecord, booking: NewBooking) -> None:
        """Make a live hold a booking."""
        for claim in hold.claims:
            area = self.areas[claim.area]
            area.held -= claim.quantity
            area.booked += claim.quantity
            self.changes.areas[area.number] = area
        hold.status = HoldStatus.CONFIRMED
        hold.booking_id, hold.booking_status = booking.id, BookingStatus.CONFIRMED
        hold.confirmed_at = self.now
        hold.buyer_name, hold.buyer_email = booking.name, booking.email
        hold.metadata = booking.metadata
        self.by_booking[booking.id] = hold
        if hold.buyer is not None:
            self.count_for(hold.buyer, hold.id, hold.quantity, None)
        self._moved(hold)
        self.changes.booked[hold.id] = None
        self.changes.new_bookings.append(booking)
        entry: Booked = {
            "change": "booked",
            "hold": text_of(hold.id),
            "booking": text_of(booking.id),
            "by": booking.by,
            "areas": quantities_of(hold.claims),
        }
        self._write(entry, hold.claims)

    def extend(self, hold: HoldRecord, until: datetime, *, by: str) -> None:
        hold.expires_at = until
        if hold.buyer is not None:
            self.count_for(hold.buyer, hold.id, hold.quantity, until)
        if hold.id not in self.changes.new_holds:
            self.changes.extended_holds[hold.id] = until
        self.changes.journal.append(
            {"change": "extended", "hold": text_of(hold.id), "until": until.isoformat(), "by": by}
        )

    def release(self, hold: HoldRecord, *, by: str) -> None:
        """Release a live hold for its buyer, or a hold of a cancelled event."""
        self._return(hold.id, hold.claims, "held")
        hold.status = HoldStatus.RELEASED
        self._forget_buyer(hold.buyer, hold.id)
        self._moved(hold)
        areas = quantities_of(hold.claims)
        self._write({"change": "released", "hold": text_of(hold.id), "by": by, "areas": areas}, hold.claims)

    def cancel_booking(self, hold: HoldRecord, *, by: str) -> None:
        assert hold.booking_id is not None
        self._return(hold.id, hold.claims, "booked")
        hold.booking_status, hold.cancelled_at = BookingStatus.CANCELLED, self.now
        self._forget_buyer(hold.buyer, hold.id)
        self.changes.cancelled_bookings.append(hold.id)
        entry: Cancelled = {
            "change": "cancelled",
            "hold": text_of(hold.id),
            "booking": text_of(hold.booking_id),
            "by": by,
            "areas": quantities_of(hold.claims),
        }
        self._write(entry, hold.claims)

    def reclaim(self, hold: HoldRecord | Occupant) -> None:
        """Rewrite a lapsed hold. Its answers do not change, so nobody is recorded as the actor."""
        if hold.id in self._gone:
            return
        if isinstance(hold, Occupant):
            if not hold.has_lapsed(self.now):  # no constraint would stop a batch that ends a hold too early
                raise ValueError(f"{hold.kind} {hold.id} has not lapsed")
            record = self.holds.get(hold.id)
            claims = record.claims if record is not None else self._claims_of(hold)
        else:
            record, claims = hold, hold.claims
        self._return(hold.id, claims, "held")
        if self.occupancy is not None:
            self.occupancy.see_free(hold.id)
        assert hold.expires_at is not None
        if record is not None:
            record.status = HoldStatus.EXPIRED
        self._forget_buyer(hold.buyer, hold.id)
        self.changes.moved_holds[hold.id] = HoldStatus.EXPIRED
        until, areas = hold.expires_at.isoformat(), quantities_of(claims)
        self._write({"change": "expired", "hold": text_of(hold.id), "until": until, "areas": areas}, claims)

    def block(self, id: UUID, claims: list[Claim], *, by: str, reason: str | None, first: int) -> BlockRecord:
        for claim in claims:
            area = self.areas[claim.area]
            area.blocked += claim.quantity
            self.changes.areas[area.number] = area
            if claim.seat is not None:
                self.moved_seats[claim.seat] = id
        self._take_in_picker(claims)
        self.changes.new_blocks.append(NewBlock(id=id, reason=reason, by=by, claims=claims, first=first))
        entry: Blocked = {"change": "blocked", "block": text_of(id), "by": by, "areas": quantities_of(claims)}
        if reason:
            entry["reason"] = reason
        self._write(entry, claims)
        before = self.blocks.get(id)
        if before is None:
            before = BlockRecord(id=id, reason=reason, blocked_at=self.now, lifted_at=None, claims=[])
            self.blocks[id] = before
        before.claims.extend(claims)
        return before

    def lift(self, block: BlockRecord, *, by: str) -> None:
        self._return(block.id, block.claims, "blocked")
        block.lifted_at = self.now
        self.changes.lifted_blocks.append(block.id)
        areas = quantities_of(block.claims)
        self._write({"change": "lifted", "block": text_of(block.id), "by": by, "areas": areas}, block.claims)

    def change_event(self, columns: dict[str, Any], rules: SaleRules, *, by: str) -> None:
        """Set new values of the event's own columns, and its rules. Later commands of the batch see them."""
        fields = {**columns, **rules.changes_from(self.event.rules)}
        self._set_event({**columns, "rules": rules})
        written: dict[str, FieldValue] = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in fields.items()
        }
        self.changes.journal.append({"change": "changed", "fields": written, "by": by})

    def set_metadata(self, metadata: Metadata | None) -> None:
        """Set the event's metadata. The journal does not have it: it changes nothing that is sold."""
        self._set_event({"metadata": metadata})

    def step_event(self, step: Step, fields: dict[str, Any], *, by: str) -> None:
        """Record a step in the event's life. The journal names the step, not the columns."""
        self._set_event(fields)
        self.changes.journal.append({"change": step, "by": by})

    def add_area(self, area: Area) -> None:
        self.areas[area.number] = area
        self.changes.new_areas.append(area)
        self._index_areas()

    def name_area(self, area: Area, *, name: str, category: str | None, state: AreaState, by: str) -> None:
        """Give an area another name, category or state."""
        fields = {"name": name, "category": category, "state": state}
        was = {field: getattr(area, field) for field in fields}
        changed = [field for field in fields if fields[field] != was[field]]
        area.name, area.category, area.state = name, category, state
        self._index_areas()
        self.changes.named_areas[area.number] = area
        self.changes.journal.append(
            {
                "change": "area",
                "area": area.number,
                "fields": {field: fields[field] for field in changed},
                "was": {field: was[field] for field in changed},
                "by": by,
            }
        )

    def grow_map(self, version: int) -> None:
        """Record a new version of the seat map. Seat commands end the batch here: the occupancy knows only the
        old map."""
        self._set_event({"map_version": version})

    def _write(self, entry: Move, claims: list[Claim]) -> None:
        """Append an entry, with the numbered seats of its claims."""
        seats = seats_of(claims)
        if seats:
            entry["seats"] = seats
        self.changes.journal.append(entry)

    def _set_event(self, fields: dict[str, Any]) -> None:
        self.alike = Likeness()
        self.event = replace(self.event, **fields)
        self.changes.event.update(fields)

    def _return(self, id: UUID, claims: list[Claim], counter: str) -> None:
        """End live claims: the counters go down, and the seats are free for the rest of the batch."""
        freed = []
        for claim in claims:
            area = self.areas[claim.area]
            setattr(area, counter, getattr(area, counter) - claim.quantity)
            self.changes.areas[area.number] = area
            if claim.seat is not None:
                self.moved_seats[claim.seat] = None
                freed.append(claim.seat)
        self._gone.add(id)
        self.changes.ended[id] = None
        if freed and self.occupancy is not None:
            self.occupancy.free_in_picker(freed)

    def _take_in_picker(self, claims: list[Claim]) -> None:
        if self.occupancy is not None:
            self.occupancy.take_in_picker([claim.seat for claim in claims if claim.seat is not None])

    def _claims_of(self, occupant: Occupant) -> list[Claim]:
        """Return an occupant's claims by area. That is enough to end them: the hold's id finds their rows."""
        seats = [
            Claim(line=0, area=self.area_of_seat(seat).number, seat=seat, quantity=1)
            for seat in occupant.seats
        ]
        counted = dict(occupant.areas)
        for claim in seats:
            counted[claim.area] -= 1
        rest = [Claim(line=0, area=area, seat=None, quantity=q) for area, q in counted.items() if q > 0]
        return seats + rest

    def record_of(self, occupant: Occupant) -> HoldRecord:
        """Return the record of a live occupant with the parts that its buyer may see."""
        record = self.holds.get(occupant.id)
        if record is not None:
            return record
        assert occupant.expires_at is not None
        claims = self._claims_of(occupant)
        return HoldRecord(
            id=occupant.id,
            status=HoldStatus.ACTIVE,
            placed_at=occupant.placed_at,
            expires_at=occupant.expires_at,
            quantity=sum(claim.quantity for claim in claims),
            requested=occupant.requested,
            buyer=occupant.buyer,
            token_hash=None,
            claims=claims,
        )

    def _moved(self, hold: HoldRecord) -> None:
        if hold.id not in self.changes.new_holds:
            self.changes.moved_holds[hold.id] = hold.status

    def count_for(self, buyer: str, hold_id: UUID, quantity: int, expires_at: datetime | None) -> None:
        self._buyers.setdefault(identity_of(buyer), {})[hold_id] = (quantity, expires_at)

    def _forget_buyer(self, buyer: str | None, hold_id: UUID) -> None:
        if buyer is not None:
            self._buyers.get(identity_of(buyer), {}).pop(hold_id, None)
