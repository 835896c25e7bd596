"""Audit: what members, keys and the operator did. The journal says what was done to events' inventories."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from holdfast.access.audit import AuditEntry, AuditFilter
from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page, page, position_number
from holdfast.api.v1.rights import organisation_of
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, Limit, Time

routes = Routes(tag="service")

_Filter = Annotated[str, Field(min_length=1, max_length=200)]


class AuditEntryOut(BaseModel):
    """An act. It has no secret."""

    id: int
    at: datetime
    principal: str = Field(description="Who acted: `operator`, `open`, `account:{id}` or `key:{id}`.")
    action: str = Field(description="What was done, such as `key.created`.")
    object: str = Field(description="What it was done to, such as `key:{id}` or `account:{id}`.")
    request_id: str | None = Field(description="The request's `X-Request-Id`; null for a command.")
    address: str | None = Field(description="The client's address; null for a command.")
    detail: dict[str, Any] = Field(description="What changed.")


_EXAMPLE = {
    "id": 12,
    "at": "2026-11-05T18:31:00.123456Z",
    "principal": "operator",
    "action": "key.created",
    "object": "key:f3a9c1d27b40",
    "request_id": None,
    "address": None,
    "detail": {"name": "Web shop", "scopes": ["sell"], "expires_at": None},
}


def audit_entry_json(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "principal": entry.principal,
        "action": entry.action,
        "object": entry.object,
        "request_id": entry.request_id,
        "address": entry.address,
        "detail": entry.detail,
    }


@routes.get(
    "/v1/audit",
    policy=Permission.AUDIT_READ,
    response=Page[AuditEntryOut],
    answers={200: {"items": [_EXAMPLE], "next": None}},
)
async def list_audit_entries(
    request: Request,
    *,
    principal: _Filter | None = None,
    action: _Filter | None = None,
    object: _Filter | None = None,
    since: Annotated[Time, Field(description="Only acts at this time or later.")] | None = None,
    until: Annotated[Time, Field(description="Only acts before this time.")] | None = None,
    limit: Limit = 50,
    cursor: Cursor | None = None,
) -> dict[str, Any]:
    """Return what was done in the caller's organisation, newest first: to keys, members and the organisation itself.

    Entries are kept for 400 days, unless the server's settings differ. The history of a seat or of an event is in its
    journal.
    """
    wanted = AuditFilter(principal=principal, action=action, object=object, since=since, until=until)
    filters = {
        "principal": principal,
        "action": action,
        "object": object,
        "since": None if since is None else since.isoformat(),
        "until": None if until is None else until.isoformat(),
    }
    found = await request.access.audit.list(
        organisation_of(request.principal),
        wanted,
        before=position_number(request, cursor, filters),
        limit=limit + 1,
    )
    return page(
        request,
        found,
        limit=limit,
        filters=filters,
        position=lambda entry: entry.id,
        render=audit_entry_json,
    )
