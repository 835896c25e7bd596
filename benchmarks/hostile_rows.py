"""Hostile rows: the samples and the counts of an attack, as rows of a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchmarks.hostile_samples import CONNECTIONS, Sample, slope_per_minute
from benchmarks.result import Result, median

__all__ = ["note", "note_crowd", "note_workers"]

_ERRORS = "holdfast_unexpected_errors_total"
_REFUSED = "holdfast_http_connections_refused_total"
_OVERDUE = "holdfast_http_connections_overdue_total"
_MINUTE_SECONDS = 60.0


def note(result: Result, what: str, count: int) -> None:
    """Add `count` to the number of an unexpected outcome."""
    if count:
        result.unexpected[what] = result.unexpected.get(what, 0) + count


def note_workers(result: Result, before: Sample, samples: Sequence[Sample], after: Sample) -> None:
    """Add memory and descriptors of each worker, and their bars. `samples` are those of the attack."""
    began, seconds = samples[0].at, samples[-1].at - samples[0].at
    second_half = [one for one in samples if one.at - began >= seconds / 2]
    first_minute = [one for one in samples if one.at - began <= _MINUTE_SECONDS]
    growth, left = [], []
    for worker in range(len(before.resident_mb)):
        resident = [one.resident_mb[worker] for one in samples]
        descriptors = [one.descriptors[worker] for one in samples]
        slope = slope_per_minute(second_half, worker)
        growth.append(slope * seconds / 2 / 60)
        left.append(float(after.descriptors[worker] - before.descriptors[worker]))
        note(result, f"samples without worker {worker + 1}", resident.count(0.0))
        result.row("memory of a worker", worker=worker + 1).add(
            before_mb=before.resident_mb[worker],
            at_one_minute_mb=first_minute[-1].resident_mb[worker],
            end_mb=resident[-1],
            max_mb=max(resident),
            after_mb=after.resident_mb[worker],
            mb_a_minute=slope,
        )
        result.row("descriptors of a worker", worker=worker + 1).add(
            before=before.descriptors[worker],
            median=median(descriptors),
            max=max(descriptors),
            after=after.descriptors[worker],
        )
    result.bars["hostile_rss_growth_megabytes"] = growth
    result.bars["hostile_descriptors_left"] = left


def note_crowd(
    result: Result, before: Sample, samples: Sequence[Sample], after: Sample, reports: list[dict[str, Any]]
) -> None:
    """Add the size of the attack, the memory of server and kernel for it, and the results of each form."""
    seconds = samples[-1].at - samples[0].at
    answered = [one for one in samples if one.metrics]
    started = [one for one in answered if one.at - samples[0].at >= min(_MINUTE_SECONDS, seconds / 2)]
    connections = [one.metrics[CONNECTIONS] for one in started] or [0.0]
    opened = sum(one["opened"] for report in reports for one in report["forms"].values())
    result.row("crowd").add(
        connections_median=median(connections),
        connections_min=min(connections),
        connections_max=max(connections),
        opened_per_second=opened / reports[0]["seconds"],
        cores=sum(report["cpu_seconds"] / report["seconds"] for report in reports),
        unsent_max_mb=max((one.metrics["holdfast_http_unsent_bytes"] for one in answered), default=0.0) / 1e6,
        unread_max_mb=max((one.metrics["holdfast_http_unread_bytes"] for one in answered), default=0.0) / 1e6,
        kernel_before_mb=before.kernel_mb,
        kernel_max_mb=max(one.kernel_mb for one in samples),
        kernel_after_mb=after.kernel_mb,
        orphans_max=max(one.orphans for one in samples),
        orphans_after=after.orphans,
        refused=_counted(_REFUSED, before, after),
        overdue=_counted(_OVERDUE, before, after),
        unanswered_samples=len(samples) - len(answered),
    )
    note(result, "no metrics after the attack", int(not after.metrics))
    note(result, "unexpected errors of the server", int(_counted(_ERRORS, before, after)))
    for name in reports[0]["forms"]:
        _note_form(result, name, [report["forms"][name] for report in reports])


def _counted(counter: str, before: Sample, after: Sample) -> float:
    """Return a counter, or 0: a counter with labels is missing before its first count."""
    return max(0.0, after.metrics.get(counter, 0.0) - before.metrics.get(counter, 0.0))


def _note_form(result: Result, name: str, tallies: list[dict[str, Any]]) -> None:
    """Add number, duration and statuses of the connections of a form."""
    ended = sum(one["ended"] for one in tallies)
    statuses: Counter[str] = Counter()
    for one in tallies:
        statuses.update(one["statuses"])
        for error, count in one["failed"].items():
            note(result, f"crowd, {name}: {error} at the connect", count)
    result.row(name, form="hostile").add(
        opened=sum(one["opened"] for one in tallies),
        ended=ended,
        gave_up=sum(one["gave_up"] for one in tallies),
        mean_seconds=sum(one["seconds"] for one in tallies) / max(1, ended),
        **{f"status_{status}": float(count) for status, count in sorted(statuses.items())},
    )
