"""Seat map documents: each immutable version of an event's map, written once and kept as bytes."""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson

from holdfast.inventory.projections.single_flight import SingleFlight
from holdfast.inventory.rules.event import Event
from holdfast.inventory.seating.drawing import columns_of
from holdfast.inventory.seating.seat_map import Row, SeatMap
from holdfast.inventory.seating.traits import Trait, flags_of

MAX_BYTES = 64 * 1024 * 1024
"""Max bytes of all documents that one process keeps; the least recently read are dropped first."""

MapForm = Literal["document", "columns"]
"""Seats as objects, for programs that read them; or columns, for those that draw."""

_Key = tuple[int, int, UUID, str, MapForm]
"""An event's number, a version of its map, the event's id, the epoch in which the version counts, and the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatMapDocument:
    """A document as it is sent: plain, and packed with gzip."""

    plain: bytes
    packed: bytes


class SeatMapDocuments:
    """Documents by event number and map version."""

    def __init__(self, get_seat_map: Callable[[int, int], Awaitable[SeatMap]]) -> None:
        self._get_seat_map = get_seat_map
        self._kept: OrderedDict[_Key, SeatMapDocument] = OrderedDict()
        self._writings = SingleFlight(self._write)

    async def get(self, event: Event, version: int, form: MapForm, *, epoch: str) -> SeatMapDocument:
        """Return the document of a version that the event's map has had."""
        key = (event.number, version, event.id, epoch, form)
        found = self._kept.get(key)
        if found is None:
            found = await self._writings.get(key)
        if key in self._kept:
            self._kept.move_to_end(key)
        return found

    async def _write(self, key: _Key) -> SeatMapDocument:
        found = self._kept.get(key)
        if found is not None:
            return found
        number, version, id, _, form = key
        seat_map = await self._get_seat_map(number, version)
        made = self._kept[key] = await asyncio.to_thread(_write, number, id, seat_map, form)
        kept = sum(len(each.plain) + len(each.packed) for each in self._kept.values())
        while kept > MAX_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            kept -= len(dropped.plain) + len(dropped.packed)
        return made


def _write(number: int, id: UUID, seat_map: SeatMap, form: MapForm) -> SeatMapDocument:
    members = columns_of(seat_map) if form == "columns" else _document(seat_map)
    plain = orjson.dumps({"event": id, "event_number": number} | members)
    return SeatMapDocument(plain=plain, packed=gzip.compress(plain, compresslevel=6, mtime=0))


def _document(seat_map: SeatMap) -> dict[str, Any]:
    sections: dict[str, list[dict[str, Any]]] = {}
    for row in seat_map.seat_rows:
        sold = {"sold": "whole"} if seat_map.traits_of(row.numbers[0]) & Trait.WHOLE else {}
        sections.setdefault(row.section, []).append(
            {"name": row.row, **sold, "seats": list(_seats_of(row, seat_map))}
        )
    document: dict[str, Any] = {
        "map_version": seat_map.version,
        "categories": seat_map.categories,
        "sections": [{"name": name, "rows": rows} for name, rows in sections.items()],
    }
    details = seat_map.details
    if details.areas:
        document["areas"] = details.areas
    if details.source is not None:
        document["source"] = details.source._asdict()
    return document


def _seats_of(row: Row, seat_map: SeatMap) -> Iterator[dict[str, Any]]:
    """Return a row's seats from left to right, without the fields that the source left out."""
    for number in row.numbers:
        seat = seat_map.seat(number)
        document: dict[str, Any] = {
            "label": seat.label,
            "position": seat.position_in_row,
            "category": seat.category,
        }
        if seat.x is not None:
            document["x"], document["y"] = seat.x, seat.y
        if seat.name is not None:
            document["name"] = seat.name
        if seat.guid is not None:
            document["guid"] = seat.guid
        document |= flags_of(seat.traits)
        yield document
