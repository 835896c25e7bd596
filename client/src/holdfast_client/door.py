"""Calls of the door: record scans, read their log, and set the rules of an event's doors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from holdfast_client.calls import Call, EventRef, get, given, one, page, patch, path, post
from holdfast_client.models import CheckIn, Door, DoorList, OfflineList, Page, Scan
from holdfast_client.reading import read

__all__ = ["change_door", "get_check_in_list", "get_door", "list_check_ins", "record_check_ins"]


def record_check_ins(event: EventRef, device: str, scans: Sequence[Scan]) -> Call[tuple[CheckIn, ...]]:
    """Record scans of a device, max 100, and return what the door does with each (staff).

    Each is recorded once by its device and number, so a repeat adds nothing. The server corrects their times by the
    difference between its clock and this one.
    """
    items = [given(**asdict(each)) for each in scans]
    return post(
        path("events", event, "check-ins"),
        lambda answer: tuple(read(CheckIn, item) for item in answer.json()["items"]),
        body={"device": device, "sent_at": datetime.now(UTC), "items": items},
    )


def list_check_ins(
    event: EventRef, *, limit: int | None = None, cursor: str | None = None
) -> Call[Page[CheckIn]]:
    """List the log of an event's scans, newest first (staff)."""
    query = {"limit": limit, "cursor": cursor}
    return get(path("events", event, "check-ins"), page(CheckIn), query=query)


def get_door(event: EventRef) -> Call[Door]:
    """Return the rules of an event's doors, and how many scans each gate has recorded (staff)."""
    return get(path("events", event, "door"), one(Door))


def change_door(
    event: EventRef, *, re_entry: str | None = None, lists: Sequence[DoorList] | None = None
) -> Call[Door]:
    """Change the rules of an event's doors that are given (staff). `re_entry`: `never`, `after_exit` or `always`.

    `lists` replaces all lists. A repeat changes nothing.
    """
    body = given(re_entry=re_entry, lists=None if lists is None else [asdict(each) for each in lists])
    return patch(path("events", event, "door"), one(Door), body=body, repeatable=True)


def get_check_in_list(
    event: EventRef, *, limit: int | None = None, cursor: str | None = None
) -> Call[OfflineList]:
    """Return some codes of an event for a door that may lose its network (staff)."""
    query = {"limit": limit, "cursor": cursor}
    return get(path("events", event, "check-in-list"), one(OfflineList), query=query)
