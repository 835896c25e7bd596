"""The server: who calls it, what it has sent, and how it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

__all__ = ["ApiKey", "AuditEntry", "Delivery", "Health", "Mail", "Me", "Notice", "Notices", "Tokens"]
__all__ += ["EventMessage", "EventMessagePreview", "Webhook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that the server has sent, or kept. `status`: `due`, `done` or `parked`."""

    id: UUID
    to: str
    subject: str
    text: str = field(repr=False)
    """May have a secret link, so that no representation shows it."""
    html: str = field(repr=False)
    created_at: datetime
    status: str
    last_answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMessage:
    """A message to everybody who has booked an event, and how many of its mails are sent, wait, or are parked."""

    message: str
    subject: str
    paragraphs: tuple[str, ...]
    sent_by: str
    sent_at: datetime
    sent: int
    waiting: int
    parked: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMessagePreview:
    """What everybody would read, and how many people that is."""

    people: int
    without_address: int
    sent_before: bool
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of notices. `secret` is known only where the call made one."""

    id: UUID
    url: str
    kinds: tuple[str, ...]
    description: str | None
    status: str
    reason: str | None
    failing_since: datetime | None
    created_at: datetime
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice to one webhook, and the receiver's last answer. `status`: `due`, `done` or `parked`."""

    id: UUID
    notice: UUID
    type: str
    status: str
    attempts: int
    created_at: datetime
    due_at: datetime | None = None
    last_answer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that happened to an event. `data["id"]` is the same on every delivery."""

    type: str
    timestamp: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Notices, oldest first. `since` continues after them; `more` says whether more exist now."""

    items: tuple[Notice, ...]
    since: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What a member, a key or the operator did. `detail` says what changed, without any secret."""

    id: int
    at: datetime
    principal: str
    action: str
    object: str
    detail: Mapping[str, Any]
    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of the organisation. `key` is known only where the call made a secret."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    previous_until: datetime | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who this client is for the server, and what it may do."""

    principal: str
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The tokens of an account. The access token works for `expires_in` seconds, the refresh token once."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: str
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The server's health; `ready` means that it can take traffic."""

    ready: bool
    status: str
