"""The theatre: a small venue with features of real seat maps (accents, odd and even sides, an aisle, a box)."""

from __future__ import annotations

from typing import Any


def theatre() -> dict[str, Any]:
    """Return a seat map (zones > rows > seats) of 64 seats in three categories: Parkett, Balkon and Loge.

    In the stalls, odd numbers are on the left and even numbers on the right, as in old theatres. The balcony's
    rows are drawn in two pieces, with an aisle between them.
    """
    return {
        "name": "Kleines Schauspielhaus",
        "size": {"width": 320, "height": 280},
        "categories": [
            {"name": "Parkett", "color": "#a2191f"},
            {"name": "Balkon", "color": "#0f62fe"},
            {"name": "Loge", "color": "#8a3ffc"},
        ],
        "zones": [_stalls(), _balcony(), _box()],
    }


def _stalls() -> dict[str, Any]:
    rows = []
    for at, name in enumerate("ABCD"):
        seats = []
        for number in range(1, 11):
            # 9 7 5 3 1 | 2 4 6 8 10
            from_middle = (number + 1) // 2
            x = 100 + (-20 * from_middle + 10 if number % 2 else 20 * from_middle - 10)
            seats.append(_seat(f"parkett-{name}-{number}", number, x, 0, "Parkett"))
        rows.append({"row_number": name, "position": {"x": 0, "y": 24 * at}, "seats": seats})
    return {"name": "Parkett", "position": {"x": 60, "y": 80}, "rows": rows}


def _balcony() -> dict[str, Any]:
    rows = []
    for at, name in enumerate(("I", "II")):
        for piece, first in enumerate((1, 6)):
            seats = [
                _seat(f"balkon-{name}-{first + seat}", first + seat, 130 * piece + 20 * seat, 0, "Balkon")
                for seat in range(5)
            ]
            rows.append({"row_number": name, "position": {"x": 0, "y": 24 * at}, "seats": seats})
    return {"name": "Balkon Süd", "position": {"x": 55, "y": 210}, "rows": rows}


def _box() -> dict[str, Any]:
    seats = [_seat(f"loge-{number}", number, 0, 24 * (number - 1), "Loge") for number in range(1, 5)]
    return {
        "name": "Königsloge",
        "position": {"x": 20, "y": 80},
        "rows": [{"row_number": "1", "position": {"x": 0, "y": 0}, "seats": seats}],
    }


def _seat(guid: str, number: int, x: int, y: int, category: str) -> dict[str, Any]:
    return {"seat_guid": guid, "seat_number": str(number), "position": {"x": x, "y": y}, "category": category}
