"""The names of seats side by side."""

from __future__ import annotations

import pytest

from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.web.seat_groups import span_of


@pytest.mark.parametrize(
    ("numbers", "says"),
    [("7", "7"), ("2 3 4", "2-4"), ("4 3 2", "2-4"), ("7 9", "7, 9"), ("9 7", "7, 9"), ("1 2 4", "1, 2, 4")],
)
def test_a_range_leaves_no_number_out(numbers: str, says: str) -> None:
    """Many houses have odd numbers on one side: 7 and 9 are neighbours, and 8 is elsewhere."""
    labels = [f"A-1-{number}" for number in numbers.split()]
    found = parse_seat_map({"labels": labels, "category": "stalls"}).seats
    assert span_of(found).replace("\N{EN DASH}", "-") == says
