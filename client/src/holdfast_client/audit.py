"""Calls of the audit: what members, keys and the operator did."""

from __future__ import annotations

from datetime import datetime

from holdfast_client.calls import Call, get, page
from holdfast_client.models import AuditEntry, Page


def list_audit_entries(
    *,
    principal: str | None = None,
    action: str | None = None,
    object: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[AuditEntry]]:
    """List what was done to keys, members and the organisation, newest first. An owner may."""
    query = {
        "principal": principal,
        "action": action,
        "object": object,
        "since": since,
        "until": until,
        "limit": limit,
        "cursor": cursor,
    }
    return get("/v1/audit", page(AuditEntry), query=query)
