"""Summary: the result of a rush in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.rush.tally import FATES

__all__ = ["STEP_NAMES", "print_summary", "warnings_of"]

STEP_NAMES = {
    "look": "look",
    "hold": "hold",
    "confirm": "confirm",
    "release": "release",
    "later": "refused for now",
}

_SLOW_MILLISECONDS = 50

_LATENCIES = {
    "answers": "count",
    "p50": "p50_ms",
    "p90": "p90_ms",
    "p99": "p99_ms",
    "p99.9": "p999_ms",
    "longest": "longest_ms",
}
"""The columns, and their members of the report."""
_LEFT_OUT_FIRST = ("p90", "p99.9", "longest", "answers")
_NAME_WIDTH, _NUMBER_WIDTH = 23, 9


def print_summary(report: dict[str, Any]) -> None:
    console = Console()
    buyers = Table(show_edge=False, box=None, pad_edge=False, show_header=False)
    buyers.add_column(justify="right", no_wrap=True)
    buyers.add_column()
    buyers.add_row(f"{report['buyers']['came']:,}", "buyers arrived:")
    for fate, words in FATES.items():
        if many := report["buyers"][fate]:
            buyers.add_row(f"{many:,}", words)
    console.print()
    console.print(buyers)
    console.print()
    console.print(_latencies(report, console.width))
    refused = {**report["refusals"], **{f"{why} (lost)": many for why, many in report["lost"].items()}}
    if refused:
        console.print()
        console.print(
            Text("Refused: " + ", ".join(f"{code} {many:,}" for code, many in refused.items())),
            soft_wrap=True,
        )
    for warning in warnings_of(report):
        console.print()
        console.print(Text(warning), soft_wrap=True, style="yellow")
    console.print()
    for one in report["check"]["statements"]:
        mark = Text("✓ ", style="green") if one["holds"] else Text("✗ ", style="bold red")
        console.print(mark + Text(one["text"], style="" if one["holds"] else "bold"), soft_wrap=True)
    console.print()
    if report["check"]["adds_up"]:
        console.print(Text("It adds up.", style="bold green"))
    else:
        console.print(Text("It does not add up.", style="bold red"))


def warnings_of(report: dict[str, Any]) -> list[str]:
    """Return what a reader of the figures must know: where the generator was slow instead of the server."""
    found = []
    lag = report["generator"]["lag"]["p99_ms"] or 0
    if lag > _SLOW_MILLISECONDS:
        found.append(
            f"The simulated buyers were late: one in a hundred by {lag:,.0f} ms or more. All latencies here include "
            "that. Use more processes or another machine."
        )
    queueing = report["generator"]["waiting_for_a_connection"]["p99_ms"] or 0
    if queueing > _SLOW_MILLISECONDS:
        found.append(
            f"Requests waited for one of {report['limits']['connections']:,} connections: one in a hundred for "
            f"{queueing:,.0f} ms or more. All latencies here include that."
        )
    return found


def _latencies(report: dict[str, Any], width: int) -> Table:
    """Return the latencies. A narrow terminal leaves percentiles out, so that no number is broken."""
    shown = dict(_LATENCIES)
    for title in _LEFT_OUT_FIRST:
        if _NAME_WIDTH + _NUMBER_WIDTH * len(shown) > width:
            del shown[title]
    table = Table(show_edge=False, box=None, pad_edge=False, header_style="dim")
    table.add_column("milliseconds")
    for title in shown:
        table.add_column(title, justify="right", min_width=7, no_wrap=True)
    rows = [(STEP_NAMES[step], found) for step, found in report["latency"].items()]
    for name, found in (*rows, ("the generator's own lag", report["generator"]["lag"])):
        if found["count"]:
            cells = (
                f"{found[each]:,}" if each == "count" else _number(found[each]) for each in shown.values()
            )
            table.add_row(name, *cells)
    return table


def _number(milliseconds: float) -> str:
    return f"{milliseconds:,.1f}" if milliseconds < 100 else f"{milliseconds:,.0f}"
