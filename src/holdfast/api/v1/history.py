"""History: all changes of one seat."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.rights import own_number
from holdfast.api.values import EventPath, LabelPath
from holdfast.errors import EventNotFound, InvalidInput, SeatNotFound
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, Limit
from holdfast.inventory.history import HistoryItem, Position

__all__ = ["routes"]

routes = Routes(tag="seats")

_PATH = "/v1/events/{event}/seats/{label}/history"


class HistoryItemOut(BaseModel):
    """One change of a seat, and who made it."""

    at: datetime
    change: Literal["held", "booked", "released", "expired", "cancelled", "exchanged", "blocked", "lifted"]
    hold: UUID | None = None
    booking: UUID | None = None
    block: UUID | None = None
    version: int


class HistoryPage(BaseModel):
    """Oldest first."""

    items: list[HistoryItemOut]
    next: str | None


_EXAMPLE = {
    "items": [
        {
            "at": "2026-11-05T18:30:00.120934Z",
            "change": "held",
            "hold": "00000000-071c-8f3a-a4d5-5b1d6a2f9c10",
            "version": 3,
        }
    ],
    "next": None,
}


@routes.get(
    _PATH,
    policy=Permission.EVENTS_READ,
    response=HistoryPage,
    errors=[EventNotFound, SeatNotFound, InvalidInput],
    answers={200: _EXAMPLE},
)
async def get_seat_history(
    request: Request, event: EventPath, label: LabelPath, limit: Limit = 50, cursor: Cursor | None = None
) -> Reply:
    """Return a seat's changes, oldest first.

    An expiry is listed at the hold's `expires_at` with the event's version at that time, even before the hold's rows
    are rewritten. The live holds of a cancelled event are listed as released.
    """
    number = await own_number(request, event)
    filters = {"event": number, "label": label}
    start: Position | None = None
    if cursor is not None:
        version, stayed, hold_id, place = request.cursors.open(cursor, _PATH, filters)
        start = (version, stayed, UUID(hold_id), place)
    items, ends_at = await request.inventory.queries.list_seat_changes(
        number, label, start=start, limit=limit
    )
    following = None if ends_at is None else request.cursors.sign(_PATH, filters, ends_at)
    return Reply(body=encode({"items": [_item_json(item) for item in items], "next": following}))


def _item_json(item: HistoryItem) -> dict[str, Any]:
    """Return a change without its empty members."""
    members = {
        "at": item.at,
        "change": item.change,
        "hold": item.hold,
        "booking": item.booking,
        "block": item.block,
        "version": item.version,
    }
    return {name: value for name, value in members.items() if value is not None}
