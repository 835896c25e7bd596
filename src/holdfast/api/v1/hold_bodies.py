"""Hold bodies: requested lines, and requests that extend or release a hold."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from holdfast.api.v1.buyers import Buyer
from holdfast.api.v1.metadata import MetadataIn
from holdfast.api.values import EventRef, Label, Name
from holdfast.errors import FieldError
from holdfast.http.values import In
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.event import MAX_LINES_PER_HOLD, MAX_QUANTITY_PER_HOLD
from holdfast.inventory.rules.sale_rules import MAX_HOLD_TTL_SECONDS

__all__ = ["ChangeMetadataIn", "ExtendHoldIn", "HoldToken", "PlaceHoldIn", "PresentTokenIn"]

HoldToken = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        description="The hold's token, unless the header `Hold-Token` has it.",
    ),
]
Ttl = Annotated[int, Field(ge=1, le=MAX_HOLD_TTL_SECONDS)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY_PER_HOLD)]


class RequestedLineIn(In):
    """Exactly one of `seats`, `quantity` and `best_available`, with its options."""

    seats: list[Label] | None = Field(None, min_length=1, max_length=1_000, description="Seats by label.")
    quantity: Quantity | None = Field(None, description="Number of admissions of an area.")
    area: Name | None = Field(None, description="With `quantity`; may be omitted if there is one area.")
    best_available: Quantity | None = Field(None, description="Number of seats that the engine picks.")
    category: Name | None = Field(None, description="With `best_available`: only seats of this category.")
    together: bool | None = Field(
        None,
        description="With `best_available`: require seats side by side (the default), or only prefer them.",
    )

    accessible: bool | None = Field(
        None,
        description="With `best_available`: a wheelchair place must be among the seats. "
        "Without it, best available gives no wheelchair place and no companion seat.",
    )

    @model_validator(mode="after")
    def _one_kind(self) -> RequestedLineIn:
        if (self.seats is None) + (self.quantity is None) + (self.best_available is None) != 2:
            raise PydanticCustomError("one_of", FieldError.LINE_KIND)
        if self.area is not None and self.quantity is None:
            raise PydanticCustomError("not_allowed", FieldError.AREA_WITH_QUANTITY)
        options = (self.category, self.together, self.accessible)
        if self.best_available is None and any(option is not None for option in options):
            raise PydanticCustomError("not_allowed", FieldError.CATEGORY_WITH_CHOICE)
        return self

    def line(self) -> c.Line:
        if self.seats is not None:
            return c.SeatsLine(labels=tuple(self.seats))
        if self.quantity is not None:
            return c.QuantityLine(quantity=self.quantity, area=self.area)
        assert self.best_available is not None
        return c.BestAvailableLine(
            quantity=self.best_available,
            category=self.category,
            together=self.together is not False,
            accessible=self.accessible is True,
        )


class PlaceHoldIn(In):
    """A new hold: all lines or nothing, unless partial fulfilment is allowed."""

    event: EventRef
    lines: list[RequestedLineIn] = Field(min_length=1, max_length=MAX_LINES_PER_HOLD)
    ttl_seconds: Ttl | None = Field(
        None, description="Default: the event's `hold_ttl_seconds`. Limited by `max_hold_ttl_seconds`."
    )
    allow_partial: bool | None = Field(
        None, description="Whether to take what is left, at least one. Default: the event's setting."
    )
    buyer: Buyer | None = Field(
        None,
        description="The buyer: an object, or its `reference` as a string. "
        "Required if the event has `max_per_buyer`.",
    )
    metadata: MetadataIn | None = None

    @cached_property  # many requests share one body, which never changes
    def requested(self) -> tuple[c.Line, ...]:
        return tuple([line.line() for line in self.lines])


class PresentTokenIn(In):
    """A hold's token in the body."""

    hold_token: HoldToken | None = None


class ChangeMetadataIn(PresentTokenIn):
    """Changes to the metadata of a hold or booking."""

    metadata: MetadataIn


class ExtendHoldIn(PresentTokenIn):
    ttl_seconds: Ttl | None = Field(
        None, description="From now. Default: the event's `hold_ttl_seconds`. Never shortens the hold."
    )
