"""Changes: what one batch did to an event, as rows to write and as entries of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from holdfast.inventory.rules.booking import Attempt, Booking
from holdfast.inventory.rules.claim_changes import ClaimChanges
from holdfast.inventory.rules.commands import StoredAnswer
from holdfast.inventory.rules.event import Area
from holdfast.inventory.rules.hold import HoldStatus
from holdfast.inventory.rules.journal import Entry
from holdfast.inventory.rules.metadata import Metadata
from holdfast.inventory.rules.records import Claim, HoldRecord
from holdfast.inventory.seating.drawn_areas import MapDetails
from holdfast.inventory.seating.seat_map import SeatSpec


@dataclass(slots=True, kw_only=True)
class NewBooking:
    id: UUID
    hold_id: UUID
    name: str | None
    email: str | None
    by: str
    metadata: Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferredBooking:
    """`giver`: the booking as it was with the person who gave it away."""

    giver: Booking


@dataclass(slots=True, kw_only=True)
class NewBlock:
    id: UUID
    reason: str | None
    by: str
    claims: list[Claim]
    first: int
    """Number of the first claim. It is above 0 for a later step of a large block."""


JobRow = tuple[UUID, str, str, str, str]
"""An outward act that is due with the batch: (id, kind, subject, key, request as JSON)."""


@dataclass(slots=True)
class Changes:
    """Net changes of one batch. The store ends claims before it inserts new ones."""

    journal: list[Entry] = field(default_factory=list)
    new_holds: dict[UUID, HoldRecord] = field(default_factory=dict)
    """Records of holds placed in this batch."""
    moved_holds: dict[UUID, HoldStatus] = field(default_factory=dict)
    """New status of holds that existed before."""
    extended_holds: dict[UUID, datetime] = field(default_factory=dict)
    """New expiry of holds that existed before."""
    ended: dict[UUID, None] = field(default_factory=dict)
    """Holds and blocks whose live claims end."""
    booked: dict[UUID, None] = field(default_factory=dict)
    """Holds whose live claims become booked."""
    new_bookings: list[NewBooking] = field(default_factory=list)
    hold_metadata: dict[UUID, Metadata | None] = field(default_factory=dict)
    booking_metadata: dict[UUID, Metadata | None] = field(default_factory=dict)
    """By hold id. Metadata changes nothing that is sold, so it has no journal entry."""
    cancelled_bookings: list[UUID] = field(default_factory=list)
    """By hold id."""
    transfers: dict[UUID, TransferredBooking] = field(default_factory=dict)
    """By hold id."""
    claims: ClaimChanges = field(default_factory=ClaimChanges)
    """What bookings returned in part, and what they took instead."""
    new_blocks: list[NewBlock] = field(default_factory=list)
    lifted_blocks: list[UUID] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    event: dict[str, Any] = field(default_factory=dict)
    areas: dict[int, Area] = field(default_factory=dict)
    """Areas whose counters or capacity changed, with their new values."""
    new_areas: list[Area] = field(default_factory=list)
    named_areas: dict[int, Area] = field(default_factory=dict)
    """Areas with another name, category or state."""
    new_seats: list[tuple[int, SeatSpec, int]] = field(default_factory=list)
    """(seat number, status of the seat, area number)."""
    new_details: list[tuple[int, MapDetails]] = field(default_factory=list)
    """By version of the map; only those that are not empty."""
    answers: list[tuple[bytes, bytes, StoredAnswer]] = field(default_factory=list)
    """(scope, body, answer) of the new retry keys."""
    replayed: dict[bytes, None] = field(default_factory=dict)
    """Scopes of stored answers that are sent again. A replay writes, so that it waits for the standby as the
    first answer did."""
    repeated: bool = False
    """True if a repeated command without a key gets its first result again: a confirm, release, cancel or lift,
    or a step of the event's life. It also waits for the standby."""
    reclaimed_until: datetime | None = None
    jobs: Sequence[JobRow] = ()
    """Written with everything else, or not at all."""

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to write: the batch had only refusals without a key."""
        return not (
            self.journal
            or self.event
            or self.hold_metadata
            or self.booking_metadata
            or self.answers
            or self.attempts
            or self.replayed
            or self.repeated
            or self.reclaimed_until is not None
        )
