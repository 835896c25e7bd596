"""Views: records of a batch, told as the nouns that people see."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Block, Booking, BookingStatus
from holdfast.inventory.rules.event import Event
from holdfast.inventory.rules.hold import HeldLine, Hold
from holdfast.inventory.rules.records import BlockRecord, Claim, HoldRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from holdfast.inventory.rules.event import Area
    from holdfast.inventory.seating.seat_map import SeatMap


def hold_view(
    hold: HoldRecord, *, event: Event, areas: Mapping[int, Area], seat_map: SeatMap | None, now: datetime
) -> Hold:
    return Hold(
        id=hold.id,
        event_number=event.number,
        event_id=event.id,
        status=hold.status_at(now, event.status),
        lines=held_lines(hold.claims, areas, seat_map),
        quantity=hold.quantity,
        requested=hold.requested,
        placed_at=hold.placed_at,
        expires_at=hold.expires_at,
        server_time=now,
        buyer=hold.buyer,
        booking_id=hold.booking_id,
        seat_numbers=tuple([claim.seat for claim in hold.claims if claim.seat is not None]),
    )


def booking_view(
    hold: HoldRecord,
    *,
    event: Event,
    areas: Mapping[int, Area],
    seat_map: SeatMap | None,
    created: bool = False,
) -> Booking:
    assert hold.booking_id is not None
    assert hold.confirmed_at is not None
    return Booking(
        id=hold.booking_id,
        event_number=event.number,
        event_id=event.id,
        event_status=event.status.value,
        hold_id=hold.id,
        status=hold.booking_status or BookingStatus.CONFIRMED,
        lines=held_lines(hold.claims, areas, seat_map),
        quantity=hold.quantity,
        confirmed_at=hold.confirmed_at,
        cancelled_at=hold.cancelled_at,
        buyer=hold.buyer,
        buyer_name=hold.buyer_name,
        buyer_email=hold.buyer_email,
        created=created,
        seat_numbers=tuple([claim.seat for claim in hold.claims if claim.seat is not None]),
    )


def block_view(
    block: BlockRecord, *, event: Event, areas: Mapping[int, Area], seat_map: SeatMap | None
) -> Block:
    lines = held_lines(block.claims, areas, seat_map)
    return Block(
        id=block.id,
        event_number=event.number,
        event_id=event.id,
        seats=tuple(label for line in lines for label in line.seats),
        area=next((line.area for line in lines if line.area is not None), None),
        quantity=sum(claim.quantity for claim in block.claims),
        reason=block.reason,
        blocked_at=block.blocked_at,
        lifted_at=block.lifted_at,
    )


def held_lines(
    claims: Sequence[Claim], areas: Mapping[int, Area], seat_map: SeatMap | None
) -> tuple[HeldLine, ...]:
    """Claims by the line that they were asked in; a line of seats names its category where all share one."""
    if len(claims) == 1 and claims[0].seat is None:
        return _counted_line(areas[claims[0].area].name, claims[0].quantity)
    if claims and claims[0].line == claims[-1].line:  # each line's stand together, so there is one
        return (_line(claims, areas, seat_map),)
    lines: dict[int, list[Claim]] = {}
    for claim in claims:
        lines.setdefault(claim.line, []).append(claim)
    return tuple(_line(group, areas, seat_map) for _, group in sorted(lines.items()))


@lru_cache(maxsize=4_096)
def _counted_line(area: str, quantity: int) -> tuple[HeldLine, ...]:
    """The commonest line of all; many holds share it."""
    return (HeldLine(area=area, quantity=quantity),)


def _line(group: Sequence[Claim], areas: Mapping[int, Area], seat_map: SeatMap | None) -> HeldLine:
    if group[0].seat is None:
        return HeldLine(area=areas[group[0].area].name, quantity=sum(claim.quantity for claim in group))
    assert seat_map is not None
    categories = {areas[claim.area].category for claim in group}
    return HeldLine(
        seats=tuple([seat_map.label_of(claim.seat) for claim in group if claim.seat is not None]),
        category=categories.pop() if len(categories) == 1 else None,
        quantity=len(group),
    )


def view(state: BatchState, hold: HoldRecord) -> Hold:
    return hold_view(hold, event=state.event, areas=state.areas, seat_map=_map(state), now=state.now)


def view_booking(state: BatchState, hold: HoldRecord, *, created: bool = False) -> Booking:
    return booking_view(hold, event=state.event, areas=state.areas, seat_map=_map(state), created=created)


def view_block(state: BatchState, block: BlockRecord) -> Block:
    return block_view(block, event=state.event, areas=state.areas, seat_map=_map(state))


def _map(state: BatchState) -> SeatMap | None:
    return state.occupancy.seat_map if state.occupancy is not None else None
