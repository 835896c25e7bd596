"""Ticket store: how often each ticket was issued again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from holdfast.delivery.jobs import NewJob
from holdfast.delivery.store import add_jobs, read_clock
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, fetch
from holdfast.postgres.rows import RowReader

__all__ = ["Revision", "TicketStore"]

SQL = queries.load("tickets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A ticket that was issued again."""

    ticket_number: int
    revision: int
    reissued_at: datetime
    reissued_by: str


_REVISION = RowReader(Revision)


class TicketStore:
    """The statements of tickets."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def list_revisions(
        self, number: int, booking_id: UUID, *, first: int, limit: int
    ) -> Mapping[int, Revision]:
        """Return the tickets of a booking that were issued again, by number, from number `first` on."""
        parameters = {"event_number": number, "booking_id": booking_id, "first": first, "max_rows": limit}
        found = await self._connections.ask(number, SQL["list_revisions"], parameters)
        return {each.ticket_number: each for each in _REVISION.read(found)}

    async def reissue(
        self,
        number: int,
        booking_id: UUID,
        ticket: int,
        *,
        by: str,
        retry_scope: bytes | None,
        job_of: Callable[[int], NewJob],
    ) -> None:
        """Give a ticket its next revision, with the job of it. A repeat under the same retry key changes nothing."""
        pool = self._connections.pool(number)
        async with self._connections.use(pool, writes=True) as connection, connection.transaction():
            parameters = {
                "event_number": number,
                "booking_id": booking_id,
                "ticket_number": ticket,
                "now": await read_clock(connection),
                "by": by,
                "scopes": [] if retry_scope is None else [retry_scope],
            }
            for (revision,) in (await fetch(connection, SQL["reissue_ticket"], parameters)).select(
                "revision"
            ):
                await add_jobs(connection, number, [job_of(revision)])
