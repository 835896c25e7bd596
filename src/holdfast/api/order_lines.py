"""Order lines: what a hold or a booking has, in words."""

from __future__ import annotations

from collections.abc import Iterable

from holdfast.inventory.rules.hold import HeldLine

__all__ = ["order_lines"]


def order_lines(lines: Iterable[HeldLine]) -> list[str]:
    """Return a sentence for each line: "Seats A-1-1, A-1-2"."""
    return [_line(line) for line in lines]


def _line(line: HeldLine) -> str:
    if line.area is not None:
        return f"{line.quantity} × {line.area}"
    return f"{'Seat' if len(line.seats) == 1 else 'Seats'} {', '.join(line.seats)}"
