"""The workers' statements. Fan-out reads find the work; each write is routed to one event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, Pool, fetch
from holdfast.postgres.fan_out import ask_all_everywhere, ask_everywhere
from holdfast.postgres.rows import Table

SQL = queries.load("workers")
BRIEF_MINUTES = 15
"""How long refusals of guests and buyers are kept: longer than a client retries."""


class WorkerStore:
    """The statements of the workers. Each call is one transaction, or one for each event."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def find_unswept(self, max_rows: int) -> list[int]:
        """Return the numbers of events whose holds' rows must be rewritten, max `max_rows` of each node."""
        found = await ask_everywhere(self._connections, SQL["find_unswept"], {"max_rows": max_rows})
        return [number for table in found for number in table.column("event_number")]

    async def take_lease(self, name: str, owner: UUID, seconds: float) -> bool:
        """Take a job's lease for the next seconds, or prolong one's own. Return False if another owner has it."""
        control = self._connections.control()
        return bool(await self._fetch(control, "take_lease", job=name, owner=owner, seconds=seconds))

    async def delete_old_rows(self, *, answer_hours: int, attempt_days: int, max_rows: int) -> int:
        """Delete old answers of Idempotency-Keys and old FAILED attempts, max `max_rows` of each kind and node.

        Return their number; 0: none is old. Refusals of guests and buyers are old after minutes.
        """
        given = {"hours": answer_hours, "minutes": BRIEF_MINUTES, "days": attempt_days, "max_rows": max_rows}
        statements = [SQL["find_old_answers"], SQL["find_old_attempts"]]
        deleted = 0
        for answers, attempts in await ask_all_everywhere(self._connections, statements, given):
            for number, found in answers.by("event_number").items():
                deleted += await self._delete("delete_answers", number, scopes=found.column("scope"))
            for number, found in attempts.by("event_number").items():
                deleted += await self._delete("delete_attempts", number, numbers=found.column("number"))
        return deleted + await self._delete_old_creations(answer_hours, max_rows)

    async def _delete_old_creations(self, hours: int, max_rows: int) -> int:
        async with self._connections.use(self._connections.control()) as connection:
            found = await fetch(connection, SQL["find_old_creations"], {"hours": hours, "max_rows": max_rows})
            scopes = found.column("scope")
            if not scopes:
                return 0
            return (await connection.execute(SQL["delete_creations"], {"scopes": scopes})).rowcount

    async def _fetch(self, pool: Pool, name: str, **parameters: Any) -> Table:
        async with self._connections.use(pool) as connection:
            return await fetch(connection, SQL[name], parameters)

    async def _delete(self, name: str, number: int, **keys: Sequence[Any]) -> int:
        async with self._connections.use(self._connections.pool(number)) as connection:
            return (await connection.execute(SQL[name], {"event_number": number, **keys})).rowcount
