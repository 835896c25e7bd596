"""Live holds: how many admissions one buyer keeps off sale, over all events, and how often for nothing.

A hold is counted before it is placed, and its commit corrects the count. It ends with its booking, its release or its
lapse. All workers of a server share the counts, so a hold may be placed in one and confirmed in another.

Holds that end without a booking are marked in a slot of the buyer. After some of them in a row the buyer waits, and
waits twice as long after each further one. A booking clears the mark.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from holdfast.limits.callers import caller_keys
from holdfast.limits.hold_table import HoldTable

__all__ = [
    "FIRST_WAIT_SECONDS",
    "LAST_WAIT_SECONDS",
    "MAX_WAITS",
    "REMEMBERED_SECONDS",
    "LiveHolds",
    "Refused",
    "number_of",
]

_UNBOOKED, _COOL_DOWN = _MARKS = 1, 2
"""No hold has these numbers. A buyer's slot of the first counts holds for nothing; the second lasts for a wait."""

REMEMBERED_SECONDS = 600.0
"""For how long holds for nothing count after the last of them."""

FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS = 120.0, 3_600.0
MAX_WAITS = 100
_MAX_UNPLACED = 10_000
_LOW_BITS = (1 << 64) - 1


class Refused(NamedTuple):
    """Why a buyer may place no hold now, and when to come back."""

    wait_seconds: float
    cools_down: bool
    """Earlier holds ended without a booking. Otherwise the buyer has too many admissions."""


def number_of(id: UUID) -> int:
    """Return the random half of a hold's id, by which it is counted."""
    return id.int & _LOW_BITS


class LiveHolds:
    """The live holds of limited buyers. `clock` is the clock of all processes of this machine."""

    def __init__(
        self,
        folder: Path | None,
        *,
        max_admissions: int,
        max_unbooked: int,
        server_key: bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """A maximum of 0 limits nobody."""
        self.max_admissions = max_admissions
        self.max_unbooked = max_unbooked
        self._table = HoldTable(folder)
        self._clock = clock
        self._unplaced: dict[int, int] = {}
        """The first slot of holds that this process has counted, and that are not placed yet."""
        self.buyer_key = caller_keys(server_key)
        """The number of a buyer of a kind: by its address, its account or its shop's reference."""

    def reserve(self, buyers: Iterable[int], id: UUID, admissions: int, seconds: float) -> Refused | None:
        """Count a hold that is about to be placed, for each of its buyer's numbers. Return a refusal, or None."""
        now, hold = self._clock(), id.int & _LOW_BITS
        until = now + seconds
        last = None
        for buyer in buyers:
            slot, has_others = self._table.add(buyer, hold, until, admissions)
            if slot is None:
                self._free_row(buyer, now)
                slot, has_others = self._table.add(buyer, hold, until, admissions)
                if slot is None:  # more live holds than there is memory for: this one is not counted
                    continue
            if last is None:
                self._unplaced[hold] = slot
            else:
                self._table.link(last, slot)
            last = slot
            if has_others:
                refused = self._refuse_over(buyer, hold, now)
                if refused is not None:
                    self.settle(id)
                    return refused
        return None

    def record(self, buyers: Iterable[int], id: UUID, admissions: int, seconds: float) -> None:
        """Count a hold as `reserve` does, and refuse nobody."""
        now, hold = self._clock(), number_of(id)
        last = None
        for buyer in buyers:
            slot, _ = self._table.add(buyer, hold, now + seconds, admissions)
            if slot is None:
                self._free_row(buyer, now)
                slot, _ = self._table.add(buyer, hold, now + seconds, admissions)
                if slot is None:
                    continue
            if last is None:
                self._unplaced[hold] = slot
            else:
                self._table.link(last, slot)
            last = slot

    def holds_of(self, buyer: int) -> Iterator[tuple[int, tuple[int, float, int]]]:
        """Yield the slot of each live hold of a buyer, with the hold, its seconds and its admissions."""
        now = self._clock()
        for slot in self._table.slots_of(buyer):
            _, hold, until, admissions = self._table.get(slot)
            if hold not in _MARKS and until > now:
                yield slot, (hold, until - now, admissions)

    def drop(self, slot: int, hold: int) -> None:
        """Forget a hold in a slot, which another server has ended."""
        if self._table.get(slot)[1] == hold:
            self._table.clear(slot)

    def _refuse_over(self, buyer: int, hold: int, now: float) -> Refused | None:
        """Return a refusal if the buyer has too much. Lapsed holds end here, if nothing has ended them before."""
        held, first_until = 0, float("inf")
        for slot in self._table.slots_of(buyer):
            _, other, until, admissions = self._table.get(slot)
            if until <= now:
                self._lapse(slot, other, buyer, now)
            elif other not in _MARKS:
                held += admissions
                if other != hold:
                    first_until = min(first_until, until)
        cooling = self._mark_of(buyer, _COOL_DOWN) if self.max_unbooked else None
        if cooling is not None:
            return Refused(self._table.get(cooling)[2] - now, cools_down=True)
        if not self.max_admissions or held <= self.max_admissions:
            return None
        return Refused(first_until - now if first_until < float("inf") else 0.0, cools_down=False)

    def keep(self, id: UUID, admissions: int, seconds: float) -> None:
        """Correct the count of a hold that this process has placed."""
        hold = id.int & _LOW_BITS
        slot = self._unplaced.pop(hold, None)
        if slot is not None:
            self._table.place(slot, hold, self._clock() + seconds, admissions)

    def settle(self, id: UUID, *, is_known: bool = True) -> None:
        """End the placing of a hold. If it was not placed, it no longer counts, unless its outcome is unknown."""
        hold = id.int & _LOW_BITS
        if hold not in self._unplaced:
            return
        if is_known:
            for slot in list(self._table.slots_from(self._unplaced.pop(hold), hold)):
                self._table.clear(slot)
        elif len(self._unplaced) > _MAX_UNPLACED:
            del self._unplaced[next(iter(self._unplaced))]

    def extend(self, id: UUID, seconds: float) -> None:
        hold = number_of(id)
        first = self._table.find(hold)
        for slot in () if first is None else self._table.slots_from(first, hold):
            self._table.set(slot, hold, self._clock() + seconds, self._table.get(slot)[3])

    def end(self, id: UUID, *, booked: bool) -> None:
        """End a hold, with a booking or without."""
        hold = id.int & _LOW_BITS
        taken = self._table.take(hold)
        if taken is not None:
            buyer, has_others = taken
            if self.max_unbooked and (has_others or not booked):
                self._count_end(buyer, self._clock(), booked=booked)
            return
        first = self._table.find(hold)
        if first is not None:
            self._table.forget(hold)
            for slot in list(self._table.slots_from(first, hold)):
                self._end(slot, hold, self._table.get(slot)[0], self._clock(), booked=booked)

    def _lapse(self, slot: int, hold: int, buyer: int, now: float) -> None:
        """End what is in a slot, whose time is over."""
        self._table.forget(hold)
        self._end(slot, hold, buyer, now, booked=False)

    def _end(self, slot: int, hold: int, buyer: int, now: float, *, booked: bool) -> None:
        """End what is in a slot: a hold, or a mark."""
        self._table.clear(slot)
        if hold not in _MARKS and self.max_unbooked:
            self._count_end(buyer, now, booked=booked)

    def _count_end(self, buyer: int, now: float, *, booked: bool) -> None:
        """Count a hold of a buyer that ended without a booking, or forget those that did before."""
        unbooked = self._mark_of(buyer, _UNBOOKED)
        if booked:
            if unbooked is not None:
                self._table.clear(unbooked)
            return
        count = 1 if unbooked is None else min(self._table.get(unbooked)[3] + 1, MAX_WAITS)
        wait_seconds = 0.0
        if count >= self.max_unbooked:
            wait_seconds = min(FIRST_WAIT_SECONDS * 2.0 ** (count - self.max_unbooked), LAST_WAIT_SECONDS)
            self._mark(buyer, _COOL_DOWN, self._mark_of(buyer, _COOL_DOWN), now + wait_seconds)
        self._mark(buyer, _UNBOOKED, unbooked, now + wait_seconds + REMEMBERED_SECONDS, count)

    def _mark(self, buyer: int, mark: int, slot: int | None, until: float, count: int = 0) -> None:
        if slot is None:
            self._table.add(buyer, mark, until, count)
        else:
            self._table.set(slot, mark, until, count)

    def _mark_of(self, buyer: int, mark: int) -> int | None:
        """Return the slot of a buyer's mark."""
        return next((slot for slot in self._table.slots_of(buyer) if self._table.get(slot)[1] == mark), None)

    def _free_row(self, buyer: int, now: float) -> None:
        """End the lapsed holds of all buyers in a full row."""
        for slot in self._table.row_of(buyer):
            other, hold, until, _ = self._table.get(slot)
            if other and until <= now:
                self._lapse(slot, hold, other, now)
