"""Calls of the catalogue: events, their rules and their states; and of the server itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from holdfast_client.calls import (
    UNCHANGED,
    Answer,
    Call,
    EventRef,
    Unchanged,
    changed,
    get,
    given,
    one,
    page,
    patch,
    path,
    post,
)
from holdfast_client.models import Event, Health, Page


def create_event(
    name: str,
    *,
    capacity: int | None = None,
    areas: Sequence[Mapping[str, Any]] | None = None,
    seat_map: Mapping[str, Any] | None = None,
    venue: str | None = None,
    time_zone: str | None = None,
    starts_at: datetime | None = None,
    on_sale_at: datetime | None = None,
    off_sale_at: datetime | None = None,
    hold_ttl_seconds: int | None = None,
    max_hold_ttl_seconds: int | None = None,
    max_per_hold: int | Unchanged | None = UNCHANGED,
    max_per_buyer: int | None = None,
    allow_partial: bool | None = None,
    metadata: Mapping[str, str] | None = None,
    rehearsal: bool | None = None,
    status: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Event]:
    """Create an event, on sale at once unless `status` is `draft`.

    `capacity` makes one area `general`. `areas` are `{"name": …, "capacity": …, "category": …}`. `seat_map` is any form
    that the server accepts. Without `max_per_hold` a hold has at most 20 admissions; None lifts that limit.
    """
    body = given(
        name=name,
        capacity=capacity,
        areas=areas,
        seat_map=seat_map,
        venue=venue,
        time_zone=time_zone,
        starts_at=starts_at,
        on_sale_at=on_sale_at,
        off_sale_at=off_sale_at,
        hold_ttl_seconds=hold_ttl_seconds,
        max_hold_ttl_seconds=max_hold_ttl_seconds,
        max_per_buyer=max_per_buyer,
        allow_partial=allow_partial,
        metadata=metadata,
        rehearsal=rehearsal,
        status=status,
    ) | changed(max_per_hold=max_per_hold)
    return post("/v1/events", one(Event), body=body, key=idempotency_key)


def get_event(event: EventRef) -> Call[Event]:
    """Read an event."""
    return get(path("events", event), one(Event))


def list_events(
    *,
    status: str | None = None,
    text: str | None = None,
    on_sale: bool | None = None,
    metadata: Mapping[str, str] | None = None,
    starts_from: datetime | None = None,
    starts_before: datetime | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[Page[Event]]:
    """List the events that match every filter, one page at a time."""
    query = {
        "status": status,
        "text": text,
        "on_sale": on_sale,
        "metadata": metadata,
        "starts_from": starts_from,
        "starts_before": starts_before,
        "limit": limit,
        "cursor": cursor,
    }
    return get("/v1/events", page(Event), query=query)


def change_event(
    event: EventRef,
    *,
    name: str | Unchanged = UNCHANGED,
    capacity: int | Unchanged = UNCHANGED,
    areas: Sequence[Mapping[str, Any]] | Unchanged = UNCHANGED,
    categories: Sequence[Mapping[str, Any]] | Unchanged = UNCHANGED,
    seat_map: Mapping[str, Any] | Unchanged = UNCHANGED,
    venue: str | Unchanged | None = UNCHANGED,
    time_zone: str | Unchanged | None = UNCHANGED,
    starts_at: datetime | Unchanged | None = UNCHANGED,
    on_sale_at: datetime | Unchanged | None = UNCHANGED,
    off_sale_at: datetime | Unchanged | None = UNCHANGED,
    hold_ttl_seconds: int | Unchanged = UNCHANGED,
    max_hold_ttl_seconds: int | Unchanged = UNCHANGED,
    max_per_hold: int | Unchanged | None = UNCHANGED,
    max_per_buyer: int | Unchanged | None = UNCHANGED,
    allow_partial: bool | Unchanged = UNCHANGED,
    metadata: Mapping[str, str | None] | Unchanged = UNCHANGED,
) -> Call[Event]:
    """Change the named members; None clears one. Seats are added.

    An area is `{"id": …}` or `{"name": …}` with what changes: `capacity`, `category`, `closed`, `remove`, or with an id
    another `name`. A new one is `{"name": …, "capacity": …, "add": True}`. A category is `{"id": …, "name": …}` to
    rename it, or `{"name": …, "add": True}` to bring it in.

    Keys of `metadata` are added to those before; None removes a key.

    The call is sent once, without retries.
    """
    body = changed(
        name=name,
        capacity=capacity,
        areas=areas,
        categories=categories,
        seat_map=seat_map,
        venue=venue,
        time_zone=time_zone,
        starts_at=starts_at,
        on_sale_at=on_sale_at,
        off_sale_at=off_sale_at,
        hold_ttl_seconds=hold_ttl_seconds,
        max_hold_ttl_seconds=max_hold_ttl_seconds,
        max_per_hold=max_per_hold,
        max_per_buyer=max_per_buyer,
        allow_partial=allow_partial,
        metadata=metadata,
    )
    return patch(path("events", event), one(Event), body=body)


def publish_event(event: EventRef, *, idempotency_key: str | None = None) -> Call[Event]:
    """Publish a draft."""
    return post(path("events", event, "publish"), one(Event), key=idempotency_key)


def cancel_event(event: EventRef, *, idempotency_key: str | None = None) -> Call[Event]:
    """Cancel an event for good. Its live holds are released, its bookings stay."""
    return post(path("events", event, "cancel"), one(Event), key=idempotency_key)


def stop_sales(event: EventRef, *, idempotency_key: str | None = None) -> Call[Event]:
    """Stop new holds. Live holds can still be confirmed."""
    return post(path("events", event, "stop"), one(Event), key=idempotency_key)


def resume_sales(event: EventRef, *, idempotency_key: str | None = None) -> Call[Event]:
    """Resume sales."""
    return post(path("events", event, "resume"), one(Event), key=idempotency_key)


def get_health() -> Call[Health]:
    """Read whether the server answers. Raises Unreachable at once, without retries."""
    return get("/healthz", _health, understood=(503,))


def get_readiness() -> Call[Health]:
    """Read whether the server can take traffic now. `ready` is False while it cannot reach its database."""
    return get("/readyz", _health, understood=(503,))


def _health(answer: Answer) -> Health:
    document = answer.json()
    members = document if isinstance(document, dict) else {}
    return Health(
        ready=answer.status == 200,
        status=str(members.get("status") if answer.status == 200 else members.get("code")),
    )
