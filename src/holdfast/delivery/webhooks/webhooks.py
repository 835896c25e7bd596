"""Webhooks: makes notices into jobs of endpoints, and delivers them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import structlog

from holdfast.delivery.jobs import (
    NO_EVENT,
    Done,
    Job,
    JobListing,
    JobStatus,
    Later,
    NewJob,
    Outcome,
    Parked,
    make_job_id,
)
from holdfast.delivery.store import JobStore, Position
from holdfast.delivery.webhooks.address import ForbiddenAddress, parse_target, resolve
from holdfast.delivery.webhooks.endpoint import WebhookEndpoint
from holdfast.delivery.webhooks.post import post
from holdfast.delivery.webhooks.signature import WebhookSecrets
from holdfast.delivery.webhooks.store import Entry, WebhookStore
from holdfast.errors import HoldfastError
from holdfast.postgres.connections import Connections

__all__ = ["KIND", "TEST_KIND", "Webhooks"]

KIND = "webhook"
TEST_KIND = "webhook.test"
_TIMEOUT_SECONDS = 15.0
_GONE = 410

log = structlog.get_logger(__name__)


class Webhooks:
    """The endpoints of one database. `private`: they may have private addresses and plain HTTP."""

    def __init__(
        self, connections: Connections, jobs: JobStore, server_key: bytes, *, private: bool = False
    ) -> None:
        self.store = WebhookStore(connections)
        self.secrets = WebhookSecrets(server_key)
        self._jobs = jobs
        self._private = private

    def check_url(self, url: str) -> None:
        """Raise ForbiddenAddress for a URL that no delivery could use. Its name is resolved with each delivery."""
        parse_target(url, private=self._private)

    def job_of(
        self,
        endpoint: WebhookEndpoint,
        event_number: int,
        *,
        id: UUID,
        kind: str,
        at: datetime,
        data: Mapping[str, Any],
    ) -> NewJob:
        """Return the job that delivers a notice. Its bytes never change."""
        body = orjson.dumps({"type": kind, "timestamp": at, "data": data}, option=orjson.OPT_UTC_Z)
        return NewJob(
            id=make_job_id(event_number),
            kind=KIND,
            subject=str(endpoint.id),
            key=f"webhook:{endpoint.id}:{id}",
            request={"id": str(id), "type": kind, "body": body.decode()},
        )

    async def send_test(self, endpoint: WebhookEndpoint) -> UUID:
        """Send a notice of the kind `webhook.test`. Return the delivery's id."""
        job = self.job_of(
            endpoint,
            NO_EVENT,
            id=uuid4(),
            kind=TEST_KIND,
            at=datetime.now(UTC),
            data={"webhook": str(endpoint.id)},
        )
        await self._jobs.add(NO_EVENT, [job])
        return job.id

    async def list_deliveries(
        self, endpoint: WebhookEndpoint, *, before: Position | None, limit: int
    ) -> list[JobListing]:
        """Return an endpoint's deliveries, newest first."""
        return await self._jobs.list_jobs(kind=KIND, subject=str(endpoint.id), before=before, limit=limit)

    async def retry(self, endpoint: WebhookEndpoint, job_id: UUID) -> JobListing | None:
        """Make a delivery due now, and return it; None if it is not this endpoint's."""
        job = await self._jobs.find(job_id)
        if job is None or (job.kind, job.subject) != (KIND, str(endpoint.id)):
            return None
        await self._jobs.retry(job_id)
        return await self._jobs.find(job_id)

    async def retry_parked(self, endpoint: WebhookEndpoint) -> int:
        """Make every parked delivery due, for an endpoint that works again. Return their number."""
        retried = 0
        while page := await self._jobs.list_jobs(
            status=JobStatus.PARKED, kind=KIND, subject=str(endpoint.id), limit=500
        ):
            retried += sum([await self._jobs.retry(job.id) for job in page])
        return retried

    async def delete(self, endpoint: WebhookEndpoint, *, entry: Entry | None = None) -> None:
        """Forget an endpoint. What waits for a person is due again, and ends without being sent."""
        await self.store.delete(endpoint.id, entry=entry)
        await self.retry_parked(endpoint)

    async def disabled_subjects(self) -> Sequence[str]:
        """Return the subjects whose jobs wait until a person enables their endpoint."""
        return [str(each.id) for each in await self.store.list_endpoints() if each.status == "disabled"]

    async def act(self, job: Job) -> Outcome:
        """Deliver a notice once."""
        endpoint = await self.store.find(UUID(job.subject))
        if endpoint is None:
            return Done(answer="The endpoint no longer exists.")
        outcome = await self._deliver(endpoint, job)
        await self._note(endpoint, outcome)
        return outcome

    async def _deliver(self, endpoint: WebhookEndpoint, job: Job) -> Outcome:
        body = str(job.request["body"]).encode()
        signed = self.secrets.headers(endpoint, str(job.request["id"]), body, now=datetime.now(UTC))
        headers = {"Content-Type": "application/json", "User-Agent": "Holdfast", **signed}
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                target = parse_target(endpoint.url, private=self._private)
                address = await resolve(target, private=self._private)
                answer = await post(target, address, headers, body)
        except ForbiddenAddress as error:
            return Later(answer=f"Not sent: {error}.")
        except TimeoutError:
            return Later(answer=f"No answer within {_TIMEOUT_SECONDS:g} seconds.")
        except OSError as error:
            return Later(answer=f"{type(error).__name__}: {error}")
        text = f"{answer.status} {answer.body.decode(errors='replace')}".strip()
        if 200 <= answer.status < 300:
            return Done(answer=text, code=answer.status)
        if answer.status == _GONE:
            return Parked(answer=text, code=answer.status)
        return Later(answer=text, code=answer.status, seconds=_seconds_of(answer.retry_after))

    async def _note(self, endpoint: WebhookEndpoint, outcome: Outcome) -> None:
        """Record how the receiver does. A failure here loses only that record."""
        try:
            if isinstance(outcome, Done):
                if endpoint.failing_since is not None:
                    await self.store.note_success(endpoint.id)
                return
            if endpoint.failing_since is None:
                log.warning("webhook_fails", webhook=str(endpoint.id), answer=outcome.answer[:200])
            if await self.store.note_failure(endpoint.id, gone=outcome.code == _GONE):
                log.error("webhook_disabled", webhook=str(endpoint.id), answer=outcome.answer[:200])
        except HoldfastError as error:
            log.warning("webhook_state_not_recorded", webhook=str(endpoint.id), code=error.code)

    async def advance(
        self,
        endpoint: WebhookEndpoint,
        event_number: int,
        *,
        mark: int | None,
        version: int,
        jobs: Iterable[NewJob],
    ) -> bool:
        """Move an endpoint's mark in an event's journal, and write the jobs up to there."""
        return await self.store.advance(endpoint, event_number, mark=mark, version=version, jobs=jobs)


def _seconds_of(retry_after: str | None) -> float | None:
    """Return the seconds of `Retry-After`, a number or a date; None for anything else."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
