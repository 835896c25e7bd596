"""Holds: a buyer's exclusive, timed claim on inventory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from holdfast.inventory.rules.metadata import Metadata
from holdfast.value import copier, value_class


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


class Shared:
    """What holds, or bookings, share that differ in their ids only. Their answers' common text is kept here."""

    __slots__ = ("text",)

    def __init__(self) -> None:
        self.text = b""


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
    shared: Shared | None = field(default=None, compare=False, repr=False)
    """The same for each hold of a batch that differs from this one in its id only; None if it is the only one."""


like_hold: Callable[[Hold, UUID, Shared | None], Hold] = copier(Hold, "id", "shared")
"""Returns a hold that differs from another one in its id only."""
