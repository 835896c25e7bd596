"""Live check: compares the new part of each event's journal with the rows that it describes.

`holdfast check` derives an event in full, from its first version. The live check follows it, so that a look
costs as much as was sold since the last look, not as much as was ever sold. The rows are compared inside the
database (`sql/live_check.sql`). This module keeps one version and one set of counters for each event, and
what it has reported.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import structlog

from holdfast.errors import Busy, Fault, InvariantViolated
from holdfast.inventory import metrics
from holdfast.inventory.audit.compare import Disagreement
from holdfast.inventory.audit.live_check_store import AuditStep, Counters, LiveAuditStore, Sums
from holdfast.postgres.connections import Connections

__all__ = ["Disagreement", "LiveAudit"]

log = structlog.get_logger(__name__)

RECENT_SECONDS = 3_600.0
EVENT_SECONDS = 3.0
"""Max seconds for one event in one look."""
EVENTS_IN_PAGE = 2_000
MAX_SEEN = 20_000
"""Max events that are remembered. After that, a returning event is compared from its newest versions on."""
BEFORE_SECONDS, MAX_BEFORE = 60.0, 2_000
"""How far before its last sale the check of an event begins, so that a change of process leaves nothing out."""
MAX_BEHIND = 20_000
"""Max versions since the last look. An event that gained more is followed from its newest versions on."""
MAX_REPORTED = 1_000
"""Max reports of one event; by then somebody has been notified."""
FIRST_STEP, MAX_STEP = 50, 1_000
QUICK_SECONDS, SLOW_SECONDS = 0.02, 0.06
"""Steps grow while their snapshots are quick, and shrink long before one takes a second. A hot event has
hundreds of versions in a second, and during a snapshot none of its dead rows can be removed."""
REST = 0.5
"""Pause after a step, as a share of the time that the step took: the sale needs the few cores, too."""
SMALL_CLAIMS = 10_000
"""The claims of an event with no more claims than this are added up at every look."""

_WHAT = ("capacity", "held", "booked", "blocked")


Found = dict[tuple[str, str], Disagreement]
"""By code and subject."""


@dataclass(slots=True, kw_only=True)
class _Seen:
    """How far an event was followed."""

    version: int
    areas: dict[int, Counters] | None
    """Its counters at that version, by the journal; None until they are known."""
    step_size: int
    """Number of versions that the next step takes."""
    is_large: bool = False
    """True if it has too many claims to add them up."""


class LiveAudit:
    """One process's memory of what it has checked. It reads and never writes."""

    def __init__(
        self, connections: Connections, *, first_step: int = FIRST_STEP, small_claims: int = SMALL_CLAIMS
    ) -> None:
        self._reads = LiveAuditStore(connections)
        self._first_step = first_step
        self._small_claims = small_claims
        self._seen: dict[int, _Seen] = {}
        self._reported: dict[int, set[tuple[str, str]]] = {}
        """What was reported of each event, so that the same rows are reported only once."""
        self._standing: dict[int, set[tuple[str, str]]] = {}
        """Disagreements of an event's sums at the last look. Each is reported once for as long as it lasts."""
        connections.on_lost.append(self.forget)

    def forget(self) -> None:
        """Begin again at each event's present version. Somebody else checked meanwhile, or the next connection
        leads to another server, whose version may be lower."""
        self._seen.clear()

    async def find_moved(self) -> dict[int, int]:
        """Return the versions of events that have changed since they were seen, by number."""
        found = await self._reads.find_moved(seconds=RECENT_SECONDS, max_rows=EVENTS_IN_PAGE)
        return {
            number: version
            for number, (version, sums) in found.items()
            if not _is_as_seen(self._seen.get(number), version, sums)
        }

    async def check(self, number: int, version: int, *, seconds: float = EVENT_SECONDS) -> list[Disagreement]:
        """Return new disagreements; none is returned twice. Raises Fault.

        An event that gained more than can be read in this time continues there at the next look.
        """
        end = time.monotonic() + seconds
        found: Found = {}
        try:
            seen = await self._begin(number, version)
            began = time.monotonic()
            while await self._step(number, seen, found) and time.monotonic() < end:
                await asyncio.sleep(REST * (time.monotonic() - began))
                began = time.monotonic()
        except Fault:
            if not found:  # the next look passes over what was found, so report it now
                raise
        return list(found.values())

    async def _step(self, number: int, seen: _Seen, found: Found) -> bool:
        """Check one step. Return True if there is more to follow."""
        began = time.monotonic()
        try:
            step = await self._reads.look(number, seen.version, seen.step_size)
        except (Busy, InvariantViolated) as fault:
            self._narrow(number, seen, found, fault)
            return True
        if step is None:
            self._seen.pop(number, None)
            return False
        took = time.monotonic() - began
        metrics.CHECK_SNAPSHOT_SECONDS.observe(took)
        metrics.CHECK_VERSIONS.inc(max(step.until - seen.version, 0))
        seen.step_size = _next_size(seen.step_size, took)
        for wrong in step.wrong:
            self._report(number, found, *wrong)
        self._follow(number, seen, step, found)
        if step.until < step.version:
            return True
        await self._add_up(number, seen, found)
        return False

    async def _begin(self, number: int, version: int) -> _Seen:
        seen = self._seen.pop(number, None)
        if seen is not None and version - seen.version > MAX_BEHIND:
            metrics.CHECK_PASSED_OVER.inc(version - seen.version)
            log.warning("versions_not_checked", event_number=number, since=seen.version, until=version)
            seen = None
        if seen is None:
            since = await self._reads.find_version_before(number, BEFORE_SECONDS)
            since = version if since is None else max(since, version - MAX_BEFORE)
            # before its first version nothing was taken
            seen = _Seen(version=since, areas={} if since < 0 else None, step_size=self._first_step)
        self._seen[number] = seen
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        return seen

    def _narrow(self, number: int, seen: _Seen, found: Found, fault: Busy | InvariantViolated) -> None:
        """Retry a failed step with fewer versions, down to the one version that causes the failure, and skip
        that one.

        A step fails if it took too long, or if it has rows that cannot be read.
        """
        if seen.step_size > 1:
            seen.step_size = max(seen.step_size // 4, 1)
            return
        seen.version, seen.areas = seen.version + 1, None
        if isinstance(fault, InvariantViolated):
            where = f"version {seen.version}"
            self._report(number, found, "journal_unreadable", where, "its entries cannot be read")
        else:
            metrics.CHECK_PASSED_OVER.inc()
            log.warning("version_not_checked", event_number=number, version=seen.version)

    def _follow(self, number: int, seen: _Seen, step: AuditStep, found: Found) -> None:
        """Move the counters on by the journal. At its end they must equal the counters of the rows."""
        if (
            step.version < seen.version
        ):  # a backup was restored (the step reports a journal that lost its end)
            log.warning("version_went_back", event_number=number, since=seen.version, until=step.version)
            seen.areas = None
        elif seen.areas is not None:
            seen.areas = _moved(seen.areas, step)
        seen.version = step.until
        if step.until < step.version:
            return
        if seen.areas is not None:
            for area in sorted(seen.areas.keys() | step.areas.keys()):
                journal, row = seen.areas.get(area, (0,) * 4), step.areas.get(area, (0,) * 4)
                for what, expected, counter in zip(_WHAT, journal, row, strict=True):
                    if expected != counter:
                        subject = f"area {area} {what} {counter - expected:+}"
                        detail = f"{counter}, by the journal {expected}"
                        found[("counter_differs", subject)] = Disagreement(
                            event=number, code="counter_differs", subject=subject, detail=detail
                        )
        seen.areas = step.areas

    async def _add_up(self, number: int, seen: _Seen, found: Found) -> None:
        if seen.is_large:
            return
        try:
            sums = await self._reads.add_up(number, self._small_claims)
        except Busy:
            sums = Sums(is_small=False, counters=(), seats=())
        seen.is_large = not sums.is_small
        now = [
            Disagreement(
                event=number,
                code="counter_differs",
                subject=f"area {area} {what} {counter - claimed:+}",
                detail=f"{counter}, its claims add up to {claimed}",
            )
            for area, what, counter, claimed in sums.counters
        ]
        now += [
            Disagreement(
                event=number, code="seat_claimed_twice", subject=f"seat {seat}", detail="two live claims"
            )
            for seat in sums.seats
        ]
        before = self._standing.pop(number, set())
        for each in now:
            key = (each.code, each.subject)
            if key not in before:
                found.setdefault(key, each)
        if now:
            self._standing[number] = {(each.code, each.subject) for each in now}

    def _report(self, number: int, found: Found, code: str, subject: str, detail: str) -> None:
        reported = self._reported.setdefault(number, set())
        if (code, subject) not in reported and len(reported) < MAX_REPORTED:
            reported.add((code, subject))
            found[code, subject] = Disagreement(event=number, code=code, subject=subject, detail=detail)


def _is_as_seen(seen: _Seen | None, version: int, sums: Counters) -> bool:
    if seen is None or seen.areas is None or seen.version != version:
        return False
    return tuple(map(sum, zip(*seen.areas.values(), strict=True))) == sums if seen.areas else not any(sums)


def _moved(areas: dict[int, Counters], step: AuditStep) -> dict[int, Counters]:
    moved = dict(areas)
    for area in step.moved.keys() | step.capacities.keys():
        capacity, held, booked, blocked = moved.get(area, (0, 0, 0, 0))
        by = step.moved.get(area, (0, 0, 0))
        moved[area] = (step.capacities.get(area, capacity), held + by[0], booked + by[1], blocked + by[2])
    return moved


def _next_size(step_size: int, took: float) -> int:
    if took > SLOW_SECONDS:
        return max(step_size // 2, 1)
    return min(step_size * 2, MAX_STEP) if took < QUICK_SECONDS else step_size
