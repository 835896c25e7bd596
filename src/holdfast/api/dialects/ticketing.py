"""Dialect 3, ticketing: users, shows, their seats and availability. Reservations are in `reservations.py`."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from holdfast.access.passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH
from holdfast.access.permissions import Permission
from holdfast.api.dialects.dialect import Dialect, RequestBody, ResponseBody
from holdfast.api.dialects.reference import LenientTime
from holdfast.api.dialects.seating import Seating, get_seating
from holdfast.api.dialects.users import sold_number
from holdfast.api.request import Request
from holdfast.api.v1.rights import organisation_of, own_number
from holdfast.api.values import Email, EventPath, Name, ShortText
from holdfast.errors import (
    DuplicateEmail,
    DuplicateSeat,
    EventCancelled,
    FieldError,
    Gone,
    HoldExpired,
    HoldfastError,
    InvalidInput,
    SeatUnknown,
)
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import SEAT_MAP_LIMIT
from holdfast.http.values import Cursor
from holdfast.ids import seat_id
from holdfast.inventory.batching.after_commit import after_commit
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.layout import Layout

__all__ = ["TAG", "render_error", "routes"]

TAG = "dialect 3: ticketing"
MAX_AT_ONCE = 1_000


def render_error(error: HoldfastError) -> tuple[int, Any]:
    """Return `detail` like FastAPI programs. An expired reservation is 400, a missing seat 404."""
    if isinstance(error, HoldExpired):
        return 400, None
    if isinstance(error, Gone):
        return 409, None
    if isinstance(error, SeatUnknown):
        return 404, None
    return error.status, None


routes = Dialect("ticketing", tag=TAG, render_error=render_error)


class RegisterUserIn(RequestBody):
    name: Name
    phone_number: ShortText
    email: Email
    password: Annotated[str, Field(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)]


class UserOut(ResponseBody):
    id: int
    name: str
    phone_number: str
    email: str


class CreateTicketingShowIn(RequestBody):
    title: Name
    venue: Name
    starts_at: LenientTime


class TicketingShowOut(ResponseBody):
    id: int
    title: str
    venue: str | None
    starts_at: datetime | None


class TicketingSeatOut(ResponseBody):
    id: int
    show_id: int
    seat_number: str


class TicketingAvailabilityOut(ResponseBody):
    seat_id: int
    seat_number: str
    status: Literal["AVAILABLE", "HELD", "CONFIRMED"]
    hold_expiry: datetime | None = Field(None, description="Only for a seat that is HELD.")


@routes.post(
    "/users/",
    policy=Permission.SALES_WRITE,
    status=201,
    errors=[DuplicateEmail],
    examples={
        "a buyer": {
            "name": "Ada Byron",
            "phone_number": "+44 20 7946 0000",
            "email": "ada@example.org",
            "password": "analytical engine",
        }
    },
    answers={
        201: {
            "id": 17,
            "name": "Ada Byron",
            "phone_number": "+44 20 7946 0000",
            "email": "ada@example.org",
        }
    },
)
async def create_user(request: Request, body: RegisterUserIn) -> UserOut:
    """Create an account. The password is kept as an argon2id hash and never returned.

    It has 12 characters or more; common passwords are refused. Four different words are fine.
    """
    request.inventory.operations.refuse_without_room()
    user = await request.access.users.create(
        name=body.name, phone_number=body.phone_number, email=body.email, password=body.password
    )
    return UserOut(id=user.id, name=user.name, phone_number=user.phone_number, email=user.email)


@routes.post(
    "/shows/",
    policy=Permission.EVENTS_WRITE,
    status=201,
    examples={"a show": {"title": "Hamlet", "venue": "Globe Theatre", "starts_at": "2026-11-05T19:30:00Z"}},
    answers={
        201: {"id": 7, "title": "Hamlet", "venue": "Globe Theatre", "starts_at": "2026-11-05T19:30:00Z"}
    },
)
async def create_show(request: Request, body: CreateTicketingShowIn) -> TicketingShowOut:
    """Create a show without seats; add them next. Its start may be in the past."""
    event = await request.inventory.create_event(
        c.NewEvent(
            name=body.title,
            venue=body.venue,
            starts_at=body.starts_at,
            organisation=organisation_of(request.principal),
        ),
        by=request.principal.id,
    )
    return TicketingShowOut(id=event.number, title=event.name, venue=event.venue, starts_at=event.starts_at)


_LABELS_SCHEMA = {
    "anyOf": [
        {"type": "array", "items": {"type": "string"}},
        {
            "type": "object",
            "required": ["seats"],
            "properties": {"seats": {"type": "array", "items": {"type": "string"}}},
        },
    ]
}


@routes.post(
    "/shows/{show_id}/seats",
    policy=Permission.EVENTS_WRITE,
    status=201,
    body_limit=SEAT_MAP_LIMIT,
    response=list[TicketingSeatOut],
    errors=[DuplicateSeat, EventCancelled],
    examples={"labels": ["A1", "A2", " c5 "], "in an object": {"seats": ["A1", "A2", " c5 "]}},
    answers={201: [{"id": 7000001, "show_id": 7, "seat_number": "A1"}]},
)
async def create_seats(
    request: Request, show_id: EventPath, body: Annotated[Any, WithJsonSchema(_LABELS_SCHEMA)]
) -> Reply:
    """Add seats by label, trimmed and upper-cased: all of them, or none if one is invalid or exists already."""
    number = await own_number(request, show_id)
    layout = _read_labels(body)
    event = await request.inventory.execute(
        number,
        c.ChangeEvent(by=request.principal.id, seats=layout.seats, categories=layout.categories),
    )
    with after_commit():
        seat_map = await request.inventory.queries.get_seat_map(number, event.map_version)
    made = [(seat.label, seat_map.number_of(seat.label)) for seat in layout.seats]
    return Reply(status=201, body=encode([_seat(number, seat, label) for label, seat in made if seat]))


def _read_labels(body: Any) -> Layout:
    """Return the labels of an array, or of the array in `seats`. Raises InvalidInput, DuplicateSeat."""
    in_object = isinstance(body, dict) and "seats" in body
    labels = body["seats"] if in_object else body
    if not isinstance(labels, list):
        raise InvalidInput.in_field("/seats" if in_object else "", "wrong_type", FieldError.LABELS_TYPE)
    try:
        return parse_seat_map({"labels": labels})
    except (InvalidInput, DuplicateSeat) as refusal:
        base = "/seats" if in_object else ""
        raise type(refusal)(
            refusal.detail,
            errors=tuple(one.moved(base + one.pointer.removeprefix("/labels")) for one in refusal.errors),
        ) from None


def _seat(number: int, seat: int, label: str) -> dict[str, Any]:
    return {"id": seat_id(number, seat), "show_id": number, "seat_number": label}


@routes.get(
    "/shows/{show_id}/seats",
    policy=Permission.SALES_WRITE,
    for_users=True,
    response=list[TicketingSeatOut],
    answers={200: [{"id": 7000001, "show_id": 7, "seat_number": "A1"}]},
)
async def list_seats(request: Request, show_id: EventPath) -> Reply:
    """Return the show's seats in the order in which they were added."""
    number = await sold_number(request, show_id)
    seating = await get_seating(request, number)
    labels = enumerate(seating.seat_map.labels, 1)
    return Reply(body=encode([_seat(number, seat, label) for seat, label in labels]))


@routes.get(
    "/shows/{show_id}/availability",
    policy=Permission.SALES_WRITE,
    for_users=True,
    response=list[TicketingAvailabilityOut],
    answers={
        200: [
            {"seat_id": 7000001, "seat_number": "A1", "status": "AVAILABLE"},
            {
                "seat_id": 7000002,
                "seat_number": "A2",
                "status": "HELD",
                "hold_expiry": "2026-11-05T18:40:00Z",
            },
            {"seat_id": 7000003, "seat_number": "C5", "status": "CONFIRMED"},
        ]
    },
)
async def get_availability(
    request: Request,
    show_id: EventPath,
    status: Literal["AVAILABLE", "HELD", "CONFIRMED"] | None = None,
    limit: Annotated[int, Field(ge=1, le=MAX_AT_ONCE)] | None = None,
    cursor: Cursor | None = None,
) -> Reply:
    """Return the status of each seat when read; a seat of a lapsed hold is AVAILABLE.

    The answer has all seats, or `limit` of them and a header `Link` to the next. A seat that the organiser keeps off
    sale is CONFIRMED, because it cannot be reserved.
    """
    number = await sold_number(request, show_id)
    route, filters = f"/shows/{number}/availability", {"status": status}
    after = 0 if cursor is None else request.cursors.open(cursor, route, filters)[0]
    seating = await get_seating(request, number)
    matching = (
        shown
        for seat, label in islice(enumerate(seating.seat_map.labels, 1), after, None)
        if (shown := _availability(seating, number, seat, label))["status"] == status or status is None
    )
    if limit is None:
        return Reply(body=encode(list(matching)))
    page = list(islice(matching, limit + 1))
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if len(page) > limit:
        last = seating.seat_map.number_of(page[limit - 1]["seat_number"])
        query = f"limit={limit}&cursor={request.cursors.sign(route, filters, [last])}"
        query += f"&status={status}" if status else ""
        headers = ((b"link", f'<{request.root}{route[1:]}?{query}>; rel="next"'.encode()),)
    return Reply(body=encode(page[:limit]), headers=headers)


def _availability(seating: Seating, number: int, seat: int, label: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"seat_id": seat_id(number, seat), "seat_number": label}
    until = seating.held_until.get(seat)
    if until is not None:
        return shown | {"status": "HELD", "hold_expiry": until}
    return shown | {"status": "CONFIRMED" if seat in seating.taken else "AVAILABLE"}
