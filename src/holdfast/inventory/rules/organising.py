"""Rules for the organiser's commands: an event's life, its rules, its inventory, and blocks."""

from __future__ import annotations

from itertools import islice

from holdfast import errors
from holdfast.errors import FieldError
from holdfast.errors.fields import FIELD
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.areas import apply_areas, plan_areas, reclaim_to
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Block
from holdfast.inventory.rules.event import (
    MOVES,
    Area,
    EventStatus,
    FullEvent,
    in_full,
    sale_ends_first,
)
from holdfast.inventory.rules.journal import Step
from holdfast.inventory.rules.metadata import merged
from holdfast.inventory.rules.occupancy import Occupant
from holdfast.inventory.rules.records import Claim
from holdfast.inventory.seating.seat_map import MAX_SEATS, SeatMap


def publish(state: BatchState, command: c.PublishEvent) -> FullEvent:
    return _move(state, EventStatus.PUBLISHED, "published", command.by)


def cancel(state: BatchState, command: c.CancelEvent) -> FullEvent:
    """Cancel an event with one small change. From now on every live hold reads as released; the sweeper ends the
    rows."""
    return _move(state, EventStatus.CANCELLED, "event_cancelled", command.by)


def stop(state: BatchState, command: c.StopSales) -> FullEvent:
    _refuse_cancelled(state)
    if not state.event.sales_stopped:
        state.step_event("stopped", {"sales_stopped": True}, by=command.by)
    else:
        state.changes.repeated = True
    return in_full(state.event, state.areas.values())


def resume(state: BatchState, command: c.ResumeSales) -> FullEvent:
    _refuse_cancelled(state)
    if state.event.sales_stopped:
        state.step_event("resumed", {"sales_stopped": False}, by=command.by)
    else:
        state.changes.repeated = True
    return in_full(state.event, state.areas.values())


def change(state: BatchState, command: c.ChangeEvent) -> FullEvent:
    _refuse_cancelled(state)
    plans, added = plan_areas(state, command)
    _refuse_bad_seats(state, command)
    _refuse_bad_window(state, command)
    rules = state.event.rules.changed(command.rules)
    metadata = merged(state.event.metadata, command.metadata)
    columns = {name: value for name, value in command.changes.items() if getattr(state.event, name) != value}
    if columns or rules != state.event.rules:
        state.change_event(columns, rules, by=command.by)
    if metadata != state.event.metadata:
        state.set_metadata(metadata)
    apply_areas(state, plans, added, by=command.by)
    if command.seats:
        _add_seats(state, command)
    return in_full(state.event, state.areas.values())


def block(state: BatchState, command: c.BlockAdmissions) -> Block:
    """Block available admissions, all of them or nothing."""
    _refuse_cancelled(state)
    before = state.blocks.get(command.block_id)
    if command.extends and (before is None or before.lifted_at is not None):
        raise errors.BlockNotFound
    claims = _claims_of_seats(state, command) if command.labels else _claims_of_area(state, command)
    first = 0 if before is None else len(before.claims)
    made = state.block(command.block_id, claims, by=command.by, reason=command.reason, first=first)
    return made.to_block(state)


def keep_refusal(_state: BatchState, command: c.KeepRefusal) -> Block:
    raise command.refusal


def lift(state: BatchState, command: c.LiftBlock) -> Block:
    found = state.blocks.get(command.block_id)
    if found is None:
        raise errors.BlockNotFound
    if found.lifted_at is None:
        state.lift(found, by=command.by)
    else:
        state.changes.repeated = True
    return found.to_block(state)


def _move(state: BatchState, to: EventStatus, step: Step, by: str) -> FullEvent:
    status = state.event.status
    if status is to:
        state.changes.repeated = True
        return in_full(state.event, state.areas.values())
    if to not in MOVES[status]:
        if status is EventStatus.CANCELLED:
            raise errors.EventCancelled
        raise errors.InvalidTransition(f"A {status} event cannot become {to}.")
    state.step_event(step, {"status": to}, by=by)
    return in_full(state.event, state.areas.values())


def _refuse_cancelled(state: BatchState) -> None:
    if state.event.status is EventStatus.CANCELLED:
        raise errors.EventCancelled


def _refuse_bad_seats(state: BatchState, command: c.ChangeEvent) -> None:
    if not command.seats:
        return
    known = state.seat_map
    if len(command.seats) + (0 if known is None else known.size) > MAX_SEATS:
        raise errors.InvalidInput.in_field(
            "/seat_map", "too_many", f"{FIELD} must have at most {MAX_SEATS} seats in one event."
        )
    seen: set[str] = set()
    for seat in command.seats:
        if seat.label in seen or (known is not None and known.number_of(seat.label) is not None):
            raise errors.DuplicateSeat(errors.DuplicateSeat.EXISTS.format(label=seat.label))
        seen.add(seat.label)


def _refuse_bad_window(state: BatchState, command: c.ChangeEvent) -> None:
    on_sale_at = command.changes.get("on_sale_at", state.event.on_sale_at)
    off_sale_at = command.changes.get("off_sale_at", state.event.off_sale_at)
    if sale_ends_first(on_sale_at, off_sale_at):
        raise errors.InvalidInput.in_field("/off_sale_at", "out_of_range", FieldError.SALE_ENDS_FIRST)


def _add_seats(state: BatchState, command: c.ChangeEvent) -> None:
    version = state.event.map_version + 1
    known = state.seat_map
    if known is None:
        first, grown_map = 0, SeatMap.build(command.seats, version, categories=command.categories)
    else:
        first, grown_map = known.size, known.extended(command.seats, version, categories=command.categories)
    grown: dict[str, int] = {}
    for number, seat in enumerate(islice(grown_map.specs(), first, None), first + 1):
        area = state.area_of_category(seat.category)
        if area is None:
            area = Area(
                number=max(state.areas, default=0) + 1,
                name=seat.category,
                category=seat.category,
                seated=True,
                capacity=0,
            )
            state.add_area(area)
        area.capacity += 1
        state.changes.areas[area.number] = area
        grown[str(area.number)] = area.capacity
        state.changes.new_seats.append((number, seat, area.number))
    if not command.details.is_empty:
        state.changes.new_details.append((version, command.details))
    state.grow_map(version)
    state.changes.journal.append(
        {
            "change": "seats_added",
            "map_version": version,
            "count": len(command.seats),
            "areas": grown,
            "by": command.by,
        }
    )


def _claims_of_seats(state: BatchState, command: c.BlockAdmissions) -> list[Claim]:
    seats: dict[int, tuple[str, str]] = {}
    for position, label in enumerate(command.labels):
        pointer = f"/seats/{position}"
        seat = None if state.seat_map is None else state.seat_map.number_of(label)
        if seat is None:
            raise errors.SeatUnknown(
                errors.SeatUnknown.LABEL.format(label=label), errors=(errors.SeatUnknown.at(pointer),)
            )
        if seat in seats:
            raise errors.DuplicateSeat(
                f"Seat {label} is named twice.", errors=(errors.DuplicateSeat.at(pointer),)
            )
        seats[seat] = label, pointer
    claims: list[Claim] = []
    for seat, (label, pointer) in seats.items():
        holder = state.holder_of(seat)
        if isinstance(holder, Occupant) and holder.has_lapsed(state.now):
            state.reclaim(holder)
            holder = None
        if holder is not None:
            is_block = holder.kind == "block" if isinstance(holder, Occupant) else holder in state.blocks
            kind = errors.SeatBlocked if is_block else errors.SeatTaken
            raise kind(f"Seat {label} is not available.", errors=(kind.at(pointer),))
        claims.append(Claim(line=0, area=state.area_of_seat(seat).number, seat=seat, quantity=1))
    return claims


def _claims_of_area(state: BatchState, command: c.BlockAdmissions) -> list[Claim]:
    quantity = command.quantity or 0
    if command.area is not None:
        area = state.area_named(command.area)
        if area is None:
            raise errors.AreaUnknown(errors=(errors.AreaUnknown.at("/area"),))
    else:
        only = state.only_area
        if only is None:
            raise errors.AreaRequired(errors=(errors.AreaRequired.at("/area"),))
        area = only
    if area.free < quantity:
        reclaim_to(state, area, area.capacity - quantity)
    if area.free < quantity:
        raise errors.SoldOut(f"Only {area.free} admissions are available.", available=area.free)
    return [Claim(line=0, area=area.number, seat=None, quantity=quantity)]
