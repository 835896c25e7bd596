"""Writes the sample houses beside this file: `python -m holdfast.samples.make`. A test compares the files with it.

The houses are invented. Between them they have what real plans have: curved rows, aisles, boxes, tables,
standing areas, wheelchair places, bad sight lines, doubled numbers and names in several scripts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from math import cos, pi, sin
from pathlib import Path
from typing import Any

__all__ = ["HOUSES", "written"]

Json = dict[str, Any]
PITCH = 20
"""The distance of two neighbours in a row, in units of a plan."""


def arena() -> Json:
    """Return an arena in the round: two rings around a standing floor, with gangways and wheelchair platforms."""
    centre = {"x": 1800, "y": 1800}
    floor = _area("Innenraum", "standing", capacity=2_000, x=-420, y=-280, width=840, height=560)
    return {
        "name": "Arena",
        "size": {"width": 3600, "height": 3600},
        "categories": [_category("standing", "#8a3ffc"), *map(_category, ("lower", "upper"), _BLUES)],
        "zones": [
            {"name": "Innenraum", "position": centre, "rows": [], "areas": [floor]},
            *_ring(centre, first=101, sections=20, rows=17, radius=800, category="lower"),
            *_ring(centre, first=201, sections=24, rows=15, radius=1330, category="upper"),
        ],
    }


def _ring(
    centre: Json, *, first: int, sections: int, rows: int, radius: int, category: str
) -> Iterator[Json]:
    angle = 2 * pi / sections
    for section in range(sections):
        name, lines = str(first + section), []
        for line in range(rows):
            distance = radius + 25 * line
            count = int((angle * distance - 45) / PITCH)
            step = PITCH / distance
            # Counter-clockwise: people who look at the stage count from their left to their right.
            begin = -pi / 2 - section * angle + (count - 1) * step / 2
            places = [(begin - at * step, distance, at) for at in range(count)]
            if category == "upper" and 4 <= line < 8:  # the gangway from the foyer takes four seats
                places = [each for each in places if not -2 <= each[2] - count // 2 < 2]
            seats = []
            for number, (turn, away, at) in enumerate(places, 1):
                seat = _seat(
                    f"{name}-{line + 1}-{number}", number, away * cos(turn), away * sin(turn), category
                )
                if category == "lower" and line == rows - 1 and section % 2 == 0 and 2 <= at < 10:
                    seat |= {"companion": True} if at % 2 else {"wheelchair": True}
                if category == "upper" and line == 0 and at in (0, count - 1):  # behind the railing
                    seat |= {"restricted_view": True}
                seats.append(seat)
            lines.append(_row(str(line + 1), seats))
        yield {"name": name, "position": centre, "rows": lines}


def horseshoe() -> Json:
    """Return an old theatre: curved stalls with a middle aisle, and three horseshoes of boxes and benches."""
    names = ("Parterre", "Corbeille", "Balkon", "Galerie")
    colours = ("#a2191f", "#8a3ffc", "#0f62fe", "#198038")
    return {
        "name": "Théâtre de la Rive",
        "size": {"width": 1400, "height": 1400},
        "categories": list(map(_category, names, colours)),
        "zones": [
            {"name": "Parterre", "position": {"x": 700, "y": 300}, "rows": list(_stalls())},
            *[_boxes(tier, name) for tier, name in enumerate(names[1:])],
            *[_benches(tier, name) for tier, name in enumerate(names[1:])],
        ],
    }


def _stalls() -> Iterator[Json]:
    """Odd numbers on the left, even on the right, and a folding seat `bis` at both ends of the later rows."""
    for line, name in enumerate("ABCDEFGHJKLMNOPQRS"):
        half = min(8 + line // 2, 13)
        seats = []
        for side in (-1, 1):
            for at in range(half):
                number = 2 * at + (1 if side < 0 else 2)
                x = side * (30 + PITCH * at)
                seats.append(_seat(f"P-{name}-{number}", number, x, -(x * x) / 2500, "Parterre"))
            if line >= 6:
                x = side * (30 + PITCH * half)
                seats.append(_seat(f"P-{name}-bis-{side}", "bis", x, -(x * x) / 2500, "Parterre"))
        if name == "S":  # the last row has the places without steps
            for at, flag in (
                (0, "wheelchair"),
                (1, "companion"),
                (half + 1, "companion"),
                (half + 2, "wheelchair"),
            ):
                seats[at] |= {flag: True}
        yield _row(name, sorted(seats, key=lambda seat: float(seat["position"]["x"])), y=26 * line)


def _boxes(tier: int, category: str) -> Json:
    """Return boxes of six loose chairs on both arms of the horseshoe, three in front of three."""
    rows = []
    for arm, side in (("links", -1), ("rechts", 1)):
        for box in range(7):
            seats = [
                _seat(
                    f"{category}-{arm}-{box + 1}-{n + 1}",
                    n + 1,
                    -side * 18 * (n // 3),
                    PITCH * (n % 3),
                    category,
                )
                for n in range(6)
            ]
            for seat in seats[3:]:  # who sits behind sees a part of the stage
                seat |= {"restricted_view": True}
            rows.append(_row(f"Loge {box + 1} {arm}", seats, x=side * (330 + 45 * tier), y=70 * box))
    return {"name": f"{category}, Logen", "position": {"x": 700, "y": 300}, "rows": rows}


def _benches(tier: int, category: str) -> Json:
    """Return the curved end of the horseshoe. An aisle divides each row into three."""
    rows = []
    for line in range(2 + tier):
        distance = 330 + 45 * tier + 24 * line
        seats, number = [], 0
        for part in range(3):
            count = int(distance * pi / 3.4 / PITCH)
            for at in range(count):
                number += 1
                turn = pi - pi / 3 * part - pi / 6 + (at - (count - 1) / 2) * -PITCH / distance
                seats.append(
                    _seat(
                        f"{category}-{line}-{number}",
                        number,
                        distance * cos(turn),
                        distance * sin(turn),
                        category,
                    )
                )
        rows.append(_row("ⅠⅡⅢⅣ"[line], seats))
    return {"name": category, "position": {"x": 700, "y": 930}, "rows": rows}


def beer_hall() -> Json:
    """Return a hall of tables. It has no categories: every seat costs the same."""
    long_tables = [
        _row(
            f"Tisch {table + 1}",
            list(_long_table(f"T{table + 1}")),
            x=260 * (table % 4),
            y=120 * (table // 4),
        )
        for table in range(24)
    ]
    round_tables = [
        _row(f"Runde {table + 1}", list(_round_table(f"R{table + 1}", 8)), x=140 * table, whole=table < 8)
        for table in range(12)
    ]
    booths = [
        _row(f"Nische {booth + 1}", list(_booth(f"N{booth + 1}")), y=100 * booth, whole=True)
        for booth in range(10)
    ]
    bar = _area("Schänke", None, capacity=120, x=0, y=0, width=800, height=80)
    return {
        "name": "Brauhaus",
        "size": {"width": 1900, "height": 1300},
        "categories": [],
        "zones": [
            {"name": "Schwemme", "position": {"x": 100, "y": 100}, "rows": long_tables},
            {"name": "Empore", "position": {"x": 100, "y": 950}, "rows": round_tables},
            {"name": "🍺 Stüberl", "position": {"x": 1300, "y": 100}, "rows": booths},
            {"name": "Schänke", "position": {"x": 100, "y": 1150}, "rows": [], "areas": [bar]},
        ],
    }


def _long_table(name: str) -> Iterator[Json]:
    for number in range(1, 21):  # odd numbers on one side, even on the other
        yield _seat(f"{name}-{number}", number, PITCH * ((number - 1) // 2), 50 * ((number - 1) % 2))


def _round_table(name: str, count: int) -> Iterator[Json]:
    for at in range(count):
        turn = 2 * pi * at / count
        yield _seat(f"{name}-{at + 1}", at + 1, 40 * cos(turn), 40 * sin(turn))


def _booth(name: str) -> Iterator[Json]:
    """Return a bench in the shape of a U for six people."""
    places = ((0, 0), (20, 0), (40, 0), (40, 40), (20, 40), (0, 40))
    for at, (x, y) in enumerate(places):
        yield _seat(f"{name}-{at + 1}", at + 1, x, y)


_BLUES = ("#0f62fe", "#33b1ff")


def _category(name: str, color: str) -> Json:
    return {"name": name, "color": color}


def _row(name: str, seats: list[Json], *, x: float = 0, y: float = 0, whole: bool = False) -> Json:
    row: Json = {"row_number": name, "position": _position(x, y)}
    return row | ({"sold": "whole"} if whole else {}) | {"seats": seats}


def _seat(guid: str, number: int | str, x: float, y: float, category: str | None = None) -> Json:
    seat: Json = {"seat_guid": guid, "seat_number": str(number), "position": _position(x, y)}
    return seat if category is None else seat | {"category": category}


def _area(
    name: str, category: str | None, *, capacity: int, x: float, y: float, width: int, height: int
) -> Json:
    area: Json = {"name": name, "capacity": capacity, "shape": "rectangle", "position": _position(x, y)}
    area |= {"rectangle": {"width": width, "height": height}}
    return area if category is None else area | {"category": category}


def _position(x: float, y: float) -> Json:
    return {"x": _tidy(x), "y": _tidy(y)}


def _tidy(value: float) -> float:
    """Round to a tenth, so that every machine writes the same file."""
    rounded = round(float(value), 1)
    return int(rounded) if rounded.is_integer() else rounded


HOUSES: dict[str, Callable[[], Json]] = {"arena": arena, "beer_hall": beer_hall, "horseshoe": horseshoe}
"""The houses by the names of their files."""


def written(house: Json) -> str:
    """Return a house as its file has it: a line for each row, so that a change can be read."""
    zones = ",\n".join(_zone_text(zone) for zone in house["zones"])
    head = _text({name: value for name, value in house.items() if name != "zones"})
    return f'{head[:-1]},"zones":[\n{zones}\n]}}\n'


def _zone_text(zone: Json) -> str:
    rows: Iterable[str] = map(_text, zone["rows"])
    head = _text({name: value for name, value in zone.items() if name != "rows"})
    return f'{head[:-1]},"rows":[\n' + ",\n".join(rows) + "\n]}"


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    for name, house in HOUSES.items():
        Path(__file__).with_name(f"{name}.json").write_text(written(house()), encoding="utf-8")


if __name__ == "__main__":
    main()
