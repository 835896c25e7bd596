"""Adjacency: which seats sit side by side, computed from the coordinates of a plan's seats.

The kind of error: adjacency from order alone. Every form is tested: drawn plans (gaps, both sides of a table, tables
whose sides differ, curves, steps, rows of two, rows of single seats, pitch of each row), sections and labels (which
once had no way to give an aisle).
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import InvalidInput
from holdfast.inventory.seating.adjacency import Place, runs_of, usual_pitch
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.picker import SeatPicker
from holdfast.inventory.seating.seat_map import SeatMap


def line(*xs: float, y: float = 0) -> list[Place]:
    return [(x, y) for x in xs]


def table(count: int, *, pitch: float, across: float) -> list[Place]:
    """Return a long table, with odd seats on one side and even ones on the other."""
    return [(side * across, place * pitch) for place in range(count) for side in (0, 1)]


def circle(count: int, radius: float) -> list[Place]:
    return [(radius * cos(2 * pi * at / count), radius * sin(2 * pi * at / count)) for at in range(count)]


WHOLE: dict[str, list[Place]] = {
    "a straight row": line(0, 35, 70, 105, 140),
    "a wheelchair space": line(0, 35, 70, 122, 157),
    "a pair": line(0, 35),
    "a curve": [(100 * cos(angle / 20), 100 * sin(angle / 20)) for angle in range(30)],
    "a round table": circle(8, 40),
    "a square table": [(0, 1), (1, 0), (2, 1), (1, 2)],
    "a staggered row": [(10 * at, 12 * (at % 2)) for at in range(10)],
    "a row with a bay set back": [
        *line(0, 25, 50),
        *line(75, 100, 125, y=20),
        *line(150, 175, 200),
    ],
    "a chevron": [(25 * at, 10 * abs(at - 3)) for at in range(7)],
    "a horseshoe": [(100 * cos(pi + at * pi / 11), 100 * sin(pi + at * pi / 11)) for at in range(12)],
    "two seats on one spot": [(0, 0), (0, 0), (35, 0)],
}
DIVIDED: dict[str, tuple[list[Place], list[list[int]]]] = {
    "an aisle": (line(0, 35, 70, 420, 455, 490), [[0, 1, 2], [3, 4, 5]]),
    "a pillar": (line(0, 35, 105, 140), [[0, 1], [2, 3]]),
    "two aisles": (line(0, 10, 60, 70, 120, 130), [[0, 1], [2, 3], [4, 5]]),
    "a long table": (table(4, pitch=25, across=60), [[0, 2, 4, 6], [1, 3, 5, 7]]),
    "a narrow table": (table(4, pitch=65, across=60), [[0, 2, 4, 6], [1, 3, 5, 7]]),
    "a table with fewer seats on one side": (
        [(0, 0), (0, 25), (0, 50), (0, 75), (60, 0), (60, 75)],
        [[0, 1, 2, 3], [4], [5]],
    ),
    "a table with every other seat on one side": (
        [(0, 25 * at) for at in range(5)] + [(60, 50 * at) for at in range(3)],
        [[0, 1, 2, 3, 4], [5], [6], [7]],
    ),
    "a table with an aisle on one side": (
        [(0, 25 * at) for at in range(6)] + [(60, 25 * at) for at in (0, 1, 4, 5)],
        [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9]],
    ),
    "a round row with two aisles": (
        [(300 * cos(pi * at / 9), 300 * sin(pi * at / 9)) for at in range(18) if at % 9 > 1],
        [[13, 12, 11, 10, 9, 8, 7], [6, 5, 4, 3, 2, 1, 0]],
    ),
    "a table listed round": (
        [(0, 0), (0, 25), (0, 50), (60, 50), (60, 25), (60, 0)],
        [[0, 1, 2], [5, 4, 3]],
    ),
}


@pytest.mark.parametrize("places", WHOLE.values(), ids=WHOLE)
def test_rows_without_a_gap_are_one_run(places: list[Place]) -> None:
    (run,) = runs_of(places, usual_pitch([places]))
    assert sorted(run) == list(range(len(places)))


@pytest.mark.parametrize(("places", "runs"), DIVIDED.values(), ids=DIVIDED)
def test_rows_with_a_gap_are_several_runs(places: list[Place], runs: list[list[int]]) -> None:
    assert runs_of(places, usual_pitch([places])) == runs


def test_short_rows_use_the_plans_pitch() -> None:
    rows = [line(*range(0, 350, 35)), line(0, 420), line(0, 400, 800, 1200)]
    pitch = usual_pitch(rows)
    assert pitch == 35
    assert runs_of(rows[1], pitch) == [[0], [1]]
    assert runs_of(rows[2], pitch) == [[0], [1], [2], [3]]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=12))
def test_every_seat_is_in_one_run(places: list[Place]) -> None:
    found = [at for run in runs_of(places, usual_pitch([places])) for at in run]
    assert sorted(found) == list(range(len(places)))


def picker_of(document: dict[str, Any]) -> tuple[SeatMap, SeatPicker]:
    layout = parse_seat_map(document)
    seat_map = SeatMap.build(layout.seats, 1, categories=layout.categories)
    return seat_map, SeatPicker(seat_map.rows)


@pytest.mark.parametrize(
    "document",
    [
        {"sections": [{"name": "A", "rows": 1, "seats_per_row": 6, "aisles_after": [3]}]},
        {"labels": ["A1", "A2", "A3", None, "A4", "A5", "A6"]},
    ],
    ids=["sections", "labels"],
)
def test_each_form_can_give_an_aisle(document: dict[str, Any]) -> None:
    seat_map, picker = picker_of(document)
    assert picker.best(4) is None
    best = picker.best(3)
    assert best is not None
    assert {seat_map.seat(number).position_in_row for number in best} in ({0, 1, 2}, {4, 5, 6})


def test_best_available_never_seats_a_pair_across_the_aisle() -> None:
    seats = [
        {
            "seat_guid": str(at),
            "seat_number": str(at + 1),
            "position": {"x": x, "y": 0},
            "category": "c",
        }
        for at, x in enumerate((0, 35, 70, 420, 455, 490))
    ]
    zone = {"name": "Z", "position": {"x": 0, "y": 0}, "rows": [{"row_number": "1", "seats": seats}]}
    _, picker = picker_of({"categories": [{"name": "c"}], "zones": [zone]})
    for _ in range(2):
        pair = picker.best(2)
        assert pair is not None
        assert set(pair) <= {1, 2, 3} or set(pair) <= {4, 5, 6}
        picker.take(pair)
    assert picker.best(2) is None


@pytest.mark.parametrize("aisles", [[0], [6], ["3"], 3, [True]])
def test_an_aisle_that_divides_nothing_is_refused(aisles: object) -> None:
    section = {"name": "A", "rows": 1, "seats_per_row": 6, "aisles_after": aisles}
    with pytest.raises(InvalidInput) as refused:
        parse_seat_map({"sections": [section]})
    assert refused.value.errors[0].pointer.startswith("/sections/0/aisles_after")


@pytest.mark.parametrize("labels", [[None, "A1"], ["A1", None], ["A1", None, None, "A2"], ["A1", None, "B1"]])
def test_an_aisle_must_be_between_two_seats_of_a_row(labels: list[str | None]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_seat_map({"labels": labels})
    assert refused.value.errors[0].code == "out_of_place"
