"""Tickets: the face of this context. It reads bookings by the inventory's face, and keeps only what was issued again.

A ticket is derived from its booking each time, so a sale writes nothing for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

import structlog

from holdfast.access.audit import Actor
from holdfast.access.audit_jobs import audit_job
from holdfast.errors import (
    BookingAlreadyCancelled,
    BookingNotFound,
    EventCancelled,
    LinkNotValid,
    TicketNotFound,
)
from holdfast.failures import traced
from holdfast.ids import event_number_of
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF, Authority
from holdfast.inventory.rules.event import FullEvent
from holdfast.languages import ENGLISH, Language, known_language
from holdfast.postgres.connections import Connections
from holdfast.tickets.pdf import PdfMaker
from holdfast.tickets.sheet_data import sheet_data
from holdfast.tickets.store import Revision, TicketStore
from holdfast.tickets.ticket import (
    Admission,
    NoEntry,
    Ticket,
    TicketStatus,
    address_of,
    admissions_of,
    last_number,
    ticket_reference,
    void_reason,
)
from holdfast.tickets.ticket_codes import TicketCodes, TicketName, ticket_page

__all__ = ["MAX_PRINTED", "BookingTickets", "CheckedTicket", "DoorVerdict", "Tickets", "refuse_void"]

log = structlog.get_logger(__name__)

MAX_PRINTED = 100
"""Tickets of one PDF."""

_MAX_LINKED = 10
"""Tickets that a mail links one by one."""

_MAIL_SECONDS = 9.0
"""How long a mail waits for its PDF: a third of a job's time, so that the mail server has the rest."""


class DoorVerdict(StrEnum):
    """What a door does with a code."""

    VALID = "valid"
    VOID = "void"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingTickets:
    """A booking with its event, and some of its tickets."""

    booking: Booking
    event: FullEvent
    tickets: Sequence[Ticket]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTicket:
    """What a code is worth at the door of one event."""

    verdict: DoorVerdict
    reason: NoEntry | None = None
    ticket: Ticket | None = None


class Tickets:
    """The tickets of one deployment's bookings."""

    def __init__(self, inventory: Inventory, connections: Connections, server_key: bytes) -> None:
        self._inventory = inventory
        self._store = TicketStore(connections)
        self._pdf = PdfMaker()
        self.pdf_of_mail = PdfMaker()
        """Its own one: a crowd of mails must not keep a buyer from the tickets that the page offers."""
        self.codes = TicketCodes(server_key)

    async def read(
        self, booking_id: UUID, authority: Authority, *, first: int = 1, limit: int
    ) -> BookingTickets:
        """Return a booking with tickets from number `first` on.

        Raises BookingNotFound, also if the authority gives no access to the booking.
        """
        queries = self._inventory.queries
        booking = await queries.get_booking(booking_id, authority)
        event = await queries.get_event(booking.event_number)
        seat_map = await queries.get_seat_map(event.number, event.map_version)
        admissions = list(admissions_of(booking, event, seat_map, first=first, limit=limit))
        span = admissions[-1].number - first + 1 if admissions else 0
        revisions = await self._store.list_revisions(event.number, booking_id, first=first, limit=span)
        return BookingTickets(
            booking=booking,
            event=event,
            tickets=[
                self._ticket(booking, event, admission, revisions.get(admission.number))
                for admission in admissions
            ],
        )

    async def read_one(self, booking_id: UUID, number: int, authority: Authority) -> BookingTickets:
        """Return a booking with one of its tickets. Raises BookingNotFound and TicketNotFound."""
        found = await self.read(booking_id, authority, first=number, limit=1)
        if not found.tickets or found.tickets[0].number != number:  # the booking never had it, or returned it
            raise TicketNotFound
        return found

    async def get(self, booking_id: UUID, number: int, authority: Authority) -> Ticket:
        """Return one ticket. Raises BookingNotFound and TicketNotFound."""
        return (await self.read_one(booking_id, number, authority)).tickets[0]

    async def open_link(self, token: str) -> BookingTickets:
        """Return the ticket of a link, and of its booking nothing that only the buyer may know. Raises LinkNotValid.

        The link ends when the ticket is issued again or returned. One of a cancelled booking shows a void ticket.
        """
        name = self.codes.read_link(token)
        if name is None:
            raise LinkNotValid
        try:
            found = await self.read_one(name.booking_id, name.number, STAFF)
        except (BookingNotFound, TicketNotFound):
            raise LinkNotValid from None
        if found.tickets[0].revision != name.revision:
            raise LinkNotValid
        bare = replace(found.booking, buyer=None, buyer_name=None, buyer_email=None, metadata=None)
        return replace(found, booking=bare)

    async def make_pdf_of_link(self, token: str, language: Language) -> bytes:
        """Return the ticket of a link to print, alone.

        Raises LinkNotValid, BookingAlreadyCancelled, EventCancelled; Busy and Unavailable.
        """
        found = await self.open_link(token)
        refuse_void(found.tickets[0])
        sheet = sheet_data(found.booking, found.event, found.tickets, language, alone=True)
        return await self._pdf.make(sheet)

    async def reissue(
        self,
        booking_id: UUID,
        number: int,
        authority: Authority,
        *,
        by: Actor,
        retry_scope: bytes | None = None,
    ) -> Ticket:
        """Issue a ticket again: its code so far becomes void. A repeat under the same retry key changes nothing.

        The audit of the event's organisation says who did it.

        Raises BookingNotFound, TicketNotFound, BookingAlreadyCancelled, EventCancelled.
        """
        found = await self.read_one(booking_id, number, authority)
        refuse_void(found.tickets[0])
        organisation = found.event.organisation
        ticket = f"ticket:{ticket_reference(booking_id, number)}"
        await self._store.reissue(
            found.event.number,
            booking_id,
            number,
            by=by.principal,
            retry_scope=retry_scope,
            job_of=lambda revision: audit_job(
                found.event.number,
                by,
                "ticket.reissued",
                ticket,
                organisation=organisation,
                revision=revision,
            ),
        )
        return await self.get(booking_id, number, authority)

    async def make_pdf(
        self, booking_id: UUID, authority: Authority, *, first: int = 1, language: Language = ENGLISH
    ) -> bytes:
        """Return a printable page for each ticket from number `first` on, max `MAX_PRINTED`.

        Raises BookingNotFound, TicketNotFound, BookingAlreadyCancelled, EventCancelled; Busy and Unavailable.
        """
        found = await self.read(booking_id, authority, first=first, limit=MAX_PRINTED)
        if not found.tickets:
            raise TicketNotFound
        refuse_void(found.tickets[0])
        return await self._pdf.make(sheet_data(found.booking, found.event, found.tickets, language))

    async def make_pdf_for_mail(
        self, booking_id: UUID, language: str = ENGLISH.code, transfers: int = 0
    ) -> bytes | None:
        """Return a page for each ticket; None if there are too many, if they are void, or if it takes too long.

        So it is, too, if the booking went to another person since `transfers`: a late mail to who gave it away has no
        ticket. The mail leaves in any case, so every failure is only logged.
        """
        try:
            async with asyncio.timeout(_MAIL_SECONDS):
                found = await self.read(booking_id, STAFF, limit=MAX_PRINTED)
                if (
                    found.booking.quantity > MAX_PRINTED
                    or found.booking.transfers != transfers
                    or void_reason(found.booking, found.event) is not None
                ):
                    return None
                spoken = known_language(language)
                sheet = sheet_data(found.booking, found.event, found.tickets, spoken)
                return await self.pdf_of_mail.make(sheet)
        except Exception as error:  # noqa: BLE001 - whatever fails, the buyer gets the mail
            log.warning("mail_without_tickets", booking=str(booking_id), exception=traced(error))
            return None

    async def links_for_mail(
        self, booking_id: UUID, language: str, transfers: int = 0
    ) -> Sequence[tuple[str, str]]:
        """Return a name and a page for each ticket of a small booking; none if they are void. No failure counts.

        There are none either if the booking went to another person since `transfers`.
        """
        try:
            found = await self.read(booking_id, STAFF, limit=_MAX_LINKED + 1)
        except Exception as error:  # noqa: BLE001 - whatever fails, the buyer gets the mail
            log.warning("mail_without_links", booking=str(booking_id), exception=traced(error))
            return ()
        if len(found.tickets) > _MAX_LINKED or found.booking.transfers != transfers:
            return ()
        spoken = known_language(language)
        return [
            (
                ", ".join(
                    [
                        spoken.gettext("Ticket %(number)s of %(of)s", number=ticket.number, of=ticket.of),
                        *(f"{spoken.gettext(part)} {value}" for part, value in address_of(ticket.admission)),
                    ]
                ),
                ticket_page(ticket.code),
            )
            for ticket in found.tickets
            if ticket.code is not None
        ]

    async def check(self, event_number: int, code: str) -> CheckedTicket:
        """Return what a code is worth at this event now. What belongs to another event stays unknown."""
        name = self.codes.read(code)
        if name is None:
            return CheckedTicket(verdict=DoorVerdict.UNKNOWN, reason=NoEntry.NOT_OURS)
        if event_number_of(name.booking_id) != event_number:
            return CheckedTicket(verdict=DoorVerdict.UNKNOWN, reason=NoEntry.OTHER_EVENT)
        try:
            ticket = await self.get(name.booking_id, name.number, STAFF)
        except TicketNotFound:  # it had it once, because the code is ours
            return CheckedTicket(verdict=DoorVerdict.VOID, reason=NoEntry.RETURNED)
        except BookingNotFound:  # a restored backup has lost it
            return CheckedTicket(verdict=DoorVerdict.UNKNOWN, reason=NoEntry.NOT_OURS)
        if ticket.void_reason is not None:
            return CheckedTicket(verdict=DoorVerdict.VOID, reason=ticket.void_reason, ticket=ticket)
        if ticket.revision != name.revision:
            return CheckedTicket(verdict=DoorVerdict.VOID, reason=NoEntry.REISSUED, ticket=ticket)
        return CheckedTicket(verdict=DoorVerdict.VALID, ticket=ticket)

    def _ticket(
        self, booking: Booking, event: FullEvent, admission: Admission, reissued: Revision | None
    ) -> Ticket:
        reason = void_reason(booking, event)
        revision = booking.transfers + (0 if reissued is None else reissued.revision)
        name = TicketName(booking_id=booking.id, number=admission.number, revision=revision)
        return Ticket(
            booking_id=booking.id,
            event_number=event.number,
            of=last_number(booking),
            admission=admission,
            status=TicketStatus.VALID if reason is None else TicketStatus.VOID,
            void_reason=reason,
            rehearsal=event.rules.rehearsal,
            revision=revision,
            reissued_at=max(
                (at for at in (booking.transferred_at, reissued and reissued.reissued_at) if at), default=None
            ),
            reissued_by=None if reissued is None else reissued.reissued_by,
            code=self.codes.code_of(name) if reason is None else None,
        )


def refuse_void(ticket: Ticket) -> None:
    """Raise BookingAlreadyCancelled or EventCancelled for a void ticket."""
    match ticket.void_reason:
        case NoEntry.BOOKING_CANCELLED:
            raise BookingAlreadyCancelled(BookingAlreadyCancelled.TICKETS)
        case NoEntry.EVENT_CANCELLED:
            raise EventCancelled
