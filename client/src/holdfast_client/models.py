"""Models: the server's objects, as frozen dataclasses. Times are aware, in UTC; states are plain words.

A newer server may send words that this version does not know. Compare only with the words that you act on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some items of a list; `next` is the cursor of the next page, None on the last."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an event: an area or a category, and its number of admissions."""

    name: str
    capacity: int
    category: str | None = None
    id: int = 0
    """Names it in `change_event`."""
    closed: bool = False
    """True for an area where nothing more is sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One dated occurrence with its own inventory and sales window: `draft`, `published` or `cancelled`.

    `number` is a short id, accepted wherever `id` is. `map_version` is 0 without numbered seats.
    """

    id: UUID
    number: int
    name: str
    status: str
    capacity: int
    created_at: datetime
    map_version: int = 0
    venue: str | None = None
    time_zone: str | None = None
    starts_at: datetime | None = None
    on_sale_at: datetime | None = None
    off_sale_at: datetime | None = None
    sales_stopped: bool = False
    hold_ttl_seconds: int | None = None
    max_hold_ttl_seconds: int | None = None
    max_per_hold: int | None = None
    max_per_buyer: int | None = None
    allow_partial: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    rehearsal: bool = False
    areas: tuple[Part, ...] = ()
    categories: tuple[Part, ...] = ()


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
class MapSeat:
    """A seat of the map. Two seats of a row are neighbours if their positions are consecutive."""

    label: str
    position: int
    category: str
    x: float | None = None
    y: float | None = None
    name: str | None = None
    guid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow:
    """Seats from left to right."""

    name: str
    seats: tuple[MapSeat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapSection:
    """Rows from the front."""

    name: str
    rows: tuple[MapRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatMap:
    """One version of an event's seat map, which never changes. Categories are in order of preference."""

    event: UUID
    event_number: int
    map_version: int
    sections: tuple[MapSection, ...]
    categories: tuple[str, ...] = ()


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
class Line:
    """One granted line of a hold or booking: seats by label, or a quantity of an area."""

    seats: tuple[str, ...] = ()
    category: str | None = None
    area: str | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """The buyer. `reference` is your own account's id; an event's `max_per_buyer` counts by it, however it is spelt.

    A hold and its booking each have one. None: not known.
    """

    reference: str | None = None
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A buyer's exclusive, timed claim: `active`, then `confirmed`, `released` or `expired`.

    `hold_token` is the secret that proves it is yours. The server sends it once, in the answer to `place_hold`; the
    SDK keeps it in every later answer about the hold.
    """

    id: UUID
    event: UUID
    event_number: int
    status: str
    lines: tuple[Line, ...]
    quantity: int
    requested: int
    placed_at: datetime
    expires_at: datetime
    server_time: datetime
    buyer: Buyer = Buyer()
    metadata: Mapping[str, str] = field(default_factory=dict)
    booking: UUID | None = None
    hold_token: str | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """The confirmed sale of a hold: `confirmed`, later perhaps `cancelled`. `reference` names it to people.

    `hold_token` is the token that the call was given, or had in its hold: it opens the booking, too.
    """

    id: UUID
    reference: str
    event: UUID
    event_number: int
    hold: UUID
    status: str
    lines: tuple[Line, ...]
    quantity: int
    confirmed_at: datetime
    cancelled_at: datetime | None = None
    event_status: str | None = None
    buyer: Buyer = Buyer()
    metadata: Mapping[str, str] = field(default_factory=dict)
    hold_token: str | None = field(default=None, repr=False, compare=False)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeatMap:
    """A version of a venue's seat map; `seat_map` is the document as given, where it was read."""

    id: UUID
    version: int
    name: str
    capacity: int
    created_at: datetime | None = None
    seat_map: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that the server has sent, or kept. `status`: `due`, `done` or `parked`."""

    id: UUID
    to: str
    subject: str
    text: str = field(repr=False)
    """May have a secret link, so that no representation shows it."""
    html: str = field(repr=False)
    created_at: datetime
    status: str
    last_answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of notices. `secret` is known only where the call made one."""

    id: UUID
    url: str
    kinds: tuple[str, ...]
    description: str | None
    status: str
    reason: str | None
    failing_since: datetime | None
    created_at: datetime
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice to one webhook, and the receiver's last answer. `status`: `due`, `done` or `parked`."""

    id: UUID
    notice: UUID
    type: str
    status: str
    attempts: int
    created_at: datetime
    due_at: datetime | None = None
    last_answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that happened to an event. `data["id"]` is the same on every delivery."""

    type: str
    timestamp: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Notices, oldest first. `since` continues after them; `more` says whether more exist now."""

    items: tuple[Notice, ...]
    since: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The server's health; `ready` means that it can take traffic."""

    ready: bool
    status: str
