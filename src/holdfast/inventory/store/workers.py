"""The workers' statements. Fan-out reads find the work; each write is routed to one event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, Pool, fetch
from holdfast.postgres.fan_out import ask_everywhere
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
        found = await self._find("find_unswept", max_rows)
        return [number for table in found for number in table.column("event_number")]

    async def take_lease(self, name: str, owner: UUID, seconds: float) -> bool:
        """Take a job's lease for the next seconds, or prolong one's own. Return False if another owner has it."""
        control = self._connections.control()
        return bool(await self._fetch(control, "take_lease", job=name, owner=owner, seconds=seconds))

    async def delete_old_answers(self, hours: int, max_rows: int) -> int:
        """Delete old answers of Idempotency-Keys, max `max_rows` of each kind and node. Return their number; 0: none is
        old. Refusals of guests and buyers are old after minutes."""
        kinds = (("find_old_answers", {"hours": hours}), ("find_brief_answers", {"minutes": BRIEF_MINUTES}))
        deleted = 0
        for name, age in kinds:
            for table in await self._find(name, max_rows, **age):
                for number, answers in table.by("event_number").items():
                    deleted += await self._delete("delete_answers", number, scopes=answers.column("scope"))
        return deleted + await self._delete_old_creations(hours, max_rows)

    async def delete_old_attempts(self, days: int, max_rows: int) -> int:
        """Delete old FAILED attempts, max `max_rows` of each node. Return their number; 0: none is old."""
        deleted = 0
        for table in await self._find("find_old_attempts", max_rows, days=days):
            for number, attempts in table.by("event_number").items():
                deleted += await self._delete("delete_attempts", number, numbers=attempts.column("number"))
        return deleted

    async def _delete_old_creations(self, hours: int, max_rows: int) -> int:
        async with self._connections.use(self._connections.control()) as connection:
            found = await fetch(connection, SQL["find_old_creations"], {"hours": hours, "max_rows": max_rows})
            scopes = found.column("scope")
            if not scopes:
                return 0
            return (await connection.execute(SQL["delete_creations"], {"scopes": scopes})).rowcount

    async def _find(self, name: str, max_rows: int, **parameters: Any) -> list[Table]:
        """Return what a fan-out finds, max `max_rows` of each node."""
        given = {**parameters, "max_rows": max_rows}
        return await ask_everywhere(self._connections, SQL[name], given)

    async def _fetch(self, pool: Pool, name: str, **parameters: Any) -> Table:
        async with self._connections.use(pool) as connection:
            return await fetch(connection, SQL[name], parameters)

    async def _delete(self, name: str, number: int, **keys: Sequence[Any]) -> int:
        async with self._connections.use(self._connections.pool(number)) as connection:
            return (await connection.execute(SQL[name], {"event_number": number, **keys})).rowcount
