"""Event answers: the form of an event in every answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.api.v1.metadata import MetadataOut, metadata_json
from holdfast.inventory.rules.event import AreaState, EventStatus, FullEvent, category_ids
from holdfast.inventory.rules.sale_rules import SaleRules

__all__ = ["EventOut", "event_example", "event_json"]


class AreaOut(BaseModel):
    id: int = Field(description="Names the area in a change of the event. It never changes.")
    name: str
    capacity: int
    category: str | None
    closed: bool = Field(description="Whether nothing more is sold there.")


class CategoryOut(BaseModel):
    id: int = Field(description="Names the category in a change of the event.")
    name: str
    capacity: int = Field(description="Seats and admissions of areas in this category.")


class EventOut(BaseModel):
    """An event: its description, its rules of sale, and how much it can sell."""

    id: UUID
    number: int = Field(description="A short id, accepted wherever the id is.")
    name: str
    status: EventStatus
    venue: str | None
    time_zone: str | None
    starts_at: datetime | None
    on_sale_at: datetime | None
    off_sale_at: datetime | None
    sales_stopped: bool
    capacity: int
    areas: list[AreaOut]
    categories: list[CategoryOut]
    map_version: int = Field(description="The version of its seat map; 0 without numbered seats.")
    hold_ttl_seconds: int
    max_hold_ttl_seconds: int
    max_per_hold: int | None
    max_per_buyer: int | None
    allow_partial: bool
    metadata: MetadataOut
    rehearsal: bool = Field(description="Whether it was made for practice: its sales are not real.")
    created_at: datetime


def event_json(event: FullEvent) -> dict[str, Any]:
    areas = [area for area in event.areas if area.state is not AreaState.REMOVED]
    ids = category_ids(areas)
    capacities = dict.fromkeys(ids, 0)
    for area in areas:
        if area.category is not None:
            capacities[area.category] += area.capacity
    return {
        "id": event.id,
        "number": event.number,
        "name": event.name,
        "status": event.status,
        "venue": event.venue,
        "time_zone": event.time_zone,
        "starts_at": event.starts_at,
        "on_sale_at": event.on_sale_at,
        "off_sale_at": event.off_sale_at,
        "sales_stopped": event.sales_stopped,
        "capacity": event.capacity,
        "areas": [
            {
                "id": area.number,
                "name": area.name,
                "capacity": area.capacity,
                "category": area.category,
                "closed": area.state is AreaState.CLOSED,
            }
            for area in areas
            if not area.seated
        ],
        "categories": [
            {"id": ids[name], "name": name, "capacity": capacity} for name, capacity in capacities.items()
        ],
        "map_version": event.map_version,
        **event.rules.as_dict(),
        "metadata": metadata_json(event.metadata),
        "created_at": event.created_at,
    }


def event_example(**other: Any) -> dict[str, Any]:
    """Return an example for the document."""
    return {
        "id": "00000000-0702-8635-94d3-8ca1de0a3c55",
        "number": 7,
        "name": "Concert",
        "status": "published",
        "venue": "Arena",
        "time_zone": "Europe/Berlin",
        "starts_at": "2026-12-05T19:00:00Z",
        "on_sale_at": None,
        "off_sale_at": None,
        "sales_stopped": False,
        "capacity": 1000,
        "areas": [{"id": 1, "name": "general", "capacity": 1000, "category": None, "closed": False}],
        "categories": [],
        "map_version": 0,
        **SaleRules.of_new_event({}).as_dict(),
        "metadata": {},
        "created_at": "2026-11-05T18:30:00.123456Z",
        **other,
    }
