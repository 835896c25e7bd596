"""Webhook changes: each change of a receiver with its entry of the audit, for `/v1` and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from holdfast.access.audit import Actor, entry_of
from holdfast.delivery.webhooks.endpoint import WebhookEndpoint
from holdfast.delivery.webhooks.store import Entry
from holdfast.delivery.webhooks.webhooks import Webhooks

__all__ = ["change_endpoint", "webhook_entry"]


def webhook_entry(
    by: Actor, done: str, id: UUID, *, organisation: int, url: str | None = None, **detail: Any
) -> Entry:
    """Return what writes the entry. It has the host of a URL alone: the rest may be a secret."""
    host = {} if url is None else {"host": urlsplit(url).hostname}
    return entry_of(by, f"webhook.{done}", f"webhook:{id}", organisation=organisation, **host, **detail)


async def change_endpoint(
    webhooks: Webhooks,
    before: WebhookEndpoint,
    *,
    url: str,
    kinds: Sequence[str],
    description: str | None,
    status: str,
    by: Actor,
) -> WebhookEndpoint | None:
    """Change an endpoint, or return None if it is gone. One that is enabled again gets what it has missed."""
    detail: dict[str, Any] = {"url": url} if url != before.url else {}
    if list(kinds) != list(before.kinds):
        detail["kinds"] = list(kinds)
    if description != before.description:
        detail["description"] = description
    if status != before.status:
        detail["status"] = status
    entry = webhook_entry(by, "changed", before.id, organisation=before.organisation_number, **detail)
    changed = await webhooks.store.change(
        before.id,
        url=url,
        kinds=kinds,
        description=description,
        status=status,
        entry=entry if detail else None,
    )
    if changed is not None and (before.status, changed.status) == ("disabled", "enabled"):
        await webhooks.retry_parked(changed)
    return changed
