"""Bars: the limits that `make bench` checks, on two cores, with durable commits, and the load on the same cores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.result import median

__all__ = ["BARS", "Bar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A limit for a figure, at least or at most, for the median of the rounds or for each round."""

    name: str
    says: str
    limit: float
    way: Literal["at least", "at most"] = "at least"
    unit: str = ""
    always: bool = False
    """If true, the limit applies to every round: for what must never happen, a median proves nothing."""

    def is_reached(self, values: Sequence[float]) -> bool:
        return self.short(values) <= 0

    def short(self, values: Sequence[float]) -> float:
        """Return the share of the limit that is missing; zero or below if the limit is reached."""
        worst = min if self.way == "at least" else max
        value = worst(values) if self.always else median(values)
        missing = self.limit - value if self.way == "at least" else value - self.limit
        return missing / self.limit


BARS = (
    Bar(
        name="holds_over_echo",
        says="holds/s, one hot event, 256 connections, over the bare ASGI echo",
        limit=0.75,
    ),
    Bar(
        name="keyed_over_echo",
        says="the same with an Idempotency-Key in each, over the same echo",
        limit=0.65,
    ),
    Bar(
        name="browsers_over_echo",
        says="the same with the headers of 200 different browsers, over an echo for them",
        limit=0.65,
    ),
    Bar(name="holds_over_for_update", says="holds/s over the `FOR UPDATE` way", limit=45, unit="×"),
    Bar(
        name="holds_over_conditional_update",
        says="the same over the conditional `UPDATE` way",
        limit=9,
        unit="×",
    ),
    Bar(name="pairs_over_echo", says="hold + confirm pairs/s over the echo", limit=0.28),
    Bar(name="pairs_over_holds", says="the same over holds/s", limit=0.38),
    Bar(name="seats_over_echo", says="named-seat holds/s (2 seats) over the echo", limit=0.42),
    Bar(name="seats_over_holds", says="the same over quantity holds", limit=0.6),
    Bar(name="best_over_echo", says="best available (2 together) of 50,000 seats over the echo", limit=0.45),
    Bar(name="best_over_holds", says="the same over quantity holds", limit=0.5),
    Bar(name="many_events_over_one", says="1,000 events uniformly, over one hot event", limit=0.5),
    Bar(name="reads_over_echo", says="availability reads over the bare ASGI echo", limit=1),
    Bar(name="many_reads_over_one", says="reads of 1,000 events uniformly, over those of one", limit=0.6),
    Bar(
        name="p99_at_half_over_allowed",
        says="p99 of a hold at half of the peak rate (open loop), over max(15 ms, 5× the p99 of `INSERT; COMMIT`)",
        limit=1,
        way="at most",
    ),
    Bar(
        name="others_p99_over_even",
        says="others' p99 while one event takes half of the peak, over the same total load spread evenly",
        limit=2,
        way="at most",
        unit="×",
    ),
    Bar(name="live_holds_over_small", says="10^6 live holds, over none", limit=0.9),
    Bar(name="lapsed_holds_over_small", says="10^6 lapsed and not yet swept holds, over none", limit=0.9),
    Bar(name="old_claims_over_small", says="10^7 old claims, over none", limit=0.9),
    Bar(name="seats_growth_over_small", says="10^5 seats, over 10^3", limit=0.9),
    Bar(
        name="longest_batch_ms",
        says="the longest batch of all of these, in every round",
        limit=50,
        way="at most",
        unit=" ms",
        always=True,
    ),
    Bar(
        name="last_watcher_seconds",
        says="10,000 watchers of one event: until the last has a version after its commit",
        limit=1,
        way="at most",
        unit=" s",
    ),
    Bar(
        name="watched_sales_over_unwatched", says="sales with 10,000 watchers, over those without", limit=0.6
    ),
    Bar(name="overload_goodput_over_peak", says="overload: goodput over peak, offered 5×", limit=0.8),
    Bar(
        name="overload_refusal_seconds",
        says="overload: the others get 503 or 429 within",
        limit=0.2,
        way="at most",
        unit=" s",
    ),
)
