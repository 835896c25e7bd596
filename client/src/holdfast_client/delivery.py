"""Calls of what the server sends: webhooks, the notices of an event, and mail."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from holdfast_client.calls import (
    UNCHANGED,
    Call,
    EventRef,
    Unchanged,
    delete,
    get,
    one,
    page,
    patch,
    path,
    post,
)
from holdfast_client.models import Delivery, EventMessage, EventMessagePreview, Mail, Notices, Page, Webhook


def create_webhook(
    url: str,
    *,
    kinds: Sequence[str] = (),
    description: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Webhook]:
    """Register a receiver of notices; without `kinds`, of all. The answer has its secret."""
    body = {"url": url, "kinds": list(kinds), "description": description}
    return post("/v1/webhooks", one(Webhook), body=body, key=idempotency_key)


def list_webhooks() -> Call[Page[Webhook]]:
    """List the webhooks, without their secrets."""
    return get("/v1/webhooks", page(Webhook))


def get_webhook(webhook: UUID | str) -> Call[Webhook]:
    """Read a webhook, without its secret."""
    return get(path("webhooks", webhook), one(Webhook))


def change_webhook(
    webhook: UUID | str,
    *,
    url: str | None = None,
    kinds: Sequence[str] | None = None,
    description: str | Unchanged | None = UNCHANGED,
    status: str | None = None,
) -> Call[Webhook]:
    """Change a webhook. `status="enabled"` delivers everything that a disabled one has missed."""
    given = {"url": url, "kinds": None if kinds is None else list(kinds), "status": status}
    body: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    if description is not UNCHANGED:
        body["description"] = description
    return patch(path("webhooks", webhook), one(Webhook), body=body, repeatable=True)


def delete_webhook(webhook: UUID | str) -> Call[None]:
    """Forget a webhook. Nothing more is sent to it. It is sent once: a repeat would find no webhook."""
    return delete(path("webhooks", webhook))


def rotate_webhook(webhook: UUID | str) -> Call[Webhook]:
    """Make a new secret. The former one signs for another 24 hours."""
    return post(path("webhooks", webhook, "rotate"), one(Webhook))


def test_webhook(webhook: UUID | str) -> Call[Delivery]:
    """Send a notice of the type `webhook.test`."""
    return post(path("webhooks", webhook, "test"), one(Delivery))


def list_deliveries(
    webhook: UUID | str, *, limit: int | None = None, cursor: str | None = None
) -> Call[Page[Delivery]]:
    """List a webhook's deliveries, newest first, with the receiver's answers."""
    query = {"limit": limit, "cursor": cursor}
    return get(path("webhooks", webhook, "deliveries"), page(Delivery), query=query)


def retry_delivery(webhook: UUID | str, delivery: UUID | str) -> Call[Delivery]:
    """Send a notice again, with the same id and the same bytes."""
    return post(path("webhooks", webhook, "deliveries", delivery, "retry"), one(Delivery))


def list_notices(event: EventRef, *, since: int | None = None, limit: int | None = None) -> Call[Notices]:
    """Read what happened to an event after a version, oldest first."""
    return get(path("events", event, "notices"), one(Notices), query={"since": since, "limit": limit})


def preview_message(event: EventRef, subject: str, *paragraphs: str) -> Call[EventMessagePreview]:
    """Read what a message to everybody who has booked would say, and how many would read it. Nobody is written to."""
    body = {"subject": subject, "paragraphs": list(paragraphs)}
    return post(path("events", event, "messages", "preview"), one(EventMessagePreview), body=body)


def send_message(
    event: EventRef, subject: str, *paragraphs: str, idempotency_key: str | None = None
) -> Call[EventMessage]:
    """Mail a message to everybody who has booked. The same words reach nobody twice, however often they are sent."""
    body = {"subject": subject, "paragraphs": list(paragraphs)}
    return post(path("events", event, "messages"), one(EventMessage), body=body, key=idempotency_key)


def list_messages(event: EventRef) -> Call[Page[EventMessage]]:
    """List the newest messages of an event, with how many of their mails are sent."""
    return get(path("events", event, "messages"), page(EventMessage))


def list_mail(*, limit: int | None = None, cursor: str | None = None) -> Call[Page[Mail]]:
    """List mail, newest first. Only a server in open mode shows it."""
    return get("/v1/mailbox", page(Mail), query={"limit": limit, "cursor": cursor})
