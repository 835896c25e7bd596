"""Sales: what an event sold, step by step, for those who watch its sale."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.rights import own_number
from holdfast.api.values import EventPath
from holdfast.errors import EventNotFound, InvalidInput
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.inventory.sales_figures import SalesFigures, SalesSpan

__all__ = ["routes"]

routes = Routes(tag="availability")

Span = Annotated[
    SalesSpan,
    Field(description="An hour in minutes, a day in quarters of an hour, or 30 days in steps of six hours."),
]


class SalesStepOut(BaseModel):
    """What happened from `at` to the next step. `admissions` are those of the bookings, as they were made."""

    at: datetime
    holds: int
    bookings: int
    admissions: int


class HoldEndsOut(BaseModel):
    """How many holds were placed in the span, and how many ended in it, and how."""

    holds: int
    booked: int
    released: int
    expired: int


class RefusalCountOut(BaseModel):
    """How often commands of the event were refused. `reason` is the code of the refusal."""

    reason: str
    count: int


class SalesOut(BaseModel):
    """The last step is under way. Each process adds its counts every two seconds; one that dies loses the last."""

    event: UUID
    event_number: int
    as_of: datetime
    step_seconds: int
    steps: list[SalesStepOut]
    ends: HoldEndsOut
    refusals: list[RefusalCountOut] = Field(description="In the span, the most frequent first.")


_EXAMPLE = {
    "event": "00000000-1c1b-8f3a-a4d5-5b1d6a2f9c10",
    "event_number": 7,
    "as_of": "2026-11-05T18:30:41.120934Z",
    "step_seconds": 60,
    "steps": [{"at": "2026-11-05T18:30:00Z", "holds": 4, "bookings": 3, "admissions": 7}],
    "ends": {"holds": 4, "booked": 3, "released": 0, "expired": 0},
    "refusals": [{"reason": "sold_out", "count": 2}],
}


@routes.get(
    "/v1/events/{event}/sales",
    policy=Permission.EVENTS_READ,
    response=SalesOut,
    errors=[EventNotFound, InvalidInput],
    answers={200: _EXAMPLE},
)
async def get_sales(request: Request, event: EventPath, span: Span = SalesSpan.HOUR) -> Reply:
    """Return how many holds, bookings and admissions each step had, how holds ended, and what was refused.

    A hold counts when it was placed, and a booking when it was confirmed, even if it was cancelled later.
    """
    number = await own_number(request, event)
    found = await request.inventory.queries.get_event(number)
    figures = await request.inventory.queries.get_sales(number, span)
    about = {"event": found.id, "event_number": number}
    return Reply(body=encode(about | sales_json(figures)))


def sales_json(figures: SalesFigures) -> dict[str, Any]:
    return {
        "as_of": figures.as_of,
        "step_seconds": figures.step // timedelta(seconds=1),
        "steps": [
            {"at": step.at, "holds": step.holds, "bookings": step.bookings, "admissions": step.admissions}
            for step in figures.steps
        ],
        "ends": {
            "holds": figures.holds,
            "booked": figures.booked,
            "released": figures.released,
            "expired": figures.expired,
        },
        "refusals": [{"reason": code, "count": count} for code, count in figures.refusals.items()],
    }
