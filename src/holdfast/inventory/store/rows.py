"""Readers of rows. Each names the columns that it reads, which are those of `sql/columns.sql`."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from holdfast.inventory.rules import sale_rules
from holdfast.inventory.rules.booking import BookingStatus
from holdfast.inventory.rules.event import Area, AreaState, Event, EventStatus
from holdfast.inventory.rules.hold import HoldStatus
from holdfast.inventory.rules.metadata import Metadata
from holdfast.inventory.rules.records import BlockRecord, Claim, ClaimEnd, HoldRecord, NumberedClaim
from holdfast.inventory.rules.sale_rules import SaleRules
from holdfast.postgres.rows import RowReader, Table

Claims = dict[UUID, list[Claim]]
"""By hold or block."""

_EVENT_FIELDS = tuple(field.name for field in fields(Event))
_HOLD_COLUMNS = "id", "status", "placed_at", "expires_at", "quantity", "requested", "buyer", "token_hash"


@lru_cache(maxsize=1_024)
def rules_of(text: str) -> SaleRules:
    """The rules of a stored text. A missing rule has its default; the rule of a later version is left out.

    Each batch reads its event's rules, and most events share a few: a look-up costs less than an object.
    """
    stored = orjson.loads(text)
    return SaleRules(**{name: stored[name] for name in sale_rules.NAMES if name in stored})


def rules_text(rules: SaleRules) -> str:
    """Rules as their column takes them."""
    return orjson.dumps(rules.as_dict()).decode()


def metadata_of(text: str | None) -> Metadata | None:
    """The metadata of a stored text."""
    if text is None:
        return None
    found: Metadata = orjson.loads(text)
    return found


def metadata_text(metadata: Metadata | None) -> str | None:
    """Metadata as its column takes it."""
    return None if metadata is None else orjson.dumps(metadata).decode()


@lru_cache(maxsize=4_096)
def _event(*values: Any) -> Event:
    """An event's row seldom changes, and every batch and every read has it: the same row is the same object."""
    found = dict(zip(_EVENT_FIELDS, values, strict=True))
    found["status"] = EventStatus(found["status"])
    found["rules"] = rules_of(found["rules"])
    found["metadata"] = metadata_of(found["metadata"])
    return Event(**found)


def _area(  # noqa: PLR0917 - one parameter a column
    area_number: int,
    area_name: str,
    category: str | None,
    seated: bool,
    capacity: int,
    held: int,
    booked: int,
    blocked: int,
    area_state: str,
) -> Area:
    return Area(
        number=area_number,
        name=area_name,
        category=category,
        seated=seated,
        capacity=capacity,
        held=held,
        booked=booked,
        blocked=blocked,
        state=_AREA_STATES[area_state],
    )


# Calling an enum takes eight times as long as a look into a dict.
_AREA_STATES = {each.value: each for each in AreaState}
_HOLD_STATUSES = {each.value: each for each in HoldStatus}
_BOOKING_STATUSES = {each.value: each for each in BookingStatus}


def _hold(  # noqa: PLR0917 - one parameter a column
    id: UUID,
    status: str,
    placed_at: datetime,
    expires_at: datetime,
    quantity: int,
    requested: int,
    buyer: str | None,
    token_hash: bytes | None,
    booking_id: UUID | None = None,
    booking_status: str | None = None,
    confirmed_at: datetime | None = None,
    cancelled_at: datetime | None = None,
    buyer_name: str | None = None,
    buyer_email: str | None = None,
    metadata: str | None = None,
    transfers: int | None = None,
    transferred_at: datetime | None = None,
) -> HoldRecord:
    """The claims are in other rows."""
    return HoldRecord(
        id=id,
        status=_HOLD_STATUSES[status],
        placed_at=placed_at,
        expires_at=expires_at,
        quantity=quantity,
        requested=requested,
        buyer=buyer,
        token_hash=token_hash,
        claims=[],
        booking_id=booking_id,
        booking_status=_BOOKING_STATUSES[booking_status] if booking_status else None,
        confirmed_at=confirmed_at,
        cancelled_at=cancelled_at,
        buyer_name=buyer_name,
        buyer_email=buyer_email,
        metadata=metadata_of(metadata),
        transfers=transfers or 0,
        transferred_at=transferred_at,
    )


def _block(id: UUID, reason: str | None, blocked_at: datetime, lifted_at: datetime | None) -> BlockRecord:
    return BlockRecord(id=id, reason=reason, blocked_at=blocked_at, lifted_at=lifted_at, claims=[])


EVENT = RowReader(_event, ["event_number" if name == "number" else name for name in _EVENT_FIELDS])
AREA = RowReader(_area)
_HOLD = RowReader(_hold)
_LAPSED_HOLD = RowReader(_hold, _HOLD_COLUMNS)
_BLOCK = RowReader(_block)


def claims_of(table: Table) -> Claims:
    claims: Claims = {}
    for hold_id, line, area, seat, quantity in table.select(
        "hold_id", "line", "area_number", "seat_number", "quantity"
    ):
        claims.setdefault(hold_id, []).append(Claim(line=line, area=area, seat=seat, quantity=quantity))
    return claims


def numbered_claims_of(table: Table, ends: dict[UUID, ClaimEnd] | None = None) -> Claims:
    """Return the claims that bookings have, or had when they ended, with their numbers.

    Rows of what a booking returned before only add to `ends`, which has the bookings that have changed.
    """
    claims: Claims = {}
    counts: Counter[UUID] = Counter()
    tickets: dict[UUID, int] = {}
    for hold_id, line, area, seat, quantity, number, ticket, returned in table.select(
        "hold_id", "line", "area_number", "seat_number", "quantity", "claim_number", "ticket", "returned"
    ):
        counts[hold_id] += 1
        if ticket is not None:
            tickets[hold_id] = max(tickets.get(hold_id, 0), ticket + quantity)
        if not returned:
            claims.setdefault(hold_id, []).append(
                NumberedClaim(
                    line=line, area=area, seat=seat, quantity=quantity, number=number, ticket=ticket
                )
            )
    if ends is not None:
        ends.update(
            (hold_id, ClaimEnd(claim=counts[hold_id], ticket=ticket)) for hold_id, ticket in tickets.items()
        )
    return claims


def holds_of(table: Table, claims: Claims) -> list[HoldRecord]:
    """Return holds from rows that are left-joined with their bookings."""
    holds = list(_HOLD.read(table))
    for hold in holds:
        hold.claims = claims.get(hold.id, [])
    return holds


def blocks_of(table: Table, claims: Claims) -> list[BlockRecord]:
    blocks = list(_BLOCK.read(table))
    for block in blocks:
        block.claims = claims.get(block.id, [])
    return blocks


def lapsed_of(table: Table) -> list[HoldRecord]:
    """Return holds from rows that are joined with their claims, oldest expiry first. A hold has one row per claim."""
    found: dict[UUID, HoldRecord] = {}
    claimed = table.select("line", "area_number", "seat_number", "claimed")
    for hold, (line, area, seat, quantity) in zip(_LAPSED_HOLD.read(table), claimed, strict=True):
        found.setdefault(hold.id, hold).claims.append(
            Claim(line=line, area=area, seat=seat, quantity=quantity)
        )
    return list(found.values())
