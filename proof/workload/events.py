"""Events of a workload: random and small, so that they often sell out and lapse. `setup.jsonl` lists them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

__all__ = ["Event", "draw_event", "event_line", "rows_of"]

ROW_LENGTHS = (5, 6, 8, 10)
HOLD_TTL_SECONDS = (1, 2, 2, 3, 4)
MAX_OVER_TTL = (0, 1, 2, 3)
"""Seconds. They are short, so that the dialects' holds of 5 and 20 minutes also end within a run."""

WITH_TABLES, WITH_WHEELCHAIRS = 0.15, 0.1
"""Shares of the seat maps. Half of those with tables have wheelchair places, too."""
TABLE_SIZES = (2, 4, 6)
KEPT = ("wheelchair", "companion")

_SEAT_ZIPF = 0.6


@dataclass(slots=True)
class Event:
    """One event as a client knows it, read from its line."""

    id: str
    number: int
    areas: dict[str, int]
    rows: list[list[tuple[str, str]]]
    """Label and category of each seat."""
    hold_ttl: int
    limits: dict[str, Any]
    labels: list[str] = field(init=False)
    """The most wanted seats first: the same order for all clients, as in real sales."""
    weights: list[float] = field(init=False)
    categories: list[str] = field(init=False)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """All seats of the table, for each seat of a table that is sold whole."""
    has_wheelchair_places: bool = False
    seat_ids: dict[str, int] | None = None
    """The seat ids of dialects that number seats, as the server returned them."""

    def __post_init__(self) -> None:
        self.labels = [label for row in self.rows for label, _ in row]
        random.Random(self.id).shuffle(self.labels)
        self.weights = list(accumulate(1 / (rank + 1) ** _SEAT_ZIPF for rank in range(len(self.labels))))
        self.categories = sorted({category for row in self.rows for _, category in row})

    @classmethod
    def of(cls, line: dict[str, Any]) -> Event:
        rows = [[(seat["label"], seat["category"]) for seat in row] for row in line["rows"]]
        made = cls(line["event"], line["number"], line["areas"], rows, line["hold_ttl"], line["limits"])
        for row in line["rows"]:
            table = tuple(seat["label"] for seat in row if seat.get("whole"))
            made.tables |= dict.fromkeys(table, table)
        made.has_wheelchair_places = any(
            seat.get("kept") == "wheelchair" for row in line["rows"] for seat in row
        )
        return made

    @property
    def longest_ttl(self) -> int:
        return int(self.limits["max_hold_ttl_seconds"])

    @property
    def needs_buyer(self) -> bool:
        return self.limits.get("max_per_buyer") is not None

    @property
    def is_plain(self) -> bool:
        """True if dialects fit that know only a quantity, and no buyer."""
        return len(self.areas) == 1 and not self.rows and not self.needs_buyer

    @property
    def is_seated_simply(self) -> bool:
        """True if dialects fit that know only single seats: nothing is sold whole, or kept for wheelchairs."""
        return bool(self.rows) and not self.tables and not self.has_wheelchair_places

    def with_tables(self, lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the lines as the server must read them: a named seat of a table brings the whole table."""
        lines = list(lines)
        named = {label for line in lines for label in line.get("seats", ())}
        effective = []
        for line in lines:
            added: list[str] = []
            for label in line.get("seats", ()):
                added += [other for other in self.tables.get(label, ()) if other not in named]
                named.update(added)
            effective.append({**line, "seats": [*line["seats"], *added]} if added else line)
        return effective

    def draw_seats(
        self, chance: random.Random, count: int, *, taken: frozenset[str] = frozenset()
    ) -> list[str]:
        """Return at least one seat, without repeats and in random order. Most seats in `taken` are skipped."""
        found: dict[str, None] = {}
        for _ in range(4 * count):
            if len(found) == count:
                break
            [label] = chance.choices(self.labels, cum_weights=self.weights)
            if label not in taken or chance.random() < 0.2:
                found[label] = None
        seats = list(found) or [chance.choice(self.labels)]
        chance.shuffle(seats)
        return seats


def draw_event(chance: random.Random, name: str) -> dict[str, Any]:
    """Return a random body for `POST /v1/events`."""
    kind = chance.random()
    ttl = chance.choice(HOLD_TTL_SECONDS)
    body: dict[str, Any] = {
        "name": name,
        "hold_ttl_seconds": ttl,
        "max_hold_ttl_seconds": ttl + chance.choice(MAX_OVER_TTL),
        "max_per_hold": None,
    }
    if kind < 0.75:
        body["seat_map"] = _draw_seat_map(chance)
    if kind < 0.25:
        body["areas"] = [{"name": "standing", "capacity": chance.randint(10, 60)}]
    elif kind >= 0.9:
        body["areas"] = [
            {"name": "floor", "capacity": chance.randint(20, 90)},
            {"name": "terrace", "capacity": chance.randint(10, 50)},
        ]
    elif kind >= 0.75:
        body["capacity"] = chance.randint(30, 150)
    if chance.random() < 0.15:
        body["max_per_hold"] = chance.randint(3, 6)
    if chance.random() < 0.15:
        body["max_per_buyer"] = chance.randint(2, 6)
    if chance.random() < 0.2:
        body["allow_partial"] = True
    return body


def rows_of(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the seats of the requested map, row by row in order."""
    seat_map = body.get("seat_map", {})
    kept = {label: name for name in KEPT for label in seat_map.get(name, ())}
    return [
        [
            _seat(f"{section['name']}-{row}-{seat}", section, kept)
            for seat in range(1, section["seats_per_row"] + 1)
        ]
        for section in seat_map.get("sections", ())
        for row in range(1, section["rows"] + 1)
    ]


def event_line(body: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
    """Return the event's line for `setup.jsonl`."""
    areas = {area["name"]: area["capacity"] for area in body.get("areas", ())}
    if "capacity" in body:
        areas["general"] = body["capacity"]
    return {
        "e": "event",
        "event": reply["id"],
        "number": reply["number"],
        "areas": areas,
        "rows": rows_of(body),
        "hold_ttl": body["hold_ttl_seconds"],
        "limits": {
            "max_hold_ttl_seconds": body["max_hold_ttl_seconds"],
            "max_per_hold": body.get("max_per_hold"),
            "max_per_buyer": body.get("max_per_buyer"),
            "allow_partial": body.get("allow_partial", False),
        },
    }


def _seat(label: str, section: dict[str, Any], kept: dict[str, str]) -> dict[str, Any]:
    seat: dict[str, Any] = {"label": label, "category": section["category"]}
    if section.get("sold") == "whole":
        seat["whole"] = True
    if label in kept:
        seat["kept"] = kept[label]
    return seat


def _draw_seat_map(chance: random.Random) -> dict[str, Any]:
    """Return sections, sometimes with tables that are sold whole, and with wheelchair places in front."""
    sections = _draw_sections(chance)
    seat_map: dict[str, Any] = {"sections": sections}
    draw = chance.random()
    if draw < WITH_TABLES:
        tables = {"rows": chance.randint(2, 4), "seats_per_row": chance.choice(TABLE_SIZES)}
        sections.append({"name": "T", "category": "tables", "sold": "whole", **tables})
    if WITH_TABLES / 2 < draw < WITH_TABLES + WITH_WHEELCHAIRS:
        last = sections[0]["seats_per_row"]
        rows = range(1, sections[0]["rows"] + 1)
        seat_map["wheelchair"] = [f"A-{row}-{last}" for row in rows]
        seat_map["companion"] = [f"A-{row}-{last - 1}" for row in rows]
    return seat_map


def _draw_sections(chance: random.Random) -> list[dict[str, Any]]:
    categories = ("stalls", "circle", "gallery")
    return [
        {
            "name": "ABC"[number],
            "rows": chance.randint(2, 5),
            "seats_per_row": chance.choice(ROW_LENGTHS),
            "category": categories[number],
        }
        for number in range(chance.randint(1, 3))
    ]
