"""Clock: how far the product's clock may differ from the clients', and the product's time on theirs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from proof.history import FOREVER, SECOND, Fault

__all__ = ["RETURN", "ROUNDING", "Doubt", "ServerClock", "microseconds"]

ROUNDING = 2_000_000
"""Nanoseconds. The product counts in microseconds, and the machine's two clocks may drift within a hold's life."""

RETURN = SECOND
"""X: how long after a hold's end its admissions may still be refused to others."""

STANDING = 10 * SECOND
"""The longest time after a hold's end without a batch that advances the event's time. The sweeper makes one
within a second or two. If the clock goes back meanwhile, the hold has not lapsed yet."""


class Doubt:
    """ε: how much earlier or later than its duration a hold may end, because the product's clock jumped."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._forward = [(fault.t0, fault.t1, fault.jump) for fault in faults if fault.jump > 0]
        # An event's time never runs backwards: it may stand still for as long as the jump back was.
        self._back = [(fault.t0, fault.t1 - fault.jump, -fault.jump) for fault in faults if fault.jump < 0]

    def early(self, start: int, end: int) -> int:
        return ROUNDING + sum(jump for t0, t1, jump in self._forward if t0 <= end and t1 >= start)

    def late(self, start: int, end: int) -> int:
        """Add the jumps that prolong the hold. A prolonged hold may reach the next jump."""
        total, before = 0, -1
        while total > before:
            before = total
            total = sum(jump for t0, t1, jump in self._back if t0 <= end + total + STANDING and t1 >= start)
        return ROUNDING + total


class ServerClock:
    """The product's time (microseconds since the epoch) on the clients' clock, as precisely as answers allow."""

    def __init__(self) -> None:
        self._min_offset, self._max_offset = -FOREVER, FOREVER
        """Bounds of client clock minus server clock, in nanoseconds."""

    def see(self, server: int | None, lo: int, hi: int) -> None:
        """Record an answer's own time; the answer came between `lo` and `hi`."""
        if server is not None:
            self._min_offset = max(self._min_offset, lo - server * 1_000)
            self._max_offset = min(self._max_offset, hi - server * 1_000)

    @property
    def is_known(self) -> bool:
        """False without answers, and after a clock jump."""
        return -FOREVER < self._min_offset <= self._max_offset + ROUNDING and self._max_offset < FOREVER

    def latest(self, server: int) -> int:
        return server * 1_000 + self._max_offset + ROUNDING

    def earliest(self, server: int) -> int:
        return server * 1_000 + self._min_offset - ROUNDING

    def server_time(self, moment: int) -> int:
        """Return the earliest product time at a moment of the clients' clock."""
        return (moment - self._max_offset - ROUNDING) // 1_000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: int | str) -> int:
    """Return microseconds since the epoch, from a text or such a number."""
    if isinstance(moment, int):
        return moment
    return (datetime.fromisoformat(moment) - _EPOCH) // timedelta(microseconds=1)
