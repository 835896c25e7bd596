"""Event preview: how many places a form asks for, and a picture of its rows, before anything is made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.seat_map import Row, SeatMap

__all__ = ["EventPreview", "PreviewPart", "preview_of"]

_MAX_ROWS = 60
_MAX_SEATS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPart:
    """An area, or a section with its rows. `path` draws a dotted line for each row."""

    name: str
    places: int
    rows: int = 0
    width: int = 0
    height: int = 0
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPreview:
    parts: list[PreviewPart]
    categories: list[str]

    @property
    def places(self) -> int:
        return sum(part.places for part in self.parts)


async def preview_of(body: dict[str, Any]) -> EventPreview:
    """Return the preview. Raises InvalidInput, DuplicateSeat for seats that no event could have."""
    parts = [
        PreviewPart(name=area["name"], places=area["capacity"] or 0)
        for area in body.get("areas", ())
        if area["name"]
    ]
    if "seat_map" not in body:
        return EventPreview(parts=parts, categories=[])
    layout = await asyncio.to_thread(parse_seat_map, body["seat_map"], pointer="/seat_map")
    seats = SeatMap.build(layout.seats, 1, categories=layout.categories)
    sections: dict[str, list[Row]] = {}
    for row in seats.seat_rows:
        sections.setdefault(row.section, []).append(row)
    parts += [_section(seats, name, rows) for name, rows in sections.items()]
    parts += [PreviewPart(name=area.name, places=area.capacity) for area in layout.areas]
    return EventPreview(parts=parts, categories=list(seats.categories))


def _section(seats: SeatMap, name: str, rows: list[Row]) -> PreviewPart:
    """Return a section. A large one shows its first rows only: the numbers say the rest."""
    shown = rows[:_MAX_ROWS]
    widest = max(seats.position_of(row.numbers[-1]) + 1 for row in shown)
    return PreviewPart(
        name=name,
        places=sum(len(row.numbers) for row in rows),
        rows=len(rows),
        width=min(widest, _MAX_SEATS),
        height=len(shown),
        path="".join(_dots(seats, row, height) for height, row in enumerate(shown)),
    )


def _dots(seats: SeatMap, row: Row, height: int) -> str:
    """Return a row's seats as dots: each a line of no length with round ends."""
    places = [at for at in map(seats.position_of, row.numbers) if at < _MAX_SEATS]
    return "".join(f"M{at}.5 {height}.5h0" for at in places)
