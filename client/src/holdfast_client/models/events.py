"""Events and their parts, and a page of any list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

__all__ = ["Event", "Page", "Part"]


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some items of a list; `next` is the cursor of the next page, None on the last."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an event: an area or a category, and its number of admissions."""

    name: str
    capacity: int
    category: str | None = None
    id: int = 0
    """Names it in `change_event`."""
    closed: bool = False
    """True for an area where nothing more is sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One dated occurrence with its own inventory and sales window: `draft`, `published` or `cancelled`.

    `number` is a short id, accepted wherever `id` is. `map_version` is 0 without numbered seats.
    """

    id: UUID
    number: int
    name: str
    status: str
    capacity: int
    created_at: datetime
    map_version: int = 0
    venue: str | None = None
    time_zone: str | None = None
    starts_at: datetime | None = None
    on_sale_at: datetime | None = None
    off_sale_at: datetime | None = None
    sales_stopped: bool = False
    hold_ttl_seconds: int | None = None
    max_hold_ttl_seconds: int | None = None
    max_per_hold: int | None = None
    max_per_buyer: int | None = None
    allow_partial: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    rehearsal: bool = False
    areas: tuple[Part, ...] = ()
    categories: tuple[Part, ...] = ()
