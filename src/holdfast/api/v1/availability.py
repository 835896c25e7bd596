"""Availability: how many admissions of an event are free: now, since a version, or at a past moment."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.rights import at_visible, refuse_hidden
from holdfast.api.values import EventPath, is_bookmark, parse_bookmark
from holdfast.errors import EventNotFound, FieldError, InvalidInput
from holdfast.http.headers import etag
from holdfast.http.pending_reply import reply_to
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import Time
from holdfast.inventory.projections.availability_json import members_of
from holdfast.inventory.projections.seat_json import seat_list
from holdfast.inventory.rules.availability import Availability
from holdfast.inventory.rules.event import EventStatus

__all__ = [
    "AsOf",
    "AvailabilityOut",
    "Bookmark",
    "SeatStateOut",
    "refuse_as_of",
    "routes",
    "state_headers",
]

routes = Routes(tag="availability")


def _checked_bookmark(value: str) -> str:
    if not is_bookmark(value):
        raise PydanticCustomError("wrong_format", FieldError.BOOKMARK)
    return value


AsOf = Annotated[
    Time,
    Field(
        description="A past moment, not before the event was created. A seat's `until` is its hold's last expiry.",
    ),
]
Bookmark = Annotated[
    str,
    AfterValidator(_checked_bookmark),
    WithJsonSchema({"type": "string", "examples": ["3f9a1c2e.17"]}),
]
_Since = Annotated[
    Bookmark | None,
    Field(
        description="A bookmark, `{epoch}.{version}` of an earlier answer: lists every seat that changed since.",
    ),
]


class CountsOut(BaseModel):
    """Admissions; `capacity` is the sum of the others (for a cancelled event, `available` and `held` are 0)."""

    capacity: int
    available: int
    held: int
    booked: int
    blocked: int


class AreaCountsOut(CountsOut):
    """One counted area, without numbered seats."""

    name: str
    category: str | None


class CategoryCountsOut(CountsOut):
    """One category: its seats and areas together."""

    name: str


class SeatStateOut(BaseModel):
    """One seat; `until` is the expiry of its hold, if it is held."""

    label: str
    status: Literal["available", "held", "booked", "blocked"]
    until: datetime | None = None


class ChangesOut(BaseModel):
    """Each seat that changed, with its current status."""

    seats: list[SeatStateOut]


class AvailabilityOut(CountsOut):
    """Exact at `as_of`. The state is `version` and, in the ETag, how many holds have lapsed since."""

    event: UUID
    event_number: int
    event_status: EventStatus
    map_version: int
    epoch: str = Field(description="The history in which `version` counts; a restore begins a new one.")
    version: int
    as_of: datetime
    areas: list[AreaCountsOut]
    categories: list[CategoryCountsOut]
    changes: ChangesOut | None = Field(None, description="With `since` only.")
    reset: bool | None = Field(
        None,
        description="With `since` only, and always true: read everything again. The bookmark names no epoch or "
        "another one, it is more than 1,000 versions behind, seats were added, or the event was cancelled.",
    )


EXAMPLE: dict[str, Any] = {
    "event": "00000000-1c1b-8f3a-a4d5-5b1d6a2f9c10",
    "event_number": 7,
    "event_status": "published",
    "map_version": 1,
    "capacity": 1600,
    "available": 1594,
    "held": 4,
    "booked": 2,
    "blocked": 0,
    "epoch": "3f9a1c2e",
    "version": 3,
    "as_of": "2026-11-05T18:30:00.120934Z",
    "areas": [
        {
            "name": "general",
            "category": None,
            "capacity": 1000,
            "available": 996,
            "held": 4,
            "booked": 0,
            "blocked": 0,
        }
    ],
    "categories": [
        {"name": "stalls", "capacity": 600, "available": 598, "held": 0, "booked": 2, "blocked": 0}
    ],
}


@routes.get(
    "/v1/events/{event}/availability",
    policy=Permission.PUBLIC,
    direct=True,
    response=AvailabilityOut,
    errors=[EventNotFound, InvalidInput],
    answers={200: EXAMPLE, 304: None},
)
def get_availability(
    request: Request, event: EventPath, since: _Since = None, as_of: AsOf | None = None
) -> Awaitable[Reply]:
    """Return the counts, exact when read: an expired hold's admissions are on sale again, even before any write.

    The `ETag` is the event's state, `"{epoch}.{version}.{lapsed}"`. An expiry changes it without a write, and
    `If-None-Match` is answered 304 only if nothing has changed. With `since`, `changes` lists each seat that a later
    version or the time has changed, or `reset` is true.
    """
    if as_of is not None:
        return at_visible(request, event, lambda number: _past(request, number, as_of, since))
    if since is not None:
        return at_visible(request, event, lambda number: _changes(request, number, since))

    def reply(availability: Availability) -> Reply:
        refuse_hidden(request.principal, availability.event)
        return _rendered.answer(availability)

    queries = request.inventory.queries
    return at_visible(request, event, lambda number: reply_to(queries.get_availability(number), reply))


async def _past(request: Request, number: int, as_of: datetime, since: str | None) -> Reply:
    if since is not None:
        raise InvalidInput.in_field("?as_of", "not_allowed", FieldError.AS_OF_AND_SINCE)
    await refuse_as_of(request, number, as_of)
    return Reply(
        body=encode(members_of(await request.inventory.queries.get_availability_as_of(number, as_of)))
    )


async def _changes(request: Request, number: int, since: str) -> Reply:
    changes = await request.inventory.queries.get_changes_since(number, *parse_bookmark(since))
    seats = changes.seats
    more = b'"reset":true' if seats is None else b'"changes":{"seats":' + seat_list(seats) + b"}"
    refuse_hidden(request.principal, changes.availability.event)
    reply = _rendered.answer(changes.availability)
    return Reply(body=reply.body[:-1] + b"," + more + b"}", headers=reply.headers)


_StateHeaders = tuple[tuple[bytes, bytes], tuple[bytes, bytes]]


def state_headers(epoch: str, version: int, lapsed: int) -> _StateHeaders:
    """Return `ETag` first. Clients may cache the answer, but must revalidate it each time."""
    return (b"etag", etag(epoch, version, lapsed)), (b"cache-control", b"no-cache")


async def refuse_as_of(request: Request, number: int, at: datetime) -> None:
    """Raise InvalidInput for a future moment, EventNotFound for one before the event existed."""
    now = await request.inventory.queries.get_availability(number)
    refuse_hidden(request.principal, now.event)
    if at > now.as_of:
        raise InvalidInput.in_field("?as_of", "out_of_range", FieldError.AS_OF_TO_COME)
    if at < now.event.created_at:
        raise EventNotFound(EventNotFound.NOT_YET)


class _RenderedAnswers:
    """The newest answer about each event, rendered once for all its readers."""

    def __init__(self, max_events: int = 1_000) -> None:
        self._max_events = max_events
        self._answers: dict[int, tuple[Availability, Reply]] = {}

    def answer(self, availability: Availability) -> Reply:
        number = availability.event.number
        last = self._answers.get(number)
        if last is not None and last[0] is availability:
            return last[1]
        state = availability.epoch, availability.version, availability.lapsed
        answer = Reply(body=encode(members_of(availability)), headers=state_headers(*state))
        if len(self._answers) >= self._max_events:
            self._answers.clear()
        self._answers[number] = availability, answer
        return answer


_rendered = _RenderedAnswers()
