"""Sweep: the seats of one event over time, as bits of one integer."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from proof.checker.claims import Claim, Interval
from proof.checker.ledger import Ledger
from proof.history import Hall

__all__ = ["Sweep", "sweep_booked", "sweep_definite", "sweep_possible"]


class Sweep:
    """Seats taken over time. Windows must be requested in the order of their starts."""

    def __init__(
        self, hall: Hall, taken: Iterable[tuple[Interval, tuple[str, ...]]], *, always: int = 0
    ) -> None:
        self._starts: list[tuple[int, int]] = []
        self._ends: list[tuple[int, int]] = []
        for (start, end), labels in taken:
            for label in labels:
                bit = hall.bit_of.get(label)
                if bit is not None:
                    self._starts.append((start, bit))
                    self._ends.append((end, bit))
        self._starts.sort()
        self._ends.sort()
        self._start_times = [time for time, _ in self._starts]
        self._end_times = [time for time, _ in self._ends]
        self._started = self._ended = 0
        self._owners: Counter[int] = Counter()
        self._now, self._always = 0, always

    def sometime(self, start: int, end: int) -> int:
        """Return the seats taken at any moment of the window."""
        self._go_to(start)
        taken = self._now | self._always
        for at in range(self._started, bisect_right(self._start_times, end)):
            taken |= 1 << self._starts[at][1]
        return taken

    def throughout(self, start: int, end: int) -> int:
        """Return the seats taken by one claim from before the window until after it."""
        self._go_to(start)
        taken = self._now
        for at in range(self._ended, bisect_right(self._end_times, end)):
            taken &= ~(1 << self._ends[at][1])
        return taken

    def _go_to(self, moment: int) -> None:
        begun = bisect_right(self._start_times, moment)
        for at in range(self._started, begun):
            bit = self._starts[at][1]
            self._owners[bit] += 1
            self._now |= 1 << bit
        self._started = max(self._started, begun)
        while self._ended < len(self._ends) and self._end_times[self._ended] < moment:
            bit = self._ends[self._ended][1]
            self._owners[bit] -= 1
            if not self._owners[bit]:
                self._now &= ~(1 << bit)
            self._ended += 1


def sweep_possible(ledger: Ledger, event: str) -> Sweep:
    hall = ledger.history.halls[event]
    blocked = 0
    for label in ledger.blocked.get(event, ()):
        blocked |= 1 << hall.bit_of[label]
    claims = ledger.by_event.get(event, ())
    taken = ((interval, claim.seats) for claim in claims for interval in claim.possible)
    return Sweep(hall, taken, always=blocked)


def sweep_definite(ledger: Ledger, event: str) -> Sweep:
    claims = ledger.by_event.get(event, ())
    taken = ((interval, claim.seats) for claim in claims for interval in claim.definite)
    return Sweep(ledger.history.halls[event], taken)


def sweep_booked(ledger: Ledger, event: str) -> Sweep:
    """Return a sweep of the seats that are definitely booked."""
    return Sweep(
        ledger.history.halls[event],
        (
            ((booked.hi, end), claim.seats)
            for claim in ledger.by_event.get(event, ())
            if (booked := claim.booked) is not None and (end := _sold_until(claim)) > booked.hi
        ),
    )


def _sold_until(claim: Claim) -> int:
    return max((end for _, end in claim.definite), default=0)
