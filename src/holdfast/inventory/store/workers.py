"""Sweeping: what the workers find and tidy. Fan-out reads find the work, each write is routed to one event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from holdfast.postgres import queries
from holdfast.postgres.connections import Connections, Pool, fetch
from holdfast.postgres.rows import Table

SQL = queries.load("workers")


class WorkerStore:
    """The statements of the workers; each call is one transaction, or one for each event."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def find_unswept(self, most: int) -> list[int]:
        """Numbers of events whose holds' rows are to be rewritten, at most so many of each node."""
        return [
            number
            for pool in self._connections.all()
            for number in (await self._fetch(pool, "find_unswept", most=most)).column("event_number")
        ]

    async def take_lease(self, name: str, owner: UUID, seconds: float) -> bool:
        """Whether this owner does the job for the next seconds; a lease that it has already is prolonged."""
        control = self._connections.control()
        return bool(await self._fetch(control, "take_lease", job=name, owner=owner, seconds=seconds))

    async def delete_old_answers(self, hours: int, most: int) -> int:
        """How many answers of Idempotency-Keys are gone, at most so many of each node; 0: none is old."""
        deleted = 0
        for pool in self._connections.all():
            found = (await self._fetch(pool, "find_old_answers", hours=hours, most=most)).by("event_number")
            for number, answers in found.items():
                deleted += await self._delete("delete_answers", number, scopes=answers.column("scope"))
        return deleted + await self._delete_old_creations(hours, most)

    async def delete_old_attempts(self, days: int, most: int) -> int:
        """How many FAILED attempts are gone, at most so many of each node; 0: none is old."""
        deleted = 0
        for pool in self._connections.all():
            found = (await self._fetch(pool, "find_old_attempts", days=days, most=most)).by("event_number")
            for number, attempts in found.items():
                deleted += await self._delete("delete_attempts", number, numbers=attempts.column("number"))
        return deleted

    async def _delete_old_creations(self, hours: int, most: int) -> int:
        async with self._connections.use(self._connections.control()) as connection:
            found = await fetch(connection, SQL["find_old_creations"], {"hours": hours, "most": most})
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
