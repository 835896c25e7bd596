"""Tally: counts and latencies by tick, of one process or of all together."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from holdfast.rush.histogram import Histogram

__all__ = ["CAME", "FATES", "STEPS", "Clock", "RushTally"]

CAME = "came"
STEPS = ("look", "hold", "confirm", "release")
"""A buyer's requests."""

FATES = {
    "booked": "paid, and have a booking",
    "abandoned": "held, and left: the hold lapses",
    "released": "held, and released it",
    "too_late": "paid after their hold had lapsed",
    "no_luck": "came back until they gave up, and got none",
    "refused": "were refused with a final answer",
    "unanswered": "got no answer before they lost patience",
    "sent_home": "had not finished at the end",
}
"""How a visit ends. Each buyer has exactly one fate."""


class Clock:
    """Ticks since the opening."""

    __slots__ = ("started_at", "tick_seconds")

    def __init__(self, tick_seconds: int) -> None:
        self.tick_seconds = tick_seconds
        self.started_at = time.monotonic()

    def tick(self, moment: float | None = None) -> int:
        since = (time.monotonic() if moment is None else moment) - self.started_at
        return max(0, int(since / self.tick_seconds))


class RushTally:
    """Counts and latencies. Its size depends on the ticks and not on the buyers, so processes send it every second."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        """Counts by name and tick. `refusal:CODE` and `lost:WHY` count refusals and lost answers."""
        self.latencies: dict[str, dict[int, Histogram]] = defaultdict(lambda: defaultdict(Histogram))
        """Latencies by step, and by the tick in which the buyer wanted the answer."""
        self.lag: dict[int, Histogram] = defaultdict(Histogram)
        """How much later than planned the generator acted."""
        self.queueing: dict[int, Histogram] = defaultdict(Histogram)
        """How long requests waited for a free connection."""

    def count(self, name: str, tick: int, many: int = 1) -> None:
        self.counts[name][tick] += many

    def total(self, name: str, *, until: int | None = None) -> int:
        ticks = self.counts.get(name, {})
        return sum(many for tick, many in ticks.items() if until is None or tick <= until)

    def named(self, prefix: str) -> dict[str, int]:
        """Return the totals of all names with this prefix, the largest first."""
        found = {
            name.removeprefix(prefix): self.total(name) for name in self.counts if name.startswith(prefix)
        }
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def inside(self) -> int:
        return self.total(CAME) - sum(self.total(fate) for fate in FATES)

    def latency(self, step: str, *, since: int | None = None) -> Histogram:
        ticks = self.latencies.get(step, {})
        return Histogram.sum(one for tick, one in ticks.items() if since is None or tick >= since)

    def merge(self, other: RushTally) -> None:
        for name, ticks in other.counts.items():
            mine = self.counts[name]
            for tick, many in ticks.items():
                mine[tick] += many
        for series, others in self._series(other):
            for tick, one in others.items():
                series[tick].merge(one)

    def _series(self, other: RushTally) -> Iterator[tuple[dict[int, Histogram], dict[int, Histogram]]]:
        yield self.lag, other.lag
        yield self.queueing, other.queueing
        for step, ticks in other.latencies.items():
            yield self.latencies[step], ticks

    def to_json(self) -> dict[str, Any]:
        return {
            "counts": {name: list(ticks.items()) for name, ticks in self.counts.items()},
            "latencies": {step: _to_json(ticks) for step, ticks in self.latencies.items()},
            "lag": _to_json(self.lag),
            "queueing": _to_json(self.queueing),
        }

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> RushTally:
        found = cls()
        for name, ticks in members["counts"].items():
            found.counts[name].update(dict(ticks))
        for step, ticks in members["latencies"].items():
            _read(found.latencies[step], ticks)
        _read(found.lag, members["lag"])
        _read(found.queueing, members["queueing"])
        return found


def _to_json(ticks: dict[int, Histogram]) -> list[Any]:
    return [[tick, one.to_json()] for tick, one in ticks.items()]


def _read(ticks: dict[int, Histogram], members: list[Any]) -> None:
    for tick, one in members:
        ticks[tick] = Histogram.from_json(one)
