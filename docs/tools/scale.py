"""Draws the plots of docs/concepts/scale.md with the model of `holdfast plan`: `python docs/tools/scale.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.plot import Spread, in_short, line_plot  # noqa: E402 - the path comes first

from holdfast.capacity import Machine, Visitors, needs_of  # noqa: E402 - the path comes first

FOLDER = ROOT / "docs" / "concepts" / "scale"
VISITORS = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]
EVENTS = [5, 50, 500, 5_000, 50_000]
VISITORS_OF_AN_EVENT = 400
DAY_MINUTES = 720


def plots() -> dict[str, str]:
    """Return each SVG by the name of its file."""
    one = {in_short(visitors): Visitors(visitors=visitors) for visitors in VISITORS}
    day = {
        in_short(events): Visitors(visitors=events * VISITORS_OF_AN_EVENT, events=events, minutes=DAY_MINUTES)
        for events in EVENTS
    }
    return {
        "one-event.svg": _plot("One event: percent of one unit in the worst second", "visitors", one),
        "day.svg": _plot("Many events a day: percent of one unit in the worst second", "events", day),
    }


def _plot(name: str, across: str, crowds: Mapping[str, Visitors]) -> str:
    needs = [needs_of(crowd, Machine()) for crowd in crowds.values()]
    series = {
        f"{one[0].what.partition(',')[0]} ({one[0].unit_has:,.0f})": _points(need.share for need in one)
        for one in zip(*needs, strict=True)
    }
    return line_plot(name, across, list(crowds), series, "%")


def _points(shares: Iterable[float]) -> list[Spread | None]:
    """Return percentages without a band: the model has one value for each."""
    return [(100 * share,) * 3 for share in shares]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, drawn in plots().items():
        (FOLDER / file).write_text(drawn)
