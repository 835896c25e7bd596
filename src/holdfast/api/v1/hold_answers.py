"""Hold answers: the form of a hold and of a booking in every answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from orjson import dumps
from pydantic import BaseModel, Field

from holdfast.api.alike_answers import AlikeAnswers
from holdfast.api.v1.buyers import BUYER_EXAMPLE, BuyerOut, buyer_json
from holdfast.api.v1.metadata import METADATA_EXAMPLE, MetadataOut, metadata_json
from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.event import EventStatus
from holdfast.inventory.rules.hold import HeldLine, Hold, HoldStatus

__all__ = [
    "BookingOut",
    "HoldOut",
    "PlacedHoldOut",
    "booking_example",
    "booking_json",
    "bookings",
    "hold_example",
    "hold_json",
    "placed_holds",
]


class SeatsLineOut(BaseModel):
    seats: list[str]
    category: str | None = Field(description="The seats' category; null if they have several.")


class AreaLineOut(BaseModel):
    area: str
    quantity: int


class HoldOut(BaseModel):
    """A hold as it is now: a lapsed one reads as `expired`, one of a cancelled event as `released`."""

    id: UUID
    event: UUID
    event_number: int
    status: HoldStatus
    lines: list[SeatsLineOut | AreaLineOut] = Field(description="The granted lines.")
    quantity: int = Field(description="Admissions granted.")
    requested: int = Field(description="Admissions requested; more than granted after partial fulfilment.")
    placed_at: datetime
    expires_at: datetime
    server_time: datetime
    buyer: BuyerOut
    metadata: MetadataOut
    booking: UUID | None = Field(description="The booking's id, after the hold is confirmed.")


class PlacedHoldOut(HoldOut):
    hold_token: str = Field(description="Proves that the hold is yours. No other answer has it.")


class BookingOut(BaseModel):
    """The confirmed sale of a hold."""

    id: UUID
    reference: str = Field(
        description="Eight letters and digits that name it to people.", examples=["02VWBM8G"]
    )
    event: UUID
    event_number: int
    event_status: EventStatus = Field(
        description="`cancelled` if the event was; the booking stays `confirmed`."
    )
    hold: UUID
    status: BookingStatus
    lines: list[SeatsLineOut | AreaLineOut]
    quantity: int
    confirmed_at: datetime
    cancelled_at: datetime | None
    buyer: BuyerOut
    metadata: MetadataOut


def hold_json(hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.id,
        "event": hold.event_id,
        "event_number": hold.event_number,
        "status": hold.status,
        "lines": [_line(line) for line in hold.lines],
        "quantity": hold.quantity,
        "requested": hold.requested,
        "placed_at": hold.placed_at,
        "expires_at": hold.expires_at,
        "server_time": hold.server_time,
        "buyer": buyer_json(hold),
        "metadata": metadata_json(hold.metadata),
        "booking": hold.booking_id,
    }


def _placed_hold_json(hold: Hold) -> dict[str, Any]:
    """Return a new hold. The token's place is last, and is filled when the answer is sent."""
    return {**hold_json(hold), "hold_token": None}


def booking_json(booking: Booking) -> dict[str, Any]:
    return {
        "id": booking.id,
        "reference": booking.reference,
        "event": booking.event_id,
        "event_number": booking.event_number,
        "event_status": booking.event_status,
        "hold": booking.hold_id,
        "status": booking.status,
        "lines": [_line(line) for line in booking.lines],
        "quantity": booking.quantity,
        "confirmed_at": booking.confirmed_at,
        "cancelled_at": booking.cancelled_at,
        "buyer": buyer_json(booking),
        "metadata": metadata_json(booking.metadata),
    }


placed_holds = AlikeAnswers(_placed_hold_json, own_members=("id",), own=lambda hold: (dumps(hold.id),))
bookings = AlikeAnswers(
    booking_json,
    own_members=("id", "reference", "hold"),
    own=lambda booking: (dumps(booking.id), dumps(booking.reference), dumps(booking.hold_id)),
)


def _line(line: HeldLine) -> dict[str, Any]:
    if line.area is not None:
        return {"area": line.area, "quantity": line.quantity}
    return {"seats": line.seats, "category": line.category}


def hold_example(**other: Any) -> dict[str, Any]:
    """Return an example for the document."""
    return {
        "id": "00000000-0706-8bbc-9b3a-8e0cbe6e3a5d",
        "event": "00000000-0702-8635-94d3-8ca1de0a3c55",
        "event_number": 7,
        "status": "active",
        "lines": [{"area": "general", "quantity": 4}],
        "quantity": 4,
        "requested": 4,
        "placed_at": "2026-11-05T18:31:00.123456Z",
        "expires_at": "2026-11-05T18:36:00.123456Z",
        "server_time": "2026-11-05T18:31:00.123456Z",
        "buyer": BUYER_EXAMPLE,
        "metadata": METADATA_EXAMPLE,
        "booking": None,
        **other,
    }


def booking_example(**other: Any) -> dict[str, Any]:
    """Return an example for the document."""
    return {
        "id": "00000000-0706-8bbd-82c1-4f00b7c5d110",
        "reference": "02VWBM8G",
        "event": "00000000-0702-8635-94d3-8ca1de0a3c55",
        "event_number": 7,
        "event_status": "published",
        "hold": "00000000-0706-8bbc-9b3a-8e0cbe6e3a5d",
        "status": "confirmed",
        "lines": [{"area": "general", "quantity": 4}],
        "quantity": 4,
        "confirmed_at": "2026-11-05T18:33:00.123456Z",
        "cancelled_at": None,
        "buyer": BUYER_EXAMPLE,
        "metadata": METADATA_EXAMPLE,
        **other,
    }
