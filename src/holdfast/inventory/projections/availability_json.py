"""Availability as members of a JSON object, in one form for answers, `since` and the stream."""

from __future__ import annotations

from typing import Any

from holdfast.inventory.rules.availability import Availability, Counts


def members_of(availability: Availability) -> dict[str, Any]:
    """Return counted areas by name, and the sums of seats and areas by category."""
    event = availability.event
    return {
        "event": event.id,
        "event_number": event.number,
        "event_status": event.status.value,
        "map_version": event.map_version,
        **_numbers_of(availability.counts),
        "epoch": availability.epoch,
        "version": availability.version,
        "as_of": availability.as_of,
        "areas": [
            {"name": area.name, "category": area.category, **_numbers_of(area.counts)}
            for area in availability.areas
            if not area.seated
        ],
        "categories": [
            {"name": name, **_numbers_of(counts)} for name, counts in availability.by_category().items()
        ],
    }


def _numbers_of(counts: Counts) -> dict[str, int]:
    """Return the members. `dataclasses.asdict` does the same at twenty times the price, for each read of an event."""
    return {
        "capacity": counts.capacity,
        "available": counts.available,
        "held": counts.held,
        "booked": counts.booked,
        "blocked": counts.blocked,
    }
