"""Booking bodies: requests that cancel a part of a booking, or exchange it."""

from __future__ import annotations

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from holdfast.api.v1.hold_bodies import PresentTokenIn, Quantity, RequestedLineIn
from holdfast.api.values import Label, Name
from holdfast.errors import FieldError
from holdfast.http.values import In
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.event import MAX_LINES_PER_HOLD

__all__ = ["CancelBookingIn", "ExchangeBookingIn"]


class BookedLineIn(In):
    """Admissions that a booking has: exactly one of `seats` and `quantity`."""

    seats: list[Label] | None = Field(None, min_length=1, max_length=1_000, description="Seats by label.")
    quantity: Quantity | None = Field(
        None, description="Number of admissions of an area. The last tickets of the area go first."
    )
    area: Name | None = Field(
        None, description="With `quantity`; may be omitted if the booking has one counted area."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> BookedLineIn:
        if (self.seats is None) == (self.quantity is None):
            raise PydanticCustomError("one_of", FieldError.BLOCK_KIND)
        if self.area is not None and self.quantity is None:
            raise PydanticCustomError("not_allowed", FieldError.AREA_WITH_QUANTITY)
        return self

    def line(self) -> c.SeatsLine | c.QuantityLine:
        if self.seats is not None:
            return c.SeatsLine(labels=tuple(self.seats))
        assert self.quantity is not None
        return c.QuantityLine(quantity=self.quantity, area=self.area)


class CancelBookingIn(PresentTokenIn):
    lines: list[BookedLineIn] | None = Field(
        None,
        min_length=1,
        max_length=MAX_LINES_PER_HOLD,
        description="What to cancel of the booking. Without it, all of it.",
    )


class ExchangeBookingIn(PresentTokenIn):
    """What the booking has instead of what it returns."""

    lines: list[RequestedLineIn] = Field(
        min_length=1,
        max_length=MAX_LINES_PER_HOLD,
        description="What the booking gets: as many admissions as it returns, perhaps some of the same seats.",
    )
    returns: list[BookedLineIn] | None = Field(
        None,
        min_length=1,
        max_length=MAX_LINES_PER_HOLD,
        description="What the booking returns. Without it, all that it has.",
    )
