"""Clock: how far the product's clock may be from the clients', and what its time is on theirs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from proof.history import FOREVER, SECOND, Fault

__all__ = ["RETURN", "ROUNDING", "Doubt", "ServerClock", "microseconds"]

ROUNDING = 2_000_000
"""Nanoseconds: the product counts in microseconds, and the machine's two clocks may drift within a hold's life."""

RETURN = SECOND
"""X: how long after its end a hold's admissions may still be refused to others."""

STANDING = 10 * SECOND
"""How long after a hold's end no batch may have seen the event's time pass it: the sweeper makes one within a second or
two. If the clock goes back meanwhile, the hold has not lapsed yet."""


class Doubt:
    """ε: by how much a hold may end earlier, or later, than its seconds say, for the jumps of the product's clock."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._forward = [(fault.t0, fault.t1, fault.jump) for fault in faults if fault.jump > 0]
        # An event's time never runs backwards: after such a jump it may stand still for as long as the jump was.
        self._back = [(fault.t0, fault.t1 - fault.jump, -fault.jump) for fault in faults if fault.jump < 0]

    def early(self, start: int, end: int) -> int:
        return ROUNDING + sum(jump for t0, t1, jump in self._forward if t0 <= end and t1 >= start)

    def late(self, start: int, end: int) -> int:
        """What is prolonged may reach into the next jump, and be prolonged again."""
        total, before = 0, -1
        while total > before:
            before = total
            total = sum(jump for t0, t1, jump in self._back if t0 <= end + total + STANDING and t1 >= start)
        return ROUNDING + total


class ServerClock:
    """The product's time (microseconds since the epoch) on the clients' clock, as far as answers pin it down."""

    def __init__(self) -> None:
        self._least, self._most = -FOREVER, FOREVER
        """Bounds of client clock minus server clock, in nanoseconds."""

    def see(self, server: int | None, lo: int, hi: int) -> None:
        """An answer that came between `lo` and `hi` told this time as its own."""
        if server is not None:
            self._least = max(self._least, lo - server * 1_000)
            self._most = min(self._most, hi - server * 1_000)

    @property
    def is_known(self) -> bool:
        """It is not where nobody told, nor where a clock jumped."""
        return -FOREVER < self._least <= self._most + ROUNDING and self._most < FOREVER

    def latest(self, server: int) -> int:
        return server * 1_000 + self._most + ROUNDING

    def earliest(self, server: int) -> int:
        return server * 1_000 + self._least - ROUNDING

    def server_time(self, moment: int) -> int:
        """The product's time at a moment of the clients', at the earliest."""
        return (moment - self._most - ROUNDING) // 1_000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: int | str) -> int:
    """Since the epoch, of a time as text or as such a number."""
    if isinstance(moment, int):
        return moment
    return (datetime.fromisoformat(moment) - _EPOCH) // timedelta(microseconds=1)
