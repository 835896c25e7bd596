"""Seats: which seats of an event are taken, and its seat map."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.availability import AsOf, refuse_as_of, state_headers
from holdfast.api.v1.rights import refuse_hidden, visible_event, visible_number
from holdfast.api.v1.seat_answers import (
    MAP_EXAMPLE,
    SEATS_EXAMPLE,
    PackedSeatsOut,
    SeatMapColumnsOut,
    SeatMapOut,
    SeatsOut,
)
from holdfast.api.values import EventPath, is_bookmark, parse_bookmark
from holdfast.errors import EventNotFound, InvalidInput, RouteNotFound
from holdfast.http.headers import accepts_gzip, etag, matches_etag
from holdfast.http.reply import Headers, Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import FromPath
from holdfast.inventory.past import SeatStates
from holdfast.inventory.projections.read_models import SeatForm
from holdfast.inventory.projections.seat_json import (
    available_seat,
    held_until,
    packed_seats,
    seat_list,
    taken_seat,
)
from holdfast.inventory.rules.event import Event
from holdfast.inventory.seat_map_documents import MapForm

__all__ = ["routes"]

routes = Routes(tag="seats")

_FOR_EVER = b"public, max-age=31536000, immutable"
_FOR_NOW = b"no-cache"
_FOR_STAFF = b"private, no-cache"


MapVersionPath = Annotated[
    str,
    FromPath(lambda text: text if is_bookmark(text) else None, RouteNotFound),
    WithJsonSchema({"type": "string", "examples": ["3f9a1c2e.1", "1"]}),
]


@routes.get(
    "/v1/events/{event}/seats",
    policy=Permission.PUBLIC,
    response=SeatsOut | PackedSeatsOut,
    errors=[EventNotFound, InvalidInput],
    answers={200: SEATS_EXAMPLE, 304: None},
)
async def list_seats(
    request: Request,
    event: EventPath,
    all: bool = False,
    form: Literal["list", "packed"] = "list",
    as_of: AsOf | None = None,
) -> Reply:
    """Return the seats that are not available, or every seat with `all=true`, or every seat in two bits with
    `form=packed`.

    `ETag` and `If-None-Match` work as for the availability.
    """
    wanted = SeatForm.PACKED if form == "packed" else SeatForm.EVERY if all else SeatForm.TAKEN
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
        return Reply(body=_document(states.event, facts, 0, wanted, _seats_of(states, wanted)))
    read_model = await request.inventory.read_models.get_current(number)
    refuse_hidden(request.principal, read_model.event)
    headers = state_headers(read_model.epoch, *read_model.state)
    if matches_etag(request.header(b"if-none-match"), headers[0][1]):
        return Reply(status=304, headers=headers)
    seats = await request.inventory.read_models.list_seats(read_model, wanted)
    if seats.document is None:
        known = seats.availability
        of = known.event
        facts = {"map_version": of.map_version, "epoch": known.epoch, "version": known.version}
        seats.document = _document(of, facts, known.lapsed, wanted, seats.body)
    return Reply(body=seats.document, headers=state_headers(seats.availability.epoch, *seats.state))


@routes.get(
    "/v1/events/{event}/seat-map",
    policy=Permission.PUBLIC,
    status=307,
    errors=[EventNotFound],
)
async def find_seat_map(request: Request, event: EventPath, form: MapForm = "document") -> Reply:
    """Redirect to the current version of the event's seat map, in the same form."""
    found = await visible_event(request, event)
    version = f"{request.inventory.epoch}.{found.map_version}"
    query = "" if form == "document" else f"?form={form}"
    location = f"{request.root}v1/events/{event}/seat-map/{version}{query}".encode("ascii")
    return Reply(status=307, headers=((b"location", location), (b"cache-control", b"no-cache")))


@routes.get(
    "/v1/events/{event}/seat-map/{map_version}",
    policy=Permission.PUBLIC,
    response=SeatMapOut | SeatMapColumnsOut,
    errors=[EventNotFound, RouteNotFound],
    answers={200: MAP_EXAMPLE, 304: None},
)
async def get_seat_map(
    request: Request, event: EventPath, map_version: MapVersionPath, form: MapForm = "document"
) -> Reply:
    """Return sections, rows and seats, with their positions. `form=columns` has the same for a program that draws:
    each seat has a place, also where the source has none, and 60,000 seats are a tenth of the size.

    `{epoch}.{map_version}` never changes and may be cached forever; `{map_version}` alone must be revalidated, because
    a restore may give it other seats. Added seats make a new version, in which existing seats keep their labels and
    positions. Version 0 has no seats.
    """
    found = await visible_event(request, event)
    epoch, version = parse_bookmark(map_version)
    if version > found.map_version or epoch not in ("", request.inventory.epoch):
        raise RouteNotFound(RouteNotFound.SEAT_MAP_VERSION)
    is_packed = accepts_gzip(request.header(b"accept-encoding"))
    variant = f"{'' if form == 'document' else f'-{form}'}{'-gzip' if is_packed else ''}"
    tag = etag(request.inventory.epoch, found.id.hex, f"{version}{variant}")
    caching = _FOR_STAFF if found.status == "draft" else _FOR_EVER if epoch else _FOR_NOW
    headers: Headers = (
        (b"etag", tag),
        (b"cache-control", caching),
        (b"vary", b"accept-encoding"),
    )
    if matches_etag(request.header(b"if-none-match"), tag):
        return Reply(status=304, headers=headers)
    document = await request.inventory.queries.get_seat_map_document(found, version, form)
    if is_packed:
        return Reply(body=document.packed, headers=(*headers, (b"content-encoding", b"gzip")))
    return Reply(body=document.plain, headers=headers)


def _document(event: Event, facts: dict[str, Any], lapsed: int, form: SeatForm, seats: bytes) -> bytes:
    """Return the answer around the seats."""
    member = b"items"
    if form is SeatForm.PACKED:
        member, facts = b"state", facts | {"lapsed": lapsed}
    head = encode(
        {"event": event.id, "event_number": event.number, "event_status": event.status.value} | facts
    )
    return head[:-1] + b',"' + member + b'":' + seats + b"}"


def _seats_of(states: SeatStates, form: SeatForm) -> bytes:
    """Return the seats of a past moment."""
    label_of = states.seat_map.label_of
    taken = {
        seat.number: taken_seat(label_of(seat.number), held_until(seat.until) if seat.until else seat.status)
        for seat in states.taken
    }
    if form is SeatForm.PACKED:
        return packed_seats(taken.items(), states.seat_map.size)
    if form is SeatForm.TAKEN:
        return seat_list(taken.values())
    labels = enumerate(states.seat_map.labels, start=1)
    return seat_list([taken.get(number) or available_seat(label) for number, label in labels])
