"""Live checking: what events' journals gained since the last look, against the rows that they describe.

`holdfast check` derives an event whole, from its first version; this follows it, so that a look costs what was sold
since the one before and not what was ever sold. The rows are compared inside the database (`sql/live_check.sql`).
What is kept here is one version and one set of counters for each event, and what was reported already.
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
"""For one event in one look."""
EVENTS_IN_PAGE = 2_000
MAX_SEEN = 20_000
"""Events that are remembered; of one that comes back after that only the newest versions are compared."""
BEFORE_SECONDS, MAX_BEFORE = 60.0, 2_000
"""How far back of its last sale an event is met: nothing is left out when another process takes over."""
MAX_BEHIND = 20_000
"""Versions; an event that gained more since the last look is followed from its newest ones on."""
MAX_REPORTED = 1_000
"""Of one event; by then somebody has been notified."""
FIRST_STEP, MAX_STEP = 50, 1_000
QUICK_SECONDS, SLOW_SECONDS = 0.02, 0.06
"""Steps grow while their snapshots are quick, and shrink long before one takes a second: a hot event has hundreds of
versions in a second, and none of its row's dead ones is tidied meanwhile."""
REST = 0.5
"""Of the time that a step took, until the next: the sale goes on beside it, on few cores."""
SMALL_CLAIMS = 10_000
"""An event with no more claims than this has all of them added up at every look."""

_WHAT = ("capacity", "held", "booked", "blocked")


Found = dict[tuple[str, str], Disagreement]
"""By code and subject."""


@dataclass(slots=True, kw_only=True)
class _Seen:
    """How far an event was followed."""

    version: int
    areas: dict[int, Counters] | None
    """Its counters at that version, by the journal; None until they were met."""
    most: int
    """Versions that the next step takes."""
    is_large: bool = False
    """Too large for its claims to be added up."""


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
        """What was reported of each event, so that it is reported once, though the same rows are met again."""
        self._standing: dict[int, set[tuple[str, str]]] = {}
        """What an event's sums said at the last look: reported once for as long as it stays."""
        connections.on_lost.append(self.forget)

    def forget(self) -> None:
        """Begin again at each event's present version: somebody else checked meanwhile, or the next connection leads to
        another server, which knows less."""
        self._seen.clear()

    async def find_moved(self) -> dict[int, int]:
        """Events that are not as they were seen, and their versions."""
        found = await self._reads.find_moved(seconds=RECENT_SECONDS, most=EVENTS_IN_PAGE)
        return {
            number: version
            for number, (version, sums) in found.items()
            if not _is_as_seen(self._seen.get(number), version, sums)
        }

    async def check(self, number: int, version: int, *, seconds: float = EVENT_SECONDS) -> list[Disagreement]:
        """What disagrees, and was not reported before. Raises Fault.

        An event that gained more than can be read in this time goes on where it was left.
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
            if not found:  # what was found is reported now or never: it would be passed over by the next look
                raise
        return list(found.values())

    async def _step(self, number: int, seen: _Seen, found: Found) -> bool:
        """Whether there is more to follow."""
        began = time.monotonic()
        try:
            step = await self._reads.look(number, seen.version, seen.most)
        except (Busy, InvariantViolated) as fault:
            self._narrow(number, seen, found, fault)
            return True
        if step is None:
            self._seen.pop(number, None)
            return False
        took = time.monotonic() - began
        metrics.CHECK_SNAPSHOT_SECONDS.observe(took)
        metrics.CHECK_VERSIONS.inc(max(step.until - seen.version, 0))
        seen.most = _next_size(seen.most, took)
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
            seen = _Seen(version=since, areas={} if since < 0 else None, most=self._first_step)
        self._seen[number] = seen
        if len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]
        return seen

    def _narrow(self, number: int, seen: _Seen, found: Found, fault: Busy | InvariantViolated) -> None:
        """A step that took too long, or met what cannot be read, is tried again in parts, down to the one version that
        is to blame. That one is passed over."""
        if seen.most > 1:
            seen.most = max(seen.most // 4, 1)
            return
        seen.version, seen.areas = seen.version + 1, None
        if isinstance(fault, InvariantViolated):
            where = f"version {seen.version}"
            self._report(number, found, "journal_unreadable", where, "its entries cannot be read")
        else:
            metrics.CHECK_PASSED_OVER.inc()
            log.warning("version_not_checked", event_number=number, version=seen.version)

    def _follow(self, number: int, seen: _Seen, step: AuditStep, found: Found) -> None:
        """Moves the counters on by what the journal says; where it ends, they must be those of the rows."""
        if (
            step.version < seen.version
        ):  # a backup was restored (a journal that lost its end is reported by the step)
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
                for what, expected, is_there in zip(_WHAT, journal, row, strict=True):
                    if expected != is_there:
                        subject = f"area {area} {what} {is_there - expected:+}"
                        detail = f"{is_there}, by the journal {expected}"
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


def _next_size(most: int, took: float) -> int:
    if took > SLOW_SECONDS:
        return max(most // 2, 1)
    return min(most * 2, MAX_STEP) if took < QUICK_SECONDS else most
