"""Sale counts: what each minute of an event's sale had, and what was refused.

A process counts what it commits and refuses, and adds it to the event's rows every two seconds. A process that dies
loses the counts of this time. They are for people who watch a sale: bookings and journal stay the truth.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from holdfast.errors import NotFound, Refusal
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.store.sale_minutes import MinuteCount, SaleMinuteStore

__all__ = ["REFUSED", "SaleCounts"]

_KINDS = frozenset({"held", "booked", "released", "expired", "cancelled"})
REFUSED = "refused:"
_MAX_KEYS = 100_000
"""Counts that may wait. With more, the database has been away for long, and new ones are dropped."""

_Key = tuple[int, int, str]
"""Event, minute since 1970, and kind."""


@dataclass(slots=True)
class _Sum:
    count: int = 0
    admissions: int = 0


class SaleCounts:
    """The counts of this process that the database does not have yet."""

    def __init__(self, store: SaleMinuteStore) -> None:
        self._store = store
        self._sums: dict[_Key, _Sum] = {}

    def count_changes(self, number: int, at: datetime, changes: Changes) -> None:
        """Count a batch. It may run for each commit, so it does no more than add."""
        minute = int(at.timestamp()) // 60
        for entry in changes.journal:
            kind = entry["change"]
            if kind not in _KINDS:
                continue
            admissions = sum(entry["areas"].values())  # type: ignore[typeddict-item]  # these kinds move admissions
            self._add((number, minute, kind), 1, admissions)
            if kind == "booked" and entry.get("instant"):
                self._add((number, minute, "held"), 1, admissions)

    def count_refusal(self, number: int, refusal: Refusal) -> None:
        """Count what an event refused. What is missing was refused by no event."""
        if not isinstance(refusal, NotFound):
            self._add((number, int(time.time()) // 60, REFUSED + refusal.code), 1, 0)

    def _add(self, key: _Key, count: int, admissions: int) -> None:
        found = self._sums.get(key)
        if found is None:
            if len(self._sums) >= _MAX_KEYS:
                return
            found = self._sums[key] = _Sum()
        found.count += count
        found.admissions += admissions

    def waiting(self, number: int) -> list[MinuteCount]:
        """Return the counts of an event that the database does not have yet."""
        return [_counted(key, found) for key, found in self._sums.items() if key[0] == number]

    async def flush(self) -> int:
        """Write what waits. Return the number of events. What fails waits again."""
        by_event: dict[int, list[MinuteCount]] = defaultdict(list)
        sums, self._sums = self._sums, {}
        for key, found in sums.items():
            by_event[key[0]].append(_counted(key, found))
        written = 0
        try:
            while by_event:
                number, counts = next(iter(by_event.items()))
                await self._store.add(number, counts)
                del by_event[number]
                written += 1
        finally:
            for number, counts in by_event.items():
                for each in counts:
                    minute = int(each.at.timestamp()) // 60
                    self._add((number, minute, each.kind), each.count, each.admissions)
        return written


def _counted(key: _Key, found: _Sum) -> MinuteCount:
    _, minute, kind = key
    at = datetime.fromtimestamp(minute * 60, UTC)
    return MinuteCount(at=at, kind=kind, count=found.count, admissions=found.admissions)
