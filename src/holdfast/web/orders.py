"""Orders: what a hold or booking has, as a page names it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from holdfast.inventory.rules.hold import HeldLine
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.web.languages import gettext, ngettext
from holdfast.web.seat_groups import free_runs, span_of

__all__ = ["address_of_order", "admissions", "order_lines"]

_NUMBERS = re.compile(r"([0-9]+)")


def order_lines(lines: Iterable[HeldLine]) -> list[str]:
    """Return a sentence for each line: "Seats A-1-1, A-1-2"."""
    return [_line(line) for line in lines]


def admissions(quantity: int, seated: bool) -> str:
    """Return "1 seat" or "3 places"."""
    if seated:
        return ngettext("%(count)s seat", "%(count)s seats", quantity)
    return ngettext("%(count)s place", "%(count)s places", quantity)


def address_of_order(lines: Iterable[HeldLine], seat_map: SeatMap) -> list[tuple[str, str]]:
    """Return section, row and seats with their names, if all that is held is side by side; else nothing."""
    held = list(lines)
    known = [seat_map.number_of(label) for line in held for label in line.seats]
    numbers = sorted((number for number in known if number is not None), key=seat_map.position_of)
    if not numbers or len(numbers) != sum(line.quantity for line in held):
        return []
    seats = [seat_map.seat(number) for number in numbers]
    section, row = seats[0].section, seats[0].row
    is_one_row = all((seat.section, seat.row) == (section, row) for seat in seats)
    if not is_one_row or len(free_runs(seat_map, numbers, ())) > 1:
        return []
    which = (gettext("Seat") if len(seats) == 1 else gettext("Seats"), span_of(seats))
    return [
        (name, value)
        for name, value in ((gettext("Section"), section), (gettext("Row"), row), which)
        if value
    ]


def _line(line: HeldLine) -> str:
    if line.area is not None:
        return f"{line.quantity} × {line.area}"
    seats = ", ".join(sorted(line.seats, key=_as_people_count))
    return ngettext("Seat %(seats)s", "Seats %(seats)s", len(line.seats), seats=seats)


def _as_people_count(label: str) -> list[str | int]:
    """Return what sorts `A-1-9` before `A-1-10`: texts and numbers in turn."""
    return [int(part) if at % 2 else part for at, part in enumerate(_NUMBERS.split(label))]
