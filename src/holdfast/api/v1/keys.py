"""Keys: API keys of the caller's organisation, whose secrets are shown once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from holdfast.access.issued_keys import IssuedKey, KeyListing, refuse_more_than_own
from holdfast.access.permissions import Permission, Scope
from holdfast.access.principals import MAIN
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page, opened, page
from holdfast.api.v1.people import actor_of
from holdfast.api.values import KeyPath, Name
from holdfast.errors import FieldError, IdempotencyKeyReused, InvalidInput, KeyEnded, KeyNotFound
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, In, Limit, Time

routes = Routes(tag="keys")

MAX_OVERLAP_SECONDS = 30 * 86_400

ScopeName = Annotated[Scope, Field(strict=False)]


class CreateKeyIn(In):
    """What a program may do, and until when."""

    name: Name
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=len(Scope))]
    expires_at: Time | None = Field(None, description="End of validity; null: none.")


class RotateKeyIn(In):
    """How long the present secret still works, so that programs can change in the meantime."""

    overlap_seconds: int = Field(86_400, ge=0, le=MAX_OVERLAP_SECONDS)


class ApiKeyOut(BaseModel):
    """An API key. `key` is only in the answers that make a secret: its form is `Authorization: Bearer KEY`."""

    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="Exact to a minute.")
    previous_until: datetime | None = Field(
        description="Until when the secret before the last rotation works."
    )
    key: str | None = Field(None, description="`hfk_…`, which no later answer shows.")


_KEY = {
    "id": "k3v9x0q2m7ab",
    "name": "The shop",
    "scopes": ["sell"],
    "created_at": "2026-11-05T18:31:00.123456Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
    "previous_until": None,
}
_WITH_SECRET = {**_KEY, "key": "hfk_k3v9x0q2m7ab_Zm9yIHRoZSBwZXJzb24gd2hvIG1ha2VzIHRoaXM"}


def _key_json(key: KeyListing) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "previous_until": key.previous_until,
    }


def _with_secret(issued: IssuedKey) -> dict[str, Any]:
    return {**_key_json(issued.listing), "key": issued.text}


def _organisation(request: Request) -> int:
    return request.principal.organisation or MAIN


@routes.post(
    "/v1/keys",
    policy=Permission.KEYS_WRITE,
    status=201,
    response=ApiKeyOut,
    errors=[IdempotencyKeyReused, InvalidInput],
    examples={"a shop": {"name": "The shop", "scopes": ["sell"]}},
    answers={201: _WITH_SECRET},
)
async def create_key(request: Request, body: CreateKeyIn) -> dict[str, Any]:
    """Make an API key, and show it once. Its scopes give no more than its maker may do.

    A retry with the same Idempotency-Key returns the same key. The first key of a server ends open mode.
    """
    refuse_more_than_own(request.principal, body.scopes)
    if body.expires_at is not None and body.expires_at <= datetime.now(UTC):
        raise InvalidInput.in_field("/expires_at", "not_allowed", FieldError.TIME_PAST)
    issued = await request.access.issued_keys.create(
        name=body.name,
        scopes=[each.value for each in body.scopes],
        expires_at=body.expires_at,
        organisation=_organisation(request),
        retry_scope=request.retry_scope,
        by=actor_of(request),
    )
    return _with_secret(issued)


@routes.get(
    "/v1/keys",
    policy=Permission.KEYS_WRITE,
    response=Page[ApiKeyOut],
    answers={200: {"items": [_KEY], "next": None}},
)
async def list_keys(request: Request, *, limit: Limit = 50, cursor: Cursor | None = None) -> dict[str, Any]:
    """Return the organisation's keys, newest first, also revoked and expired ones, without their secrets."""
    position = opened(request, cursor, {})
    before = None if position is None else (datetime.fromisoformat(position[0]), str(position[1]))
    found = await request.access.issued_keys.list(_organisation(request), before=before, limit=limit + 1)
    return page(
        request,
        found,
        limit=limit,
        filters={},
        position=lambda key: (key.created_at.isoformat(), key.id),
        render=_key_json,
    )


@routes.get(
    "/v1/keys/{key}",
    policy=Permission.KEYS_WRITE,
    response=ApiKeyOut,
    errors=[KeyNotFound],
    answers={200: _KEY},
)
async def get_key(request: Request, key: KeyPath) -> dict[str, Any]:
    """Return a key without its secret."""
    return _key_json(await request.access.issued_keys.get(key, _organisation(request)))


@routes.post(
    "/v1/keys/{key}/rotate",
    policy=Permission.KEYS_WRITE,
    response=ApiKeyOut,
    errors=[KeyNotFound, KeyEnded, InvalidInput],
    examples={"within an hour": {"overlap_seconds": 3_600}},
    answers={200: _WITH_SECRET},
)
async def rotate_key(request: Request, key: KeyPath, body: RotateKeyIn | None) -> dict[str, Any]:
    """Give a key another secret, and show it once. The present secret works for a day more, or as long as you say.

    If an earlier secret still works, it ends now. A retry with the same Idempotency-Key returns the same secret.
    """
    issued = await request.access.issued_keys.rotate(
        key,
        organisation=_organisation(request),
        overlap_seconds=(body or RotateKeyIn()).overlap_seconds,
        retry_scope=request.retry_scope,
        by=actor_of(request),
    )
    return _with_secret(issued)


@routes.post(
    "/v1/keys/{key}/revoke",
    policy=Permission.KEYS_WRITE,
    response=ApiKeyOut,
    errors=[KeyNotFound],
    answers={200: _KEY | {"revoked_at": "2026-11-06T09:00:00.123456Z"}},
)
async def revoke_key(request: Request, key: KeyPath) -> dict[str, Any]:
    """Revoke a key. Within a second, every server refuses it. Revoking it again changes nothing."""
    revoked = await request.access.issued_keys.revoke(
        key, organisation=_organisation(request), by=actor_of(request)
    )
    return _key_json(revoked)
