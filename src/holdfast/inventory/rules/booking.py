"""Bookings: the confirmed sale of a hold; one hold has at most one. Attempts: results of instant bookings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from holdfast.ids import reference_of
from holdfast.inventory.rules.hold import HeldLine, Shared
from holdfast.inventory.rules.metadata import Metadata
from holdfast.value import copier, value_class


class BookingStatus(StrEnum):
    CONFIRMED = "confirmed"  # -> cancelled
    CANCELLED = "cancelled"  # end: its admissions returned


class AttemptStatus(StrEnum):
    CONFIRMED = "CONFIRMED"  # end
    FAILED = "FAILED"  # end


@value_class(frozen=True, slots=True, kw_only=True)
class Booking:
    """A booking as its readers see it. `created` is False if the booking existed before this answer."""

    id: UUID
    event_number: int
    event_id: UUID
    event_status: str
    hold_id: UUID
    status: BookingStatus
    lines: tuple[HeldLine, ...]
    quantity: int
    confirmed_at: datetime
    cancelled_at: datetime | None = None
    buyer: str | None = None
    buyer_name: str | None = None
    buyer_email: str | None = None
    metadata: Metadata | None = None
    created: bool = False
    transferred_at: datetime | None = None
    transfers: int = 0
    """How often it went to another person. Each time all its tickets and its token become other ones."""
    seat_numbers: tuple[int, ...] = ()
    ticket_runs: tuple[tuple[int, int], ...] = ()
    """(first ticket, number of tickets) of each part in the lines' order; empty if they count from 1 on."""
    shared: Shared | None = field(default=None, compare=False, repr=False)
    """As that of a hold."""

    @property
    def reference(self) -> str:
        """The short reference that people use for the booking."""
        return reference_of(self.id)


like_booking: Callable[[Booking, UUID, UUID, Shared | None], Booking] = copier(
    Booking, "id", "hold_id", "shared"
)
"""Returns a booking that differs from another one in its own id and its hold's only."""


@value_class(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The result of an instant booking: CONFIRMED with its booking, or FAILED with nothing taken."""

    number: int
    event_number: int
    quantity: int
    status: AttemptStatus
    created_at: datetime
    booking_id: UUID | None = None


@value_class(frozen=True, slots=True, kw_only=True)
class Block:
    """Admissions that the organiser took off sale."""

    id: UUID
    event_number: int
    event_id: UUID
    seats: tuple[str, ...]
    area: str | None
    quantity: int
    reason: str | None
    blocked_at: datetime
    lifted_at: datetime | None = None
