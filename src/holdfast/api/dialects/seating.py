"""Seating: the numbered seats of one event at one moment, as two dialects tell them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from holdfast.api.dialects.dialect import refuse_hidden
from holdfast.api.request import Request
from holdfast.errors import EventNotFound, Refusal, SeatNotFound
from holdfast.ids import split_seat_id
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.event import Event, EventStatus
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.rules.occupancy import Occupancy, Occupant
from holdfast.inventory.seating.seat_map import SeatMap

__all__ = ["Seating", "get_label", "get_seating", "hold_one_seat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """Every seat, and who has it. The holdings are the process's mirror: look at them before the next `await`."""

    event: Event
    seat_map: SeatMap
    occupancy: Occupancy | None
    now: datetime

    def holder_of(self, seat: int) -> Occupant | None:
        """Whoever has the seat now; a hold that has lapsed, or whose event was cancelled, has nothing."""
        occupant = None if self.occupancy is None else self.occupancy.by_seat.get(seat)
        if occupant is None or occupant.has_lapsed(self.now):
            return None
        if occupant.status == "held" and self.event.status is EventStatus.CANCELLED:
            return None
        return occupant


async def get_seating(request: Request, number: int) -> Seating:
    """Not older than the call. Raises EventNotFound, also for a draft that the caller may not see."""
    known = await request.inventory.event_store.find_known(number)
    moment = None if known is None else await request.inventory.queries.reads.find_moment(number)
    if known is None or moment is None:
        raise EventNotFound("There is no such event.")
    refuse_hidden(request, known.event)
    version = known.event.map_version
    seat_map = await request.inventory.queries.get_seat_map(number, version)
    occupancy = await request.inventory.occupancies.get_current(number, version) if version else None
    return Seating(event=known.event, seat_map=seat_map, occupancy=occupancy, now=moment[1])


async def get_label(inventory: Inventory, id: int) -> str:
    """The label of the seat with a dialect's integer id. Raises SeatNotFound."""
    number, seat = split_seat_id(id)
    known = await inventory.event_store.find_known(number)
    version = 0 if known is None else known.event.map_version
    seat_map = await inventory.queries.get_seat_map(number, version)
    if not 0 < seat <= seat_map.size:
        raise SeatNotFound("There is no such seat.")
    return seat_map.label_of(seat)


async def hold_one_seat(request: Request, number: int, label: str, *, buyer: str, seconds: int) -> Hold:
    """One seat for one user; the same user again, while it is held, gets the same hold.

    A refusal says which in its words alone: these formats have no lines for a pointer to point into.
    """
    command = c.PlaceHold(
        by=request.principal.id,
        hold_id=request.inventory.new_id(number),
        lines=(c.SeatsLine(labels=(label,)),),
        ttl_seconds=seconds,
        allow_partial=False,
        buyer=buyer,
        reuse=True,
    )
    try:
        hold: Hold = await request.inventory.execute(number, command)
    except Refusal as refusal:
        raise type(refusal)(refusal.detail, **refusal.facts) from None
    return hold
