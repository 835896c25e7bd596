"""Audit: what members, keys and the operator did, apart from events' inventories, whose journal says it.

An entry is written in the transaction of what it records, so that neither is without the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections, fetch

SQL = queries.load("accounts")

__all__ = ["OPERATOR", "Actor", "Audit", "AuditEntry", "AuditFilter", "entry_of", "record"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, and in which request."""

    principal: str
    request_id: str | None = None
    address: str | None = None


OPERATOR = Actor(principal="operator")
"""Who has a shell on the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An act. It has no secret: `detail` says what changed."""

    id: int
    at: datetime
    principal: str
    action: str
    object: str
    request_id: str | None
    address: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """The filters of a list; None means all."""

    principal: str | None = None
    action: str | None = None
    object: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def record(
    connection: Connection, by: Actor, action: str, object: str, *, organisation: int, **detail: Any
) -> None:
    """Write an entry in the connection's transaction."""
    parameters = {
        "organisation": organisation,
        "principal": by.principal,
        "action": action,
        "object": object,
        "request_id": by.request_id,
        "address": by.address,
        "detail": orjson.dumps(detail).decode(),
    }
    await connection.execute(SQL["insert_audit_entry"], parameters)


def entry_of(
    by: Actor, action: str, object: str, *, organisation: int, **detail: Any
) -> Callable[[Connection], Awaitable[None]]:
    """Return what writes an entry in the transaction of a context below this one."""

    async def write(connection: Connection) -> None:
        await record(connection, by, action, object, organisation=organisation, **detail)

    return write


class Audit:
    """Reads of the entries, and the end of old ones."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def record_once(
        self, by: Actor, action: str, object: str, *, since: datetime, organisation: int, **detail: Any
    ) -> None:
        """Write an entry in a transaction of its own, unless there is an equal one since this time."""
        parameters = {
            "organisation": organisation,
            "action": action,
            "object": object,
            "detail": orjson.dumps(detail).decode(),
            "since": since,
        }
        async with self._connections.changing() as connection:
            if not await fetch(connection, SQL["find_audit_entry"], parameters):
                await record(connection, by, action, object, organisation=organisation, **detail)

    async def list(
        self, organisation: int, wanted: AuditFilter, *, before: int | None, limit: int
    ) -> Sequence[AuditEntry]:
        """Return entries, newest first."""
        parameters = {
            "organisation": organisation,
            "before": before,
            "principal": wanted.principal,
            "action": wanted.action,
            "object": wanted.object,
            "since": wanted.since,
            "until": wanted.until,
            "max_rows": limit,
        }
        control = self._connections.control()
        found = await self._connections.ask_pool(control, SQL["list_audit_entries"], parameters)
        columns = "id", "at", "principal", "action", "object", "request_id", "address", "detail"
        return [
            AuditEntry(
                id=id,
                at=at,
                principal=principal,
                action=action,
                object=object,
                request_id=request_id,
                address=address,
                detail=orjson.loads(detail),
            )
            for id, at, principal, action, object, request_id, address, detail in found.select(*columns)
        ]

    async def may_delete(self) -> bool:
        """Return whether the server's role may delete entries. A role of `holdfast db grant` may not."""
        found = await self._connections.ask_pool(self._connections.control(), SQL["may_delete_audit_entries"])
        ((allowed,),) = found.select("allowed")
        return bool(allowed)

    async def delete_old(self, days: int, max_rows: int) -> int:
        """Delete entries that are older, and return their number."""
        async with self._connections.use(self._connections.control(), writes=True) as connection:
            found = await fetch(
                connection, SQL["delete_old_audit_entries"], {"days": days, "max_rows": max_rows}
            )
        return len(found)
