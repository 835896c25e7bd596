"""Notices: what happened to an event, to catch up with what a webhook has missed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.rights import own_number
from holdfast.api.v1.webhooks import NoticeKind
from holdfast.api.values import EventPath
from holdfast.errors import EventNotFound, InvalidInput
from holdfast.http.routes import Routes
from holdfast.inventory.notices import Notice

routes = Routes(tag="webhooks")

_MAX_VERSION = (1 << 63) - 1
_BEFORE_ALL = -1


class NoticeData(BaseModel):
    """What happened. `version` and `index` order the notices of an event without a gap. The buyer is not here."""

    id: UUID
    event: UUID
    event_number: int
    version: int
    index: int
    hold: UUID | None = None
    booking: UUID | None = None
    reference: str | None = Field(None, description="The booking's reference.")
    block: UUID | None = None
    areas: dict[str, int | None] | None = Field(
        None,
        description="Quantities or capacities, by area id; of `booking.changed`, what it has more, or less.",
    )
    expires_at: datetime | None = Field(None, description="The hold's expiry.")
    fields: list[str] | None = Field(None, description="The names of the event's members that changed.")


class NoticeOut(BaseModel):
    """A notice, exactly as a webhook gets it. `data.id` is the `webhook-id`."""

    type: NoticeKind
    timestamp: datetime
    data: NoticeData


class NoticesOut(BaseModel):
    """Oldest first. All notices of a version are in one answer."""

    items: list[NoticeOut]
    since: int = Field(description="`since` of the next request.")
    more: bool = Field(description="Whether more exist now.")


_EXAMPLE = {
    "type": "booking.confirmed",
    "timestamp": "2026-11-05T18:31:00.123456Z",
    "data": {
        "id": "3b1f6a52-7c1d-8e0f-9b2a-6d5c4b3a2910",
        "event": "00000000-071c-8f3a-a4d5-5b1d6a2f9c00",
        "event_number": 7,
        "version": 12,
        "index": 0,
        "hold": "00000000-071c-8f3a-a4d5-5b1d6a2f9c10",
        "booking": "00000000-071c-8f3a-a4d5-5b1d6a2f9c11",
        "areas": {"1": 2},
        "reference": "FMQ9S48H",
    },
}


def notice_json(notice: Notice) -> dict[str, Any]:
    return {"type": notice.kind, "timestamp": notice.at, "data": notice.content()}


@routes.get(
    "/v1/events/{event}/notices",
    policy=Permission.EVENTS_READ,
    response=NoticesOut,
    errors=[EventNotFound, InvalidInput],
    answers={200: {"items": [_EXAMPLE], "since": 12, "more": False}},
)
async def list_notices(
    request: Request,
    event: EventPath,
    *,
    since: Annotated[
        int | None, Field(ge=0, le=_MAX_VERSION, description="A version. Without it: from the beginning.")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Max versions in one answer.")] = 50,
) -> dict[str, Any]:
    """Return the notices of an event after a version, oldest first.

    A webhook delivers the same notices with the same ids. A receiver that was down reads here what it has missed.
    """
    number = await own_number(request, event)
    notices, last, more = await request.inventory.queries.list_notices(
        number, since=_BEFORE_ALL if since is None else since, max_versions=limit
    )
    return {"items": [notice_json(each) for each in notices], "since": max(last, 0), "more": more}
