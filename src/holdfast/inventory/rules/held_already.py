"""Held already: the live hold that a buyer has on exactly the seats that it names again."""

from __future__ import annotations

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.hold import HoldStatus
from holdfast.inventory.rules.holding import is_same_buyer
from holdfast.inventory.rules.occupancy import Occupant
from holdfast.inventory.rules.records import HoldRecord

__all__ = ["held_already"]


def held_already(state: BatchState, command: c.PlaceHold, lines: tuple[c.Line, ...]) -> HoldRecord | None:
    """Return the same buyer's live hold on exactly these seats, or None."""
    if state.occupancy is None or command.buyer is None:
        return None
    wanted = {
        state.occupancy.seat_map.number_of(label)
        for line in lines
        if isinstance(line, c.SeatsLine)
        for label in line.labels
    }
    if not wanted or None in wanted:
        return None
    holder = state.holder_of(next(seat for seat in wanted if seat is not None))
    if isinstance(holder, Occupant):
        mine = (
            holder.kind == "hold"
            and is_same_buyer(holder.buyer, command.buyer)
            and set(holder.seats) == wanted
        )
        if not mine or holder.booked or holder.has_lapsed(state.now):
            return None
        held = state.record_of(holder)
        return held if held.status is HoldStatus.ACTIVE else None
    record = None if holder is None else state.holds.get(holder)
    if (
        record is None
        or record.status is not HoldStatus.ACTIVE
        or not is_same_buyer(record.buyer, command.buyer)
    ):
        return None
    return record if {claim.seat for claim in record.claims} == wanted else None
