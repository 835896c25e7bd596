"""Calls of what the server sends: its mail."""

from __future__ import annotations

from holdfast_client.calls import Call, get, page
from holdfast_client.models import Mail, Page


def list_mail(*, limit: int | None = None, cursor: str | None = None) -> Call[Page[Mail]]:
    """List mail, newest first. Only a server in open mode shows it."""
    return get("/v1/mailbox", page(Mail), query={"limit": limit, "cursor": cursor})
