"""Rules for a part of a booking: cancel some of its admissions, or exchange them for others of its event.

| command | confirmed | cancelled | its event is cancelled |
|---|---|---|---|
| cancel a part | the rest is booked | the same booking | the rest is booked |
| exchange | booked elsewhere | 409 booking_already_cancelled | 410 event_cancelled |

To cancel all that a booking has is to cancel the booking. An exchange gives as many admissions as it returns, so it
meets no limit of a hold or buyer. For its buyer it is a sale: it is refused before the sale's start, after its end, and
while sales are stopped. Staff exchange at any time.
"""

from __future__ import annotations

from collections.abc import Iterable

from holdfast import errors
from holdfast.errors import FieldError
from holdfast.errors.fields import FIELD
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.booking_change import Part, change_claims, planned_instead
from holdfast.inventory.rules.event import EventStatus
from holdfast.inventory.rules.holding import hold_of_booking
from holdfast.inventory.rules.name_lists import has_names, listed
from holdfast.inventory.rules.placing import refuse_too_many_seats, requested_by
from holdfast.inventory.rules.records import Claim, HoldRecord
from holdfast.inventory.rules.whole_tables import with_whole_tables


def cancel_part(state: BatchState, command: c.CancelAdmissions) -> Booking:
    hold = hold_of_booking(state, command.booking_id, command.authority)
    if hold.booking_status is BookingStatus.CANCELLED:  # so all that is named is cancelled
        state.changes.repeated = True
        return hold.to_booking(state)
    part = _named(state, hold, command.lines, "/lines")
    _refuse_parts_of_tables(state, hold, part, "/lines")
    if sum(part.values()) == hold.quantity:
        state.cancel_booking(hold, by=command.by)
    else:
        change_claims(state, hold, part, [], by=command.by)
    return hold.to_booking(state)


def exchange(state: BatchState, command: c.ExchangeAdmissions) -> Booking:
    hold = hold_of_booking(state, command.booking_id, command.authority)
    _refuse_exchange(state, hold, command.authority)
    if command.returns:
        part = _named(state, hold, command.returns, "/returns")
    else:
        part = {place: claim.quantity for place, claim in enumerate(hold.claims)}
    lines = with_whole_tables(state.seat_map, command.lines)
    wanted, returned = requested_by(lines), sum(part.values())
    if wanted != returned:
        text = FieldError.EXCHANGE_QUANTITY.format(field=FIELD, wanted=wanted, returned=returned)
        raise errors.InvalidInput.in_field("/lines", "not_allowed", text)
    if state.is_seated:
        refuse_too_many_seats(state, lines, wanted)
    part, added = _without_common(hold, part, planned_instead(state, hold, part, lines))
    _refuse_parts_of_tables(state, hold, part, "/returns")
    if part:
        change_claims(state, hold, part, added, by=command.by)
    else:
        state.changes.repeated = True
    return hold.to_booking(state)


def _refuse_exchange(state: BatchState, hold: HoldRecord, authority: c.Authority) -> None:
    if hold.booking_status is BookingStatus.CANCELLED:
        raise errors.BookingAlreadyCancelled(errors.BookingAlreadyCancelled.EXCHANGE)
    if state.event.status is EventStatus.CANCELLED:
        raise errors.EventCancelled
    if not authority.staff:
        refusal = state.event.refuse_sale(state.now)
        if refusal is not None:
            raise refusal


def _named(state: BatchState, hold: HoldRecord, lines: Iterable[c.Line], member: str) -> Part:
    """Return the part of a booking that the lines name."""
    places = {claim.seat: place for place, claim in enumerate(hold.claims) if claim.seat is not None}
    part: Part = {}
    for number, line in enumerate(lines):
        at = f"{member}/{number}"
        if isinstance(line, c.SeatsLine):
            for position, label in enumerate(line.labels):
                seat = None if state.seat_map is None else state.seat_map.number_of(label)
                place = None if seat is None else places.get(seat)
                pointer = f"{at}/seats/{position}"
                if place is None:
                    text = errors.NotInBooking.SEAT.format(label=label)
                    raise errors.NotInBooking(text, errors=(errors.NotInBooking.at(pointer, text),))
                if place in part:
                    twice = errors.DuplicateSeat.at(pointer)
                    raise errors.DuplicateSeat(f"Seat {label} is requested twice.", errors=(twice,))
                part[place] = 1
        elif isinstance(line, c.QuantityLine):
            area = _area_of(state, hold, line, at)
            _take_counted(hold, area, line.quantity, part, at)
    return part


def _area_of(state: BatchState, hold: HoldRecord, line: c.QuantityLine, at: str) -> int:
    """Return the number of the counted area that a line means: the one that it names, or the only one booked."""
    if line.area is not None:
        area = state.area_named(line.area)
        if area is None:
            text = errors.AreaUnknown.detail + has_names(each.name for each in state.counted_areas)
            raise errors.AreaUnknown(text, errors=(errors.AreaUnknown.at(f"{at}/area"),))
        return area.number
    booked: list[int] = [*dict.fromkeys(claim.area for claim in hold.claims if claim.seat is None)]
    if not booked:
        text = errors.NotInBooking.SEATS_ONLY
        raise errors.NotInBooking(text, errors=(errors.NotInBooking.at(f"{at}/quantity", text),))
    if len(booked) > 1:
        text = errors.AreaRequired.NAMES.format(names=listed(state.areas[each].name for each in booked))
        raise errors.AreaRequired(text, errors=(errors.AreaRequired.at(f"{at}/area"),))
    return booked[0]


def _take_counted(hold: HoldRecord, area: int, quantity: int, part: Part, at: str = "") -> None:
    """Add a quantity of a counted area to the part: the last admissions, so that the first tickets stay valid."""
    left = quantity
    for place, claim in reversed(list(enumerate(hold.claims))):
        if claim.seat is None and claim.area == area and left:
            taken = min(left, claim.quantity - part.get(place, 0))
            if taken:
                part[place] = part.get(place, 0) + taken
                left -= taken
    if left:
        text = errors.NotInBooking.QUANTITY.format(quantity=quantity - left)
        raise errors.NotInBooking(text, errors=(errors.NotInBooking.at(f"{at}/quantity", text),))


def _without_common(hold: HoldRecord, part: Part, added: list[Claim]) -> tuple[Part, list[Claim]]:
    """Return both without what they have in common: a seat that is in both stays, and so does a quantity."""
    claims = hold.claims
    new_seats = {claim.seat for claim in added if claim.seat is not None}
    kept = {claims[place].seat for place in part} & new_seats
    rest: Part = {
        place: quantity
        for place, quantity in part.items()
        if claims[place].seat is not None and claims[place].seat not in kept
    }
    counted: dict[int, int] = {}
    for place, quantity in part.items():
        if claims[place].seat is None:
            counted[claims[place].area] = counted.get(claims[place].area, 0) + quantity
    others: list[Claim] = []
    for claim in added:
        if claim.seat is not None:
            if claim.seat not in kept:
                others.append(claim)
            continue
        common = min(claim.quantity, counted.get(claim.area, 0))
        if common:
            counted[claim.area] -= common
        if claim.quantity > common:
            others.append(
                Claim(line=claim.line, area=claim.area, seat=None, quantity=claim.quantity - common)
            )
    for area, quantity in counted.items():
        if quantity:
            _take_counted(hold, area, quantity, rest)
    return rest, others


def _refuse_parts_of_tables(state: BatchState, hold: HoldRecord, part: Part, member: str) -> None:
    """Refuse to return some seats of a table that is sold whole, and to keep others."""
    seat_map = state.seat_map
    if seat_map is None or not seat_map.has_tables:
        return
    returned = {hold.claims[place].seat for place in part}
    kept = {claim.seat for claim in hold.claims if claim.seat is not None} - returned
    for seat in returned:
        if seat is not None and not kept.isdisjoint(seat_map.table_of(seat)):
            raise errors.InvalidInput.in_field(member, "not_allowed", FieldError.WHOLE_TABLE)
