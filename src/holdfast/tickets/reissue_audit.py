"""Reissue audit: the entry of the audit that says who issued a ticket again.

The audit is on the control database, and a reissue on its event's node. So the reissue writes a job in its own
transaction, and the job writes the entry: there is no reissue without its entry.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from holdfast.access.audit import Actor, record_once
from holdfast.delivery.jobs import Done, Job, NewJob, Outcome, make_job_id
from holdfast.ids import event_number_of
from holdfast.postgres.connections import Connections
from holdfast.tickets.ticket import ticket_reference

__all__ = ["KIND", "ReissueAudit", "reissue_job"]

_CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clock of the audit may be behind that of the event's node. An entry is looked for from then on."""

KIND = "ticket_reissued"
"""The kind of job that writes the entry of a reissue."""


def reissue_job(booking_id: UUID, number: int, revision: int, *, organisation: int, by: Actor) -> NewJob:
    """Return the job of a reissue, which gave the ticket this revision."""
    reference = ticket_reference(booking_id, number)
    return NewJob(
        id=make_job_id(event_number_of(booking_id) or 0),
        kind=KIND,
        subject=KIND,
        key=f"{KIND}:{booking_id}:{number}:{revision}",
        request={
            "organisation": organisation,
            "ticket": reference,
            "revision": revision,
            "principal": by.principal,
            "request_id": by.request_id,
            "address": by.address,
        },
    )


class ReissueAudit:
    """Writes the entries of reissues."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def act(self, job: Job) -> Outcome:
        """Write the entry, once however often the job runs."""
        asked = job.request
        by = Actor(principal=asked["principal"], request_id=asked["request_id"], address=asked["address"])
        since = job.created_at - _CLOCKS_DIFFER
        async with self._connections.changing() as connection:
            await record_once(
                connection,
                by,
                "ticket.reissued",
                f"ticket:{asked['ticket']}",
                since=since,
                organisation=asked["organisation"],
                revision=asked["revision"],
            )
        return Done(answer="The entry is written.")
