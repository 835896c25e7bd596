"""Plots: the figures of a run to draw, and their axes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.cases import CASES
from benchmarks.plot import Spread, in_short, line_plot
from benchmarks.result import Row, spread
from benchmarks.run import Run, name_of, values_of

__all__ = ["PLOTS", "plots_of", "shown"]

PLOTS = {
    "one-hot-event": "One hot event, one worker",
    "beside": "Holds, beside the others",
    "latency": "p99 on one hot event, closed loop",
    "growth": "Holds a second beside what has grown",
}


def plots_of(run: Run) -> dict[str, str]:
    """Return each plot by the name of its file, without the extension."""
    own = run.rows("over-http", of=[case.name for case in CASES], events=1)
    holds = run.rows("over-http", of=["holds"], events=1)
    beside = run.rows("over-http", of=["echo of holds", "for_update", "conditional_update"])
    wanted = {
        "one-hot-event": (own, "per_second", "a second"),
        "beside": ([*holds, *beside], "per_second", "a second"),
        "latency": (own, "p99_ms", "ms"),
        "growth": ([row for row in run.rows("growth") if "size" in row.at], "per_second", "a second"),
    }
    return {
        name: _plot(name, *drawn)
        for name, drawn in wanted.items()
        if len(values_of(drawn[0], _across(name))) > 1
    }


def _across(plot: str) -> str:
    return "size" if plot == "growth" else "connections"


def _plot(plot: str, rows: Sequence[Row], figure: str, unit: str) -> str:
    """Return a plot over the number of connections, or over the size of the ballast."""
    across = _across(plot)
    levels = values_of(rows, across)
    series: dict[str, list[Spread | None]] = {}
    for of in dict.fromkeys(row.of for row in rows):
        by_level = {row.at[across]: row for row in rows if row.of == of}
        series[name_of(of).replace("`", "")] = [
            spread(by_level[level].rounds[figure]) if level in by_level else None for level in levels
        ]
    words = {"size": "how many", "connections": "connections"}[across]
    return line_plot(PLOTS[plot], words, [in_short(level) for level in levels], series, unit)


def shown(plot: str) -> str:
    return f"![{PLOTS[plot]}](performance/{plot}.svg)"
