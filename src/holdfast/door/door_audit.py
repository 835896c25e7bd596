"""Door audit: the entry of the audit that says who changed the rules of an event's doors.

The audit is on the control database, and the rules on their event's node. So the change writes a job in its own
transaction, and the job writes the entry.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from holdfast.access.audit import Actor, record_once
from holdfast.delivery.jobs import Done, Job, NewJob, Outcome, make_job_id
from holdfast.postgres.connections import Connections

__all__ = ["KIND", "DoorAudit", "door_job"]

_CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clock of the audit may be behind that of the event's node."""

KIND = "door_changed"
"""The kind of job that writes the entry of a change."""


def door_job(event_number: int, *, organisation: int, rules: str, at: datetime, by: Actor) -> NewJob:
    """Return the job of a change. `rules` are the new ones."""
    moment = at.isoformat()
    return NewJob(
        id=make_job_id(event_number),
        kind=KIND,
        subject=KIND,
        key=f"{KIND}:{event_number}:{moment}",
        request={
            "organisation": organisation,
            "event": event_number,
            "rules": rules,
            "at": moment,
            "principal": by.principal,
            "request_id": by.request_id,
            "address": by.address,
        },
    )


class DoorAudit:
    """Writes the entries of changes."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def act(self, job: Job) -> Outcome:
        """Write the entry, once however often the job runs."""
        asked = job.request
        by = Actor(principal=asked["principal"], request_id=asked["request_id"], address=asked["address"])
        async with self._connections.changing() as connection:
            await record_once(
                connection,
                by,
                "door.changed",
                f"event:{asked['event']}",
                since=job.created_at - _CLOCKS_DIFFER,
                organisation=asked["organisation"],
                rules=asked["rules"],
                at=asked["at"],
            )
        return Done(answer="The entry is written.")
