"""Sales figures: what an event sold and refused in the last hour, day or month, step by step.

They are sums of the counts by minute, so a question costs the same however fast an event sells. Each process asks at
most once a second, and its readers share the answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from holdfast.inventory.projections.single_flight import SingleFlight
from holdfast.inventory.sale_counts import REFUSED, SaleCounts
from holdfast.inventory.store.sale_minutes import SaleMinuteStore

__all__ = ["SalesFigures", "SalesReads", "SalesSpan", "SalesStep"]

_SECONDS = 1.0
_MAX_KEPT = 200
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class SalesSpan(StrEnum):
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


_STEPS = {
    SalesSpan.HOUR: (timedelta(minutes=1), 60),
    SalesSpan.DAY: (timedelta(minutes=15), 96),
    SalesSpan.MONTH: (timedelta(hours=6), 120),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesStep:
    """What happened between `at` and the next step."""

    at: datetime
    holds: int
    bookings: int
    admissions: int
    """Admissions of these bookings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesFigures:
    """The steps of a span, and what happened in all of them."""

    as_of: datetime
    step: timedelta
    steps: tuple[SalesStep, ...]
    holds: int
    booked: int
    released: int
    expired: int
    refusals: dict[str, int]
    """How often, by the code of the refusal: the most frequent first."""


class SalesReads:
    """Answers of the last second, by event and span."""

    def __init__(
        self, store: SaleMinuteStore, counts: SaleCounts, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._counts = counts
        self._clock = clock
        self._flights = SingleFlight(self._read)
        self._kept: dict[tuple[int, SalesSpan], tuple[float, SalesFigures]] = {}

    async def get(self, number: int, span: SalesSpan) -> SalesFigures:
        """Return the figures of an event that exists."""
        kept = self._kept.get((number, span))
        if kept is not None and self._clock() - kept[0] < _SECONDS:
            return kept[1]
        return await self._flights.get((number, span))

    async def _read(self, key: tuple[int, SalesSpan]) -> SalesFigures:
        number, span = key
        step, count = _STEPS[span]
        began = self._clock()
        now = await self._store.read_time(number)
        first = now - (now - _BEGINNING) % step - (count - 1) * step
        sums: dict[str, dict[datetime, tuple[int, int]]] = {}
        totals: dict[str, int] = {}
        stored = await self._store.read(number, first=first, step=step)
        for each in (*stored, *self._counts.waiting(number)):
            if each.at < first:
                continue
            at = each.at - (each.at - first) % step
            holds, admissions = sums.setdefault(each.kind, {}).get(at, (0, 0))
            sums[each.kind][at] = holds + each.count, admissions + each.admissions
            totals[each.kind] = totals.get(each.kind, 0) + each.count
        held, booked = sums.get("held", {}), sums.get("booked", {})
        refused = {
            kind.removeprefix(REFUSED): total for kind, total in totals.items() if kind.startswith(REFUSED)
        }
        figures = SalesFigures(
            as_of=now,
            step=step,
            steps=tuple(
                SalesStep(
                    at=at,
                    holds=held.get(at, (0, 0))[0],
                    bookings=booked.get(at, (0, 0))[0],
                    admissions=booked.get(at, (0, 0))[1],
                )
                for at in (first + place * step for place in range(count))
            ),
            holds=totals.get("held", 0),
            booked=totals.get("booked", 0),
            released=totals.get("released", 0),
            expired=totals.get("expired", 0),
            refusals=dict(sorted(refused.items(), key=lambda each: (-each[1], each[0]))),
        )
        self._kept.pop(key, None)
        self._kept[key] = began, figures
        if len(self._kept) > _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return figures
