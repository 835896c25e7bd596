"""Check-ins: scans of tickets at the doors of an event, each recorded once, and their log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.door import MovementOut, movement_json
from holdfast.api.v1.paging import Page, page, position_number
from holdfast.api.v1.rights import own_number
from holdfast.api.values import EventPath, ShortText
from holdfast.door.decide import Direction, ScanVerdict, Why
from holdfast.door.door import MAX_SCANS
from holdfast.door.records import LoggedScan, NewScan, Recorded, ScanAnswer
from holdfast.errors import EventNotFound, InvalidInput
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, In, Limit, Time
from holdfast.tickets.ticket import ticket_reference

__all__ = ["check_in_json", "recorded_json", "routes"]

routes = Routes(tag="check-ins")

_MAX_CODE = 400
"""Longer than any code. A scanner may read the code of anything, and a door cuts it."""
_MAX_SEQ = 2**31 - 1


class CheckInIn(In):
    """One scan."""

    seq: Annotated[int, Field(ge=1, le=_MAX_SEQ)] = Field(
        description="Counts the scans of the device. A repeat is recorded once."
    )
    at: Time = Field(description="When the code was scanned, by the device's clock.")
    code: Annotated[str, Field(min_length=1, max_length=_MAX_CODE)]
    direction: Direction = Field(Direction.IN, strict=False)
    gate: ShortText | None = None
    list: ShortText | None = Field(None, description="By which list; null: every ticket of the event.")
    shown: bool = Field(
        False, description="Whether the device had no network and has let the person pass by itself."
    )
    refused: bool = Field(
        False,
        description="Whether the device had no network and let nobody pass. Then the scan is no movement.",
    )


class RecordCheckInsIn(In):
    """Scans of one device, in their order."""

    device: Annotated[
        str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", examples=["door-b-5f0c"])
    ]
    sent_at: Time | None = Field(
        None,
        description="The device's clock as it sends this. Times of the scans are corrected by the difference.",
    )
    items: Annotated[list[CheckInIn], Field(min_length=1, max_length=MAX_SCANS)]


class CheckInOut(BaseModel):
    """A scan of the log. Only `admitted` and `left` let a person pass."""

    number: int = Field(description="Counts the scans of the event, in the order of their arrival.")
    device: str
    seq: int
    device_at: datetime = Field(description="When it was scanned, by the device's clock.")
    at: datetime = Field(description="The same moment, by the server's clock.")
    recorded_at: datetime
    direction: Direction
    gate: str | None
    list: str | None
    shown: bool
    verdict: ScanVerdict
    why: Why | None = Field(description="Why nobody may pass; null for a movement.")
    earlier: MovementOut | None = Field(description="The movement that speaks against the scan.")
    ticket: str | None = Field(description="The ticket's reference; null for no ticket of this event.")
    admission: str | None = Field(description="The seat's label, or the area.")


class RecordedCheckInOut(CheckInOut):
    """The answer to one scan. A `conflict` was not recorded: the device has sent another one by this number."""

    outcome: Recorded


class RecordedCheckInsOut(BaseModel):
    """An answer to each scan, in their order."""

    items: list[RecordedCheckInOut]


_CODE = (
    "HF1LOH-1Q000700A$04/NWJO340G0P11210000000088EC5S-0VAETMW6Q5PQ9RYCJB59JCWCOOL%6$ISDNK8RH:0PKGQH.RZ14HM4OECL"
    "MGGU7P/84:MMZOUMTYVL$9VU2P+J4+N2"
)
_SCAN = {"seq": 17, "at": "2026-11-05T18:42:00Z", "code": _CODE, "direction": "in", "gate": "Door A"}
_CHECK_IN = {
    "number": 313,
    "device": "door-a-1",
    "seq": 17,
    "device_at": "2026-11-05T18:42:00Z",
    "at": "2026-11-05T18:42:00.120934Z",
    "recorded_at": "2026-11-05T18:42:00.120934Z",
    "direction": "in",
    "gate": "Door A",
    "list": None,
    "shown": False,
    "verdict": "admitted",
    "why": None,
    "earlier": None,
    "ticket": "02VWBM8G-1",
    "admission": "A-3-11",
}


def check_in_json(scan: LoggedScan) -> dict[str, Any]:
    ticket = None
    if scan.booking_id is not None and scan.ticket_number is not None:
        ticket = ticket_reference(scan.booking_id, scan.ticket_number)
    return {
        "number": scan.number,
        "device": scan.device,
        "seq": scan.seq,
        "device_at": scan.device_at,
        "at": scan.at,
        "recorded_at": scan.recorded_at,
        "direction": scan.direction,
        "gate": scan.gate,
        "list": scan.list,
        "shown": scan.shown,
        "verdict": scan.verdict,
        "why": scan.why,
        "earlier": movement_json(scan.earlier),
        "ticket": ticket,
        "admission": scan.admission,
    }


def recorded_json(answer: ScanAnswer) -> dict[str, Any]:
    return {**check_in_json(answer.scan), "outcome": answer.outcome}


@routes.post(
    "/v1/events/{event}/check-ins",
    policy=Permission.CHECKINS_WRITE,
    response=RecordedCheckInsOut,
    errors=[EventNotFound, InvalidInput],
    examples={"one scan": {"device": "door-a-1", "items": [_SCAN]}},
    answers={200: {"items": [{**_CHECK_IN, "outcome": "recorded"}]}},
)
async def record_check_ins(request: Request, event: EventPath, body: RecordCheckInsIn) -> dict[str, Any]:
    """Record scans of a device, and return what the door does with each.

    Every scan is kept, also one that lets nobody pass. It is recorded once by its device and `seq`, so a device sends
    it until it has an answer. Scans are decided in the order of their arrival. A scan of a door without a network may
    be a `duplicate`: another door has let the same ticket pass, and `earlier` says when and where.
    """
    number = await own_number(request, event)
    scans = [
        NewScan(
            seq=one.seq,
            at=one.at,
            code=one.code,
            direction=one.direction,
            gate=one.gate,
            list=one.list,
            shown=one.shown,
            refused=one.refused,
        )
        for one in body.items
    ]
    answers = await request.door.record(
        number, body.device, scans, sent_at=body.sent_at, by=request.principal.id
    )
    return {"items": [recorded_json(each) for each in answers]}


@routes.get(
    "/v1/events/{event}/check-ins",
    policy=Permission.CHECKINS_WRITE,
    response=Page[CheckInOut],
    errors=[EventNotFound, InvalidInput],
    answers={200: {"items": [_CHECK_IN], "next": None}},
)
async def list_check_ins(
    request: Request, event: EventPath, *, limit: Limit = 50, cursor: Cursor | None = None
) -> dict[str, Any]:
    """Return the log of an event's scans, newest first. `GET …/door` counts them by gate."""
    number = await own_number(request, event)
    filters = {"event": number}
    before = position_number(request, cursor, filters)
    found = await request.door.list_scans(number, before=before, limit=limit + 1)
    return page(
        request,
        found,
        limit=limit,
        filters=filters,
        position=lambda scan: scan.number,
        render=check_in_json,
    )
