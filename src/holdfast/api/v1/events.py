"""Events: create, read and change them, and move them from draft to cancelled.

All changes need `events:write`. Anyone reads published and cancelled events; drafts are 404 for other callers
(`rights.py`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from holdfast.access.permissions import Permission
from holdfast.api.answers import answer_command, reply_kept, reply_of, retry_key
from holdfast.api.request import Request
from holdfast.api.v1.event_answers import EventOut, event_example, event_json
from holdfast.api.v1.event_bodies import ChangeEventIn, CreateEventIn
from holdfast.api.v1.metadata import MetadataQuery
from holdfast.api.v1.paging import Page, page, position_number
from holdfast.api.v1.rights import drafts_of, organisation_of, own_number, visible_event
from holdfast.api.values import EventPath, ShortText
from holdfast.errors import (
    AreaUnknown,
    CapacityTaken,
    DuplicateSeat,
    EventCancelled,
    EventNotFound,
    IdempotencyKeyReused,
    InProgress,
)
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import SEAT_MAP_LIMIT, Routes
from holdfast.http.values import Cursor, Limit, Time
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.event import FullEvent

routes = Routes(tag="events")

LOCATION = "../v1/events/"  # from `/v1/events`; it is right from the root, too
_KEPT = [EventNotFound, IdempotencyKeyReused]


def _created(event: FullEvent) -> c.StoredAnswer:
    return c.StoredAnswer(status=201, body=encode(event_json(event)))


def _rendered(event: FullEvent) -> c.StoredAnswer:
    return c.StoredAnswer(status=200, body=encode(event_json(event)))


@routes.post(
    "/v1/events",
    policy=Permission.EVENTS_WRITE,
    status=201,
    body_limit=SEAT_MAP_LIMIT,
    response=EventOut,
    errors=[DuplicateSeat, InProgress, IdempotencyKeyReused],
    examples={
        "general admission": {"name": "Concert", "capacity": 1000},
        "areas": {
            "name": "Fair",
            "areas": [{"name": "hall", "capacity": 800}, {"name": "garden", "capacity": 200}],
        },
        "numbered seats": {
            "name": "Play",
            "seat_map": {"sections": [{"name": "A", "rows": 20, "seats_per_row": 30, "category": "stalls"}]},
            "max_per_buyer": 6,
            "metadata": {"season": "2026/27"},
        },
    },
    answers={201: event_example()},
)
async def create_event(request: Request, body: CreateEventIn) -> Reply:
    """Create an event with its whole inventory, on sale at once unless `status` is `draft`.

    `capacity` makes one area, `general`; `areas` and a `seat_map` may be combined. An event may also be created without
    inventory, and get it by a change.
    """
    organisation = organisation_of(request.principal)
    made = await body.new_event(request.inventory.venue_maps.of(organisation))
    new = replace(made, organisation=organisation)
    key = retry_key(request, _created)
    if key is None:
        event = await request.inventory.create_event(new, by=request.principal.id)
        return reply_of(request.inventory, _created(event), location=LOCATION)
    kept = await request.inventory.create_event_keyed(new, by=request.principal.id, key=key)
    return reply_kept(request.inventory, kept, location=LOCATION)


@routes.get(
    "/v1/events",
    policy=Permission.PUBLIC,
    response=Page[EventOut],
    answers={200: {"items": [event_example()], "next": None}},
)
async def list_events(
    request: Request,
    *,
    status: Literal["draft", "published", "cancelled"] | None = None,
    text: ShortText | None = None,
    starts_from: Time | None = None,
    starts_before: Time | None = None,
    on_sale: bool | None = None,
    metadata: MetadataQuery | None = None,
    limit: Limit = 50,
    cursor: Cursor | None = None,
) -> dict[str, Any]:
    """Return the events that match every filter, newest first.

    `text` is searched in name and venue. `starts_from` and `starts_before` limit the start. `on_sale` selects events
    whose admissions can be held now, if any are left.
    """
    organisation = drafts_of(request.principal)
    filters = {
        "status": status,
        "text": text,
        "starts_from": starts_from,
        "starts_before": starts_before,
        "on_sale": on_sale,
        "metadata": metadata,
    }
    found = await request.inventory.queries.list_events_in_full(
        EventFilter(
            status=status,
            text=text,
            starts_from=starts_from,
            starts_until=starts_before,
            on_sale=on_sale,
            metadata=metadata,
            drafts=organisation is not None,
            drafts_of=organisation,
        ),
        before=position_number(request, cursor, filters),
        limit=limit + 1,
    )
    return page(
        request, found, limit=limit, filters=filters, position=lambda event: event.number, render=event_json
    )


@routes.get(
    "/v1/events/{event}",
    policy=Permission.PUBLIC,
    response=EventOut,
    errors=[EventNotFound],
    answers={200: event_example()},
)
async def get_event(request: Request, event: EventPath) -> dict[str, Any]:
    """Return an event by its id or its number."""
    return event_json(await visible_event(request, event))


@routes.patch(
    "/v1/events/{event}",
    policy=Permission.EVENTS_WRITE,
    body_limit=SEAT_MAP_LIMIT,
    response=EventOut,
    errors=[EventNotFound, EventCancelled, CapacityTaken, DuplicateSeat, AreaUnknown],
    examples={
        "more admissions": {"capacity": 1200},
        "another day, no end of sale": {"starts_at": "2026-12-06T19:00:00Z", "off_sale_at": None},
        "more seats": {"seat_map": {"sections": [{"name": "B", "rows": 10, "seats_per_row": 30}]}},
        "another name, another size": {
            "areas": [{"id": 1, "name": "floor"}, {"name": "balcony", "capacity": 120}]
        },
        "a new area, a closed one": {
            "areas": [{"name": "terrace", "capacity": 50, "add": True}, {"name": "hall", "closed": True}]
        },
        "another name of a category": {"categories": [{"id": 2, "name": "front stalls"}]},
    },
    answers={200: event_example(capacity=1200)},
)
async def change_event(request: Request, event: EventPath, body: ChangeEventIn) -> Reply:
    """Change the named members; null clears an optional one.

    Capacity may grow, or shrink to what is not taken. An area is named by its `id` or its `name`, and only with its
    `id` gets another name. `add`, `closed` and `remove` say what they do. A name that the event does not have is
    refused. A `seat_map` adds its seats, in categories of the event or in new ones that `categories` adds. The change
    takes its turn among the event's sales: a hold is decided completely before or completely after it.
    """
    number = await own_number(request, event)
    maps = request.inventory.venue_maps.of(organisation_of(request.principal))
    command = await body.change(maps, by=request.principal.id)
    return await answer_command(request, number, command, _rendered)


@routes.post(
    "/v1/events/{event}/publish",
    policy=Permission.EVENTS_WRITE,
    response=EventOut,
    errors=[*_KEPT, EventCancelled],
    answers={200: event_example()},
)
async def publish_event(request: Request, event: EventPath) -> Reply:
    """Publish a draft. A repeat gets the same answer."""
    return await _move(request, event, c.PublishEvent)


@routes.post(
    "/v1/events/{event}/cancel",
    policy=Permission.EVENTS_WRITE,
    response=EventOut,
    errors=_KEPT,
    answers={200: event_example(status="cancelled")},
)
async def cancel_event(request: Request, event: EventPath) -> Reply:
    """Cancel an event for good. Live holds read as released, nothing is available, and bookings stay."""
    return await _move(request, event, c.CancelEvent)


@routes.post(
    "/v1/events/{event}/stop",
    policy=Permission.EVENTS_WRITE,
    response=EventOut,
    errors=[*_KEPT, EventCancelled],
    answers={200: event_example(sales_stopped=True)},
)
async def stop_sales(request: Request, event: EventPath) -> Reply:
    """Stop sales: holds can no longer be placed or extended. Live holds can still be confirmed."""
    return await _move(request, event, c.StopSales)


@routes.post(
    "/v1/events/{event}/resume",
    policy=Permission.EVENTS_WRITE,
    response=EventOut,
    errors=[*_KEPT, EventCancelled],
    answers={200: event_example()},
)
async def resume_sales(request: Request, event: EventPath) -> Reply:
    """Resume sales."""
    return await _move(request, event, c.ResumeSales)


async def _move(request: Request, event: EventPath, command: type[c.Command[FullEvent]]) -> Reply:
    number = await own_number(request, event)
    key = retry_key(request, _rendered)
    return await answer_command(request, number, command(by=request.principal.id, key=key), _rendered)
