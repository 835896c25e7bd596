"""Endpoint: a receiver of notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["WebhookEndpoint", "may_receive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """Without `kinds` it gets every notice. `generation` counts its secrets: a rotation adds one."""

    id: UUID
    organisation_number: int
    url: str
    kinds: Sequence[str]
    description: str | None
    status: str
    reason: str | None
    """Why the server disabled it."""
    generation: int
    rotated_at: datetime | None
    failing_since: datetime | None
    created_at: datetime


def may_receive(endpoint: WebhookEndpoint, kind: str) -> bool:
    """Return whether the endpoint wants notices of this kind."""
    return not endpoint.kinds or kind in endpoint.kinds
