"""Mailer: makes letters into jobs, and sends them. Without a mail server they are kept, and read in the mailbox."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from holdfast.delivery.jobs import NO_EVENT, Done, Job, JobListing, NewJob, Outcome, Parked, make_job_id
from holdfast.delivery.mail.letter import Letter, Link
from holdfast.delivery.mail.message import (
    RenderedLetter,
    build_message,
    parse_recipient,
    parse_sender,
    render_letter,
)
from holdfast.delivery.mail.smtp import SmtpServer
from holdfast.delivery.store import JobStore, Position

__all__ = ["Mail", "MailSettings", "Mailer"]

HoldToken = Callable[[UUID, int], str]
"""Derives the token of a hold after a number of transfers of its booking."""
TicketMaker = Callable[[UUID, str, int], Awaitable[bytes | None]]
"""Makes the tickets of a booking into a PDF, in the language of a code, after a number of transfers.

None if that fails, or takes too long for a mail."""
TicketLinker = Callable[[UUID, str, int], Awaitable[Sequence[tuple[str, str]]]]
"""Return for each ticket of a booking what it is called in a language, and the path of its own page."""

KIND = "mail"
_SUBJECT = "smtp"
_KEPT = "Kept: there is no mail server (HOLDFAST_SMTP_URL)."


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Where mail goes, whose it is, and the address that its links begin with.

    `is_public`: strangers reach that address, so a link of a letter to them leads somewhere.
    """

    server: SmtpServer | None = None
    sender: str = "Holdfast <holdfast@localhost>"
    base_url: str = "http://127.0.0.1:8000"
    is_public: bool = False
    has_wallets: bool = False
    """The page of a booking adds tickets to the wallet of a phone."""
    language: str = "en"
    """The code of the language of letters to people whose own is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as the mailbox shows it."""

    id: UUID
    to: str
    subject: str
    text: str
    html: str
    created_at: datetime
    status: str
    last_answer: str | None


class Mailer:
    """Callers write `job_of(letter)` in the transaction of its cause, or `post` it afterwards."""

    def __init__(
        self,
        jobs: JobStore,
        server_key: bytes,
        settings: MailSettings,
        *,
        hold_token: HoldToken | None = None,
    ) -> None:
        """`hold_token` derives the token of a hold, for links that open its booking."""
        self._jobs = jobs
        self._hold_token = hold_token
        self._key = hmac.digest(server_key, b"holdfast mail token", "sha256")
        self._settings = settings
        self._sender = parse_sender(settings.sender)
        self.make_tickets: TicketMaker | None = None
        """Set by who has the tickets. Without it a letter leaves without them."""
        self.link_tickets: TicketLinker | None = None
        """Set by who has the tickets, if their pages add them to the wallet of a phone."""
        self.has_wallets = settings.has_wallets
        self.language = settings.language

    @property
    def sends(self) -> bool:
        """Whether there is a mail server. Without one every mail is kept."""
        return self._settings.server is not None

    def hold_token_hash(self, hold: UUID, transfers: int) -> bytes | None:
        """Return SHA-256 of the token that a link to the hold's booking would have; None if it cannot be derived."""
        if self._hold_token is None:
            return None
        return sha256(self._hold_token(hold, transfers).encode("ascii")).digest()

    def job_of(self, letter: Letter, *, cause: str, event_number: int = NO_EVENT) -> NewJob:
        """Return the job of a letter. A second letter to the same person for the same cause is not written.

        If its link is secret, keep `token_hash(job.id)`: the link proves that its bearer reads this mail.
        """
        return NewJob(
            id=make_job_id(event_number),
            kind=KIND,
            subject=_SUBJECT,
            key=f"mail:{cause}:{letter.to}",
            request=letter.to_request(),
        )

    async def post(self, letter: Letter, *, cause: str, event_number: int = NO_EVENT) -> NewJob:
        """Write a letter in a transaction of its own, for a cause that is already committed."""
        job = self.job_of(letter, cause=cause, event_number=event_number)
        await self._jobs.add(event_number, [job])
        return job

    def token_of(self, job_id: UUID) -> str:
        """Return the token of a letter's secret link. Only the server key can make it, and nothing stores it."""
        return urlsafe_b64encode(hmac.digest(self._key, job_id.bytes, "sha256")).rstrip(b"=").decode("ascii")

    def token_hash(self, job_id: UUID) -> bytes:
        """Return SHA-256 of the token, which its issuer stores."""
        return sha256(self.token_of(job_id).encode("ascii")).digest()

    async def act(self, job: Job) -> Outcome:
        """Send a letter, or keep it if there is no mail server."""
        server, letter = self._settings.server, Letter.of_request(job.request)
        try:
            parse_recipient(letter.to)
        except ValueError:
            return Parked(answer="This is not one mail address.")
        if server is None:
            return Done(answer=_KEPT)
        tickets = await self._make_tickets(letter)
        links = await self._link_tickets(letter)
        rendered = self._render(letter, job.id, is_enclosed=tickets is not None, links=links)
        message = build_message(
            letter, rendered, sender=self._sender, job_id=job.id, at=job.created_at, tickets=tickets
        )
        return await server.send(message)

    async def _make_tickets(self, letter: Letter) -> bytes | None:
        if letter.tickets is None or self.make_tickets is None:
            return None
        enclosed = letter.tickets
        return await self.make_tickets(UUID(enclosed.booking), letter.language, enclosed.transfers)

    async def _link_tickets(self, letter: Letter) -> Sequence[tuple[str, str]]:
        """Return the names and addresses of the tickets' own pages; none if a stranger could not follow them."""
        if letter.tickets is None or not letter.tickets.linked or self.link_tickets is None:
            return ()
        if not self._settings.is_public:
            return ()
        enclosed = letter.tickets
        found = await self.link_tickets(UUID(enclosed.booking), letter.language, enclosed.transfers)
        return [(name, f"{self._settings.base_url}/{path}") for name, path in found]

    async def list_mail(self, *, before: Position | None = None, limit: int) -> Sequence[Mail]:
        """Return mails, sent and kept ones, newest first, with their secret links."""
        return [
            self._to_mail(job) for job in await self._jobs.list_jobs(kind=KIND, before=before, limit=limit)
        ]

    def _to_mail(self, job: JobListing) -> Mail:
        letter = Letter.of_request(job.request)
        rendered = self._render(letter, job.id)
        return Mail(
            id=job.id,
            to=letter.to,
            subject=letter.subject,
            text=rendered.text,
            html=rendered.html,
            created_at=job.created_at,
            status=job.status,
            last_answer=job.last_answer,
        )

    def _render(
        self,
        letter: Letter,
        job_id: UUID,
        *,
        is_enclosed: bool = False,
        links: Sequence[tuple[str, str]] = (),
    ) -> RenderedLetter:
        if letter.tickets is not None:
            where = letter.tickets.attached if is_enclosed else letter.tickets.missing
            letter = replace(letter, paragraphs=[*letter.paragraphs, where])
        address = self._address_of(letter.link, job_id)
        return render_letter(letter if address else replace(letter, link=None), address=address, links=links)

    def _address_of(self, link: Link | None, job_id: UUID) -> str:
        """Return where a link leads; "" if a stranger could not follow it."""
        if link is None:
            return ""
        address = self._settings.base_url + link.path
        if link.secret:
            return f"{address}#{self.token_of(job_id)}"
        if link.opens is None:
            return address
        if self._hold_token is None or not self._settings.is_public:
            return ""
        booking, hold, *transfers = link.opens
        return f"{address}#{booking}.{self._hold_token(UUID(hold), int(transfers[0]) if transfers else 0)}"
