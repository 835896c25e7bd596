"""Seats: which seats of an event are taken, and its seat map."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.availability import AsOf, SeatStateOut, refuse_as_of, state_headers
from holdfast.api.v1.rights import refuse_hidden, visible_event, visible_number
from holdfast.api.values import EventPath, is_bookmark, parse_bookmark
from holdfast.errors import EventNotFound, InvalidInput, RouteNotFound
from holdfast.http.headers import accepts_gzip, etag, matches_etag
from holdfast.http.reply import Headers, Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import FromPath
from holdfast.inventory.past import SeatStates
from holdfast.inventory.projections.seat_json import available_seat, held_until, seat_list, taken_seat
from holdfast.inventory.rules.event import Event, EventStatus

__all__ = ["routes"]

routes = Routes(tag="seats")

_FOR_EVER = b"public, max-age=31536000, immutable"
_FOR_NOW = b"no-cache"
_FOR_STAFF = b"private, no-cache"


class SeatsOut(BaseModel):
    """In the seat map's order. In a cancelled event no seat is held or for sale."""

    event: UUID
    event_number: int
    event_status: EventStatus
    map_version: int
    epoch: str = Field(description="The history in which `version` counts; a restore begins a new one.")
    version: int
    items: list[SeatStateOut]


class MapSeatOut(BaseModel):
    """`position` is physical: two seats of a row are neighbours if their positions are consecutive."""

    label: str
    position: int
    category: str
    x: float | None = None
    y: float | None = None
    name: str | None = Field(None, description="The source's own seat number, as printed.")
    guid: str | None = Field(None, description="The source's own id.")
    wheelchair: bool | None = Field(
        None, description="True: best available gives it only to a line that says `accessible`."
    )
    companion: bool | None = Field(
        None, description="True: best available gives it only with a wheelchair place."
    )
    restricted_view: bool | None = Field(None, description="True: best available gives it last.")


class MapRowOut(BaseModel):
    """Seats from left to right."""

    name: str
    sold: Literal["whole"] | None = Field(
        None, description="`whole`: a table or booth. A hold of one of its seats takes all of them."
    )
    seats: list[MapSeatOut]


class MapSectionOut(BaseModel):
    """Rows from the front."""

    name: str
    rows: list[MapRowOut]


class MapAreaOut(BaseModel):
    """A counted area that the map draws among its seats."""

    name: str
    category: str | None = None
    x: float
    y: float
    shape: Literal["rectangle", "circle", "ellipse", "polygon"] | None = None
    width: float | None = None
    height: float | None = None
    radius: float | None = None
    radius_x: float | None = None
    radius_y: float | None = None
    points: list[dict[str, float]] | None = None
    rotation: float | None = None


class MapSourceOut(BaseModel):
    """The venue's seat map that the event copied."""

    id: UUID
    version: int


class SeatMapOut(BaseModel):
    """One version of an event's seat map; it never changes."""

    event: UUID
    event_number: int
    map_version: int
    categories: list[str]
    sections: list[MapSectionOut]
    areas: list[MapAreaOut] | None = None
    source: MapSourceOut | None = None


MapVersionPath = Annotated[
    str,
    FromPath(lambda text: text if is_bookmark(text) else None, RouteNotFound),
    WithJsonSchema({"type": "string", "examples": ["3f9a1c2e.1", "1"]}),
]

_EVENT: dict[str, Any] = {"event": "00000000-1c1b-8f3a-a4d5-5b1d6a2f9c10", "event_number": 7}
_SEATS_EXAMPLE = _EVENT | {
    "event_status": "published",
    "map_version": 1,
    "epoch": "3f9a1c2e",
    "version": 3,
    "items": [
        {"label": "A-1-1", "status": "booked"},
        {"label": "A-1-2", "status": "held", "until": "2026-11-05T18:32:00.120934Z"},
    ],
}
_MAP_EXAMPLE = _EVENT | {
    "map_version": 1,
    "categories": ["stalls"],
    "sections": [
        {
            "name": "A",
            "rows": [
                {
                    "name": "1",
                    "seats": [
                        {"label": "A-1-1", "position": 0, "category": "stalls"},
                        {"label": "A-1-2", "position": 1, "category": "stalls"},
                    ],
                }
            ],
        }
    ],
}


@routes.get(
    "/v1/events/{event}/seats",
    policy=Permission.PUBLIC,
    response=SeatsOut,
    errors=[EventNotFound, InvalidInput],
    answers={200: _SEATS_EXAMPLE, 304: None},
)
async def list_seats(
    request: Request, event: EventPath, all: bool = False, as_of: AsOf | None = None
) -> Reply:
    """Return the seats that are not available, or every seat with `all=true`.

    `ETag` and `If-None-Match` work as for the availability.
    """
    number = await visible_number(request, event)
    if as_of is not None:
        await refuse_as_of(request, number, as_of)
        states = await request.inventory.queries.list_seats_as_of(number, as_of)
        facts = {
            "map_version": states.event.map_version,
            "epoch": request.inventory.epoch,
            "version": states.version,
            "as_of": as_of,
        }
        return Reply(body=_document(states.event, facts, _list_of(states, every=all)))
    read_model = await request.inventory.read_models.get_current(number)
    refuse_hidden(request.principal, read_model.event)
    headers = state_headers(read_model.epoch, *read_model.state)
    if matches_etag(request.header(b"if-none-match"), headers[0][1]):
        return Reply(status=304, headers=headers)
    seats = await request.inventory.read_models.list_seats(read_model, every=all)
    if seats.document is None:
        known = seats.availability
        of = known.event
        facts = {"map_version": of.map_version, "epoch": known.epoch, "version": known.version}
        seats.document = _document(of, facts, seats.body)
    return Reply(body=seats.document, headers=state_headers(seats.availability.epoch, *seats.state))


@routes.get(
    "/v1/events/{event}/seat-map",
    policy=Permission.PUBLIC,
    status=307,
    errors=[EventNotFound],
)
async def find_seat_map(request: Request, event: EventPath) -> Reply:
    """Redirect to the current version of the event's seat map."""
    found = await visible_event(request, event)
    version = f"{request.inventory.epoch}.{found.map_version}"
    location = f"{request.root}v1/events/{event}/seat-map/{version}".encode("ascii")
    return Reply(status=307, headers=((b"location", location), (b"cache-control", b"no-cache")))


@routes.get(
    "/v1/events/{event}/seat-map/{map_version}",
    policy=Permission.PUBLIC,
    response=SeatMapOut,
    errors=[EventNotFound, RouteNotFound],
    answers={200: _MAP_EXAMPLE, 304: None},
)
async def get_seat_map(request: Request, event: EventPath, map_version: MapVersionPath) -> Reply:
    """Return sections, rows and seats, with their positions.

    `{epoch}.{map_version}` never changes and may be cached forever; `{map_version}` alone must be revalidated, because
    a restore may give it other seats. Added seats make a new version, in which existing seats keep their labels and
    positions. Version 0 has no seats.
    """
    found = await visible_event(request, event)
    epoch, version = parse_bookmark(map_version)
    if version > found.map_version or epoch not in ("", request.inventory.epoch):
        raise RouteNotFound(RouteNotFound.SEAT_MAP_VERSION)
    is_packed = accepts_gzip(request.header(b"accept-encoding"))
    tag = etag(request.inventory.epoch, found.id.hex, f"{version}{'-gzip' if is_packed else ''}")
    caching = _FOR_STAFF if found.status == "draft" else _FOR_EVER if epoch else _FOR_NOW
    headers: Headers = (
        (b"etag", tag),
        (b"cache-control", caching),
        (b"vary", b"accept-encoding"),
    )
    if matches_etag(request.header(b"if-none-match"), tag):
        return Reply(status=304, headers=headers)
    document = await request.inventory.queries.get_seat_map_document(found, version)
    if is_packed:
        return Reply(body=document.packed, headers=(*headers, (b"content-encoding", b"gzip")))
    return Reply(body=document.plain, headers=headers)


def _document(event: Event, facts: dict[str, Any], items: bytes) -> bytes:
    head = encode(
        {"event": event.id, "event_number": event.number, "event_status": event.status.value} | facts
    )
    return head[:-1] + b',"items":' + items + b"}"


def _list_of(states: SeatStates, *, every: bool) -> bytes:
    """Return the seats of a past moment."""
    label_of = states.seat_map.label_of
    taken = {
        seat.number: taken_seat(label_of(seat.number), held_until(seat.until) if seat.until else seat.status)
        for seat in states.taken
    }
    if not every:
        return seat_list(taken.values())
    labels = enumerate(states.seat_map.labels, start=1)
    return seat_list([taken.get(number) or available_seat(label) for number, label in labels])
