"""Writes: the statements of a batch's net changes, as one table in the order in which they must run."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from holdfast.identity import identity_of
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.event import Event
from holdfast.inventory.rules.journal import is_structural
from holdfast.inventory.rules.records import HoldRecord
from holdfast.inventory.store.inventory_inserts import INSERT_AREAS, INSERT_DETAILS, INSERT_SEATS
from holdfast.inventory.store.rows import metadata_text, rules_text
from holdfast.inventory.store.steps import BatchStep, Encoder
from holdfast.postgres.arrays import (
    blobs,
    booleans,
    ids,
    json_text,
    plain,
    sparse_texts,
    texts,
    times,
    times_or_nulls,
)

Row = tuple[Any, ...]

# Columns of an event's own row that may change, by how they are written.
_EVENT_COLUMNS: dict[str, Encoder] = {
    "name": texts,
    "status": texts,
    "venue": texts,
    "time_zone": texts,
    "starts_at": times_or_nulls,
    "on_sale_at": times_or_nulls,
    "off_sale_at": times_or_nulls,
    "sales_stopped": booleans,
    "map_version": plain,
}
_event_columns = attrgetter(*_EVENT_COLUMNS)


def _event_row(event: Event) -> Row:
    return (*_event_columns(event), rules_text(event.rules), metadata_text(event.metadata))


def _identity_beside(buyer: str) -> str | None:
    """Return the buyer's identity if it differs from the text: most texts are their own."""
    identity = identity_of(buyer)
    return None if identity == buyer else identity


def _transfer_row(hold: HoldRecord) -> Row:
    return hold.id, hold.buyer_name, hold.buyer_email, hold.transfers


def _hold_rows(state: BatchState) -> list[Row]:
    return [
        (
            hold.id,
            hold.status,
            hold.expires_at,
            hold.quantity,
            hold.requested,
            hold.buyer,
            None if hold.buyer is None else _identity_beside(hold.buyer),
            hold.buyer_name,
            hold.buyer_email,
            hold.token_hash,
            hold.by,
            None if hold.metadata is None else metadata_text(hold.metadata),
        )
        for hold in state.changes.new_holds.values()
    ]


def _claim_rows(state: BatchState) -> list[Row]:
    """Return one row per claim, numbered within its hold or block."""
    changes = state.changes
    rows: list[Row] = []
    for id, hold in changes.new_holds.items():
        if changes.claims.quantities and id in changes.claims.quantities:  # `_added_rows` has its claims
            continue
        booked, ended = hold.booking_id is not None, bool(changes.ended) and id in changes.ended
        for number, claim in enumerate(hold.claims):
            rows.append(
                (id, number, claim.line, "hold", claim.area, claim.seat, claim.quantity, booked, ended)
            )
    for block in changes.new_blocks:
        ended = block.id in changes.ended
        for number, claim in enumerate(block.claims, block.first):
            rows.append(
                (block.id, number, claim.line, "block", claim.area, claim.seat, claim.quantity, False, ended)
            )
    return rows


def _added_rows(state: BatchState) -> list[Row]:
    """Return one row per claim that a booking took instead of others."""
    return [
        (
            hold_id,
            number,
            each.claim.line,
            each.claim.area,
            each.claim.seat,
            each.claim.quantity,
            each.returned or hold_id in state.changes.ended,
            each.returned,
            each.claim.ticket,
        )
        for (hold_id, number), each in state.changes.claims.added.items()
    ]


def _counter_rows(state: BatchState) -> list[Row]:
    return [
        (area.number, area.category, area.capacity, area.held, area.booked, area.blocked)
        for area in state.changes.areas.values()
    ]


def _journal_rows(state: BatchState) -> list[Row]:
    """Return one row for the whole batch, or none if nothing happened."""
    journal = state.changes.journal
    if not journal:
        return []
    return [(is_structural(journal), json_text(journal))]


WRITES: tuple[BatchStep[BatchState], ...] = (
    INSERT_AREAS,
    INSERT_SEATS,
    INSERT_DETAILS,
    BatchStep(
        statement="update_event",
        rows=lambda state: [_event_row(state.event)] if state.changes.event else [],
        columns={**_EVENT_COLUMNS, "rules": texts, "metadata": texts},
        one_by_one=True,
    ),
    # Claims are booked before they end, because one batch may do both.
    BatchStep(
        statement="book_claims",
        rows=lambda state: [(id,) for id in state.changes.booked if id not in state.changes.new_holds],
        columns={"hold_ids": ids},
    ),
    # Claims end before new ones are inserted: a seat has one live claim. Those that a booking returned end first,
    # because the whole booking may end in the same batch.
    BatchStep(
        statement="change_claims",
        rows=lambda state: [
            (*key, claim.ticket, claim.quantity, claim.returned)
            for key, claim in state.changes.claims.changed.items()
        ],
        columns={
            "hold_ids": ids,
            "numbers": plain,
            "tickets": plain,
            "quantities": plain,
            "have_returned": booleans,
        },
        alone=True,
    ),
    BatchStep(
        statement="divide_claim",
        rows=lambda state: [
            (each.hold_id, each.number, each.new_number, each.ticket, each.quantity)
            for each in state.changes.claims.divisions
        ],
        columns={
            "hold_id": ids,
            "number": plain,
            "new_number": plain,
            "ticket": plain,
            "quantity": plain,
        },
        one_by_one=True,
        alone=True,
    ),
    BatchStep(
        statement="change_quantity",
        rows=lambda state: list(state.changes.claims.quantities.items()),
        columns={"id": ids, "quantity": plain},
        one_by_one=True,
        alone=True,
    ),
    BatchStep(
        statement="end_claims",
        rows=lambda state: [(id,) for id in state.changes.ended if id not in state.changes.new_holds],
        columns={"hold_ids": ids},
    ),
    BatchStep(
        statement="move_holds",
        rows=lambda state: [(to, id) for id, to in state.changes.moved_holds.items()],
        columns={"statuses": texts, "ids": ids},
        names=("status", "id"),
        grouped=True,
    ),
    BatchStep(
        statement="extend_holds",
        rows=lambda state: list(state.changes.extended_holds.items()),
        columns={"ids": ids, "expiries": times},
    ),
    BatchStep(
        statement="insert_holds",
        single="insert_hold",
        rows=_hold_rows,
        names=(
            "id",
            "status",
            "expires_at",
            "quantity",
            "requested",
            "buyer",
            "identity",
            "name",
            "email",
            "token_hash",
            "placed_by",
            "metadata",
        ),
        columns={
            "ids": ids,
            "statuses": texts,
            "expiries": times,
            "quantities": plain,
            "requests": plain,
            "buyers": texts,
            "identities": sparse_texts,
            "names": sparse_texts,
            "emails": sparse_texts,
            "token_hashes": blobs,
            "actors": texts,
            "metadatas": sparse_texts,
        },
    ),
    BatchStep(
        statement="insert_claims",
        single="insert_claim",
        rows=_claim_rows,
        names=("hold_id", "number", "line", "kind", "area", "seat", "quantity", "is_booked", "has_ended"),
        columns={
            "hold_ids": ids,
            "numbers": plain,
            "lines": plain,
            "kinds": texts,
            "areas": plain,
            "seats": plain,
            "quantities": plain,
            "are_booked": booleans,
            "have_ended": booleans,
        },
    ),
    BatchStep(
        statement="add_claims",
        rows=_added_rows,
        columns={
            "hold_ids": ids,
            "numbers": plain,
            "lines": plain,
            "areas": plain,
            "seats": plain,
            "quantities": plain,
            "have_ended": booleans,
            "have_returned": booleans,
            "tickets": plain,
        },
        alone=True,
    ),
    BatchStep(
        statement="insert_bookings",
        single="insert_booking",
        names=("hold_id", "id", "name", "email", "by", "metadata"),
        rows=lambda state: [
            (each.hold_id, each.id, each.name, each.email, each.by, metadata_text(each.metadata))
            for each in state.changes.new_bookings
        ],
        columns={
            "hold_ids": ids,
            "ids": ids,
            "names": sparse_texts,
            "emails": sparse_texts,
            "confirmed_by": texts,
            "metadatas": sparse_texts,
        },
    ),
    BatchStep(
        statement="change_hold",
        rows=lambda state: [(id, metadata_text(to)) for id, to in state.changes.hold_metadata.items()],
        columns={"id": ids, "metadata": texts},
        one_by_one=True,
    ),
    BatchStep(
        statement="change_booking",
        rows=lambda state: [(id, metadata_text(to)) for id, to in state.changes.booking_metadata.items()],
        columns={"hold_id": ids, "metadata": texts},
        one_by_one=True,
    ),
    BatchStep(
        statement="transfer_booking",
        rows=lambda state: [_transfer_row(state.holds[id]) for id in state.changes.transfers],
        columns={"hold_id": ids, "name": texts, "email": texts, "transfers": plain},
        one_by_one=True,
        alone=True,
    ),
    BatchStep(
        statement="transfer_hold",
        rows=lambda state: [(id, state.holds[id].token_hash) for id in state.changes.transfers],
        columns={"id": ids, "token_hash": blobs},
        one_by_one=True,
        alone=True,
    ),
    BatchStep(
        statement="cancel_booking",
        rows=lambda state: [(hold_id,) for hold_id in state.changes.cancelled_bookings],
        columns={"hold_id": ids},
        one_by_one=True,
    ),
    BatchStep(
        statement="insert_blocks",
        rows=lambda state: [
            (block.id, block.reason, block.by) for block in state.changes.new_blocks if block.first == 0
        ],
        columns={"ids": ids, "reasons": texts, "blocked_by": texts},
    ),
    BatchStep(
        statement="lift_blocks",
        rows=lambda state: [(id,) for id in state.changes.lifted_blocks],
        columns={"ids": ids},
    ),
    BatchStep(
        statement="insert_attempts",
        single="insert_attempt",
        names=("number", "quantity", "status", "booking_id"),
        rows=lambda state: [
            (each.number, each.quantity, each.status, each.booking_id) for each in state.changes.attempts
        ],
        columns={"numbers": plain, "quantities": plain, "statuses": texts, "booking_ids": ids},
    ),
    BatchStep(
        statement="insert_jobs",
        rows=lambda state: state.changes.jobs,
        columns={"ids": ids, "kinds": texts, "subjects": texts, "keys": texts, "requests": texts},
    ),
    BatchStep(
        statement="update_areas",
        single="update_area",
        rows=_counter_rows,
        names=("number", "category", "capacity", "held", "booked", "blocked"),
        columns={
            "numbers": plain,
            "categories": texts,
            "capacities": plain,
            "held_counts": plain,
            "booked_counts": plain,
            "blocked_counts": plain,
        },
    ),
    BatchStep(
        statement="name_areas",
        rows=lambda state: [
            (area.number, area.name, area.category, area.state) for area in state.changes.named_areas.values()
        ],
        columns={"numbers": plain, "names": texts, "categories": texts, "states": texts},
        alone=True,
    ),
    BatchStep(
        statement="insert_answers",
        single="insert_answer",
        rows=lambda state: [
            (scope, body, answer.status, answer.body, answer.token_for, answer.brief)
            for scope, body, answer in state.changes.answers
        ],
        names=("scope", "body", "status", "answer", "token_for", "is_brief"),
        columns={
            "scopes": blobs,
            "bodies": blobs,
            "statuses": plain,
            "answers": blobs,
            "tokens_for": ids,
            "are_brief": booleans,
        },
    ),
    BatchStep(
        statement="count_replays",
        rows=lambda state: [(scope,) for scope in state.changes.replayed],
        columns={"scopes": blobs},
    ),
    BatchStep(
        statement="insert_journal",
        rows=_journal_rows,
        columns={"structural": booleans, "changes": texts},
        one_by_one=True,
    ),
    BatchStep(
        statement="update_inventory",
        rows=lambda state: [(state.changes.reclaimed_until,)],
        columns={"reclaimed_until": times_or_nulls},
        one_by_one=True,
    ),
)
