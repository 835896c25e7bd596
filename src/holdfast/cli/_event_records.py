"""Event records: an event as the commands print it."""

from __future__ import annotations

from typing import Any

from holdfast.api.v1.event_answers import event_json
from holdfast.cli._times import TIMES, local, with_local_times
from holdfast.cli.output import print_record
from holdfast.inventory.rules.event import Event, FullEvent

__all__ = ["event_record", "for_people", "local_members", "print_event"]


def event_record(event: FullEvent) -> dict[str, Any]:
    """Return the event as the API answers it, with its times on its own clock besides."""
    record = event_json(event)
    return {**record, "status": str(record["status"]), **local_members(event)}


def local_members(event: Event) -> dict[str, Any]:
    """Return `starts_at_local` and its like, for an event with a time zone."""
    if event.time_zone is None:
        return {}
    return {f"{name}_local": local(getattr(event, name), event.time_zone) for name in TIMES}


def for_people(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with areas and categories on one line each, and local times in place of UTC."""
    lists = {
        field: [f"{each['name']} ({each['capacity']})" for each in record[field]]
        for field in ("areas", "categories")
    }
    shown = {name: value for name, value in record.items() if not name.endswith("_local")}
    return with_local_times({**shown, **lists}, record["time_zone"])


def print_event(event: FullEvent, *, as_json: bool) -> None:
    record = event_record(event)
    print_record(record if as_json else for_people(record), as_json=as_json)
