"""Report: the complete result of a rush, as JSON. The page and the summary render only this."""

from __future__ import annotations

from typing import Any

from holdfast import __version__
from holdfast.rush.histogram import Histogram
from holdfast.rush.plan import Plan
from holdfast.rush.rush import Result
from holdfast.rush.survey import counts_of
from holdfast.rush.tally import CAME, FATES, STEPS, RushTally
from holdfast.rush.terminal import limits_in_words

__all__ = ["PERCENTILES", "report_of"]

PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999))

_COUNTED = {
    "came": CAME,
    "came_back": "came_back",
    "answers": "answers",
    "holds_granted": "held",
    "booked": "booked_admissions",
    "released": "released_admissions",
    "lapsed": "lapsed_admissions",
    "granted_after_coming_back": "held_after_coming_back",
}
"""The report's series, and their names in the tally."""


def report_of(result: Result) -> dict[str, Any]:
    """Return the report of a rush as a value for JSON."""
    progress, tally = result.progress, result.progress.crowd.tally
    plan, survey = progress.plan, progress.survey
    last = int(result.seconds / plan.tick_seconds)
    return {
        "holdfast": __version__,
        "started_at": result.started_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": round(result.seconds, 1),
        "is_interrupted": progress.is_interrupted,
        "plan": plan.to_report(),
        "limits": progress.limits.to_json(),
        "in_force": dict(limits_in_words(plan, survey, progress.limits)),
        "event": {
            **survey.to_report(),
            "after": None if result.after is None else counts_of(result.after),
        },
        "buyers": {
            "came": tally.total(CAME),
            "visits_after_the_first": tally.total("came_back"),
            **{fate: tally.total(fate) for fate in FATES},
        },
        "admissions": {
            name: tally.total(_COUNTED[name], until=last)
            for name in ("holds_granted", "booked", "released", "lapsed", "granted_after_coming_back")
        },
        "latency": {step: _summary(tally.latency(step)) for step in (*STEPS, "later")},
        "refusals": tally.named("refusal:"),
        "lost": tally.named("lost:"),
        "generator": {
            "lag": _summary(Histogram.sum(tally.lag.values())),
            "waiting_for_a_connection": _summary(Histogram.sum(tally.queueing.values())),
            "connections": progress.crowd.max_open,
        },
        "check": result.verdict.to_json(),
        "series": _series(result, tally, plan, last),
    }


def _series(result: Result, tally: RushTally, plan: Plan, last: int) -> dict[str, Any]:
    """Return lists with one number for each tick."""
    ticks = range(last + 1)
    return {
        "tick_seconds": plan.tick_seconds,
        **{
            name: [tally.counts.get(counted, {}).get(tick, 0) for tick in ticks]
            for name, counted in _COUNTED.items()
        },
        "latency": {
            step: _percentiles(tally.latencies.get(step, {}), ticks) for step in ("look", "hold", "confirm")
        },
        "refusals": {
            name.partition(":")[2]: [counts.get(tick, 0) for tick in ticks]
            for name, counts in sorted(tally.counts.items())
            if name.startswith(("refusal:", "lost:"))
        },
        "lag": _percentiles(tally.lag, ticks),
        "server": _samples(result),
    }


def _samples(result: Result) -> list[dict[str, Any]]:
    """Return the server's counts, from before the opening until after the last buyer left."""
    samples: list[dict[str, Any]] = [
        {
            "seconds": sample.seconds,
            "available": sample.available,
            "held": sample.held,
            "booked": sample.booked,
        }
        for sample in result.progress.samples
    ]
    if result.after is not None:
        counts = counts_of(result.after)
        del counts["blocked"]
        samples.append({"seconds": round(result.seconds, 2), **counts})
    return samples


def _percentiles(series: dict[int, Histogram], ticks: range) -> dict[str, list[float | None]]:
    """Return percentiles in milliseconds for each tick. None for a tick without latencies."""
    shares = [share for _, share in PERCENTILES]
    rows = [(series[tick].percentiles(*shares) if tick in series else [None] * len(shares)) for tick in ticks]
    return {name: [_milliseconds(row[at]) for row in rows] for at, (name, _) in enumerate(PERCENTILES)}


def _summary(found: Histogram) -> dict[str, Any]:
    values = found.percentiles(*(share for _, share in PERCENTILES))
    return {
        "count": found.total,
        **{f"{name}_ms": _milliseconds(value) for (name, _), value in zip(PERCENTILES, values, strict=True)},
        "longest_ms": _milliseconds(found.longest_seconds) if found.total else None,
    }


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2 if seconds < 1 else 0)
