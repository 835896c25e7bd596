"""Page: text that people write, with blocks that a run replaces. Nothing else changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["figure", "filled", "spread_words", "table"]

_BLOCK = re.compile(r"(<!-- measured: ([\w-]+) -->\n).*?(<!-- end of measured -->)", re.DOTALL)


def filled(page: str, blocks: Mapping[str, str]) -> str:
    """Return the page with its blocks replaced.

    Raises KeyError if a block of the page is missing in `blocks`, ValueError if the page lacks one of `blocks`.
    """
    places = [found[2] for found in _BLOCK.finditer(page)]
    if left_over := set(blocks) - set(places):
        raise ValueError(f"the page has no place for {', '.join(sorted(left_over))}")
    return _BLOCK.sub(lambda found: f"{found[1]}\n{blocks[found[2]].strip()}\n\n{found[3]}", page)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def figure(value: float) -> str:
    """Return a number with three figures, or more if it is an integer."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread_words(spread: tuple[float, float, float] | None) -> str:
    """Return the median, and the min and max, as text."""
    if spread is None:
        return "–"
    middle, least, most = map(figure, spread)
    return f"{middle} ({least}–{most})"
