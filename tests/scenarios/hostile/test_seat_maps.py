"""Seat maps from strangers: any JSON value gives a layout or a refusal, quickly."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from holdfast.errors import DuplicateSeat, InvalidInput, Malformed
from holdfast.http.decoding import decode
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.seat_map import SeatMap

MANY = 40_000

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.sampled_from(["A", "a", "A1", "stalls", "1", "٣", "座", "", " ", "...", "A" * 40]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def likely(**members: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for objects whose members are mostly right."""
    return anything | st.fixed_dictionaries(
        {}, optional={name: one | anything for name, one in members.items()}
    )


position = likely(x=st.floats(-100, 100), y=st.integers(-100, 100))
name = st.sampled_from(["A", "B", "a", "Parkett", "1", "", "A" * 40]) | st.text(max_size=20)
seat = likely(seat_guid=name, seat_number=name, position=position, category=st.just("stalls"))
row = likely(row_number=name, position=position, seats=st.lists(seat, max_size=4))
zone = likely(name=name, zone_id=name, position=position, rows=st.lists(row, max_size=3))
section = likely(name=name, rows=st.integers(0, 5), seats_per_row=st.integers(0, 5), category=name)
documents = (
    likely(zones=st.lists(zone, max_size=3), categories=st.just([{"name": "stalls"}]) | st.lists(anything))
    | likely(sections=st.lists(section, max_size=3))
    | likely(labels=st.lists(name, max_size=5), category=name)
    | anything
)


@settings(max_examples=1_000, derandomize=True, suppress_health_check=list(HealthCheck))
@given(document=documents)
@example(document={"zones": [{"rows": [{"seats": [None]}]}]})
@example(document={"sections": [{"name": "A", "rows": 1 << 62, "seats_per_row": 1 << 62}]})
def test_any_document_is_a_layout_or_a_refusal(document: Any):
    with suppress(InvalidInput, DuplicateSeat, Malformed):
        layout = parse_seat_map(decode(json.dumps(document).encode(), large_arrays=True))
        assert SeatMap.build(layout.seats, 1).size == len(layout.seats)


@pytest.mark.parametrize(
    "document",
    [
        {"zones": [{"name": f"{'A' * 14}{n}", "rows": []} for n in range(MANY)], "categories": []},
        {
            "zones": [
                {"name": "A", "rows": [{"row_number": f"{'A' * 8}{n}", "seats": []} for n in range(MANY)]}
            ]
        },
        {
            "zones": [
                {
                    "name": "A",
                    "rows": [
                        {
                            "row_number": "1",
                            "seats": [
                                {
                                    "seat_guid": str(n),
                                    "seat_number": f"{'A' * 8}{n}",
                                    "category": "stalls",
                                    "position": {"x": n % 1_000, "y": n % 7},
                                }
                                for n in range(MANY)
                            ],
                        }
                    ],
                }
            ],
            "categories": [{"name": "stalls"}],
        },
        {"labels": [f"A{'. ' * 12}{n}" for n in range(MANY)]},
        {"labels": ["-"] * MANY},
        {"labels": ["A1"] * MANY},
        {"sections": [{"name": "A", "rows": 1, "seats_per_row": 1}] * MANY},
        {"sections": [{"name": "A", "rows": 447, "seats_per_row": 447, "category": "stalls"}]},
    ],
    ids=["zones", "rows", "seats", "labels", "no labels", "one label", "one section", "many seats"],
)
def test_names_that_are_shortened_alike_are_parsed_quickly(document: Any):
    """Comparing each name with all names before it made a few kilobytes cost ten minutes."""
    with suppress(InvalidInput, DuplicateSeat):
        parse_seat_map(document)
