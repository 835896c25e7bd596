"""Booking mail: what the buyers of bookings read, as jobs.

A booking's own transaction writes the job, so a booking that is lost mails nobody, and one that stands does. A buyer
with an account gets the mail at the account's address, unless the booking has another one. Only the job can look that
up: a batch reads nothing of accounts.

The buyers of a cancelled event are too many for one transaction: its cancellation writes a job that mails them page by
page. A buyer without a mail address gets nothing, and so do the buyers of a rehearsal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from holdfast.access.principals import ACCOUNT_PREFIX
from holdfast.access.users import Users
from holdfast.api.order_lines import order_lines
from holdfast.api.venue_time import in_zone
from holdfast.delivery.delivery import Delivery
from holdfast.delivery.jobs import Act, Done, Job, NewJob, Outcome, make_job_id
from holdfast.delivery.mail.letter import Enclosure, Letter, Link
from holdfast.errors import BookingNotFound, BuyerRequired, UserNotFound
from holdfast.inventory.queries import Queries
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.changes import JobRow
from holdfast.inventory.rules.commands import STAFF, Authority
from holdfast.inventory.rules.event import Event, EventStatus
from holdfast.inventory.rules.metadata import MAIL_LANGUAGE
from holdfast.inventory.rules.records import HoldRecord
from holdfast.languages import Language, known_language, mark

__all__ = ["ANNOUNCEMENT", "About", "BookingMail", "event_facts", "letter_of"]

ANNOUNCEMENT = "announcement"
"""The kind of job that mails the buyers of a cancelled event."""

ACCOUNT_LETTER = "account_letter"
"""The kind of job that finds out the address of a buyer with an account, and mails a booking there."""

_PAGE = 500


class About(StrEnum):
    """What a letter says of its booking. Each is written once (for a change: once each), unless staff ask again."""

    CONFIRMED = "confirmed"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    TRANSFERRED = "transferred"
    GIVEN_AWAY = "given-away"
    EVENT_CANCELLED = "event-cancelled"


class BookingMail:
    """Makes letters about bookings into jobs. `users` know the addresses of accounts."""

    def __init__(self, delivery: Delivery, users: Users) -> None:
        self.mailer = delivery.mailer
        self.jobs = delivery.jobs
        self._users = users

    def jobs_of(self, state: BatchState) -> list[JobRow]:
        """Return the jobs of what a batch has done to bookings."""
        changes, event = state.changes, state.event
        if event.rules.rehearsal:
            return []
        due = [(About.CONFIRMED, each.hold_id) for each in changes.new_bookings]
        due += [(About.CANCELLED, hold_id) for hold_id in changes.cancelled_bookings]
        due += [
            (About.CHANGED, hold_id)
            for hold_id in changes.claims.quantities
            if hold_id not in changes.cancelled_bookings
        ]
        due += [(About.TRANSFERRED, hold_id) for hold_id in changes.transfers]
        jobs: list[NewJob] = []
        for about, hold_id in due:
            record = state.holds[hold_id]
            if record.buyer_email is not None or _account_of(record) is not None:
                opens = record.token_hash is not None and self._is_own(record)
                time = f":{state.version + 1}" if about in _REPEATED else ""
                jobs.append(self._job_of(about, record.to_booking(state), event, opens=opens, time=time))
        for giver in (each.giver for each in changes.transfers.values()):
            if giver.buyer_email is not None:
                time = f":{state.version + 1}"
                jobs.append(self._job_of(About.GIVEN_AWAY, giver, event, opens=False, time=time))
        if changes.event.get("status") is EventStatus.CANCELLED:
            jobs.append(_announcement(event.number, before=None))
        return [(job.id, job.kind, job.subject, job.key, orjson.dumps(job.request).decode()) for job in jobs]

    def acts(self, queries: Queries) -> Mapping[str, Act]:
        """Return what does the jobs of these kinds."""

        async def announce(job: Job) -> Outcome:
            """Mail a page of a cancelled event's buyers, and leave the next page to another job."""
            number, before = job.event_number, job.request["before"]
            found = await queries.list_bookings(
                number,
                status=BookingStatus.CONFIRMED.value,
                before=None if before is None else UUID(before),
                limit=_PAGE,
            )
            event = await queries.get_event(number)
            jobs = [
                self._job_of(About.EVENT_CANCELLED, booking, event, opens=False)
                for booking in found
                if booking.buyer_email is not None or _account_of(booking) is not None
            ]
            if len(found) == _PAGE:
                jobs.append(_announcement(number, before=found[-1].id))
            await self.jobs.add(number, jobs)
            return Done(answer=f"{len(found)} bookings.")

        async def mail_account(job: Job) -> Outcome:
            booking = await queries.get_booking(UUID(job.request["booking"]), STAFF)
            address, language = await self.address_of(booking)
            if address is None:
                return Done(answer="The account no longer exists.")
            event = await queries.get_event(job.event_number)
            opens = bool(job.request.get("opens"))
            about, time = About(job.request["about"]), job.request.get("time", "")
            await self._post(about, booking, event, address, language, opens=opens, again=time)
            return Done(answer="The mail is a job.")

        return {ANNOUNCEMENT: announce, ACCOUNT_LETTER: mail_account}

    async def send_again(self, booking: Booking, event: Event, queries: Queries, *, request: str) -> Letter:
        """Mail a booking as it is now to its buyer, and return the letter. `request` names this wish.

        The same wish is done once. Raises BuyerRequired for a booking without an address.
        """
        address, language = await self.address_of(booking)
        if address is None:
            raise BuyerRequired(BuyerRequired.NO_EMAIL)
        about = About(booking.status.value)
        if about is About.CONFIRMED and event.status is EventStatus.CANCELLED:
            about = About.EVENT_CANCELLED
        opens = await self._is_opened(booking, queries)
        return await self._post(about, booking, event, address, language, opens=opens, again=f":{request}")

    def _is_own(self, hold: HoldRecord) -> bool:
        """Return whether a link that this server makes opens the hold's booking."""
        return self.mailer.hold_token_hash(hold.id, hold.transfers) == hold.token_hash

    async def _is_opened(self, booking: Booking, queries: Queries) -> bool:
        token_hash = self.mailer.hold_token_hash(booking.hold_id, booking.transfers)
        authority = Authority(token_hash=token_hash)
        try:
            await queries.get_booking(booking.id, authority)
        except BookingNotFound:
            return False
        return True

    async def _post(
        self,
        about: About,
        booking: Booking,
        event: Event,
        address: str,
        language: str | None,
        *,
        opens: bool,
        again: str = "",
    ) -> Letter:
        letter = self._letter(about, booking, event, to=address, opens=opens, language=language)
        await self.mailer.post(letter, cause=_cause(about, booking) + again, event_number=event.number)
        return letter

    def _letter(
        self,
        about: About,
        booking: Booking,
        event: Event,
        *,
        to: str,
        opens: bool,
        language: str | None = None,
    ) -> Letter:
        mailer = self.mailer
        return letter_of(
            about,
            booking,
            event,
            to=to,
            opens=opens,
            wallets=mailer.has_wallets,
            language=language or mailer.language,
        )

    async def address_of(self, booking: Booking) -> tuple[str | None, str | None]:
        """Return the address of the booking, or else of its buyer's account, and the language that this one keeps."""
        account = _account_of(booking)
        if booking.buyer_email is not None or account is None:
            return booking.buyer_email, None
        try:
            user = await self._users.get(account)
        except UserNotFound:
            return None, None
        return user.email, user.language

    def _job_of(self, about: About, booking: Booking, event: Event, *, opens: bool, time: str = "") -> NewJob:
        """Return the job of a letter to an address or to an account. `time` names one of several changes."""
        cause = _cause(about, booking) + time
        if booking.buyer_email is None:
            request = {"booking": str(booking.id), "about": about.value, "opens": opens, "time": time}
            return _new_job(ACCOUNT_LETTER, event.number, key=cause, request=request)
        letter = self._letter(about, booking, event, to=booking.buyer_email, opens=opens)
        return self.mailer.job_of(letter, cause=cause, event_number=event.number)


def letter_of(
    about: About,
    booking: Booking,
    event: Event,
    *,
    to: str,
    opens: bool,
    wallets: bool = False,
    language: str = "en",
) -> Letter:
    """Return the letter of a booking.

    Everything that the buyer gets with a booking belongs here: a link to its page, its tickets. `opens`: the token of
    its hold does open it. A booking that the command line sold has none. It is in the language that the booking keeps,
    or else in this one.
    """
    spoken = known_language((booking.metadata or {}).get(MAIL_LANGUAGE), language)
    subject, paragraph, closing = _TEXTS[about]
    is_valid = about in {About.CONFIRMED, About.CHANGED, About.TRANSFERRED}
    return Letter(
        to=to,
        subject=spoken.gettext(subject, event=event.name),
        paragraphs=[spoken.gettext(paragraph)],
        facts=list(_facts(booking, event, spoken)),
        link=_link(booking, spoken, wallets=wallets) if is_valid and opens else None,
        closing=spoken.gettext(closing),
        tickets=_tickets(booking, spoken, opens=opens, wallets=wallets) if is_valid else None,
        language=spoken.code,
    )


def _link(booking: Booking, language: Language, *, wallets: bool) -> Link:
    remark = language.gettext("There you also add each ticket to the wallet of your phone.")
    return Link(
        label=language.gettext("Open my tickets"),
        path="/my/open",
        opens=(
            str(booking.id),
            str(booking.hold_id),
            *([str(booking.transfers)] if booking.transfers else []),
        ),
        remark=remark if wallets else "",
    )


def _tickets(booking: Booking, language: Language, *, opens: bool, wallets: bool) -> Enclosure:
    """Return what the letter says of the tickets. The page finds a booking only by the address that it has."""
    is_found = opens and booking.buyer_email is not None
    linked = language.gettext("Each ticket, for the wallet of a phone or for a friend:")
    return Enclosure(
        booking=str(booking.id),
        name=f"tickets-{booking.reference}.pdf",
        attached=language.gettext(
            "Your tickets are attached. Show each code at the door, on the phone or on paper."
        ),
        missing=language.gettext(_ON_THE_PAGE if is_found else _AT_THE_BOX_OFFICE),
        linked=linked if wallets else "",
        transfers=booking.transfers,
    )


_REPEATED = (About.CHANGED, About.TRANSFERRED)
"""What may happen to a booking more than once."""

_ON_THE_PAGE = mark(
    "Your tickets are on the page of your booking. You find it in the shop under “My booking”, by the reference and "
    "this mail address."
)
_AT_THE_BOX_OFFICE = mark("The box office prints your tickets: name the reference.")


_TEXTS = {
    About.CONFIRMED: (
        mark("Your booking: %(event)s"),
        mark("Your booking is confirmed."),
        mark(
            "Do not forward this mail: it is worth as much as your tickets. The box office finds you by the reference."
        ),
    ),
    About.CHANGED: (
        mark("Your booking has changed: %(event)s"),
        mark("Your booking has changed. The tickets of what it no longer has are void."),
        mark("If you did not ask for this, write to the organiser at once."),
    ),
    About.TRANSFERRED: (
        mark("Your booking: %(event)s"),
        mark("This booking is yours now. Tickets that anybody had of it before are void."),
        mark(
            "Do not forward this mail: it is worth as much as your tickets. The box office finds you by the reference."
        ),
    ),
    About.GIVEN_AWAY: (
        mark("Your booking has gone to another person: %(event)s"),
        mark("Your booking has gone to another person. Your tickets are void."),
        mark("If you did not ask for this, write to the organiser at once."),
    ),
    About.CANCELLED: (
        mark("Your booking is cancelled: %(event)s"),
        mark("Your booking is cancelled, and its places are on sale again."),
        mark("If you did not ask for this, write to the organiser at once."),
    ),
    About.EVENT_CANCELLED: (
        mark("Cancelled: %(event)s"),
        mark("The event does not take place. Your booking is no longer valid."),
        mark("The organiser answers questions about your booking: name its reference."),
    ),
}


def _cause(about: About, booking: Booking) -> str:
    return f"booking-{about}:{booking.id}"


def _announcement(number: int, *, before: UUID | None) -> NewJob:
    """Return the job for the buyers whose bookings are older than this one; None: for all of them."""
    request = {"before": None if before is None else str(before)}
    return _new_job(ANNOUNCEMENT, number, key=f"{ANNOUNCEMENT}:{before}", request=request)


def _new_job(kind: str, number: int, *, key: str, request: Mapping[str, Any]) -> NewJob:
    return NewJob(id=make_job_id(number), kind=kind, subject=kind, key=key, request=request)


def _account_of(of: Booking | HoldRecord) -> int | None:
    """Return the account that has the booking, by the buyer's reference. Nobody else may give such a reference."""
    buyer = None if of.transfers else of.buyer
    if buyer is None or not buyer.startswith(ACCOUNT_PREFIX):
        return None
    number = buyer.removeprefix(ACCOUNT_PREFIX)
    return int(number) if number.isascii() and number.isdigit() else None


def _facts(booking: Booking, event: Event, language: Language) -> Iterator[tuple[str, str]]:
    yield language.gettext("Reference"), booking.reference
    yield from event_facts(event, language)
    yield language.gettext("Booked"), "; ".join(order_lines(booking.lines, language))
    if booking.buyer_name is not None:
        yield language.gettext("Name"), booking.buyer_name


def event_facts(event: Event, language: Language) -> Iterator[tuple[str, str]]:
    """Yield what a letter says of the event: its name, when it starts, and where."""
    yield language.gettext("Event"), event.name
    if event.starts_at is not None:
        starts, zone = in_zone(event.starts_at, event.time_zone), "" if event.time_zone else " UTC"
        yield language.gettext("Starts"), f"{language.day(starts)}, {language.clock(starts)}{zone}"
    if event.venue is not None:
        yield language.gettext("Venue"), event.venue
