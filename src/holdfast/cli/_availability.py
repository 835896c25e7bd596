"""Availability: as the commands print it."""

from __future__ import annotations

from typing import Any

from holdfast.inventory.rules.availability import Availability, Counts

__all__ = ["availability_json"]


def availability_json(availability: Availability) -> dict[str, Any]:
    event = availability.event
    return {
        "event": str(event.id),
        "event_number": event.number,
        "name": event.name,
        "status": event.status.value,
        **_counts(availability.counts),
        "version": availability.version,
        "as_of": availability.as_of,
        "areas": [
            {"name": area.name, "category": area.category, **_counts(area.counts)}
            for area in availability.areas
        ],
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "capacity": counts.capacity,
        "available": counts.available,
        "held": counts.held,
        "booked": counts.booked,
        "blocked": counts.blocked,
    }
