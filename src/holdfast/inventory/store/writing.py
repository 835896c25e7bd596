"""Writing: the statements of a batch's second round trip, from its net changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Attempt
from holdfast.inventory.rules.changes import Changes, NewBlock, NewBooking
from holdfast.inventory.rules.commands import StoredAnswer
from holdfast.inventory.rules.event import Area
from holdfast.inventory.rules.journal import is_structural
from holdfast.inventory.rules.records import Claim, HoldRecord
from holdfast.postgres import arrays

Statement = tuple[str, dict[str, Any]]
"""Name of a statement of `batch.sql`, and its parameters."""

EVENT_COLUMNS = (
    "name",
    "status",
    "venue",
    "time_zone",
    "starts_at",
    "on_sale_at",
    "off_sale_at",
    "sales_stopped",
    "hold_ttl_seconds",
    "max_hold_ttl_seconds",
    "max_per_hold",
    "max_per_buyer",
    "allow_partial",
    "map_version",
)


def statements(state: BatchState, version: int) -> Iterator[Statement]:
    """What a batch writes, in the order in which it must happen: claims are booked before they end (one batch may do
    both), and old ones end before new ones are inserted."""
    changes, now = state.changes, state.now
    yield from _rules(state, changes)
    booked = [id for id in changes.booked if id not in changes.new_holds]
    if booked:
        yield "book_claims", {"version": version, "hold_ids": arrays.ids(booked)}
    ended = [id for id in changes.ended if id not in changes.new_holds]
    if ended:
        yield "end_claims", {"version": version, "hold_ids": arrays.ids(ended)}
    if changes.moved_holds:
        moves = changes.moved_holds.values()
        statuses, expiries = [status for status, _ in moves], [expires_at for _, expires_at in moves]
        parameters = {"statuses": arrays.texts(statuses), "expiries": arrays.times(expiries)}
        yield "move_holds", {"ids": arrays.ids(changes.moved_holds), **parameters}
    if changes.new_holds:
        yield "insert_holds", {"now": now, **holds(changes.new_holds.values())}
    if changes.new_holds or changes.new_blocks:
        yield "insert_claims", {"version": version, **claims(claims_of(changes))}
    if changes.new_bookings:
        yield "insert_bookings", {"now": now, **bookings(changes.new_bookings)}
    for hold_id in changes.cancelled_bookings:
        yield "cancel_booking", {"now": now, "hold_id": hold_id}
    first_steps = [block for block in changes.new_blocks if block.first == 0]
    if first_steps:
        yield "insert_blocks", {"now": now, **_blocks(first_steps)}
    if changes.lifted_blocks:
        yield "lift_blocks", {"now": now, "ids": arrays.ids(changes.lifted_blocks)}
    if changes.attempts:
        yield "insert_attempts", {"now": now, **attempts(changes.attempts)}
    if changes.areas:
        yield "update_areas", counters(changes.areas.values())
    if changes.answers:
        yield "insert_answers", {"now": now, **answers(changes.answers)}
    if changes.replayed:
        yield "count_replays", {"scopes": arrays.blobs(changes.replayed)}
    if changes.journal:
        columns = {"structural": is_structural(changes.journal), "changes": Jsonb(changes.journal)}
        yield "insert_journal", {"version": version, "now": now, **columns}
    yield "update_inventory", {"version": version, "now": now, "reclaimed_until": changes.reclaimed_until}


def _rules(state: BatchState, changes: Changes) -> Iterator[Statement]:
    """The event's own columns, new areas, new seats."""
    if changes.new_areas:
        yield "insert_areas", area_columns(changes.new_areas)
    if changes.new_seats:
        yield "insert_seats", {"map_version": state.event.map_version, **seat_columns(changes.new_seats)}
    if changes.event:
        yield "update_event", {name: getattr(state.event, name) for name in EVENT_COLUMNS}


def area_columns(areas: Collection[Area]) -> dict[str, str]:
    return {
        "numbers": arrays.plain([area.number for area in areas]),
        "names": arrays.texts([area.name for area in areas]),
        "categories": arrays.texts([area.category for area in areas]),
        "seated": arrays.booleans([area.seated for area in areas]),
        "capacities": arrays.plain([area.capacity for area in areas]),
    }


def seat_columns(seats: Sequence[tuple[int, Any, int]]) -> dict[str, str]:
    """Of (seat number, SeatSpec, area number)."""
    return {
        "numbers": arrays.plain([number for number, _, _ in seats]),
        "labels": arrays.texts([seat.label for _, seat, _ in seats]),
        "areas": arrays.plain([area for _, _, area in seats]),
        "sections": arrays.texts([seat.section for _, seat, _ in seats]),
        "rows": arrays.texts([seat.row for _, seat, _ in seats]),
        "positions": arrays.plain([seat.position_in_row for _, seat, _ in seats]),
        "names": arrays.texts([seat.name for _, seat, _ in seats]),
        "guids": arrays.texts([seat.guid for _, seat, _ in seats]),
        "xs": arrays.plain([seat.x for _, seat, _ in seats]),
        "ys": arrays.plain([seat.y for _, seat, _ in seats]),
    }


def holds(holds: Collection[HoldRecord]) -> dict[str, str]:
    return {
        "ids": arrays.ids([hold.id for hold in holds]),
        "statuses": arrays.texts([hold.status for hold in holds]),
        "expiries": arrays.times([hold.expires_at for hold in holds]),
        "quantities": arrays.plain([hold.quantity for hold in holds]),
        "requested": arrays.plain([hold.requested for hold in holds]),
        "buyers": arrays.texts([hold.buyer for hold in holds]),
        "token_hashes": arrays.blobs([hold.token_hash for hold in holds]),
        "placed_by": arrays.texts([hold.by for hold in holds]),
    }


ClaimRow = tuple[UUID, int, Claim, str, bool, bool]
"""Hold or block, number within it, the claim, its kind, whether it was booked, whether it has ended already."""


def claims_of(changes: Changes) -> list[ClaimRow]:
    """One row a claim, numbered within its hold or block."""
    rows = [
        (hold.id, number, claim, "hold", hold.booking_id is not None, hold.id in changes.ended)
        for hold in changes.new_holds.values()
        for number, claim in enumerate(hold.claims)
    ]
    rows += [
        (block.id, number, claim, "block", False, block.id in changes.ended)
        for block in changes.new_blocks
        for number, claim in enumerate(block.claims, block.first)
    ]
    return rows


def claims(rows: Sequence[ClaimRow]) -> dict[str, str]:
    return {
        "hold_ids": arrays.ids([row[0] for row in rows]),
        "numbers": arrays.plain([row[1] for row in rows]),
        "lines": arrays.plain([row[2].line for row in rows]),
        "kinds": arrays.texts([row[3] for row in rows]),
        "areas": arrays.plain([row[2].area for row in rows]),
        "seats": arrays.plain([row[2].seat for row in rows]),
        "quantities": arrays.plain([row[2].quantity for row in rows]),
        "booked": arrays.booleans([row[4] for row in rows]),
        "ended": arrays.booleans([row[5] for row in rows]),
    }


def bookings(bookings: Collection[NewBooking]) -> dict[str, str]:
    return {
        "hold_ids": arrays.ids([booking.hold_id for booking in bookings]),
        "ids": arrays.ids([booking.id for booking in bookings]),
        "names": arrays.texts([booking.name for booking in bookings]),
        "emails": arrays.texts([booking.email for booking in bookings]),
        "confirmed_by": arrays.texts([booking.by for booking in bookings]),
    }


def _blocks(blocks: Collection[NewBlock]) -> dict[str, str]:
    return {
        "ids": arrays.ids([block.id for block in blocks]),
        "reasons": arrays.texts([block.reason for block in blocks]),
        "blocked_by": arrays.texts([block.by for block in blocks]),
    }


def attempts(attempts: Collection[Attempt]) -> dict[str, str]:
    return {
        "numbers": arrays.plain([attempt.number for attempt in attempts]),
        "quantities": arrays.plain([attempt.quantity for attempt in attempts]),
        "statuses": arrays.texts([attempt.status for attempt in attempts]),
        "booking_ids": arrays.plain([attempt.booking_id for attempt in attempts]),
    }


def counters(areas: Collection[Area]) -> dict[str, str]:
    return {
        "numbers": arrays.plain([area.number for area in areas]),
        "categories": arrays.texts([area.category for area in areas]),
        "capacities": arrays.plain([area.capacity for area in areas]),
        "held": arrays.plain([area.held for area in areas]),
        "booked": arrays.plain([area.booked for area in areas]),
        "blocked": arrays.plain([area.blocked for area in areas]),
    }


def answers(answers: Collection[tuple[bytes, bytes, StoredAnswer]]) -> dict[str, str]:
    return {
        "scopes": arrays.blobs([scope for scope, _, _ in answers]),
        "bodies": arrays.blobs([body for _, body, _ in answers]),
        "statuses": arrays.plain([answer.status for _, _, answer in answers]),
        "answers": arrays.blobs([answer.body for _, _, answer in answers]),
        "tokens_for": arrays.plain([answer.token_for for _, _, answer in answers]),
    }
