"""Event messages: what an organiser writes to everybody who has booked, as jobs of mail.

A message is its words: the same subject and text to one event are one message, however often it is sent. A job mails
a page of bookings and leaves the next page to another job. Each address gets a message once. Buyers of a rehearsal,
and those without an address, get none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from holdfast.access.audit import Actor, Audit
from holdfast.access.audit_jobs import record_for_job
from holdfast.access.principals import ACCOUNT_PREFIX
from holdfast.api.booking_mail import BookingMail, event_facts
from holdfast.delivery.jobs import Act, Done, Job, NewJob, Outcome, make_job_id
from holdfast.delivery.mail.letter import Letter
from holdfast.delivery.mail.message import RenderedLetter, render_letter
from holdfast.identity import identity_of
from holdfast.inventory.queries import Queries
from holdfast.inventory.rules.booking import BookingStatus
from holdfast.inventory.rules.event import Event
from holdfast.inventory.rules.metadata import MAIL_LANGUAGE
from holdfast.languages import known_language, mark

__all__ = ["MESSAGE", "EventMessages", "SentMessage", "message_letter", "message_name"]

MESSAGE = "message"
"""The kind of job that mails a message to a page of an event's buyers."""

_PAGE = 500
_CLOSING = mark("You get this because you have booked this event. Its organiser wrote it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message, and how many of its letters are sent, wait, or wait for a person (`parked`)."""

    name: str
    subject: str
    paragraphs: Sequence[str]
    sent_by: str
    sent_at: datetime
    sent: int
    waiting: int
    parked: int
    is_complete: bool
    """Every reader has a letter by now."""


def message_name(event_number: int, subject: str, paragraphs: Sequence[str]) -> str:
    """Return what names a message: its words."""
    words = "\n".join([str(event_number), subject, *paragraphs])
    return sha256(words.encode()).hexdigest()[:16]


def message_letter(
    event: Event, subject: str, paragraphs: Sequence[str], *, to: str, language: str
) -> Letter:
    """Return the letter to one reader. Only what we add to the organiser's words is translated."""
    spoken = known_language(language)
    return Letter(
        to=to,
        subject=subject,
        paragraphs=list(paragraphs),
        facts=list(event_facts(event, spoken)),
        closing=spoken.gettext(_CLOSING),
        language=spoken.code,
    )


class EventMessages:
    """Makes messages into jobs. `booking_mail` knows the addresses of bookings."""

    def __init__(self, booking_mail: BookingMail) -> None:
        self._mailer = booking_mail.mailer
        self._jobs = booking_mail.jobs
        self._booking_mail = booking_mail

    async def send(self, event: Event, subject: str, paragraphs: Sequence[str], *, by: Actor) -> str:
        """Mail a message to everybody who has booked, and return its name. A repeat mails nobody."""
        name = message_name(event.number, subject, paragraphs)
        request = {
            "name": name,
            "subject": subject,
            "paragraphs": list(paragraphs),
            "before": None,
            "principal": by.principal,
            "request_id": by.request_id,
            "address": by.address,
        }
        await self._jobs.add(event.number, [_job(event.number, name, request)])
        return name

    async def count_readers(self, event_number: int, queries: Queries) -> tuple[int, int]:
        """Return how many people a message reaches, and how many bookings have no address."""
        return await queries.count_readers(event_number, ACCOUNT_PREFIX)

    def letter_for_nobody(self, event: Event, subject: str, paragraphs: Sequence[str]) -> RenderedLetter:
        """Return what a reader gets, in the server's own language."""
        letter = message_letter(event, subject, paragraphs, to="", language=self._mailer.language)
        return render_letter(letter, address="")

    async def list_messages(self, event_number: int, *, limit: int) -> list[SentMessage]:
        """Return an event's messages, newest first, for as long as their jobs are kept."""
        counts = await self._jobs.count_letters(event_number, prefix="mail:message:")
        jobs = await self._jobs.list_of_event(event_number, kind=MESSAGE)
        unfinished = {job.request["name"] for job in jobs if job.status != "done"}
        found = []
        for job in jobs:
            asked = job.request
            if asked["before"] is not None:
                continue
            by_status = counts.get(asked["name"], {})
            found.append(
                SentMessage(
                    name=asked["name"],
                    subject=asked["subject"],
                    paragraphs=asked["paragraphs"],
                    sent_by=asked["principal"],
                    sent_at=job.created_at,
                    sent=by_status.get("done", 0),
                    waiting=by_status.get("due", 0),
                    parked=by_status.get("parked", 0),
                    is_complete=asked["name"] not in unfinished,
                )
            )
        return found[:limit]

    def acts(self, queries: Queries, audit: Audit) -> Mapping[str, Act]:
        """Return what does the jobs of this kind."""

        async def write(job: Job) -> Outcome:
            number, asked = job.event_number, job.request
            before = None if asked["before"] is None else UUID(asked["before"])
            event = await queries.get_event(number)
            if before is None:
                await record_for_job(
                    audit,
                    job,
                    "message.sent",
                    f"event:{number}",
                    organisation=event.organisation,
                    message=asked["name"],
                    subject=asked["subject"],
                )
            if event.rules.rehearsal:
                return Done(answer="Nobody is mailed about a rehearsal.")
            found = await queries.list_bookings(
                number, status=BookingStatus.CONFIRMED.value, before=before, limit=_PAGE
            )
            letters: dict[str, NewJob] = {}
            for booking in found:
                address, own = await self._booking_mail.address_of(booking)
                if address is not None:
                    chosen = (booking.metadata or {}).get(MAIL_LANGUAGE, own)
                    letter = message_letter(
                        event,
                        asked["subject"],
                        asked["paragraphs"],
                        to=address,
                        language=chosen or self._mailer.language,
                    )
                    letters[identity_of(address)] = self._job_of(number, asked["name"], letter)
            jobs = list(letters.values())
            if len(found) == _PAGE:
                jobs.append(_job(number, asked["name"], {**asked, "before": str(found[-1].id)}))
            await self._jobs.add(number, jobs)
            return Done(answer=f"{len(found)} bookings.")

        return {MESSAGE: write}

    def _job_of(self, number: int, name: str, letter: Letter) -> NewJob:
        """Return the job of a letter. Another spelling of an address is the same reader."""
        job = self._mailer.job_of(letter, cause=f"message:{name}", event_number=number)
        return replace(job, key=f"mail:message:{name}:{identity_of(letter.to)}")


def _job(number: int, name: str, request: Mapping[str, Any]) -> NewJob:
    key = f"{MESSAGE}:{name}:{request['before']}"
    return NewJob(id=make_job_id(number), kind=MESSAGE, subject=MESSAGE, key=key, request=request)
