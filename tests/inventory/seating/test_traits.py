"""Traits: whole tables, wheelchair places, companion seats and restricted views in best available."""

from __future__ import annotations

import random
from typing import Any

import pytest

from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.picker import SeatPicker
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.samples import arena, beer_hall, horseshoe


def map_of(document: Any) -> SeatMap:
    layout = parse_seat_map(document)
    return SeatMap.build(layout.seats, 1, categories=layout.categories)


def row(count: int, **flags: Any) -> SeatMap:
    return map_of({"labels": [f"A{number}" for number in range(1, count + 1)], **flags})


def labels_of(seat_map: SeatMap, numbers: tuple[int, ...] | None) -> list[str] | None:
    return None if numbers is None else [seat_map.label_of(number) for number in numbers]


def tables(*sizes: int, single: int = 0) -> SeatMap:
    sections: list[dict[str, Any]] = [
        {"name": f"T{at}", "rows": 1, "seats_per_row": size, "sold": "whole"}
        for at, size in enumerate(sizes, 1)
    ]
    if single:
        sections.append({"name": "S", "rows": 1, "seats_per_row": single})
    return map_of({"sections": sections})


@pytest.mark.parametrize("n", range(1, 12))
def test_a_whole_table_goes_to_a_party_of_its_size_only(n: int) -> None:
    seat_map = tables(4, 6, 10)
    chosen = SeatPicker(seat_map.rows).best(n)
    assert (chosen is not None) == (n in (4, 6, 10))
    if chosen is not None:
        assert chosen == seat_map.table_of(chosen[0])


@pytest.mark.parametrize("n", range(1, 30))
def test_a_split_takes_tables_whole_or_not_at_all(n: int) -> None:
    """Of 4, 4, 6 and 10 seats in tables and 3 seats apart, every number that adds up can be had."""
    seat_map = tables(4, 4, 6, 10, single=3)
    sums = {a + b + c + d for a in (0, 4) for b in (0, 4) for c in (0, 6) for d in (0, 10)}
    chosen = SeatPicker(seat_map.rows).best(n, together=False)
    assert (chosen is not None) == any(0 <= n - seats <= 3 for seats in sums)
    if chosen is not None:
        assert len(set(chosen)) == len(chosen) == n
        for number in chosen:
            assert len(seat_map.table_of(number)) == 1 or set(seat_map.table_of(number)) <= set(chosen)


def test_a_table_with_a_taken_seat_is_not_given() -> None:
    seat_map = tables(4)
    assert SeatPicker(seat_map.rows, [2]).best(4) is None
    assert SeatPicker(seat_map.rows, [2]).best(3, together=False) is None


def test_a_general_party_gets_no_wheelchair_and_no_companion_seat() -> None:
    seat_map = row(6, wheelchair=["A1"], companion=["A2"])
    picker = SeatPicker(seat_map.rows)
    assert picker.general_count() == 4
    assert picker.best(5, together=False) is None
    assert labels_of(seat_map, picker.best(4, together=False)) == ["A3", "A4", "A5", "A6"]


@pytest.mark.parametrize(
    ("count", "wheelchair", "companion", "n", "chosen"),
    [
        (6, ["A1"], ["A2"], 2, ["A1", "A2"]),
        (4, ["A1", "A3"], ["A2", "A4"], 2, ["A1", "A2"]),  # A2 and A3 would leave A1 and A4 alone
        (6, ["A1", "A3"], ["A2", "A4"], 4, ["A3", "A4", "A5", "A6"]),  # the fewest wheelchair places
        (6, ["A1", "A6"], ["A2"], 1, ["A6"]),  # the place without a companion seat
        (5, ["A3"], ["A4"], 3, ["A3", "A4", "A5"]),  # no single seat is left
        (3, ["A2"], [], 3, ["A1", "A2", "A3"]),
        (6, [], [], 1, None),
    ],
)
def test_a_party_with_a_wheelchair_gets_a_place_and_its_companion_seat(
    count: int, wheelchair: list[str], companion: list[str], n: int, chosen: list[str] | None
) -> None:
    seat_map = row(count, wheelchair=wheelchair, companion=companion)
    assert labels_of(seat_map, SeatPicker(seat_map.rows).best_with_wheelchair(n)) == chosen


def test_a_party_that_may_be_split_keeps_the_companion_beside_the_place() -> None:
    layout = {"labels": ["A1", "A2", None, "A3", "A4", "A5"], "wheelchair": ["A1"], "companion": ["A2"]}
    seat_map = map_of(layout)
    picker = SeatPicker(seat_map.rows)
    assert picker.best_with_wheelchair(4) is None
    assert labels_of(seat_map, picker.best_with_wheelchair(4, together=False)) == ["A1", "A2", "A3", "A4"]
    assert picker.free_count() == 5, "a look takes nothing"


def test_a_restricted_view_is_given_last() -> None:
    seat_map = row(8, restricted_view=["A4", "A5"])
    picker = SeatPicker(seat_map.rows)
    for chosen in (["A1", "A2"], ["A7", "A8"]):
        block = picker.best(2)
        assert labels_of(seat_map, block) == chosen
        picker.take(block or ())
    assert labels_of(seat_map, picker.best(2)) in (["A3", "A4"], ["A5", "A6"])
    assert labels_of(seat_map, picker.best(2, together=False)) in (["A3", "A4"], ["A5", "A6"])


@pytest.mark.parametrize("house", [arena, horseshoe, beer_hall])
def test_a_sample_house_is_sold_by_its_rules_to_the_last_seat(house: Any) -> None:
    """Whatever is sold in whatever order, no table is split and no reserved seat goes to a general party."""
    seat_map = map_of(house())
    picker = SeatPicker(seat_map.rows)
    chance = random.Random(1)
    reserved = picker.free_count() - picker.general_count()
    while (n := chance.choice([1, 2, 3, 4, 6, 8])) and picker.general_count():
        chosen = picker.best(n) or picker.best(n, together=False)
        if chosen is None:
            if n == 1:
                break
            continue
        for number in chosen:
            assert not seat_map.traits_of(number) & 3
            assert set(seat_map.table_of(number)) <= set(chosen)
        picker.take(chosen)
    left = [number for number in picker.free_numbers() if len(seat_map.table_of(number)) == 1]
    assert len(left) == reserved
