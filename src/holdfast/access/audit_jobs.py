"""Audit jobs: the entries of the audit about what was done on an event's node.

The audit is on the control database. So such a change writes a job in its own transaction, and the job writes the
entry: there is no change without its entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from holdfast.access.audit import Actor, Audit
from holdfast.delivery.jobs import Act, Done, Job, NewJob, Outcome, make_job_id

__all__ = ["KIND", "audit_acts", "audit_job", "record_for_job"]

_CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clock of the audit may be behind that of the event's node. An entry is looked for from then on."""

KIND = "audit_entry"
"""The kind of job that writes an entry."""


def audit_job(
    event_number: int, by: Actor, action: str, object: str, *, organisation: int, **detail: Any
) -> NewJob:
    """Return the job of a change. `detail` differs from that of every other change of the object."""
    id = make_job_id(event_number)
    return NewJob(
        id=id,
        kind=KIND,
        subject=KIND,
        key=f"{KIND}:{id}",
        request={
            "organisation": organisation,
            "action": action,
            "object": object,
            "detail": detail,
            "principal": by.principal,
            "request_id": by.request_id,
            "address": by.address,
        },
    )


async def record_for_job(
    audit: Audit, job: Job, action: str, object: str, *, organisation: int, **detail: Any
) -> None:
    """Write the entry of a job, once however often the job runs. Its request says who caused it."""
    asked = job.request
    await audit.record_once(
        Actor(principal=asked["principal"], request_id=asked["request_id"], address=asked["address"]),
        action,
        object,
        since=job.created_at - _CLOCKS_DIFFER,
        organisation=organisation,
        **detail,
    )


def audit_acts(audit: Audit) -> Mapping[str, Act]:
    """Return what does the jobs of this kind."""

    async def write(job: Job) -> Outcome:
        asked = job.request
        await record_for_job(
            audit,
            job,
            asked["action"],
            asked["object"],
            organisation=asked["organisation"],
            **asked["detail"],
        )
        return Done(answer="The entry is written.")

    return {KIND: write}
