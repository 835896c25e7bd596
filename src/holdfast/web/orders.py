"""Orders: what a hold or booking has, as a page names it."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.inventory.rules.hold import HeldLine
from holdfast.web.languages import ngettext

__all__ = ["admissions", "order_lines"]


def order_lines(lines: Iterable[HeldLine]) -> list[str]:
    """Return a sentence for each line: "Seats A-1-1, A-1-2"."""
    return [_line(line) for line in lines]


def admissions(quantity: int, seated: bool) -> str:
    """Return "1 seat" or "3 places"."""
    if seated:
        return ngettext("%(count)s seat", "%(count)s seats", quantity)
    return ngettext("%(count)s place", "%(count)s places", quantity)


def _line(line: HeldLine) -> str:
    if line.area is not None:
        return f"{line.quantity} × {line.area}"
    return ngettext("Seat %(seats)s", "Seats %(seats)s", len(line.seats), seats=", ".join(line.seats))
