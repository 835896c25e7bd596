"""Records: a hold's and a block's rows, as a batch loads them and works on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from holdfast.inventory.rules.booking import BookingStatus
from holdfast.inventory.rules.event import EventStatus
from holdfast.inventory.rules.hold import HoldStatus


@dataclass(slots=True, kw_only=True)
class Claim:
    """One row of claims: a seat (quantity 1), or a quantity of an area."""

    line: int
    area: int
    seat: int | None
    quantity: int


class HoldRecord:
    """A hold's row, its claims and its booking, as loaded or as placed in this batch."""

    __slots__ = (
        "booking_id",
        "booking_status",
        "buyer",
        "buyer_email",
        "buyer_name",
        "by",
        "cancelled_at",
        "claims",
        "confirmed_at",
        "expires_at",
        "id",
        "placed_at",
        "quantity",
        "requested",
        "status",
        "token_hash",
    )

    def __init__(
        self,
        *,
        id: UUID,
        status: HoldStatus,
        placed_at: datetime,
        expires_at: datetime,
        quantity: int,
        requested: int,
        buyer: str | None,
        token_hash: bytes | None,
        claims: list[Claim],
        by: str = "",
        booking_id: UUID | None = None,
        booking_status: BookingStatus | None = None,
        confirmed_at: datetime | None = None,
        cancelled_at: datetime | None = None,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
    ) -> None:
        self.id = id
        self.status = status
        self.placed_at = placed_at
        self.expires_at = expires_at
        self.quantity = quantity
        self.requested = requested
        self.buyer = buyer
        self.token_hash = token_hash
        self.claims = claims
        self.by = by
        self.booking_id = booking_id
        self.booking_status = booking_status
        self.confirmed_at = confirmed_at
        self.cancelled_at = cancelled_at
        self.buyer_name = buyer_name
        self.buyer_email = buyer_email

    def status_at(self, now: datetime, event_status: EventStatus) -> HoldStatus:
        """What the hold is at `now`, whether or not anyone rewrote its row."""
        if self.status is HoldStatus.ACTIVE:
            if event_status is EventStatus.CANCELLED:
                return HoldStatus.RELEASED
            if self.expires_at <= now:
                return HoldStatus.EXPIRED
        return self.status

    @property
    def has_live_claims(self) -> bool:
        """Whether its claims still take inventory (lapsed or not)."""
        return self.status is HoldStatus.ACTIVE or (
            self.status is HoldStatus.CONFIRMED and self.booking_status is not BookingStatus.CANCELLED
        )


class BlockRecord:
    """A block's row and its claims."""

    __slots__ = ("blocked_at", "claims", "id", "lifted_at", "reason")

    def __init__(
        self,
        *,
        id: UUID,
        reason: str | None,
        blocked_at: datetime,
        lifted_at: datetime | None,
        claims: list[Claim],
    ) -> None:
        self.id = id
        self.reason = reason
        self.blocked_at = blocked_at
        self.lifted_at = lifted_at
        self.claims = claims
