"""Offline list: what a door needs of an event's tickets while it has no network. No input or output happens here.

A code is on it as a truncated SHA-256, and a buyer as an initial: a lost phone gives away no code and no name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from holdfast.door.decide import Movement, Why
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.tickets.ticket import Admission, admissions_of, ticket_reference, void_reason
from holdfast.tickets.ticket_codes import TicketCodes, TicketName

__all__ = ["CODE_HASH_BYTES", "ListedTicket", "hash_code", "label_of", "listed_tickets"]

CODE_HASH_BYTES = 12
"""Of SHA-256. A wrong code fits one of a million tickets with a probability below 2^-76."""

_KNOWN_REISSUES = 3
"""The last codes of a reissued ticket that the list names. An older one is unknown to a door without a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTicket:
    """One code of the list. `why` is given for one that lets nobody in."""

    code_hash: str
    reference: str
    booking_id: UUID
    number: int
    label: str
    area: str | None
    category: str | None
    initial: str | None
    why: Why | None
    movements: Mapping[str, Movement]
    """The newest one on each list; that of everybody has the empty name."""


def hash_code(code: str) -> str:
    return sha256(code.encode()).digest()[:CODE_HASH_BYTES].hex()


def label_of(admission: Admission) -> str:
    """Return what stands on the ticket: the seat's label, or the area."""
    return admission.area or "" if admission.seat is None else admission.seat.label


def listed_tickets(
    booking: Booking,
    event: FullEvent,
    seat_map: SeatMap,
    codes: TicketCodes,
    *,
    first: int,
    limit: int,
    revisions: Mapping[tuple[UUID, int], int],
    movements: Mapping[tuple[UUID, int, str | None], Movement],
) -> Iterator[ListedTicket]:
    """Yield the codes of tickets from number `first` on: the present one of each, then void ones of before."""
    void = void_reason(booking, event)
    initial = (booking.buyer_name or "").strip()[:1] or None
    on_lists: dict[int, dict[str, Movement]] = {}
    for (id, number, on_list), movement in movements.items():
        if id == booking.id:
            on_lists.setdefault(number, {})[on_list or ""] = movement
    for admission in admissions_of(booking, event, seat_map, first=first, limit=limit):
        newest = booking.transfers + revisions.get((booking.id, admission.number), 0)
        for revision in range(newest, max(-1, newest - _KNOWN_REISSUES - 1), -1):
            name = TicketName(booking_id=booking.id, number=admission.number, revision=revision)
            why = None if void is None else Why(void.value)
            yield ListedTicket(
                code_hash=hash_code(codes.code_of(name)),
                reference=ticket_reference(booking.id, admission.number),
                booking_id=booking.id,
                number=admission.number,
                label=label_of(admission),
                area=admission.area,
                category=admission.category,
                initial=initial,
                why=Why.REISSUED if why is None and revision < newest else why,
                movements=on_lists.get(admission.number, {}),
            )
