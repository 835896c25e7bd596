"""Part of a booking: plans what it takes instead, and moves its claims, counters, seats and journal together.

Nothing here refuses, except that the plan of new admissions refuses as a hold does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from holdfast.ids import text_of
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.claim_changes import numbered
from holdfast.inventory.rules.journal import Exchanged, Reduced
from holdfast.inventory.rules.placing import LinesPlan
from holdfast.inventory.rules.records import (
    Claim,
    ClaimEnd,
    HoldRecord,
    NumberedClaim,
    quantities_of,
    seats_of,
)

Part = dict[int, int]
"""Place in a hold's claims -> admissions."""


def planned_instead(
    state: BatchState, hold: HoldRecord, part: Part, lines: tuple[c.Line, ...]
) -> list[Claim]:
    """Return what the lines take if the part counts as free. Raises the refusal of a hold.

    A line may name a seat of the part, and a quantity may be one of the part. The engine itself chooses none of its
    seats.
    """
    returned = [(hold.claims[place], quantity) for place, quantity in part.items()]
    seats = seats_of([claim for claim, _ in returned])
    if state.occupancy is not None and not all(isinstance(line, c.SeatsLine) for line in lines):
        state.picker((), max_freed=0)  # the picker begins before the seats look free
    before = {seat: state.moved_seats[seat] for seat in seats if seat in state.moved_seats}
    _count(state, returned, -1)
    state.moved_seats.update(dict.fromkeys(seats))
    is_planned = False
    try:
        added = LinesPlan(state, partial=False).lines(lines)
        is_planned = True
    finally:
        for seat in seats:
            del state.moved_seats[seat]
        state.moved_seats.update(before)
        _count(state, returned, 1)
        if not is_planned and state.occupancy is not None:
            state.occupancy.take_in_picker(seats)
    return added


def change_claims(
    state: BatchState, hold: HoldRecord, part: Part, added: Sequence[Claim], *, by: str
) -> None:
    """Return a part of a booking, and book the planned claims instead."""
    assert hold.booking_id is not None
    changes = state.changes.claims
    claims, end = numbered(hold.claims, state.claim_ends.get(hold.id))
    if hold.id in state.changes.new_holds and hold.id not in changes.quantities:
        for claim in claims:  # all of this hold's rows are written as added ones
            changes.add(hold.id, claim)
    returned: list[NumberedClaim] = []
    kept: list[NumberedClaim] = []
    for place, claim in enumerate(claims):
        leaving = part.get(place, 0)
        if leaving == claim.quantity:
            changes.give_back(hold.id, claim)
            returned.append(claim)
        elif leaving:
            rest = replace(claim, quantity=claim.quantity - leaving)
            first = (claim.ticket or 0) + rest.quantity
            gone = replace(claim, quantity=leaving, number=end.claim, ticket=first)
            end = replace(end, claim=end.claim + 1)
            changes.divide(hold.id, rest, gone)
            returned.append(gone)
            kept.append(rest)
        else:
            changes.keep(hold.id, claim)
            kept.append(claim)
    new, end = _new_claims(kept, added, end)
    for claim in new:
        changes.add(hold.id, claim)
    state.claim_ends[hold.id] = end
    hold.claims = [*kept, *new]
    hold.quantity = changes.quantities[hold.id] = sum(claim.quantity for claim in hold.claims)
    _move(state, hold, returned, new)
    _record(state, hold, returned, new, by=by)


def _new_claims(
    kept: Sequence[Claim], added: Sequence[Claim], end: ClaimEnd
) -> tuple[list[NumberedClaim], ClaimEnd]:
    """Return the claims with numbers and tickets that the booking never had, in lines that it does not have now."""
    taken = {claim.line for claim in kept}
    free = (line for line in range(len(taken) + len(added)) if line not in taken)
    lines: dict[int, int] = {}
    new: list[NumberedClaim] = []
    number, ticket = end.claim, end.ticket
    for claim in added:
        if claim.line not in lines:
            lines[claim.line] = next(free)
        new.append(
            NumberedClaim(
                line=lines[claim.line],
                area=claim.area,
                seat=claim.seat,
                quantity=claim.quantity,
                number=number,
                ticket=ticket,
            )
        )
        number, ticket = number + 1, ticket + claim.quantity
    return new, ClaimEnd(claim=number, ticket=ticket)


def _move(state: BatchState, hold: HoldRecord, returned: Sequence[Claim], new: Sequence[Claim]) -> None:
    """Move the counters and the seats. The plan took the new seats in the picker."""
    for claims, sign in ((returned, -1), (new, 1)):
        _count(state, [(claim, claim.quantity) for claim in claims], sign)
        state.changes.areas.update((claim.area, state.areas[claim.area]) for claim in claims)
    freed = seats_of(returned)
    state.moved_seats.update(dict.fromkeys(freed))
    state.moved_seats.update(dict.fromkeys(seats_of(new), hold.id))
    if freed and state.occupancy is not None:
        state.occupancy.free_in_picker(freed)
    if hold.buyer is not None:
        state.count_for(hold.buyer, hold.id, hold.quantity, None)


def _record(
    state: BatchState, hold: HoldRecord, returned: Sequence[Claim], new: Sequence[Claim], *, by: str
) -> None:
    assert hold.booking_id is not None
    entry: Reduced | Exchanged
    if new:
        entry = {
            "change": "exchanged",
            "hold": text_of(hold.id),
            "booking": text_of(hold.booking_id),
            "by": by,
            "areas": quantities_of(returned),
            "new_areas": quantities_of(new),
        }
        if new_seats := seats_of(new):
            entry["new_seats"] = new_seats
        if hold.buyer is not None:
            entry["buyer"] = hold.buyer
    else:
        entry = {
            "change": "reduced",
            "hold": text_of(hold.id),
            "booking": text_of(hold.booking_id),
            "by": by,
            "areas": quantities_of(returned),
        }
    if seats := seats_of(returned):
        entry["seats"] = seats
    state.changes.journal.append(entry)


def _count(state: BatchState, claims: Sequence[tuple[Claim, int]], sign: int) -> None:
    for claim, quantity in claims:
        state.areas[claim.area].booked += sign * quantity
