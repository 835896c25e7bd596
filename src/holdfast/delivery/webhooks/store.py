"""Webhook store: endpoints, and the marks up to which each event's journal became jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from holdfast.delivery.jobs import NewJob
from holdfast.delivery.store import add_jobs
from holdfast.delivery.webhooks.endpoint import WebhookEndpoint
from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import RowReader

__all__ = ["Entry", "WebhookStore"]

Entry = Callable[[Connection], Awaitable[None]]
"""Writes the entry of the audit in the transaction of the change, if there is one."""

SQL = queries.load("webhooks")
_FAILING_DAYS = 3
_ENDPOINT = RowReader(WebhookEndpoint)


class WebhookStore:
    """The statements of webhooks."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def insert(
        self,
        *,
        id: UUID,
        organisation: int,
        url: str,
        kinds: Sequence[str],
        description: str | None,
        by: str,
        entry: Entry | None = None,
    ) -> WebhookEndpoint | None:
        """Insert an endpoint; None if the id is taken."""
        return await self._write(
            "insert_endpoint",
            entry,
            id=id,
            organisation=organisation,
            url=url,
            kinds=list(kinds),
            description=description,
            created_by=by,
        )

    async def find(self, id: UUID) -> WebhookEndpoint | None:
        control = self._connections.control()
        return _ENDPOINT.first(await self._connections.ask_pool(control, SQL["get_endpoint"], {"id": id}))

    async def list_endpoints(self, organisation: int | None = None) -> list[WebhookEndpoint]:
        """Return the endpoints of an organisation, or of all, oldest first."""
        control = self._connections.control()
        wanted = {"organisation": organisation}
        return list(_ENDPOINT.read(await self._connections.ask_pool(control, SQL["list_endpoints"], wanted)))

    async def change(
        self,
        id: UUID,
        *,
        url: str,
        kinds: Sequence[str],
        description: str | None,
        status: str,
        entry: Entry | None = None,
    ) -> WebhookEndpoint | None:
        return await self._write(
            "change_endpoint",
            entry,
            id=id,
            url=url,
            kinds=list(kinds),
            description=description,
            status=status,
        )

    async def rotate(self, id: UUID, *, entry: Entry | None = None) -> WebhookEndpoint | None:
        """Give an endpoint a new secret."""
        return await self._write("rotate_endpoint", entry, id=id)

    async def delete(self, id: UUID, *, entry: Entry | None = None) -> None:
        """Forget an endpoint."""
        await self._write("delete_endpoint", entry, id=id)

    async def note_success(self, id: UUID) -> None:
        """Record that a receiver answers again."""
        async with self._connections.use(self._connections.control(), writes=True) as connection:
            await connection.execute(SQL["note_success"], {"id": id})

    async def note_failure(self, id: UUID, *, gone: bool) -> bool:
        """Record a failure, and return whether the endpoint is disabled by it."""
        parameters = {"id": id, "gone": gone, "days": _FAILING_DAYS}
        async with self._connections.use(self._connections.control(), writes=True) as connection:
            return "disabled" in (await fetch(connection, SQL["note_failure"], parameters)).column("status")

    async def find_behind(self, endpoint: WebhookEndpoint, max_rows: int) -> list[tuple[int, int | None]]:
        """Return (event number, mark) of events with news for an endpoint. The mark is None before the first."""
        wanted = {
            "consumer": str(endpoint.id),
            "organisation": endpoint.organisation_number,
            "since": endpoint.created_at,
            "max_rows": max_rows,
        }
        return [
            (number, mark)
            for pool in self._connections.all()
            for number, mark in (await self._connections.ask_pool(pool, SQL["find_behind"], wanted)).select(
                "event_number", "mark"
            )
        ]

    async def find_start(self, endpoint: WebhookEndpoint, event_number: int) -> int:
        """Return the last version before the endpoint existed; -1 if there is none."""
        wanted = {"event_number": event_number, "since": endpoint.created_at}
        version: int
        (version,) = (await self._connections.ask(event_number, SQL["find_start"], wanted)).column("version")
        return version

    async def advance(
        self,
        endpoint: WebhookEndpoint,
        event_number: int,
        *,
        mark: int | None,
        version: int,
        jobs: Iterable[NewJob],
    ) -> bool:
        """Move the mark and write the jobs, both or none. Return False if another process moved the mark."""
        parameters = {"event_number": event_number, "consumer": str(endpoint.id), "version": version}
        statement = "begin_feed" if mark is None else "move_feed"
        pool = self._connections.pool(event_number)
        async with self._connections.use(pool, writes=True) as connection, connection.transaction():
            moved = await fetch(
                connection, SQL[statement], parameters if mark is None else {**parameters, "mark": mark}
            )
            if moved:
                await add_jobs(connection, event_number, jobs)
        return bool(moved)

    async def _write(self, statement: str, entry: Entry | None, **parameters: Any) -> WebhookEndpoint | None:
        async with self._connections.changing() as connection:
            found = _ENDPOINT.first(await fetch(connection, SQL[statement], parameters))
            if found is not None and entry is not None:
                await entry(connection)
            return found
