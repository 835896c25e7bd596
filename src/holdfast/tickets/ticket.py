"""Tickets of a booking: which admission each lets in, and whether it still does. No input or output happens here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from uuid import UUID

from holdfast.ids import reference_of
from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.event import Event, EventStatus, FullEvent
from holdfast.inventory.rules.hold import HeldLine
from holdfast.inventory.seating.seat_map import Seat, SeatMap
from holdfast.languages import mark

__all__ = [
    "Admission",
    "NoEntry",
    "Ticket",
    "TicketStatus",
    "address_of",
    "admissions_of",
    "last_number",
    "ticket_reference",
    "void_reason",
]


class TicketStatus(StrEnum):
    VALID = "valid"  # -> void
    VOID = "void"  # end: its booking or its event was cancelled


class NoEntry(StrEnum):
    """Why a ticket or a code lets nobody in."""

    BOOKING_CANCELLED = "booking_cancelled"
    EVENT_CANCELLED = "event_cancelled"
    RETURNED = "returned"
    REISSUED = "reissued"
    OTHER_EVENT = "other_event"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """One admission of a booking: a seat, or one of an area's quantity. `number` counts from 1, in the lines' order."""

    number: int
    area: str | None = None
    seat: Seat | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The document for one admission. Only a valid one has a code."""

    booking_id: UUID
    event_number: int
    of: int
    """The number of its booking's last ticket."""
    admission: Admission
    status: TicketStatus
    void_reason: NoEntry | None
    rehearsal: bool
    revision: int = 0
    """How often it was issued again. Each time, the code before became void."""
    reissued_at: datetime | None = None
    reissued_by: str | None = None
    code: str | None = None

    @property
    def number(self) -> int:
        return self.admission.number

    @property
    def reference(self) -> str:
        """The short name that people use for the ticket."""
        return ticket_reference(self.booking_id, self.number)


def ticket_reference(booking_id: UUID, number: int) -> str:
    return f"{reference_of(booking_id)}-{number}"


def void_reason(booking: Booking, event: Event) -> NoEntry | None:
    """Return why the tickets of a booking let nobody in; None if they do."""
    if booking.status is BookingStatus.CANCELLED:
        return NoEntry.BOOKING_CANCELLED
    return NoEntry.EVENT_CANCELLED if event.status is EventStatus.CANCELLED else None


def admissions_of(
    booking: Booking, event: FullEvent, seat_map: SeatMap, *, first: int, limit: int
) -> Iterator[Admission]:
    """Return admissions of a booking from number `first` on.

    Claims are never deleted or reordered, so an admission keeps its number, also after a cancellation. A number that
    the booking returned is nobody's.
    """
    left = limit
    for begin, count, line, at in sorted(_runs(booking), key=itemgetter(0)):
        start = max(first, begin)
        for number in range(start, min(begin + count, start + left)):
            yield _admission(line, number, at + number - begin, event, seat_map)
            left -= 1


def last_number(booking: Booking) -> int:
    """Return the number of a booking's last ticket."""
    return max((first + count - 1 for first, count in booking.ticket_runs), default=booking.quantity)


def _runs(booking: Booking) -> Iterator[tuple[int, int, HeldLine, int]]:
    """Return (first number, how many, line, place in the line) of tickets that follow each other."""
    runs, number = iter(booking.ticket_runs), 1
    for line in booking.lines:
        at = 0
        while at < line.quantity:
            first, count = next(runs, (number, line.quantity))
            yield first, count, line, at
            at, number = at + count, first + count


def address_of(admission: Admission) -> list[tuple[str, str]]:
    """Return the parts of an admission's address with their English names: section, row and seat, or the area."""
    seat = admission.seat
    if seat is None:
        return [(mark("Area"), admission.area or "")]
    before = f"{seat.section}-{seat.row}-"
    name = seat.name or seat.label.removeprefix(before)
    parts = [(mark("Section"), seat.section), (mark("Row"), seat.row), (mark("Seat"), name)]
    return [(part, value) for part, value in parts if value]


def _admission(line: HeldLine, number: int, at: int, event: FullEvent, seat_map: SeatMap) -> Admission:
    if line.area is not None:
        category = next((area.category for area in event.areas if area.name == line.area), None)
        return Admission(number=number, area=line.area, category=category)
    found = seat_map.number_of(line.seats[at])
    assert found is not None  # maps only grow
    seat = seat_map.seat(found)
    return Admission(number=number, seat=seat, category=seat.category)
