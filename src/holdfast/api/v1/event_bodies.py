"""Event bodies: requests that create or change an event."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from holdfast.api.v1.area_bodies import (
    Capacity,
    ChangeAreaIn,
    ChangeCategoryIn,
    CreateAreaIn,
    not_with_capacity,
)
from holdfast.api.v1.metadata import MetadataIn
from holdfast.api.values import Name
from holdfast.errors import FieldError, InvalidInput, SeatMapNotFound
from holdfast.errors.fields import FIELD
from holdfast.http.values import In, Time, TimeZone, parse_id
from holdfast.inventory.rules import sale_rules
from holdfast.inventory.rules.commands import AreaSpec, CategoryName, ChangeEvent, NewEvent
from holdfast.inventory.rules.event import MAX_AREAS, MAX_CAPACITY, sale_ends_first
from holdfast.inventory.rules.metadata import merged
from holdfast.inventory.rules.sale_rules import SaleRules
from holdfast.inventory.seating.drawn_areas import MapSource
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.layout import Layout
from holdfast.inventory.venue_maps import VenueMap, VenueMaps

__all__ = ["ChangeEventIn", "CreateEventIn"]

MAX_MAP_VERSION = 1_000_000
GENERAL = "general"
"""The area that `capacity` creates."""


def _limits(rule: str) -> Any:
    """Return a field with the limits of a sale rule."""
    minimum, maximum = sale_rules.LIMITS[rule]
    return Field(ge=minimum, le=maximum)


HoldTtl = Annotated[int, _limits("hold_ttl_seconds")]
MaxHoldTtl = Annotated[int, _limits("max_hold_ttl_seconds")]
PerHold = Annotated[int, _limits("max_per_hold")]
PerBuyer = Annotated[int, _limits("max_per_buyer")]
SeatMapIn = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": True,
            "description": "Sections of equal rows; or labels; or a seating plan in pretix's schema (zones); "
            "or the `id` of a stored seat map, and a `version` unless it is the newest.",
            "examples": [
                {"sections": [{"name": "A", "rows": 20, "seats_per_row": 30, "category": "stalls"}]},
                {"labels": ["A1", "A2", "B1"], "category": "stalls"},
            ],
        }
    ),
]


class EventRulesIn(In):
    """The members that create or change an event. In a change, null clears an optional member."""

    venue: Name | None = None
    time_zone: TimeZone | None = None
    starts_at: Time | None = None
    on_sale_at: Time | None = Field(None, description="Start of sales; null: no limit.")
    off_sale_at: Time | None = Field(None, description="End of sales; null: no limit.")
    capacity: Capacity | None = Field(None, description="Capacity of one area, `general`.")
    seat_map: SeatMapIn = None
    max_hold_ttl_seconds: MaxHoldTtl | None = Field(
        None,
        description="Max life of a hold after it was placed, with all extensions. "
        f"Default: {sale_rules.DEFAULT_MAX_HOLD_TTL_SECONDS}, or `hold_ttl_seconds` if that is more.",
    )
    hold_ttl_seconds: HoldTtl | None = Field(
        None,
        description="Life of a hold that requests none. "
        f"Default: {sale_rules.DEFAULT_HOLD_TTL_SECONDS}, or `max_hold_ttl_seconds` if that is less.",
    )
    max_per_hold: PerHold | None = Field(
        None,
        description=f"Max admissions in one hold. Default: {sale_rules.DEFAULT_MAX_PER_HOLD}; null: no limit.",
    )
    max_per_buyer: PerBuyer | None = Field(
        None, description="Counts live holds and bookings; holds then need a `buyer`."
    )
    allow_partial: bool | None = Field(None, description="Whether holds take what is left. Default: false.")
    metadata: MetadataIn | None = None

    @field_validator("off_sale_at")
    @classmethod
    def _ends_after_start(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if sale_ends_first(info.data.get("on_sale_at"), value):
            raise PydanticCustomError("out_of_range", FieldError.SALE_ENDS_FIRST)
        return value

    @field_validator("hold_ttl_seconds")
    @classmethod
    def _within_max_ttl(cls, value: int | None, info: ValidationInfo) -> int | None:
        max_ttl = info.data.get("max_hold_ttl_seconds")
        if value is not None and max_ttl is not None and sale_rules.outlives(value, max_ttl):
            raise PydanticCustomError("out_of_range", FieldError.TTL_OVER_MAX)
        return value

    async def layout(self, maps: VenueMaps) -> Layout:
        """Return the seats. A few words can ask for a million, so the work leaves time for other requests.

        Raises: InvalidInput, DuplicateSeat.
        """
        if self.seat_map is None:
            return Layout(seats=(), categories=())
        seat_map, source = self.seat_map, None
        if isinstance(seat_map, dict) and "id" in seat_map:
            found = await _referenced(seat_map, maps)
            seat_map, source = found.seat_map, MapSource(found.id, found.version)
        layout = await asyncio.to_thread(parse_seat_map, seat_map, pointer="/seat_map")
        return replace(layout, source=source)


async def _referenced(reference: dict[str, Any], maps: VenueMaps) -> VenueMap:
    """Return the stored seat map that a body names. Raises InvalidInput."""
    version = reference.get("version")
    is_version = version is None or (type(version) is int and 0 < version <= MAX_MAP_VERSION)
    if reference.keys() - {"id", "version"} or not is_version:
        raise InvalidInput.in_field("/seat_map", "wrong_form", FieldError.SEAT_MAP_REFERENCE)
    id = parse_id(reference["id"]) if isinstance(reference["id"], str) else None
    try:
        if id is not None:
            return await maps.get(id, version=version)
    except SeatMapNotFound:
        pass
    raise InvalidInput.in_field("/seat_map/id", "seat_map_unknown", FieldError.SEAT_MAP_UNKNOWN)


class CreateEventIn(EventRulesIn):
    """A new event."""

    name: Name
    status: Literal["published", "draft"] = "published"
    rehearsal: bool | None = Field(
        None, description="Whether it is made for practice. A change cannot set it. Default: false."
    )
    areas: list[CreateAreaIn] | None = Field(None, max_length=MAX_AREAS)

    _one_way = field_validator("areas")(not_with_capacity)

    def area_specs(self) -> tuple[AreaSpec, ...]:
        """Return the areas. Raises InvalidInput for a repeated name, or too many admissions."""
        seen: set[str] = set()
        total = 0
        for index, area in enumerate(self.areas or ()):
            if area.name in seen:
                raise InvalidInput.in_field(f"/areas/{index}/name", "duplicate_area", FieldError.AREA_TWICE)
            seen.add(area.name)
            total += area.capacity
        if total > MAX_CAPACITY:
            raise InvalidInput.in_field(
                "/areas", "out_of_range", f"{FIELD} must have at most {MAX_CAPACITY} admissions in total."
            )
        return tuple(
            AreaSpec(name=area.name, capacity=area.capacity, category=area.category)
            for area in self.areas or ()
        )

    async def new_event(self, maps: VenueMaps) -> NewEvent:
        return self.with_layout(await self.layout(maps))

    def with_layout(self, layout: Layout) -> NewEvent:
        """Return the event with these seats. Raises InvalidInput for an inventory above the limits."""
        areas = self.area_specs()
        if self.capacity is not None:
            areas = (AreaSpec(name=GENERAL, capacity=self.capacity),)
        if {area.name for area in areas} & {area.name for area in layout.areas}:
            raise InvalidInput.in_field("/seat_map", "duplicate_area", FieldError.AREA_EXISTS)
        areas += tuple(
            AreaSpec(name=area.name, capacity=area.capacity, category=area.category) for area in layout.areas
        )
        if len(areas) + len(layout.categories) > MAX_AREAS:
            raise InvalidInput.in_field(
                "/areas", "too_many", f"{FIELD} must have at most {MAX_AREAS} areas and categories in total."
            )
        if sum(area.capacity for area in areas) + len(layout.seats) > MAX_CAPACITY:
            pointer = "/areas" if self.areas else "/capacity"
            raise InvalidInput.in_field(
                pointer, "out_of_range", f"{FIELD} must have at most {MAX_CAPACITY} admissions in total."
            )

        return NewEvent(
            name=self.name,
            venue=self.venue,
            time_zone=self.time_zone,
            starts_at=self.starts_at,
            on_sale_at=self.on_sale_at,
            off_sale_at=self.off_sale_at,
            metadata=merged(None, self.metadata),
            rules=SaleRules.of_new_event(
                {name: getattr(self, name) for name in sale_rules.NAMES if name in self.model_fields_set}
            ),
            status=self.status,
            areas=areas,
            seats=layout.seats,
            categories=layout.categories,
            details=layout.details,
        )


class ChangeEventIn(EventRulesIn):
    """The members to change. An area or category is named by its id or its name; a name alone never adds one."""

    name: Name | None = None
    areas: list[ChangeAreaIn] | None = Field(None, max_length=MAX_AREAS)
    categories: list[ChangeCategoryIn] | None = Field(None, max_length=MAX_AREAS)

    _one_way = field_validator("areas")(not_with_capacity)

    async def change(self, maps: VenueMaps, *, by: str) -> ChangeEvent:
        given = self.model_fields_set
        for name in sorted(given & _NEVER_EMPTY):
            if getattr(self, name) is None:
                raise InvalidInput.in_field(f"/{name}", "wrong_type", FieldError.NOT_CLEARED)
        layout = await self.layout(maps)
        return ChangeEvent(
            by=by,
            changes={
                name: getattr(self, name) for name in sorted(given - _INVENTORY - _RULES - {"metadata"})
            },
            rules={name: getattr(self, name) for name in sorted(given & _RULES)},
            metadata=self.metadata,
            capacity=self.capacity,
            areas=tuple(area.change() for area in self.areas or ()),
            category_names=tuple(
                CategoryName(id=one.id, name=one.name) for one in self.categories or () if one.id is not None
            ),
            new_categories=tuple(one.name for one in self.categories or () if one.add),
            seats=layout.seats,
            categories=layout.categories,
            drawn=layout.areas,
            details=layout.details,
        )


_INVENTORY = frozenset({"capacity", "areas", "categories", "seat_map"})
_RULES = frozenset(sale_rules.NAMES)
_NEVER_EMPTY = _INVENTORY | sale_rules.NEVER_EMPTY | {"name"}
