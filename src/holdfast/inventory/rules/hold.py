"""Holds: a buyer's exclusive, timed claim on inventory."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from holdfast.inventory.rules.metadata import Metadata
from holdfast.value import value_class


class HoldStatus(StrEnum):
    ACTIVE = "active"  # -> confirmed | released | expired
    CONFIRMED = "confirmed"  # end: a booking exists
    RELEASED = "released"  # end: the buyer released it
    EXPIRED = "expired"  # end: it lapsed and was reclaimed


@value_class(frozen=True, slots=True, kw_only=True)
class HeldLine:
    """One granted line of a hold: seats by label, or a quantity of an area."""

    seats: tuple[str, ...] = ()
    category: str | None = None
    area: str | None = None
    quantity: int


@value_class(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold as its readers see it. `status` is exact at the time of the answer, lapsed or not."""

    id: UUID
    event_number: int
    event_id: UUID
    status: HoldStatus
    lines: tuple[HeldLine, ...]
    quantity: int
    requested: int
    placed_at: datetime
    expires_at: datetime
    server_time: datetime
    buyer: str | None = None
    buyer_name: str | None = None
    buyer_email: str | None = None
    metadata: Metadata | None = None
    booking_id: UUID | None = None
    seat_numbers: tuple[int, ...] = ()
