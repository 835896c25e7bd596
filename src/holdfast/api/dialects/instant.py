"""Dialect 4, instant booking: shows with a counter, and bookings that are CONFIRMED or FAILED immediately.

`POST /book`, which it shares with dialect 1, is in `book.py`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.api.dialects.dialect import Dialect, RequestBody, ResponseBody
from holdfast.api.dialects.reference import EventRef, LenientTime
from holdfast.api.request import Request
from holdfast.api.v1.rights import organisation_of, own_number
from holdfast.api.values import Name
from holdfast.errors import (
    CredentialsRequired,
    EventNotFound,
    Fault,
    Forbidden,
    HoldfastError,
    TooManyRequests,
)
from holdfast.http.reply import JSON, Reply, encode
from holdfast.http.values import Cursor
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.availability import Counts
from holdfast.inventory.rules.booking import Attempt
from holdfast.inventory.rules.event import MAX_CAPACITY, Event

__all__ = ["BookInstantSeatsIn", "InstantBookingOut", "book_seats", "render_error", "routes"]

MAX_SHOWS = 1_000
MAX_INT = 2_147_483_647
"""The document's `seat_count INT`: larger numbers are invalid."""

_READ_AT_ONCE = 4


def render_error(error: HoldfastError) -> tuple[int, Any]:
    """Return `{"error": …}` in the document's words. Other errors stay problems, which have `error` too."""
    if isinstance(error, EventNotFound):
        return 404, {"error": "Show not found"}
    if isinstance(error, CredentialsRequired | Forbidden | TooManyRequests | Fault):
        return error.status, None
    return 400, {"error": "Invalid input"}


def render_error_of_show(error: HoldfastError) -> tuple[int, Any]:
    status, body = render_error(error)
    if body is not None:
        return 400, {"error": "All fields are required and must be valid"}
    return status, None


routes = Dialect("instant", tag="dialect 4: instant booking", render_error=render_error)


class CreateInstantShowIn(RequestBody):
    name: Name
    start_time: LenientTime
    total_seats: Annotated[int, Field(ge=1, le=MAX_CAPACITY)]


class InstantShowOut(ResponseBody):
    id: int
    name: str
    start_time: datetime | None
    total_seats: int
    booked_seats: int
    created_at: datetime


class CreatedInstantShowOut(ResponseBody):
    message: str
    show: InstantShowOut


class ListedInstantShowOut(ResponseBody):
    id: int
    name: str
    start_time: datetime | None
    total_seats: int
    available_seats: int


class BookInstantSeatsIn(RequestBody):
    show_id: EventRef
    seat_count: Annotated[int, Field(ge=1, le=MAX_INT)]


class InstantAttemptOut(ResponseBody):
    id: int
    show_id: int
    seat_count: int
    status: str
    created_at: datetime


class InstantBookingOut(ResponseBody):
    message: str
    booking: InstantAttemptOut


_SHOW = {"name": "Avengers: Endgame", "start_time": "2024-03-25T18:00:00Z", "total_seats": 100}


@routes.post(
    "/admin/show",
    policy=Permission.EVENTS_WRITE,
    status=201,
    render_error=render_error_of_show,
    examples={"100 seats": _SHOW},
    answers={
        201: {
            "message": "Show created successfully",
            "show": {"id": 1, **_SHOW, "booked_seats": 0, "created_at": "2024-03-19T10:00:00Z"},
        }
    },
)
async def create_show(request: Request, body: CreateInstantShowIn) -> CreatedInstantShowOut:
    """Create a show with a number of seats, on sale at once. Its start may be in the past."""
    event = await request.inventory.create_event(
        c.NewEvent(
            name=body.name,
            starts_at=body.start_time,
            areas=(c.AreaSpec(name="general", capacity=body.total_seats),),
            organisation=organisation_of(request.principal),
        ),
        by=request.principal.id,
    )
    show = InstantShowOut(
        id=event.number,
        name=event.name,
        start_time=event.starts_at,
        total_seats=body.total_seats,
        booked_seats=0,
        created_at=event.created_at,
    )
    return CreatedInstantShowOut(message="Show created successfully", show=show)


@routes.get(
    "/shows",
    policy=Permission.PUBLIC,
    response=list[ListedInstantShowOut],
    answers={200: [{"id": 1, **_SHOW, "available_seats": 95}]},
)
async def list_shows(
    request: Request,
    limit: Annotated[int, Field(ge=1, le=MAX_SHOWS)] = MAX_SHOWS,
    cursor: Cursor | None = None,
) -> Reply:
    """Return every published show in order of creation, exact when read.

    With more than `limit` shows, these are the newest, and the header `Link` leads to older ones.
    """
    before = None if cursor is None else request.cursors.open(cursor, "/shows", {})[0]
    found = await request.inventory.queries.list_events(
        EventFilter(status="published"), before=before, limit=limit + 1
    )
    page = found[limit - 1 :: -1] if len(found) > limit else found[::-1]
    turn = asyncio.Semaphore(_READ_AT_ONCE)
    shows = await asyncio.gather(
        *(_listed(request.inventory, turn, event, counts) for event, counts, _ in page)
    )
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if len(found) > limit:
        following = request.cursors.sign("/shows", {}, [page[0][0].number])
        headers = ((b"link", f'<{request.root}shows?limit={limit}&cursor={following}>; rel="next"'.encode()),)
    return Reply(body=encode(shows), headers=headers, content_type=JSON)


async def _listed(
    inventory: Inventory, turn: asyncio.Semaphore, event: Event, counts: Counts
) -> ListedInstantShowOut:
    """Return a show for the list. Its counters include lapsed holds, so shows with holds are read again."""
    if counts.held:
        async with turn:
            counts = (await inventory.queries.get_availability(event.number)).counts
    return ListedInstantShowOut(
        id=event.number,
        name=event.name,
        start_time=event.starts_at,
        total_seats=counts.capacity,
        available_seats=counts.available,
    )


async def book_seats(request: Request, body: BookInstantSeatsIn) -> InstantBookingOut:
    """Book seats in one step and one transaction: a booking, or a FAILED attempt on record.

    Raises EventNotFound; AreaRequired for an event whose parts this dialect cannot name.
    """
    number = await own_number(request, body.show_id, Permission.SALES_WRITE)
    attempt: Attempt
    attempt, _ = await request.inventory.execute(
        number,
        c.BookInstantly(
            by=request.principal.id,
            attempt_number=await request.inventory.new_attempt_number(),
            hold_id=request.inventory.new_id(number),
            booking_id=request.inventory.new_id(number),
            quantity=body.seat_count,
        ),
    )
    return InstantBookingOut(
        message=f"Booking {attempt.status}",
        booking=InstantAttemptOut(
            id=attempt.number,
            show_id=attempt.event_number,
            seat_count=attempt.quantity,
            status=attempt.status,
            created_at=attempt.created_at,
        ),
    )
