"""Stream: an event's changes as server-sent events."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.stream_limits import count_stream
from holdfast.api.v1.availability import EXAMPLE, AvailabilityOut, Bookmark, SeatStateOut
from holdfast.api.v1.rights import refuse_hidden, visible_number
from holdfast.api.values import EventPath, parse_bookmark
from holdfast.errors import EventNotFound, InvalidInput
from holdfast.http.reply import StreamReply, encode
from holdfast.http.routes import Routes

__all__ = ["routes"]

routes = Routes(tag="availability")


_Since = Annotated[
    Bookmark | None,
    Field(
        description="The bookmark after which the stream begins, for a client that cannot send `Last-Event-ID`."
    ),
]


class SnapshotOut(AvailabilityOut):
    """The `data` of `event: snapshot`: complete counts, and the seats from which to start."""

    seats: list[SeatStateOut] = Field(description="All that are not available.")


class ChangeOut(AvailabilityOut):
    """The `data` of `event: change`: complete counts, and what is new."""

    seats: list[SeatStateOut] = Field(
        description="Those that changed since the last message, with their current status."
    )


def _example() -> str:
    data: dict[str, Any] = EXAMPLE | {"seats": [{"label": "A-1-1", "status": "booked"}]}
    return f"id: {EXAMPLE['epoch']}.3\nevent: change\ndata: {encode(data).decode()}\n\n"


@routes.get(
    "/v1/events/{event}/stream",
    policy=Permission.PUBLIC,
    errors=[EventNotFound, InvalidInput],
    response_type="text/event-stream",
    answers={200: _example()},
    messages={"snapshot": SnapshotOut, "change": ChangeOut},
)
async def stream_event(request: Request, event: EventPath, since: _Since = None) -> StreamReply:
    """Send server-sent events. `data` is one JSON object: all members of the availability, and `seats`, a list of
    `{label, status, until?}`.

    - `event: snapshot` comes first: `seats` has every seat that is not available. It comes again whenever the client
      must start over: the event's rules or inventory changed, or the client read too slowly.
    - `event: change`, at most one in 300 ms: `seats` has each seat that anyone or the time has changed since the last
      message, with its current status. The counts are always complete.
    - `id` is a bookmark, `{epoch}.{version}`. A client that returns with it as `Last-Event-ID` gets one `change` with
      all that it missed. It gets a snapshot if that is too much (more than 1,000 versions), or after a restore.
    - `since` does the same for the first connection: begin with `seats`, and follow from its bookmark without a
      snapshot. `Last-Event-ID` is newer, so it comes first.
    - A comment every 15 seconds keeps the connection open. The stream ends when the server does; connect again then.
    """
    number = await visible_number(request, event)
    read_model = await request.inventory.read_models.get_current(number)
    refuse_hidden(request.principal, read_model.event)
    request.inventory.streams.refuse_client()
    count_stream(request)
    last = parse_bookmark(request.header(b"last-event-id") or since or "")
    after = last.version if last.epoch == read_model.epoch else None
    return StreamReply(
        chunks=request.inventory.streams.watch(number, after=after),
        join=lambda reader: request.inventory.streams.joined(read_model, reader, after=after),
        headers=((b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")),
    )
