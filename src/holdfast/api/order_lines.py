"""Order lines: what a hold or a booking has, in words."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.inventory.rules.hold import HeldLine
from holdfast.languages import Language

__all__ = ["order_lines"]


def order_lines(lines: Iterable[HeldLine], language: Language) -> list[str]:
    """Return a sentence for each line: "Seats A-1-1, A-1-2"."""
    return [_line(line, language) for line in lines]


def _line(line: HeldLine, language: Language) -> str:
    if line.area is not None:
        return f"{line.quantity} × {line.area}"
    seats = ", ".join(line.seats)
    return language.ngettext("Seat %(seats)s", "Seats %(seats)s", len(line.seats), seats=seats)
