"""Booking links: who has lost a booking gets a link to it by mail.

A request is a job, whatever it names. So a right and a wrong one get the same answer, after the same work and the same
time, and only the owner of the mailbox learns which it was. The link works once, for 15 minutes.
"""

from __future__ import annotations

from uuid import UUID, uuid4

from holdfast.access.one_time_tokens import OneTimeTokens, Purpose
from holdfast.delivery.delivery import Delivery
from holdfast.delivery.jobs import NO_EVENT, Done, Job, NewJob, Outcome, make_job_id
from holdfast.delivery.mail.letter import Letter, Link
from holdfast.errors import BookingNotFound, LinkNotValid
from holdfast.identity import identity_of
from holdfast.inventory.hold_tokens import hash_token
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.commands import STAFF, Authority
from holdfast.inventory.rules.event import Event
from holdfast.languages import Language, known_language
from holdfast.postgres.connections import Connections

__all__ = ["BookingLinks"]

KIND = "booking_link"
"""The kind of job that looks for a booking."""


class BookingLinks:
    """Finds bookings for people who prove that they read the buyer's mail."""

    def __init__(self, inventory: Inventory, connections: Connections, delivery: Delivery) -> None:
        self._inventory = inventory
        self._connections = connections
        self._jobs = delivery.jobs
        self._language = delivery.mailer.language
        self._tokens = OneTimeTokens(connections, delivery.mailer)

    async def request(self, reference: str, email: str, *, language: str | None = None) -> None:
        """Have the booking looked for. The letter is in this language, or else in the server's own.

        The caller limits the attempts.
        """
        job = NewJob(
            id=make_job_id(NO_EVENT),
            kind=KIND,
            subject=KIND,
            key=f"{KIND}:{uuid4()}",
            request={"reference": reference, "email": email, "language": language},
        )
        await self._jobs.add(NO_EVENT, [job])

    async def act(self, job: Job) -> Outcome:
        """Mail a link to the buyer of each booking that fits. It goes to the address that the booking has."""
        queries, identity = self._inventory.queries, identity_of(job.request["email"])
        language = known_language(job.request.get("language"), self._language)
        sent = 0
        for booking in await queries.find_bookings(job.request["reference"]):
            email = booking.buyer_email
            if email is None or identity_of(email) != identity or await self._find(booking.id) is None:
                continue
            letter = _letter(email, booking, await queries.get_event(booking.event_number), language)
            async with self._connections.changing() as connection:
                await self._tokens.issue(
                    connection,
                    Purpose.BOOKING,
                    letter,
                    detail={"booking": str(booking.id), "transfers": booking.transfers},
                )
            sent += 1
        return Done(answer=f"{sent} sent.")

    async def open(self, secret: str) -> tuple[Booking, str]:
        """Return the booking of a link's secret, with the hold token that opens it. Raises LinkNotValid.

        The secret is a token that works once, or a booking's id, a dot and its hold's token, as in a letter that
        confirms the booking.
        """
        id, dot, hold_token = secret.partition(".")
        if not dot:
            return await self.use(secret)
        try:
            authority = Authority(token_hash=hash_token(hold_token))
            return await self._inventory.queries.get_booking(UUID(id), authority), hold_token
        except (ValueError, BookingNotFound):
            raise LinkNotValid from None

    async def use(self, token: str) -> tuple[Booking, str]:
        """Return the booking of a link, with the hold token that opens it, once. Raises LinkNotValid."""
        given = await self._tokens.find(Purpose.BOOKING, token)
        found = await self._find(UUID(given.detail["booking"]))
        transfers = given.detail.get("transfers", 0)
        if found is None or found[0].transfers != transfers:  # it is another person's by now
            raise LinkNotValid
        async with self._connections.changing() as connection:
            await self._tokens.take(connection, Purpose.BOOKING, token)
        return found

    async def _find(self, booking_id: UUID) -> tuple[Booking, str] | None:
        """Return a booking with its hold's token; None if no token of this server opens it.

        Such are bookings that were made with another server key, and those that only their buyer's account opens.
        """
        queries = self._inventory.queries
        try:
            booking = await queries.get_booking(booking_id, STAFF)
            hold_token = self._inventory.hold_tokens.hold_token(booking.hold_id, booking.transfers)
            return await queries.get_booking(
                booking_id, Authority(token_hash=hash_token(hold_token))
            ), hold_token
        except BookingNotFound:
            return None


def _letter(to: str, booking: Booking, event: Event, language: Language) -> Letter:
    number = f"{booking.reference[:4]}-{booking.reference[4:]}"
    return Letter(
        to=to,
        subject=language.gettext("Your booking %(number)s", number=number),
        paragraphs=[
            language.gettext(
                "Here are your tickets. The button works once, for 15 minutes, and needs no password."
            )
        ],
        facts=[
            (language.gettext("Event"), event.name),
            *([] if event.venue is None else [(language.gettext("Where"), event.venue)]),
            (language.gettext("Booking"), number),
        ],
        link=Link(label=language.gettext("Open my tickets"), path="/my/open", secret=True),
        closing=language.gettext(
            "If you did not ask for this, ignore this mail: nothing changes. Do not forward it."
        ),
        language=language.code,
    )
