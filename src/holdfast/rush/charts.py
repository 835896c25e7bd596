"""Charts: the figures of a report, each with its name, its legend, and a sentence on how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from holdfast.rush.plots import WIDE, Axis, Plot, Series, bins, milliseconds, whole

__all__ = ["Chart", "all_charts"]

_MAX_CODES = 7
_PERCENTILES = (("p50", "median", "q1"), ("p90", "p90", "q2"), ("p99", "p99", "q3"), ("p999", "p99.9", "q4"))
_LATENCIES = (
    ("hold", "Hold", "from the time when a buyer wanted seats to the answer, retries included"),
    ("confirm", "Confirm", "from the time when a buyer had paid to the answer, retries included"),
    (
        "look",
        "Look",
        "from the time when a buyer wanted to see the availability to the answer, retries included",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One figure of the page."""

    name: str
    about: str
    legend: Sequence[Series]
    svg: str


def all_charts(report: dict[str, Any], *, width: int = WIDE) -> Iterator[Chart]:
    yield _sold(report, width)
    yield _crowd(report, width)
    yield from _latencies(report, width)
    yield _refusals(report, width)
    yield _returning(report, width)
    yield _lag(report, width)


def _sold(report: dict[str, Any], width: int) -> Chart:
    samples = report["series"]["server"]
    times = [sample["seconds"] for sample in samples]
    last = samples[-1]
    several = [
        Series(
            name=name,
            style=style,
            values=[sample[name] for sample in samples],
            note=whole(last[name]),
        )
        for name, style in (("booked", "booked"), ("held", "held"), ("available", "available"))
    ]
    tick_seconds = report["series"]["tick_seconds"]
    booked = list(accumulate(report["series"]["booked"], initial=samples[0]["booked"]))
    buyers = Series(
        name="booked, by the buyers' answers", style="buyers", values=booked, note=whole(booked[-1])
    )
    highest = max((sample["booked"] + sample["held"] + sample["available"] for sample in samples), default=0)
    plot = _plot(report, width, "Sold", Axis.up_to(highest), height=240)
    plot.add_areas(several, times, longest_gap=3 * max(1.0, tick_seconds))
    plot.add_line(buyers, [at * tick_seconds for at in range(len(booked))])
    gone = next((sample["seconds"] for sample in samples if sample["available"] == 0), None)
    if gone is not None:
        plot.add_moment(gone, "nothing available")
    about = (
        "The server's counts: each admission is in one of three states. In a gap the server did not answer."
    )
    return Chart(name="Sold over time", about=about, legend=[*several, buyers], svg=plot.render())


def _crowd(report: dict[str, Any], width: int) -> Chart:
    series = report["series"]
    several, times = _rates(
        report,
        (
            ("answers", "answers", "s1", series["answers"]),
            ("came", "buyers who arrived", "s2", series["came"]),
            ("came_back", "buyers who came back", "s3", series["came_back"]),
        ),
    )
    plot = _plot(report, width, "Crowd", Axis.up_to(_max_value(several)))
    plot.add_lines(several, times)
    about = "Per second. Arrivals do not depend on how fast the answers are."
    return Chart(name="The crowd", about=about, legend=several, svg=plot.render())


def _latencies(report: dict[str, Any], width: int) -> Iterator[Chart]:
    """Yield three charts on one scale, so that readers can compare them."""
    latency = report["series"]["latency"]
    every = [
        value
        for step, _, _ in _LATENCIES
        for values in latency[step].values()
        for value in values
        if value is not None
    ]
    axis = Axis.decades(every, milliseconds)
    for step, name, about in _LATENCIES:
        several = _percentiles(latency[step], report["latency"][step])
        plot = _plot(report, width, name, axis)
        plot.add_lines(several, _ticks(report))
        yield Chart(name=f"{name}: latency", about=f"Latency, {about}.", legend=several, svg=plot.render())


def _refusals(report: dict[str, Any], width: int) -> Chart:
    """Show the most frequent refusals by name, and the others together."""
    series: dict[str, list[int]] = dict(report["series"]["refusals"])
    by_size = sorted(series, key=lambda code: -sum(series[code]))
    shown = by_size[:_MAX_CODES] if len(by_size) > _MAX_CODES + 1 else by_size
    rest = [code for code in by_size if code not in shown]
    if rest:
        series["others"] = [sum(column) for column in zip(*(series[code] for code in rest), strict=True)]
        shown = [*shown, "others"]
    several, seconds = [], 1.0
    for at, code in enumerate(shown):
        values, seconds = bins(series[code], report["series"]["tick_seconds"])
        several.append(Series(name=code, style=f"s{at + 1}", values=values, note=whole(sum(series[code]))))
    highest = max((sum(column) for column in zip(*(one.values for one in several), strict=True)), default=0)
    plot = _plot(report, width, "Refusals", Axis.up_to(highest))
    plot.add_bars(several, seconds)
    about = (
        "Per second, by code. “Sold out” and “seat taken” mean a full event, “busy” a server that sheds load."
    )
    return Chart(name="Refusals", about=about, legend=several, svg=plot.render())


def _returning(report: dict[str, Any], width: int) -> Chart:
    series, several, seconds = report["series"], [], 1.0
    for name, words, style in (("lapsed", "lapsed", "s3"), ("released", "released", "s2")):
        values, seconds = bins(series[name], series["tick_seconds"])
        several.append(Series(name=words, style=style, values=values, note=whole(sum(series[name]))))
    again, _ = bins(series["granted_after_coming_back"], series["tick_seconds"])
    taken = Series(
        name="granted to buyers who came back",
        style="s1",
        values=again,
        note=whole(sum(series["granted_after_coming_back"])),
    )
    columns = zip(*(one.values for one in several), strict=True)
    highest = max(_max_value([taken]), max((sum(column) for column in columns), default=0))
    plot = _plot(report, width, "Returning holds", Axis.up_to(highest))
    plot.add_bars(several, seconds)
    plot.add_lines([taken], [(at + 0.5) * seconds for at in range(len(again))])
    about = (
        "Admissions per second that came back on sale, and those granted to buyers who had found it sold out."
    )
    return Chart(name="Returning holds", about=about, legend=[*several, taken], svg=plot.render())


def _lag(report: dict[str, Any], width: int) -> Chart:
    several = _percentiles(report["series"]["lag"], report["generator"]["lag"])
    values = [value for one in several for value in one.values if value is not None]
    plot = _plot(report, width, "The generator's own lag", Axis.decades(values, milliseconds))
    plot.add_lines(several, _ticks(report))
    about = "How much later than planned the simulated buyers acted. Every latency above includes it."
    return Chart(name="The generator's own lag", about=about, legend=several, svg=plot.render())


def _plot(report: dict[str, Any], width: int, name: str, axis: Axis, *, height: int = 190) -> Plot:
    return Plot(name, seconds=report["seconds"], axis=axis, height=height, width=width)


def _rates(
    report: dict[str, Any], named: Sequence[tuple[str, str, str, list[int]]]
) -> tuple[list[Series], list[float]]:
    several, times = [], []
    for _, words, style, counts in named:
        values, seconds = bins(counts, report["series"]["tick_seconds"])
        times = [(at + 0.5) * seconds for at in range(len(values))]
        several.append(Series(name=words, style=style, values=values, note=whole(sum(counts))))
    return several, times


def _percentiles(series: dict[str, list[float | None]], whole_time: dict[str, Any]) -> list[Series]:
    return [
        Series(
            name=words,
            style=style,
            values=[None if value is None else max(value, 0.01) for value in series[name]],
            note="" if whole_time[f"{name}_ms"] is None else milliseconds(whole_time[f"{name}_ms"]),
        )
        for name, words, style in reversed(_PERCENTILES)
    ]


def _ticks(report: dict[str, Any]) -> list[float]:
    tick_seconds = report["series"]["tick_seconds"]
    return [(at + 0.5) * tick_seconds for at in range(len(report["series"]["answers"]))]


def _max_value(several: Sequence[Series]) -> float:
    return max((value for one in several for value in one.values if value is not None), default=0)
