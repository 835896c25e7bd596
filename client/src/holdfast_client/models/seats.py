"""Seats and counts: what is available now, what has changed, and what is blocked."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = [
    "Availability",
    "Block",
    "Change",
    "Changes",
    "Counts",
    "PackedSeats",
    "Seat",
    "SeatChange",
    "Seats",
    "Snapshot",
    "StreamMessage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One seat: `available`, `held` (until a time), `booked` or `blocked`."""

    label: str
    status: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Each seat that changed since a version, with its current status."""

    seats: tuple[Seat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Admissions of one area or category; they add up to `capacity`."""

    name: str
    capacity: int
    available: int
    held: int
    booked: int
    blocked: int
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """What an event has left, exact at `as_of`.

    `etag` names this state; pass the whole object as `known` to fetch only a newer one. An answer to `since` has either
    `changes` or `reset`, which means: read everything again.
    """

    event: UUID
    event_number: int
    capacity: int
    available: int
    held: int
    booked: int
    blocked: int
    version: int
    as_of: datetime
    event_status: str = "published"
    map_version: int = 0
    areas: tuple[Counts, ...] = ()
    categories: tuple[Counts, ...] = ()
    changes: Changes | None = None
    reset: bool = False
    epoch: str = ""
    etag: str = ""

    @property
    def bookmark(self) -> str:
        """Where this answer stands in the event's history: the `id` of a message of the stream."""
        return f"{self.epoch}.{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """Seats of an event at one version. Without `all`, seats that are not listed are available."""

    event: UUID
    event_number: int
    version: int
    items: tuple[Seat, ...]
    event_status: str = "published"
    map_version: int = 0
    epoch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedSeats:
    """Every seat of an event at one version, packed. `lapsed` holds have run out since that version."""

    event: UUID
    event_number: int
    version: int
    state: str
    lapsed: int = 0
    event_status: str = "published"
    map_version: int = 0
    epoch: str = ""

    @property
    def statuses(self) -> tuple[str, ...]:
        """The status of each seat, in the order of `list_seats(event, all=True)`.

        A byte has four seats, so up to three more may follow the last seat.
        """
        words = ("available", "held", "booked", "blocked")
        return tuple(words[byte >> shift & 3] for byte in b64decode(self.state) for shift in (0, 2, 4, 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChange:
    """One change of a seat, and the event's version that made it."""

    at: datetime
    change: str
    version: int
    hold: UUID | None = None
    booking: UUID | None = None
    block: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMessage(Availability):
    """One message of an event's stream: a Snapshot or a Change. The stream can be resumed after its `id`.

    It has complete counts, as an Availability, and `seats`.
    """

    id: str = ""
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(StreamMessage):
    """Where to start, and to start again: `seats` are all that are not available."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(StreamMessage):
    """What is new: `seats` are those that changed since the last message, with their current status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Admissions that the organiser took off sale; `lifted_at` is None until they are lifted."""

    id: UUID
    event: UUID
    event_number: int
    seats: tuple[str, ...] = ()
    area: str | None = None
    quantity: int | None = None
    reason: str | None = None
    blocked_at: datetime | None = None
    lifted_at: datetime | None = None
