"""Calls about API keys, for owners and managers of an organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from holdfast_client.calls import Call, get, given, one, page, path, post
from holdfast_client.models import ApiKey, Page


def create_key(
    name: str,
    scopes: Sequence[str],
    *,
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
) -> Call[ApiKey]:
    """Make a key. The answer has its secret, which no later one shows."""
    body = {"name": name, "scopes": list(scopes), **given(expires_at=expires_at)}
    return post("/v1/keys", one(ApiKey), body=body, key=idempotency_key)


def list_keys(*, limit: int | None = None, cursor: str | None = None) -> Call[Page[ApiKey]]:
    """List the keys, newest first, without their secrets."""
    return get("/v1/keys", page(ApiKey), query={"limit": limit, "cursor": cursor})


def get_key(key: str) -> Call[ApiKey]:
    """Read a key, without its secret."""
    return get(path("keys", key), one(ApiKey))


def rotate_key(
    key: str, *, overlap_seconds: int | None = None, idempotency_key: str | None = None
) -> Call[ApiKey]:
    """Make a new secret. The present one works for a day more, or for `overlap_seconds`."""
    body = given(overlap_seconds=overlap_seconds)
    return post(path("keys", key, "rotate"), one(ApiKey), body=body, key=idempotency_key)


def revoke_key(key: str) -> Call[ApiKey]:
    """Revoke a key. Within a second, every server refuses it."""
    return post(path("keys", key, "revoke"), one(ApiKey))
