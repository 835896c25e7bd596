"""Plans: seating plans in pretix's schema become rows in the order in which people sit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import DuplicateSeat, InvalidInput
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.label import normalise_label
from holdfast.inventory.seating.picker import SeatPicker
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.seating.transliteration import transliterate
from holdfast.samples import theatre


def seat(
    number: str, x: float, y: float = 0, *, guid: str | None = None, category: str = "stalls"
) -> dict[str, Any]:
    return {
        "seat_guid": f"{number}@{x},{y}" if guid is None else guid,
        "seat_number": number,
        "position": {"x": x, "y": y},
        "category": category,
    }


def row(name: str, *seats: dict[str, Any], x: float = 0, y: float = 0) -> dict[str, Any]:
    return {"row_number": name, "position": {"x": x, "y": y}, "seats": list(seats)}


def zone(name: str, *rows: dict[str, Any], x: float = 0, y: float = 0) -> dict[str, Any]:
    return {"name": name, "position": {"x": x, "y": y}, "rows": list(rows)}


def plan(*zones: dict[str, Any], categories: tuple[str, ...] = ("stalls", "ring")) -> dict[str, Any]:
    return {
        "name": "House",
        "size": {"width": 100, "height": 100},
        "categories": [{"name": name, "color": "red"} for name in categories],
        "zones": list(zones),
    }


def map_of(document: dict[str, Any]) -> SeatMap:
    layout = parse_seat_map(document)
    return SeatMap.build(layout.seats, 1, categories=layout.categories)


def test_positions_of_zone_row_and_seat_add_up() -> None:
    seat_map = map_of(plan(zone("Z", row("1", seat("1", 1, 2), x=10, y=20), x=100, y=200)))
    assert seat_map.place_of(1) == (111, 222)


def test_names_and_ids_are_kept_as_given_beside_the_label() -> None:
    seat_map = map_of(plan(zone("Köln-Süd", row("Ряд 2", seat("12 b", 0, guid="{Ω}/1")))))
    found = seat_map.seat(1)
    assert found.label == "KOLN.SUD-RYAD.2-12.B"
    assert (found.section, found.row, found.name, found.guid) == ("Köln-Süd", "Ряд 2", "12 b", "{Ω}/1")


def test_seats_are_ordered_by_position_not_by_number() -> None:
    """One side counts odd numbers to the left, the other even ones to the right: 1 and 2 are neighbours, and so
    are 1 and 3."""
    seat_map = map_of(theatre())
    first_row = [seat_map.seat(number).name for number in seat_map.seat_rows[0].numbers]
    assert first_row == ["9", "7", "5", "3", "1", "2", "4", "6", "8", "10"]
    pair = {seat_map.number_of("PARKETT-A-1"), seat_map.number_of("PARKETT-A-2")}
    others = [number for number in range(1, seat_map.size + 1) if number not in pair]
    best = SeatPicker(seat_map.rows, others).best(2)
    assert best is not None
    assert [seat_map.seat(number).name for number in best] == ["1", "2"]


def test_a_row_listed_from_the_right_is_ordered_from_the_left() -> None:
    seats = [seat(str(number), -10 * number) for number in range(5)]
    assert [spec.name for spec in parse_seat_map(plan(zone("Z", row("1", *seats)))).seats] == [
        "4",
        "3",
        "2",
        "1",
        "0",
    ]


def test_a_vertical_row_is_ordered_from_the_top() -> None:
    seats = [seat(str(number), 0.1 * (number % 2), 10 * y) for number, y in enumerate((3, 1, 0, 2))]
    assert [spec.name for spec in parse_seat_map(plan(zone("Z", row("1", *seats)))).seats] == [
        "2",
        "1",
        "3",
        "0",
    ]


def test_seats_round_a_table_stay_as_listed() -> None:
    circle = [(10, 0), (7, 7), (0, 10), (-7, 7), (-10, 0), (-7, -7), (0, -10), (7, -7)]
    seats = [seat(str(number), x, y) for number, (x, y) in enumerate(circle)]
    names = [int(spec.name or "") for spec in parse_seat_map(plan(zone("T", row("1", *seats)))).seats]
    assert names in ([*range(8)], [*reversed(range(8))])


def test_nothing_is_adjacent_across_a_row_drawn_in_two_pieces() -> None:
    """An aisle: one row with one middle, and a break in it."""
    pieces = row("1", seat("4", 70), seat("5", 80)), row("1", *[seat(str(n), 10 * n) for n in (1, 2, 3)])
    seat_map = map_of(plan(zone("Z", *pieces)))
    assert [row.row for row in seat_map.seat_rows] == ["1"]
    assert [(found.name, found.position_in_row) for found in seat_map.seats()] == [
        *(("1", 0), ("2", 1), ("3", 2), ("4", 4), ("5", 5))
    ]
    assert SeatPicker(seat_map.rows).best(4) is None
    assert SeatPicker(seat_map.rows).best(3) == (1, 2, 3)


def test_categories_keep_the_plans_order_and_unused_ones_are_left_out() -> None:
    document = plan(
        zone("Z", row("1", seat("1", 0, category="ring"), seat("2", 1))),
        categories=("none", "stalls", "ring"),
    )
    assert map_of(document).categories == ("stalls", "ring")


def test_zones_rows_and_seats_without_names_are_numbered() -> None:
    nameless = {"rows": [row("", seat("", 0), seat(" ", 1)), row("", seat("", 5))]}
    seat_map = map_of(plan(nameless, dict(nameless, zone_id="bar") | {"rows": [row("", seat("", 99))]}))
    assert seat_map.labels == ("1-1-1", "1-1-2", "1-2-1", "BAR-1-1")


def test_a_numbered_row_stays_apart_from_a_row_of_that_name() -> None:
    """The nameless first zone gets number 1, which is another zone's name. Nothing is adjacent across them."""
    nameless = {"rows": [row("1", seat("1", 0), seat("2", 1))]}
    seat_map = map_of(plan(nameless, zone("1", row("1", seat("1", 2), seat("2", 3)))))
    assert seat_map.labels == ("1-1-1", "1-1-2", "1.2-1-1", "1.2-1-2")
    assert [(found.section, found.row) for found in seat_map.seat_rows] == [("1", "1"), ("1", "1 (2)")]
    assert SeatPicker(seat_map.rows).best(3) is None


def test_nameless_rows_of_two_pieces_of_a_zone_are_two_rows() -> None:
    seat_map = map_of(plan(zone("Z", row("", seat("1", 0))), zone("Z", row("", seat("1", 1)))))
    assert seat_map.labels == ("Z-1-1", "Z-2-1")


def test_names_without_latin_spelling_are_numbered() -> None:
    seat_map = map_of(
        plan(
            zone("一階", row("い", seat("壱", 0), seat("弐", 1))),
            zone("二階", row("い", seat("壱", 2), seat("1", 3))),
        )
    )
    assert seat_map.labels == ("1-1-1", "1-1-2", "2-1-1", "2-1-1.2")
    assert [found.section for found in seat_map.seats()] == ["一階", "一階", "二階", "二階"]


def test_names_spelled_alike_or_too_long_stay_distinct() -> None:
    seat_map = map_of(
        plan(
            zone("Orchestra left side", row("Å", seat("1", 0)), row("A", seat("1", 1))),
            zone("Orchestra left hand", row("A", seat("Wheelchair 1", 2), seat("Wheelchair 2", 3))),
        )
    )
    assert seat_map.labels == (
        *("ORCHESTRA.LEFT-A-1", "ORCHESTRA.LEFT-A.2-1"),
        *("ORCHESTRA.LE.2-A-WHEELCHA", "ORCHESTRA.LE.2-A-WHEELC.2"),
    )


@pytest.mark.parametrize(
    ("document", "labels"),
    [
        (plan(zone("Z", row("1", seat("1", 0), seat("1", 1)))), ("Z-1-1", "Z-1-1.2")),
        (
            plan(zone("Z", row("1", seat("1", 0))), zone("Z", row("1", seat("1", 1)))),
            ("Z-1-1", "Z-1-1.2"),
        ),
        (
            plan(zone("Z", row("1", seat("S", 60), seat("1", 20), seat("S", 0), seat("s.2", 40)))),
            ("Z-1-S", "Z-1-1", "Z-1-S.2", "Z-1-S.3"),
        ),
    ],
    ids=["same number", "same address", "folding seats at both ends"],
)
def test_seats_of_one_number_are_numbered_from_the_left(document: dict[str, Any], labels: Any) -> None:
    """Folding seats are often all called the same. Their names stay as printed."""
    seat_map = map_of(document)
    assert seat_map.labels == labels
    printed = [each["seat_number"] for z in document["zones"] for r in z["rows"] for each in r["seats"]]
    assert sorted(str(found.name) for found in seat_map.seats()) == sorted(printed)


def test_a_zone_of_areas_needs_no_rows_and_equal_names_are_numbered() -> None:
    lawn = {"name": "Lawn", "areas": [{"capacity": 5}, {"capacity": 6}, {"shape": "text"}]}
    layout = parse_seat_map({"zones": [lawn, {"name": "Z", "rows": [row("1", seat("1", 0))]}]})
    assert [(area.name, area.capacity) for area in layout.areas] == [("Lawn", 5), ("Lawn (2)", 6)]
    assert layout.categories == ("stalls",)


def test_two_seats_with_one_id_are_a_duplicate() -> None:
    with pytest.raises(DuplicateSeat) as refused:
        parse_seat_map(
            plan(zone("Z", row("1", seat("1", 0, guid="same"), seat("2", 1, guid="same")))),
            pointer="/seat_map",
        )
    assert refused.value.errors[0].pointer.startswith("/seat_map/zones/")


def broken(path: str, value: Any) -> dict[str, Any]:
    document = plan(zone("Z", row("1", seat("1", 0), seat("2", 1))))
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    at: Any = document
    for part in parents:
        at = at[part]
    at[last] = value
    return json.loads(json.dumps(document))  # type: ignore[no-any-return]


SEAT = "zones/0/rows/0/seats/0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("zones", {}),
        ("zones/0", None),
        ("zones/0/name", "a\x00"),
        ("zones/0/name", 7),
        ("zones/0/position", [0, 0]),
        ("zones/0/position/x", "1"),
        ("zones/0/position/x", True),
        ("zones/0/position/x", float("nan")),
        ("zones/0/position/y", float("-inf")),
        ("zones/0/position/y", 10**400),
        ("zones/0/rows", None),
        ("zones/0/rows/0", "1"),
        ("zones/0/rows/0/row_number", None),
        ("zones/0/rows/0/row_number", "\u202e1"),
        ("zones/0/rows/0/seats", {"0": {}}),
        (SEAT, 1),
        (f"{SEAT}/seat_guid", None),
        (f"{SEAT}/seat_guid", "\ud800"),
        (f"{SEAT}/seat_guid", "x" * 201),
        (f"{SEAT}/seat_number", 1),
        (f"{SEAT}/category", "balcony"),
        (f"{SEAT}/category", ["stalls"]),
        (f"{SEAT}/category", "\ud800"),
        (f"{SEAT}/position", None),
        (f"{SEAT}/position/x", None),
        ("categories", {}),
        (f"{SEAT}/wheelchair", "yes"),
        (f"{SEAT}/companion", 1),
        ("zones/0/rows/0/sold", "half"),
        ("zones/0/rows/0/sold", True),
        ("zones/0/areas", [{"capacity": "many"}]),
        ("zones/0/areas", [{"capacity": 5, "name": "\x00"}]),
        ("zones/0/areas", [{"capacity": 5, "category": "lawn"}]),
        ("zones/0/areas", [{"capacity": 5, "position": {"x": 1}}]),
        ("zones/0/areas", [{"capacity": 5, "shape": "circle", "circle": {"radius": "1"}}]),
        ("zones/0/areas", [{"capacity": 5}] * 201),
        ("categories/0", "stalls"),
        ("categories/0/name", ""),
        ("categories", [{"name": str(number)} for number in range(101)]),
    ],
)
def test_a_broken_plan_is_refused_with_its_pointer(path: str, value: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_seat_map(broken(path, value), pointer="/seat_map")
    pointers = [error.pointer for error in refused.value.errors]
    assert any(pointer.startswith(f"/seat_map/{path}") for pointer in pointers), pointers


def test_unknown_fields_of_newer_editors_are_ignored() -> None:
    document = broken(f"{SEAT}/radius", 10)
    document["zones"][0]["areas"] = [{"shape": "circle"}]
    document["zones"][0]["rows"][0]["row_label"] = None
    assert map_of(document).size == 2


names = st.text(alphabet="aAåß.- 12Ωж一", max_size=20)


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(names, st.lists(st.tuples(names, st.lists(names, max_size=5)), max_size=3)), max_size=4
    )
)
def test_every_plan_has_distinct_labels_or_is_a_duplicate(zones: list[Any]) -> None:
    """Different addresses never have equal labels, and each label is in the canonical spelling."""
    ids = iter(range(1000))
    document = plan(
        *[
            zone(
                zone_name,
                *[
                    row(name, *[seat(number, at, guid=str(next(ids))) for at, number in enumerate(numbers)])
                    for name, numbers in rows
                ],
            )
            for zone_name, rows in zones
        ]
    )
    # Two things without a name are two things.
    addresses = [
        (
            (zone_name.strip() and zone_name) or at,
            (name.strip() and name) or (at, row_at),
            (number.strip() and number) or seat_at,
        )
        for at, (zone_name, rows) in enumerate(zones)
        for row_at, (name, numbers) in enumerate(rows)
        for seat_at, number in enumerate(numbers)
    ]
    try:
        layout = parse_seat_map(document)
    except InvalidInput:
        assert not addresses
        return
    except DuplicateSeat:
        assert len(set(addresses)) < len(addresses)
        return
    found = [spec.label for spec in layout.seats]
    assert len(set(found)) == len(found) == len(addresses)
    assert all(normalise_label(label) == label for label in found)
    assert SeatMap.build(layout.seats, 1).size == len(addresses)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Parkett", "PARKETT"),
        ("Loge links", "LOGE.LINKS"),
        ("Straße", "STRASSE"),
        ("Ångström", "ANGSTROM"),
        ("Łódź", "LODZ"),
        ("Партер", "PARTER"),
        ("Щука", "SHCHUKA"),
        ("Ъ", ""),
        ("Θέατρο", "THEATRO"),
        ("٣", "3"),
        ("\uff11\uff12", "12"),
        ("ﬁ", "FI"),
        ("  -/- ", ""),
        ("1/2", "1.2"),
        ("座", None),
        ("A座", None),
        ("🎤", ""),
        ("👩\u200d👩\u200d👧 Box", "BOX"),
        ("A\u200dB", "AB"),
        ("Z\u0308A", "ZA"),
        ("q\u0323\u0307", "Q"),
        ("12½", "12.1.2"),
        ("Ⅷ", "VIII"),
        ("②", "2"),
        ("ﷺ", None),
        ("الصف ٣", None),
        ("१२", "12"),
        ("क्षेत्र", None),
        ("שורה", None),
        ("ที่นั่ง", None),
        ("Hàng ghế Ố", "HANG.GHE.O"),
        ("İstanbul ı", "ISTANBUL.I"),
        ("\u0301", ""),
        ("ꙮ", None),
        ("ｶﾅ", None),
    ],
)
def test_transliteration(text: str, spelled: str | None) -> None:
    assert transliterate(text) == spelled
