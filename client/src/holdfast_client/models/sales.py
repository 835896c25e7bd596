"""Sales: holds, bookings and tickets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

__all__ = [
    "Attendee",
    "Booking",
    "BookingLetter",
    "Buyer",
    "CheckedTicket",
    "Hold",
    "Line",
    "SharedTicket",
    "Ticket",
    "TicketSeat",
]


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
class BookingLetter:
    """A mail to the buyer of a booking."""

    to: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSeat:
    """The seat of a ticket. `name` is what stands on the chair, if the seat map says so."""

    label: str
    section: str = ""
    row: str = ""
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """One admission of an event with who booked it. `ticket` is its reference, `reference` that of its booking.

    `name` and `email` are None if the caller may not know them.
    """

    ticket: str
    number: int
    booking: UUID
    reference: str
    status: str
    seat: TicketSeat | None
    area: str | None
    category: str | None
    name: str | None
    email: str | None
    confirmed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The document for one admission of a booking: `valid`, later perhaps `void`.

    `number` counts the booking's admissions. `code` is what the QR code says; a void ticket has none.
    """

    reference: str
    number: int
    of: int
    booking: UUID
    event_number: int
    status: str
    seat: TicketSeat | None = None
    area: str | None = None
    category: str | None = None
    rehearsal: bool = False
    revision: int = 0
    reissued_at: datetime | None = None
    code: str | None = field(default=None, repr=False)
    """It lets its bearer in, so that no representation shows it."""
    link: str | None = field(default=None, repr=False)
    """The page of this ticket alone, from the server's root. Its bearer gets in, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTicket:
    """A ticket by its link: nothing of its buyer, and nothing of the other tickets of its booking."""

    reference: str
    number: int
    event_number: int
    event_name: str
    status: str
    venue: str | None = None
    time_zone: str | None = None
    starts_at: datetime | None = None
    seat: TicketSeat | None = None
    area: str | None = None
    category: str | None = None
    rehearsal: bool = False
    code: str | None = field(default=None, repr=False)
    """It lets its bearer in, so that no representation shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTicket:
    """What a code is worth at a door: `valid`, `void` or `unknown`. `reason` says why it lets nobody in."""

    verdict: str
    reason: str | None = None
    ticket: Ticket | None = None
