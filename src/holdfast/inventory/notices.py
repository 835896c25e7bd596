"""Notices: what happened to an event, as its receivers read it. They come from the journal and name no buyer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from holdfast.ids import reference_of
from holdfast.inventory.rules.journal import Entry

__all__ = ["KINDS", "Notice", "notices_of"]

_KIND_OF_CHANGE = {
    "held": "hold.placed",
    "extended": "hold.extended",
    "released": "hold.released",
    "expired": "hold.expired",
    "booked": "booking.confirmed",
    "cancelled": "booking.cancelled",
    "reduced": "booking.changed",
    "exchanged": "booking.changed",
    "transferred": "booking.transferred",
    "blocked": "block.placed",
    "lifted": "block.lifted",
    "opened": "event.created",
    "published": "event.published",
    "stopped": "event.sales_stopped",
    "resumed": "event.sales_resumed",
    "event_cancelled": "event.cancelled",
    "changed": "event.changed",
    "capacity": "event.changed",
    "area": "event.changed",
    "seats_added": "event.changed",
}
KINDS = tuple(sorted(set(_KIND_OF_CHANGE.values())))
"""Every kind of notice."""

_MEMBERS = ("hold", "booking", "block", "areas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that happened. `version` and `index` order the notices of an event without a gap.

    The id is a hash of the content, so it is the same on every retry, and after a restore a new notice has a new id.
    """

    id: UUID
    kind: str
    event: UUID
    event_number: int
    version: int
    index: int
    at: datetime
    data: dict[str, Any]

    def content(self) -> dict[str, Any]:
        """Return the members that receivers read."""
        return {
            "id": self.id,
            "event": self.event,
            "event_number": self.event_number,
            "version": self.version,
            "index": self.index,
            **self.data,
        }


def notices_of(
    event: UUID, event_number: int, version: int, at: datetime, entries: Iterable[Entry]
) -> list[Notice]:
    """Return the notices of one version."""
    return [
        Notice(
            id=_id_of(event, version, index, at, entry),
            kind=_KIND_OF_CHANGE[entry["change"]],
            event=event,
            event_number=event_number,
            version=version,
            index=index,
            at=at,
            data=_data_of(entry),
        )
        for index, entry in enumerate(entries)
    ]


def _id_of(event: UUID, version: int, index: int, at: datetime, entry: Entry) -> UUID:
    content = orjson.dumps([event, version, index, at, entry], option=orjson.OPT_SORT_KEYS)
    return UUID(bytes=sha256(content).digest()[:16], version=5)


def _data_of(entry: Entry) -> dict[str, Any]:
    """Return what a receiver learns. The buyer and who acted stay here."""
    members: dict[str, Any] = dict(entry)
    data = {name: members[name] for name in _MEMBERS if name in members}
    if entry["change"] == "reduced":
        data["areas"] = _difference({}, entry["areas"])
    if entry["change"] == "exchanged":
        data["areas"] = _difference(entry["new_areas"], entry["areas"])
    if entry["change"] == "held" or entry["change"] == "extended":
        data["expires_at"] = entry["until"]
    if "booking" in members:
        data["reference"] = reference_of(UUID(members["booking"]))
    if entry["change"] == "changed":
        data["fields"] = sorted(entry["fields"])
    if entry["change"] == "area":
        data["areas"] = {str(entry["area"]): None}
    return data


def _difference(taken: dict[str, int], returned: dict[str, int]) -> dict[str, int]:
    """Return what a booking has more of each area than before. A move of seats within an area has 0."""
    return {area: taken.get(area, 0) - returned.get(area, 0) for area in sorted({*taken, *returned}, key=int)}
