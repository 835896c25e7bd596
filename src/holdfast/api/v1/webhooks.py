"""Webhooks: receivers of notices, their secrets, and what became of each delivery."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, get_args
from uuid import UUID, uuid4

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.access.principals import MAIN
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page, opened, page
from holdfast.api.v1.people import actor_of
from holdfast.api.values import DeliveryPath, Name, WebhookPath
from holdfast.api.webhook_changes import change_endpoint, webhook_entry
from holdfast.delivery.jobs import JobListing
from holdfast.delivery.webhooks.address import ForbiddenAddress
from holdfast.delivery.webhooks.endpoint import WebhookEndpoint
from holdfast.errors import (
    DeliveryNotFound,
    FieldError,
    IdempotencyKeyReused,
    InvalidInput,
    WebhookNotFound,
)
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, In, Limit
from holdfast.inventory.notices import KINDS

routes = Routes(tag="webhooks")

NoticeKind = Literal[
    "block.lifted",
    "block.placed",
    "booking.cancelled",
    "booking.changed",
    "booking.transferred",
    "booking.confirmed",
    "event.cancelled",
    "event.changed",
    "event.created",
    "event.published",
    "event.sales_resumed",
    "event.sales_stopped",
    "hold.expired",
    "hold.extended",
    "hold.placed",
    "hold.released",
]
assert set(KINDS) == set(get_args(NoticeKind)), "every kind of notice can be chosen"
Kinds = Annotated[list[NoticeKind], Field(max_length=100, description="Empty: every kind.")]
Url = Annotated[str, Field(min_length=1, max_length=2_000, description="`https://…`")]


class CreateWebhookIn(In):
    """A receiver of notices."""

    url: Url
    kinds: Kinds = Field(default_factory=list)
    description: Name | None = None


class ChangeWebhookIn(In):
    """Only the members that are given change."""

    url: Url | None = None
    kinds: Kinds | None = None
    description: Name | None = None
    status: Literal["enabled", "disabled"] | None = None


class WebhookOut(BaseModel):
    """A webhook's endpoint. `secret` is only in the answers that make one."""

    id: UUID
    url: str
    kinds: list[NoticeKind]
    description: str | None
    status: Literal["enabled", "disabled"]
    reason: str | None = Field(
        description="Why the server disabled it: `gone` (410) or `failing` (for three days)."
    )
    failing_since: datetime | None
    created_at: datetime
    secret: str | None = Field(None, description="`whsec_…`, which signs the deliveries.")


class DeliveryOut(BaseModel):
    """A notice to one webhook. `parked`: it is tried again only by hand, or when the webhook is enabled again."""

    id: UUID
    notice: UUID
    type: str
    status: Literal["due", "done", "parked"]
    attempts: int
    created_at: datetime
    due_at: datetime | None
    last_answer: str | None = Field(description="The receiver's status and the beginning of its answer.")


_WEBHOOK = {
    "id": "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e10",
    "url": "https://shop.example/holdfast",
    "kinds": ["booking.confirmed", "booking.cancelled"],
    "description": "The shop",
    "status": "enabled",
    "reason": None,
    "failing_since": None,
    "created_at": "2026-11-05T18:31:00.123456Z",
}
_WITH_SECRET = {**_WEBHOOK, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
_DELIVERY = {
    "id": "00000000-071c-8f3a-a4d5-5b1d6a2f9c10",
    "notice": "3b1f6a52-7c1d-8e0f-9b2a-6d5c4b3a2910",
    "type": "booking.confirmed",
    "status": "done",
    "attempts": 1,
    "created_at": "2026-11-05T18:31:00.123456Z",
    "due_at": None,
    "last_answer": "204",
}
_BODY = {"url": _WEBHOOK["url"], "kinds": _WEBHOOK["kinds"], "description": "The shop"}


def _webhook_json(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "kinds": list(endpoint.kinds),
        "description": endpoint.description,
        "status": endpoint.status,
        "reason": endpoint.reason,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
    }


def _with_secret(request: Request, endpoint: WebhookEndpoint) -> dict[str, Any]:
    secret = request.delivery.webhooks.secrets.secret_of(endpoint.id, endpoint.generation)
    return {**_webhook_json(endpoint), "secret": secret}


def _delivery_json(job: JobListing) -> dict[str, Any]:
    return {
        "id": job.id,
        "notice": job.request["id"],
        "type": job.request["type"],
        "status": job.status,
        "attempts": job.attempts,
        "created_at": job.created_at,
        "due_at": job.due_at if job.status == "due" else None,
        "last_answer": job.last_answer,
    }


async def _own(request: Request, id: UUID) -> WebhookEndpoint:
    """Return an endpoint of the caller's organisation. Raises WebhookNotFound for any other."""
    found = await request.delivery.webhooks.store.find(id)
    if found is None or found.organisation_number != (request.principal.organisation or MAIN):
        raise WebhookNotFound
    return found


def _check_url(request: Request, url: str) -> None:
    try:
        request.delivery.webhooks.check_url(url)
    except ForbiddenAddress as refused:
        detail = FieldError.WEBHOOK_URL.replace("{reason}", str(refused))
        error = FieldError(pointer="/url", code="not_allowed", detail=detail)
        raise InvalidInput(errors=(error,)) from None


@routes.post(
    "/v1/webhooks",
    policy=Permission.WEBHOOKS_WRITE,
    status=201,
    response=WebhookOut,
    errors=[IdempotencyKeyReused, InvalidInput],
    examples={"sales only": _BODY},
    answers={201: _WITH_SECRET},
)
async def create_webhook(request: Request, body: CreateWebhookIn) -> dict[str, Any]:
    """Register a receiver of notices, which gets those from now on.

    The answer has the secret that signs them (Standard Webhooks). A retry with the same Idempotency-Key returns the
    same webhook.
    """
    _check_url(request, body.url)
    scope = request.retry_scope
    id = uuid4() if scope is None else UUID(bytes=sha256(b"webhook" + scope).digest()[:16], version=4)
    store = request.delivery.webhooks.store
    made = await store.insert(
        id=id,
        organisation=request.principal.organisation or MAIN,
        url=body.url,
        kinds=body.kinds,
        description=body.description,
        by=request.principal.id,
        entry=webhook_entry(
            actor_of(request),
            "created",
            id,
            organisation=request.principal.organisation or MAIN,
            url=body.url,
            kinds=body.kinds,
        ),
    )
    if made is None:
        made = await _own(request, id)
        if (made.url, list(made.kinds), made.description) != (body.url, body.kinds, body.description):
            raise IdempotencyKeyReused
    return _with_secret(request, made)


@routes.get(
    "/v1/webhooks",
    policy=Permission.WEBHOOKS_WRITE,
    response=Page[WebhookOut],
    answers={200: {"items": [_WEBHOOK], "next": None}},
)
async def list_webhooks(request: Request) -> dict[str, Any]:
    """Return the organisation's webhooks, oldest first, without their secrets."""
    organisation = request.principal.organisation or MAIN
    found = await request.delivery.webhooks.store.list_endpoints(organisation)
    return {"items": [_webhook_json(each) for each in found], "next": None}


@routes.get(
    "/v1/webhooks/{webhook}",
    policy=Permission.WEBHOOKS_WRITE,
    response=WebhookOut,
    errors=[WebhookNotFound],
    answers={200: _WEBHOOK},
)
async def get_webhook(request: Request, webhook: WebhookPath) -> dict[str, Any]:
    """Return a webhook without its secret."""
    return _webhook_json(await _own(request, webhook))


@routes.patch(
    "/v1/webhooks/{webhook}",
    policy=Permission.WEBHOOKS_WRITE,
    response=WebhookOut,
    errors=[WebhookNotFound, InvalidInput],
    examples={"pause": {"status": "disabled"}},
    answers={200: _WEBHOOK | {"status": "disabled"}},
)
async def change_webhook(request: Request, webhook: WebhookPath, body: ChangeWebhookIn) -> dict[str, Any]:
    """Change a webhook. A disabled one gets nothing, and everything that it has missed when it is enabled again."""
    before = await _own(request, webhook)
    given = body.model_fields_set
    if body.url is not None:
        _check_url(request, body.url)
    changed = await change_endpoint(
        request.delivery.webhooks,
        before,
        url=body.url or before.url,
        kinds=before.kinds if body.kinds is None else body.kinds,
        description=body.description if "description" in given else before.description,
        status=body.status or before.status,
        by=actor_of(request),
    )
    if changed is None:
        raise WebhookNotFound
    return _webhook_json(changed)


@routes.route(
    "DELETE",
    "/v1/webhooks/{webhook}",
    policy=Permission.WEBHOOKS_WRITE,
    status=204,
    errors=[WebhookNotFound],
)
async def delete_webhook(request: Request, webhook: WebhookPath) -> Reply:
    """Forget a webhook. Nothing more is sent to it, and its deliveries that wait end without being sent."""
    found = await _own(request, webhook)
    entry = webhook_entry(actor_of(request), "deleted", webhook, organisation=found.organisation_number)
    await request.delivery.webhooks.delete(found, entry=entry)
    return Reply(status=204)


@routes.post(
    "/v1/webhooks/{webhook}/rotate",
    policy=Permission.WEBHOOKS_WRITE,
    response=WebhookOut,
    errors=[WebhookNotFound],
    answers={200: _WITH_SECRET},
)
async def rotate_webhook(request: Request, webhook: WebhookPath) -> dict[str, Any]:
    """Make a new secret, and return it. For 24 hours deliveries are also signed with the former one."""
    found = await _own(request, webhook)
    entry = webhook_entry(actor_of(request), "rotated", webhook, organisation=found.organisation_number)
    rotated = await request.delivery.webhooks.store.rotate(webhook, entry=entry)
    if rotated is None:
        raise WebhookNotFound
    return _with_secret(request, rotated)


@routes.post(
    "/v1/webhooks/{webhook}/test",
    policy=Permission.WEBHOOKS_WRITE,
    status=202,
    response=DeliveryOut,
    errors=[WebhookNotFound],
    answers={202: _DELIVERY | {"type": "webhook.test", "status": "due", "attempts": 0}},
)
async def test_webhook(request: Request, webhook: WebhookPath) -> dict[str, Any]:
    """Send a notice of the type `webhook.test`. The list of deliveries shows the receiver's answer."""
    endpoint = await _own(request, webhook)
    job = await request.delivery.jobs.find(await request.delivery.webhooks.send_test(endpoint))
    if job is None:
        raise DeliveryNotFound
    return _delivery_json(job)


@routes.get(
    "/v1/webhooks/{webhook}/deliveries",
    policy=Permission.WEBHOOKS_WRITE,
    response=Page[DeliveryOut],
    errors=[WebhookNotFound],
    answers={200: {"items": [_DELIVERY], "next": None}},
)
async def list_deliveries(
    request: Request, webhook: WebhookPath, *, limit: Limit = 50, cursor: Cursor | None = None
) -> dict[str, Any]:
    """Return a webhook's deliveries, newest first, each with the receiver's last answer."""
    endpoint = await _own(request, webhook)
    filters = {"webhook": str(webhook)}
    position = opened(request, cursor, filters)
    before = None if position is None else (datetime.fromisoformat(position[0]), UUID(position[1]))
    found = await request.delivery.webhooks.list_deliveries(endpoint, before=before, limit=limit + 1)
    return page(
        request,
        found,
        limit=limit,
        filters=filters,
        position=lambda job: (job.created_at.isoformat(), str(job.id)),
        render=_delivery_json,
    )


@routes.post(
    "/v1/webhooks/{webhook}/deliveries/{delivery}/retry",
    policy=Permission.WEBHOOKS_WRITE,
    status=202,
    response=DeliveryOut,
    errors=[WebhookNotFound, DeliveryNotFound],
    answers={202: _DELIVERY | {"status": "due"}},
)
async def retry_delivery(request: Request, webhook: WebhookPath, delivery: DeliveryPath) -> dict[str, Any]:
    """Send a notice again, whatever became of it. The receiver gets the same id and the same bytes."""
    endpoint = await _own(request, webhook)
    job = await request.delivery.webhooks.retry(endpoint, delivery)
    if job is None:
        raise DeliveryNotFound
    return _delivery_json(job)
