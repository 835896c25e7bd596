"""Seating: the numbered seats of one event at one moment, for the two dialects that show them."""

from __future__ import annotations

from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from holdfast.api.dialects.users import sold_number
from holdfast.api.hold_limits import count_hold
from holdfast.api.request import Request
from holdfast.api.v1.rights import refuse_hidden
from holdfast.errors import EventNotFound, Refusal, SeatNotFound
from holdfast.ids import split_seat_id
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.seating.seat_map import SeatMap

__all__ = ["Seating", "get_label", "get_seating", "hold_one_seat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """Every seat of the event. It is a view of the process's read model: use it before the next `await`."""

    seat_map: SeatMap
    taken: Container[int]
    """Numbers of the seats that are held, booked or blocked."""
    held_until: Mapping[int, datetime]
    """The expiry of each held seat."""
    buyers: Mapping[int, str]
    """The buyer of each held or booked seat, if the hold names one. Complete only `with_buyers`."""


async def get_seating(request: Request, number: int, *, with_buyers: bool = False) -> Seating:
    """Return the seats, current at the call. Raises EventNotFound, also for a hidden draft."""
    read_models = request.inventory.read_models
    read_model = await (read_models.get_with_buyers if with_buyers else read_models.get_current)(number)
    refuse_hidden(request.principal, read_model.event)
    return Seating(
        seat_map=read_model.seat_map,
        taken=read_model.taken,
        held_until=read_model.held_until(),
        buyers=read_model.buyers,
    )


async def get_label(request: Request, id: int) -> str:
    """Return the label of the seat with a dialect's integer id. Raises SeatNotFound, also for a seat of others."""
    inventory = request.inventory
    number, seat = split_seat_id(id)
    with suppress(EventNotFound):
        await sold_number(request, number)
        event = await inventory.queries.get_event(number)
        seat_map = await inventory.queries.get_seat_map(number, event.map_version)
        if 0 < seat <= seat_map.size:
            return seat_map.label_of(seat)
    raise SeatNotFound


async def hold_one_seat(request: Request, number: int, label: str, *, buyer: str, seconds: int) -> Hold:
    """Hold one seat for one user. A repeated call by the same user returns the same hold while it is live.

    Refusals carry no pointer, because these formats have no lines to point into.
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
        with await count_hold(request, command):
            hold: Hold = await request.inventory.execute(number, command)
    except Refusal as refusal:
        raise type(refusal)(refusal.detail, **refusal.facts) from None
    return hold
