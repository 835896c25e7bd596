"""Mailer: makes letters into jobs, and sends them. Without a mail server they are kept, and read in the mailbox."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from holdfast.delivery.jobs import NO_EVENT, Done, Job, JobListing, NewJob, Outcome, Parked
from holdfast.delivery.mail.letter import Letter
from holdfast.delivery.mail.message import (
    RenderedLetter,
    build_message,
    parse_recipient,
    parse_sender,
    render_letter,
)
from holdfast.delivery.mail.smtp import SmtpServer
from holdfast.delivery.store import JobStore, Position, make_job_id

__all__ = ["Mail", "MailSettings", "Mailer"]

KIND = "mail"
_SUBJECT = "smtp"
_KEPT = "Kept: there is no mail server (HOLDFAST_SMTP_URL)."


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Where mail goes, whose it is, and the address that its links begin with."""

    server: SmtpServer | None = None
    sender: str = "Holdfast <holdfast@localhost>"
    base_url: str = "http://127.0.0.1:8000"


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

    def __init__(self, jobs: JobStore, server_key: bytes, settings: MailSettings) -> None:
        self._jobs = jobs
        self._key = hmac.digest(server_key, b"holdfast mail token", "sha256")
        self._settings = settings
        self._sender = parse_sender(settings.sender)

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
        rendered = self._render(letter, job.id)
        message = build_message(letter, rendered, sender=self._sender, job_id=job.id, at=job.created_at)
        return await server.send(message)

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

    def _render(self, letter: Letter, job_id: UUID) -> RenderedLetter:
        address = ""
        if letter.link is not None:
            address = self._settings.base_url + letter.link.path
            if letter.link.secret:
                address += f"#{self.token_of(job_id)}"
        return render_letter(letter, address=address)
