"""Model: the meaning of an event's sale, written plainly from the API's text, one command after the other.

It keeps holds and blocks, and counts everything again for each question. It does not choose seats. For the
best available it says how many there must be, checks the engine's choice, and takes it over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from holdfast.inventory.rules import commands as c


class Refused(Exception):
    """The code of a refusal."""


@dataclass(kw_only=True)
class Taking:
    """A hold, booking or block: its owner, its admissions, and its end."""

    kind: str  # held | booked | blocked, or gone
    seats: set[str] = field(default_factory=set)
    counted: dict[str, int] = field(default_factory=dict)
    buyer: str | None = None
    token: bytes | None = None
    placed_at: datetime | None = None
    expires_at: datetime | None = None
    booking: UUID | None = None
    ended: str | None = None  # released | cancelled | lifted

    @property
    def quantity(self) -> int:
        return len(self.seats) + sum(self.counted.values())


class Model:
    """One event. `seats`: label -> category; `areas`: counted area -> capacity."""

    def __init__(self, *, areas: dict[str, int], seats: dict[str, str], **rules: Any) -> None:
        self.areas, self.seats = dict(areas), dict(seats)
        self.status, self.stopped = "published", False
        self.ttl, self.max_ttl = rules.get("ttl", 120), rules.get("max_ttl", 1800)
        self.max_per_hold, self.max_per_buyer = rules.get("max_per_hold"), rules.get("max_per_buyer")
        self.allow_partial = rules.get("allow_partial", False)
        self.takings: dict[UUID, Taking] = {}

    def live(self, now: datetime) -> list[Taking]:
        return [
            t
            for t in self.takings.values()
            if t.ended is None
            and not (t.kind == "held" and (t.expires_at <= now or self.status == "cancelled"))
        ]

    def owner_of(self, seat: str, now: datetime) -> Taking | None:
        found = [t for t in self.live(now) if seat in t.seats]
        assert len(found) <= 1, f"{seat} has two owners"
        return found[0] if found else None

    def left_of(self, area: str, now: datetime) -> int:
        return self.areas[area] - sum(t.counted.get(area, 0) for t in self.live(now))

    def free_seats(self, now: datetime, category: str | None = None) -> set[str]:
        taken = {seat for t in self.live(now) for seat in t.seats}
        return {s for s, its in self.seats.items() if s not in taken and category in (None, its)}

    def counts(self, now: datetime) -> dict[str, int]:
        counts = {
            "capacity": len(self.seats) + sum(self.areas.values()),
            "held": 0,
            "booked": 0,
            "blocked": 0,
        }
        for taking in self.live(now):
            counts[taking.kind] += taking.quantity
        counts["available"] = counts["capacity"] - counts["held"] - counts["booked"] - counts["blocked"]
        if self.status == "cancelled":
            counts["available"] = 0
        return counts

    def run(self, command: c.AnyCommand, now: datetime, chosen: list[set[str]]) -> Any:
        """Return the answer, a quantity or a word. Raises Refused.

        `chosen`: the seats that the engine reports for each line. Named seats come before chosen ones.
        """
        verb = re.sub(r"(?<!^)([A-Z])", r"_\1", type(command).__name__).lower()
        return getattr(self, verb)(command, now, chosen)

    def place_hold(
        self, command: c.PlaceHold, now: datetime, chosen: list[set[str]], *, kind: str = "held"
    ) -> Any:
        self._refuse_sale()
        requested = sum(len(x.labels) if isinstance(x, c.SeatsLine) else x.quantity for x in command.lines)
        self._refuse_limits(requested, command.buyer, now)
        partial = self.allow_partial if command.allow_partial is None else command.allow_partial
        taking = Taking(kind=kind, buyer=command.buyer, token=command.token_hash, placed_at=now)
        shortage = None
        asked = zip(command.lines, chosen or [set()] * len(command.lines), strict=True)
        for line, seats in sorted(asked, key=lambda each: not isinstance(each[0], c.SeatsLine)):
            try:
                self._line(taking, line, seats, partial, now)
            except Refused as refused:
                if not partial or refused.args[0] not in (
                    "seat_taken",
                    "seat_blocked",
                    "sold_out",
                    "not_together",
                ):
                    raise
                shortage = shortage or refused
        if taking.quantity == 0:
            raise shortage or Refused("sold_out")
        taking.expires_at = now + timedelta(seconds=min(command.ttl_seconds or self.ttl, self.max_ttl))
        self.takings[command.hold_id] = taking
        return taking.quantity

    def _line(self, taking: Taking, line: c.Line, seats: set[str], partial: bool, now: datetime) -> None:
        if isinstance(line, c.QuantityLine) and (self.areas or line.area is not None or not self.seats):
            area = line.area if line.area is not None else self._only_area()
            if area not in self.areas:
                raise Refused("area_unknown")
            left = self.left_of(area, now) - taking.counted.get(area, 0)
            granted = line.quantity if left >= line.quantity else left * partial
            if granted == 0:
                raise Refused("sold_out")
            taking.counted[area] = taking.counted.get(area, 0) + granted
        elif isinstance(line, c.SeatsLine):
            self._named(taking, line.labels, partial, now)
        else:
            self._best(taking, line, seats, partial, now)

    def _named(self, taking: Taking, labels: tuple[str, ...], partial: bool, now: datetime) -> None:
        if any(label not in self.seats for label in labels):
            raise Refused("seat_unknown")
        if len(set(labels)) < len(labels) or taking.seats & set(labels):
            raise Refused("duplicate_seat")
        owners = {label: self.owner_of(label, now) for label in labels}
        free = {label for label, owner in owners.items() if owner is None}
        if len(free) < len(labels) and not (partial and free):
            blocked = all(owner is None or owner.kind == "blocked" for owner in owners.values())
            raise Refused("seat_blocked" if blocked else "seat_taken")
        taking.seats |= free

    def _best(self, taking: Taking, line: Any, seats: set[str], partial: bool, now: datetime) -> None:
        if not self.seats:
            raise Refused("seat_unknown")
        category = getattr(line, "category", None)
        if category is not None and category not in self.seats.values():
            raise Refused("area_unknown")
        free = self.free_seats(now, category) - taking.seats
        together = getattr(line, "together", False)
        if seats:
            assert seats <= free, f"chosen, but not free: {seats - free}"
            assert len(seats) == line.quantity or (partial and len(seats) < line.quantity)
            assert together or len(seats) == min(line.quantity, len(free))
            taking.seats |= seats
        elif len(free) < line.quantity:
            assert not (partial and free), "something was left, and partial was allowed"
            raise Refused("sold_out")
        else:
            assert together, "refused while enough were free"
            assert not partial, "refused a part while enough were free"
            raise Refused("not_together")

    def book_instantly(self, command: c.BookInstantly, now: datetime, chosen: list[set[str]]) -> Any:
        line = c.QuantityLine(quantity=command.quantity)
        place = c.PlaceHold(hold_id=command.hold_id, lines=(line,), buyer=command.buyer, allow_partial=False)
        try:
            self.place_hold(place, now, chosen, kind="booked")
        except Refused as refused:
            if refused.args[0] in ("area_required", "seat_unknown"):
                raise
            return "FAILED"
        self.takings[command.hold_id].booking = command.booking_id
        return "CONFIRMED"

    def extend_hold(self, command: c.ExtendHold, now: datetime, _: Any) -> Any:
        hold = self._own_hold(command, now)
        self._refuse_unless_live(hold, now)
        if self.stopped:
            raise Refused("sales_stopped")
        wanted = now + timedelta(seconds=command.ttl_seconds or self.ttl)
        hold.expires_at = max(hold.expires_at, min(wanted, hold.placed_at + timedelta(seconds=self.max_ttl)))
        return hold.expires_at

    def release_hold(self, command: c.ReleaseHold, now: datetime, _: Any) -> Any:
        hold = self._own_hold(command, now)
        if (
            hold.ended == "expired"
            or hold.kind == "booked"
            or (hold.ended is None and self.status != "cancelled")
        ):
            self._refuse_unless_live(hold, now)
        hold.ended = "released"
        return "released"

    def confirm_hold(self, command: c.ConfirmHold, now: datetime, _: Any) -> Any:
        hold = self._own_hold(command, now)
        if hold.kind == "booked" and hold.ended is None:
            return hold.booking
        self._refuse_unless_live(hold, now)
        hold.kind, hold.booking = "booked", command.booking_id
        return hold.booking

    def cancel_booking(self, command: c.CancelBooking, now: datetime, _: Any) -> Any:
        found = [t for t in self.takings.values() if t.booking == command.booking_id]
        if not found:
            raise Refused("booking_not_found")
        found[0].ended = "cancelled"
        return "cancelled"

    def cancel_admissions(self, command: c.CancelAdmissions, now: datetime, _: Any) -> Any:
        booking = self._own_booking(command)
        if booking.ended:
            return "cancelled"
        seats, counted = self._part(booking, command.lines)
        if len(seats) + sum(counted.values()) == booking.quantity:
            booking.ended = "cancelled"
            return "cancelled"
        booking.seats -= seats
        for area, quantity in counted.items():
            booking.counted[area] -= quantity
        return "confirmed"

    def exchange_admissions(
        self, command: c.ExchangeAdmissions, now: datetime, chosen: list[set[str]]
    ) -> Any:
        """Refuse, or return and take at once. The engine may choose any seat that nobody had before."""
        booking = self._own_booking(command)
        if booking.ended:
            raise Refused("booking_already_cancelled")
        self._refuse_cancelled()
        if not command.authority.staff:
            self._refuse_sale()
        had_seats, had = set(booking.seats), dict(booking.counted)
        if command.returns:
            seats, counted = self._part(booking, command.returns)
        else:
            seats, counted = had_seats, had
        wanted = sum(len(x.labels) if isinstance(x, c.SeatsLine) else x.quantity for x in command.lines)
        if wanted != len(seats) + sum(counted.values()):
            raise Refused("invalid_input")
        taking = Taking(kind="booked")
        asked = zip(command.lines, chosen or [set()] * len(command.lines), strict=True)
        try:
            booking.counted = {area: q - counted.get(area, 0) for area, q in had.items()}
            for line, its in sorted(asked, key=lambda each: not isinstance(each[0], c.SeatsLine)):
                named = isinstance(line, c.SeatsLine)
                booking.seats = had_seats - seats if named else had_seats
                self._line(taking, line, its, False, now)
        except Refused:
            booking.seats, booking.counted = had_seats, had
            raise
        booking.seats = (had_seats - seats) | taking.seats
        for area, quantity in taking.counted.items():
            booking.counted[area] = booking.counted.get(area, 0) + quantity
        return "confirmed"

    def _own_booking(self, command: c.CancelAdmissions | c.ExchangeAdmissions) -> Taking:
        found = [t for t in self.takings.values() if t.booking == command.booking_id]
        if not found or not (command.authority.staff or command.authority.token_hash == found[0].token):
            raise Refused("booking_not_found")
        return found[0]

    def _part(self, booking: Taking, lines: tuple[c.Line, ...]) -> tuple[set[str], dict[str, int]]:
        seats: set[str] = set()
        counted: dict[str, int] = {}
        for line in lines:
            if isinstance(line, c.SeatsLine):
                for label in line.labels:
                    if label not in booking.seats:
                        raise Refused("not_in_booking")
                    if label in seats:
                        raise Refused("duplicate_seat")
                    seats.add(label)
                continue
            has = [area for area, quantity in booking.counted.items() if quantity]
            area = line.area
            if area is None:
                if len(has) != 1:
                    raise Refused("area_required" if has else "not_in_booking")
                (area,) = has
            elif area not in self.areas:
                raise Refused("area_unknown")
            counted[area] = counted.get(area, 0) + line.quantity
            if counted[area] > booking.counted.get(area, 0):
                raise Refused("not_in_booking")
        return seats, counted

    def block_admissions(self, command: c.BlockAdmissions, now: datetime, _: Any) -> Any:
        self._refuse_cancelled()
        block = Taking(kind="blocked")
        before = self.takings.get(command.block_id)
        if command.extends and (before is None or before.ended):
            raise Refused("block_not_found")
        if command.labels:
            owners = [self.owner_of(label, now) for label in command.labels if label in self.seats]
            first = next((owner for owner in owners if owner is not None), None)
            try:
                self._named(block, command.labels, False, now)
            except Refused as refused:
                if refused.args[0] in (
                    "seat_taken",
                    "seat_blocked",
                ):  # blocks name the first seat that does not exist
                    raise Refused(
                        "seat_blocked" if first and first.kind == "blocked" else "seat_taken"
                    ) from None
                raise
        else:
            area = command.area if command.area is not None else self._only_area()
            if area not in self.areas:
                raise Refused("area_unknown")
            if self.left_of(area, now) < (command.quantity or 0):
                raise Refused("sold_out")
            block.counted[area] = command.quantity or 0
        if before is not None:
            before.seats |= block.seats
        else:
            self.takings[command.block_id] = block
        return self.takings[command.block_id].quantity

    def lift_block(self, command: c.LiftBlock, now: datetime, _: Any) -> Any:
        block = self.takings.get(command.block_id)
        if block is None:
            raise Refused("block_not_found")
        block.ended = "lifted"
        return "lifted"

    def stop_sales(self, command: c.StopSales, now: datetime, _: Any) -> Any:
        self._refuse_cancelled()
        self.stopped = True

    def resume_sales(self, command: c.ResumeSales, now: datetime, _: Any) -> Any:
        self._refuse_cancelled()
        self.stopped = False

    def cancel_event(self, command: c.CancelEvent, now: datetime, _: Any) -> Any:
        for taking in self.takings.values():
            if (
                self.status != "cancelled"
                and taking.kind == "held"
                and not taking.ended
                and taking.expires_at <= now
            ):
                taking.ended = "expired"
        self.status = "cancelled"

    def change_event(self, command: c.ChangeEvent, now: datetime, _: Any) -> Any:
        """Change the capacities and the limit per buyer only."""
        self._refuse_cancelled()
        if command.capacity is not None:
            if len(self.areas) != 1:
                raise Refused("invalid_input")
            (area,) = self.areas
            if self.areas[area] - self.left_of(area, now) > command.capacity:
                raise Refused("capacity_taken")
            self.areas[area] = command.capacity
        self.max_per_buyer = command.rules.get("max_per_buyer", self.max_per_buyer)

    def reclaim_lapsed(self, command: c.ReclaimLapsed, now: datetime, _: Any) -> Any:
        """Return nothing new: it changes no answer."""

    def _only_area(self) -> str:
        if not self.areas:
            raise Refused("area_required" if self.seats else "sold_out")
        if len(self.areas) > 1:
            raise Refused("area_required")
        return next(iter(self.areas))

    def _refuse_cancelled(self) -> None:
        if self.status == "cancelled":
            raise Refused("event_cancelled")

    def _refuse_sale(self) -> None:
        self._refuse_cancelled()
        if self.stopped:
            raise Refused("sales_stopped")

    def _refuse_limits(self, requested: int, buyer: str | None, now: datetime) -> None:
        if self.max_per_hold is not None and requested > self.max_per_hold:
            raise Refused("quantity_over_limit")
        if self.max_per_buyer is None:
            return
        if buyer is None:
            raise Refused("buyer_required")
        has = sum(t.quantity for t in self.live(now) if t.buyer == buyer)
        if has + requested > self.max_per_buyer:
            raise Refused("quantity_over_limit")

    def _own_hold(self, command: Any, now: datetime) -> Taking:
        hold = self.takings.get(command.hold_id)
        if hold is None or not (command.authority.staff or command.authority.token_hash == hold.token):
            raise Refused("hold_not_found")
        return hold

    def _refuse_unless_live(self, hold: Taking, now: datetime) -> None:
        if hold.kind == "booked":
            raise Refused("hold_already_confirmed" if hold.ended is None else "booking_already_cancelled")
        if hold.ended == "expired":
            raise Refused("hold_expired")
        self._refuse_cancelled()
        if hold.ended == "released":
            raise Refused("hold_released")
        if hold.expires_at <= now:
            raise Refused("hold_expired")
