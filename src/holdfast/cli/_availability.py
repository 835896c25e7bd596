"""Availability: as the commands print it."""

from __future__ import annotations

from typing import Any

from holdfast.cli.output import Column
from holdfast.inventory.rules.availability import Availability, Counts
from holdfast.inventory.rules.event import EventStatus

__all__ = ["COUNTS", "availability_json", "availability_rows", "counts_json"]

COUNTS = (
    Column(name="capacity", rank=3),
    Column(name="available"),
    Column(name="held", rank=5),
    Column(name="booked", rank=1),
    Column(name="blocked", rank=6),
    Column(name="withdrawn", rank=2, is_optional=True),
)


def availability_json(availability: Availability) -> dict[str, Any]:
    event = availability.event
    return {
        "event": str(event.id),
        "event_number": event.number,
        "name": event.name,
        "status": event.status.value,
        **counts_json(availability.counts, event.status),
        "version": availability.version,
        "as_of": availability.as_of,
        "areas": [
            {"name": area.name, "category": area.category, **counts_json(area.counts, event.status)}
            for area in availability.areas
        ],
    }


def availability_rows(availability: Availability) -> list[dict[str, Any]]:
    """Return a row for each area and category, and one for all of them together."""
    record = availability_json(availability)
    total = {"name": "all", **counts_json(availability.counts, availability.event.status)}
    return [*record["areas"], *([total] if len(record["areas"]) != 1 else [])]


def counts_json(counts: Counts, status: EventStatus) -> dict[str, int]:
    """Return the counts. They add up to the capacity, also after a cancellation, which withdraws the rest."""
    is_cancelled = status is EventStatus.CANCELLED
    held = 0 if is_cancelled else counts.held
    taken = counts.available + held + counts.booked + counts.blocked
    return {
        "capacity": counts.capacity,
        "available": counts.available,
        "held": held,
        "booked": counts.booked,
        "blocked": counts.blocked,
        "withdrawn": counts.capacity - taken,
    }
