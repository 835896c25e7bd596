"""Seat maps: read from any document or refused, with permanent numbers and the adjacency of the document."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import DuplicateSeat, InvalidInput
from holdfast.inventory.seating.drawing import columns_of
from holdfast.inventory.seating.forms import address_of, parse_seat_map
from holdfast.inventory.seating.label import normalise_label
from holdfast.inventory.seating.layout import Layout
from holdfast.inventory.seating.picker import SeatPicker
from holdfast.inventory.seating.seat_map import MAX_SEATS, SeatMap, SeatSpec
from holdfast.samples import arena, beer_hall, horseshoe, make, theatre
from support.drawn import drawn_seats


def map_of(value: object, version: int = 1) -> SeatMap:
    layout = parse_seat_map(value)
    return SeatMap.build(layout.seats, version, categories=layout.categories)


def labels(*given: str) -> SeatMap:
    return map_of({"labels": list(given)})


def test_sections_are_numbered_section_row_seat() -> None:
    seat_map = map_of(
        {
            "sections": [
                {"name": "a", "rows": 2, "seats_per_row": 3, "category": "stalls"},
                {"name": "Upper Ring", "rows": 1, "seats_per_row": 2, "category": "ring"},
            ]
        }
    )
    assert seat_map.labels == (
        *("A-1-1", "A-1-2", "A-1-3", "A-2-1", "A-2-2", "A-2-3"),
        *("UPPER RING-1-1", "UPPER RING-1-2"),
    )
    assert seat_map.categories == ("stalls", "ring")
    seat = seat_map.seat(5)
    assert (seat.number, seat.label, seat.section, seat.row, seat.position_in_row) == (
        5,
        "A-2-2",
        "A",
        "2",
        1,
    )
    assert seat.category == seat_map.category_of(5) == "stalls"
    assert seat_map.number_of("A-2-2") == 5
    assert seat_map.number_of("A-9-9") is None
    assert seat_map.size == 8


@pytest.mark.parametrize(
    ("label", "address"),
    [
        ("A1", ("", "A")),
        ("AA12", ("", "AA")),
        ("12C", ("", "12")),
        ("7", ("", "")),
        ("A", ("", "")),
        ("A-1-1", ("A", "1")),
        ("A-3A", ("", "A")),
        ("BLOCK B-12-3", ("BLOCK B", "12")),
        ("ROW A 7", ("ROW", "A")),
        ("A.1", ("", "A")),
        ("A-", ("", "")),
        ("A - 1", ("", "A")),
    ],
)
def test_a_label_alone_determines_its_row(label: str, address: tuple[str, str]) -> None:
    assert address_of(label) == address


def test_listed_labels_are_adjacent_as_listed() -> None:
    """The printed number does not matter: 3, 1 and 2 are in that order."""
    occupancy = SeatPicker(labels("A3", "A1", " a2 ", "B1").rows, [2])
    assert occupancy.best(2) is None
    seat_map = labels("A3", "A1", "A2", "B1")
    assert seat_map.labels == ("A3", "A1", "A2", "B1")
    assert SeatPicker(seat_map.rows, [1]).best(2) == (2, 3)
    assert SeatPicker(seat_map.rows, [1, 2]).best(2) is None, "A2 and B1 are of two rows"


def test_rows_of_listed_labels_may_be_interleaved() -> None:
    seat_map = labels("A1", "B1", "A2", "B2")
    assert [tuple(row.numbers) for row in seat_map.seat_rows] == [(1, 3), (2, 4)]
    assert SeatPicker(seat_map.rows).best(2) == (1, 3)


def test_labels_that_normalise_alike_are_a_duplicate() -> None:
    with pytest.raises(DuplicateSeat) as refused:
        parse_seat_map({"labels": ["A1", " a1 ", "B1", "b1"]}, pointer="/seat_map")
    assert [error.pointer for error in refused.value.errors] == ["/seat_map/labels/1", "/seat_map/labels/3"]
    same = {"name": "A", "rows": 1, "seats_per_row": 1}
    with pytest.raises(DuplicateSeat):
        parse_seat_map({"sections": [same, {**same, "name": " a "}]})
    # A section's name may end like another's row begins.
    with pytest.raises(DuplicateSeat):
        parse_seat_map({"sections": [{"name": "A", "rows": 1, "seats_per_row": 1}, same]})


def test_later_versions_keep_numbers_and_append_to_rows() -> None:
    first = labels("A1", "A2", "B1")
    layout = parse_seat_map({"labels": ["A3", "C1", "B2"], "category": "extra"})
    second = first.extended(layout.seats, 2)
    assert second.labels == ("A1", "A2", "B1", "A3", "C1", "B2")
    assert (first.version, second.version, first.size) == (1, 2, 3)
    assert second.seat(4).position_in_row == 2
    assert second.categories == ("standard", "extra")
    assert [row.row for row in second.seat_rows] == ["A", "B", "C"]
    with pytest.raises(DuplicateSeat) as refused:
        second.extended([SeatSpec("D1"), SeatSpec("B2"), SeatSpec("D1")], 3)
    assert [error.pointer for error in refused.value.errors] == ["/7", "/8"]


def test_a_map_rebuilt_from_its_seats_is_equal() -> None:
    """Positions may be stored as the document gave them, or as placed in the map."""
    plan = parse_seat_map(theatre())
    whole = SeatMap.build(plan.seats, 1, categories=plan.categories)
    more = [SeatSpec("X-1", "Parkett", "A", 0, "Loge"), SeatSpec("X-2", "Parkett", "A", 2, "Loge")]
    grown = whole.extended(more, 2)
    assert [grown.position_of(number) for number in (65, 66)] == [10, 12]
    assert SeatMap.build([*plan.seats, *more], 2, categories=plan.categories).labels == grown.labels
    for again in (
        SeatMap.build(grown.specs(), 2, categories=grown.categories),
        SeatMap.build([*plan.seats, *more], 2, categories=plan.categories),
    ):
        assert list(again.seats()) == list(grown.seats())
        assert columns_of(again) == columns_of(grown)


HOSTILE: list[Any] = [
    None,
    [],
    "A1",
    7,
    {},
    {"labels": ["A1"], "sections": []},
    {"labels": []},
    {"labels": None},
    {"labels": "A1"},
    {"labels": {"0": "A1"}},
    {"labels": [1]},
    {"labels": ["A1", None]},
    {"labels": ["A\u200b1"]},
    {"labels": ["A1\n"]},
    {"labels": ["A1"], "colour": "red"},
    {"labels": ["A1"], "category": ""},
    {"labels": ["A1"], "category": 1},
    {"labels": ["A1"], "a~/\ud800b": 1},
    {"labels": ["A1"] * (MAX_SEATS + 1)},
    {"sections": []},
    {"sections": [[]]},
    {"sections": [{}]},
    {"sections": [{"name": "A", "rows": 1}]},
    {"sections": [{"name": "A", "rows": True, "seats_per_row": 1}]},
    {"sections": [{"name": "A", "rows": 1.0, "seats_per_row": 1}]},
    {"sections": [{"name": "A", "rows": "1", "seats_per_row": 1}]},
    {"sections": [{"name": "A", "rows": 0, "seats_per_row": 1}]},
    {"sections": [{"name": "A", "rows": -1, "seats_per_row": 1}]},
    {"sections": [{"name": "A", "rows": 10**30, "seats_per_row": 10**30}]},
    {"sections": [{"name": "A", "rows": MAX_SEATS, "seats_per_row": 2}]},
    {"sections": [{"name": "A" * 32, "rows": 1, "seats_per_row": 1}]},
    {"sections": [{"name": "\u0410", "rows": 1, "seats_per_row": 1}]},
    {"sections": [{"name": "A", "rows": 1, "seats_per_row": 1, "category": "\x00"}]},
    {"sections": [{"name": "A", "rows": 1, "seats_per_row": 1, "owner_id": 1}]},
    {"zones": None},
    {"zones": []},
    {"zones": [1], "categories": [1]},
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value)[:40])
def test_an_invalid_seat_map_is_refused_with_its_pointer(value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_seat_map(value, pointer="/seat_map")
    assert 1 <= len(refused.value.errors) <= 20
    for error in refused.value.errors:
        assert error.pointer.startswith("/seat_map")
        error.pointer.encode("ascii")
        error.detail.encode("ascii")


FIELDS = """
sections labels zones categories name rows seats_per_row category seats position x y row_number
seat_guid seat_number
"""
any_text = st.text(alphabet=st.characters(codec=None), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS.split()) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=40,
)


@settings(max_examples=500)
@given(value=json_values)
def test_any_json_is_a_seat_map_or_refused(value: Any) -> None:
    """No input causes another exception."""
    try:
        layout = parse_seat_map(value)
    except (InvalidInput, DuplicateSeat):
        return
    assert_sound(layout)


def assert_sound(layout: Layout) -> SeatMap:
    seat_map = SeatMap.build(layout.seats, 1, categories=layout.categories)
    assert seat_map.categories == layout.categories
    for seat in seat_map.seats():
        assert normalise_label(seat.label) == seat.label
        assert seat_map.number_of(seat.label) == seat.number
    drawn = columns_of(seat_map)
    json.dumps(drawn, allow_nan=False).encode()
    by_number = sorted(drawn_seats(drawn), key=lambda seat: seat["number"])
    assert [seat["label"] for seat in by_number] == list(seat_map.labels)
    return seat_map


@settings(max_examples=100)
@given(
    st.lists(st.from_regex(r"[A-C]{1,2}(-[1-3])?(-| )?[1-9]{1,2}", fullmatch=True), min_size=1, unique=True)
)
def test_every_list_of_labels_is_a_sound_map(given_labels: list[str]) -> None:
    assert assert_sound(parse_seat_map({"labels": given_labels})).labels == tuple(given_labels)


@pytest.mark.parametrize(
    "value",
    [
        {"labels": ["A1", "A2", "B1"]},
        {"labels": [str(number) for number in range(1, 1500)]},
        {"sections": [{"name": f"S{i}", "rows": 1 + i, "seats_per_row": 3 * i + 1} for i in range(12)]},
        theatre(),
    ],
    ids=["labels", "bare numbers", "sections", "plan"],
)
def test_a_drawing_gives_every_seat_a_place_of_its_own(value: Any) -> None:
    seat_map = map_of(value, 7)
    drawn = columns_of(seat_map)
    places = [(seat["x"], seat["y"]) for seat in drawn_seats(drawn)]
    assert len(set(places)) == len(places) == seat_map.size
    assert all(0 < x < drawn["width"] and 0 < y < drawn["height"] for x, y in places)
    assert max(drawn["width"], drawn["height"]) == 65_535
    assert drawn["width"] < 200 * drawn["pitch"]
    assert drawn["map_version"] == 7


def test_seats_without_positions_are_drawn_below_the_others() -> None:
    plan = map_of(theatre())
    grown = plan.extended(parse_seat_map({"labels": ["X1", "X2"]}).seats, 2)
    seats = drawn_seats(columns_of(grown))
    by_label = {seat["label"]: seat for seat in seats}
    assert by_label["X1"]["y"] > max(seat["y"] for seat in seats if seat["label"][0] != "X")
    assert len({(seat["x"], seat["y"]) for seat in seats}) == grown.size


@pytest.mark.parametrize(
    ("house", "seats", "standing", "categories"),
    [
        (arena, 10_156, 2_000, ("lower", "upper")),
        (horseshoe, 1_185, 0, ("Parterre", "Corbeille", "Balkon", "Galerie")),
        (beer_hall, 636, 120, ("standard",)),
    ],
)
def test_a_sample_house_has_its_size_and_a_place_for_every_seat(
    house: Callable[[], Any], seats: int, standing: int, categories: tuple[str, ...]
) -> None:
    layout = parse_seat_map(house())
    seat_map = map_of(house())
    assert (seat_map.size, sum(area.capacity for area in layout.areas)) == (seats, standing)
    assert seat_map.categories == categories
    seats = drawn_seats(columns_of(seat_map))
    assert len({(seat["x"], seat["y"]) for seat in seats}) == seat_map.size


def test_an_area_is_drawn_where_the_plan_has_it() -> None:
    """In the units of the seats, whatever its shape is. It may be wider than they are."""
    shapes = {
        "rectangle": {"rectangle": {"width": 100, "height": 40}},
        "circle": {"circle": {"radius": 50}},
        "ellipse": {"ellipse": {"radius": {"x": 50, "y": 20}}},
        "polygon": {"polygon": {"points": [{"x": 0, "y": 0}, {"x": 100, "y": 0}, {"x": 0, "y": 40}]}},
        "none": {},
    }
    place = {"x": 0, "y": 0}
    seats = [{"seat_number": str(n), "seat_guid": str(n), "position": {"x": 20 * n, "y": 0}} for n in (0, 1)]
    for shape, size in shapes.items():
        area = {"name": "Floor", "capacity": 9, "shape": shape, "position": {"x": 0, "y": 100}, **size}
        rows = [{"row_number": "1", "position": place, "seats": seats}]
        layout = parse_seat_map({"zones": [{"name": "A", "position": place, "areas": [area], "rows": rows}]})
        seat_map = SeatMap.build(layout.seats, 1)
        seat_map.details = layout.details
        drawn = columns_of(seat_map)
        assert [one["name"] for one in drawn["areas"]] == ([] if shape == "none" else ["Floor"])
        for one in drawn["areas"]:
            across = max(x for x, _ in one["points"]) - min(x for x, _ in one["points"])
            assert across == pytest.approx(5 * drawn["pitch"], abs=5)
            assert all(0 < x < drawn["width"] and 0 < y < drawn["height"] for x, y in one["points"])
            assert max(y for _, y in one["points"]) > max(seat["y"] for seat in drawn_seats(drawn))


def test_the_sample_files_are_what_their_program_writes() -> None:
    for name, house in make.HOUSES.items():
        file = Path(make.__file__).with_name(f"{name}.json")
        assert file.read_text(encoding="utf-8") == make.written(house()), f"run the program for {name}"


def test_an_unknown_seat_number_has_no_seat() -> None:
    seat_map = labels("A1", "A2")
    for number in (0, -1, 3):
        with pytest.raises(IndexError):
            seat_map.label_of(number)


def test_an_empty_map_has_nothing_to_sell() -> None:
    """An event whose seats are added later."""
    seat_map = SeatMap.build([], 0)
    assert (seat_map.size, seat_map.categories) == (0, ())
    assert SeatPicker(seat_map.rows).best(1, together=False) is None
    assert columns_of(seat_map)["sections"] == []
