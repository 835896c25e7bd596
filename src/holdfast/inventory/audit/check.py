"""Check: derive an event's counters, claims and journal again from the rows, and report every disagreement.

A live system is checked while it sells. Nothing is compared across two moments. Claims carry their versions,
so that the claims that were live at one version can be summed up later, page by page. Each page's holds are
compared with the journal up to that page's own snapshot. So the check of a busy event never has to start
again.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from holdfast import ids
from holdfast.errors import EventNotFound
from holdfast.inventory.audit.compare import Disagreement, EventAudit
from holdfast.inventory.audit.store import FIRST_ID, LAST_ID, AuditStore
from holdfast.postgres.connections import Connections

__all__ = ["Auditor", "Disagreement", "EventReport", "Report"]

T = TypeVar("T")

CLAIMS_IN_PAGE = 5_000
VERSIONS_IN_PAGE = 100
"""A busy event has hundreds of entries in each version."""
ROWS_IN_PAGE = 5_000
QUICK_SECONDS, SLOW_SECONDS = 0.05, 0.25
"""Pages grow while their snapshots are quick, and shrink long before one takes a second."""

Progress = Callable[[int, str], None]
"""Called with (event number, what is being read) again and again."""


@dataclass(slots=True, kw_only=True)
class EventReport:
    """What was checked, and the disagreements. `left_out`: disagreements of a kind beyond the first twenty."""

    number: int
    name: str
    version: int
    holds: int = 0
    claims: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)
    left_out: int = 0


@dataclass(slots=True, kw_only=True)
class Report:
    """The reports of all events. `strays` belong to no event."""

    events: list[EventReport] = field(default_factory=list)
    strays: list[Disagreement] = field(default_factory=list)
    longest_snapshot_seconds: float = 0.0

    @property
    def disagreements(self) -> list[Disagreement]:
        return [*self.strays, *(one for event in self.events for one in event.disagreements)]


class Auditor:
    """The use case of `holdfast check`. It reads and never writes."""

    def __init__(self, connections: Connections, *, claims_in_page: int = CLAIMS_IN_PAGE) -> None:
        self._reads = AuditStore(connections)
        self._claims_in_page = claims_in_page
        self._longest = 0.0

    async def list_numbers(self) -> list[int]:
        return await self._reads.list_numbers()

    async def check(
        self, numbers: Sequence[int], *, with_strays: bool = False, progress: Progress = lambda *_: None
    ) -> Report:
        """Check events by number, and with `with_strays` also rows that belong to no event. Raises EventNotFound."""
        self._longest = 0.0
        report = Report()
        for number in numbers:
            try:
                report.events.append(await self.check_event(number, progress))
            except EventNotFound:
                if not with_strays:  # else the event existed when the numbers were listed, and is gone now
                    raise
        if with_strays:
            report.strays = await self._check_strays(numbers) + await self._check_creations()
        report.longest_snapshot_seconds = self._longest
        return report

    async def check_event(self, number: int, progress: Progress = lambda *_: None) -> EventReport:
        progress(number, "journal")
        opening = await self._timed(self._reads.read_opening(number))
        if opening is None:
            raise EventNotFound(f"There is no event {number}: `holdfast event list` shows all.")
        audit = EventAudit(opening)
        report = EventReport(number=number, name=opening.event.name, version=opening.version or 0)
        if opening.version is not None:
            await self._follow(number, audit, opening.version)
            audit.compare_opening()
            progress(number, "holds")
            await self._compare_pages(number, audit, report, progress)
            audit.compare_sums()
        progress(number, "attempts")
        await self._check_attempts(number, audit)
        await self._check_answers(number, audit)
        report.disagreements, report.left_out = audit.disagreements, audit.left_out
        return report

    async def _follow(self, number: int, audit: EventAudit, until: int | None = None) -> None:
        """Replay the journal up to a version, in pages; None: up to its end."""
        replay = audit.replay
        while until is None or replay.version < until:
            page = await self._timed(self._reads.read_journal(number, replay.version, VERSIONS_IN_PAGE))
            for row in page:
                if until is not None and row.version > until:
                    return
                replay.follow(row.version, row.at, row.structural, row.changes)
            if len(page) < VERSIONS_IN_PAGE:
                return

    async def _compare_pages(
        self, number: int, audit: EventAudit, report: EventReport, progress: Progress
    ) -> None:
        after, page_size = FIRST_ID, self._claims_in_page
        while after < LAST_ID:
            until = await self._timed(self._reads.find_end_of_page(number, after, page_size))
            before = self._longest
            self._longest = 0.0
            page = await self._timed(self._reads.read_page(number, after, until, audit.replay.version))
            seconds, self._longest = self._longest, max(before, self._longest)
            if page is None:  # the event sold meanwhile: catch up with it
                await self._follow(number, audit)
                continue
            audit.compare_page(page)
            report.holds += len(page.holds)
            report.claims += sum(len(group.areas) for groups in page.claims.values() for group in groups)
            progress(number, f"{report.holds} holds")
            after = until
            if seconds < QUICK_SECONDS:
                page_size = min(2 * page_size, 4 * self._claims_in_page)
            elif seconds > SLOW_SECONDS:
                page_size = max(page_size // 2, 100)

    async def _check_attempts(self, number: int, audit: EventAudit) -> None:
        after = -1
        while page := await self._timed(self._reads.read_attempts(number, after, ROWS_IN_PAGE)):
            for row in page:
                audit.compare_attempt(*row)
            after, *_ = page[-1]

    async def _check_answers(self, number: int, audit: EventAudit) -> None:
        after = b""
        while page := await self._timed(self._reads.read_answers(number, after, ROWS_IN_PAGE)):
            for scope, token_for, exists in page:
                if token_for is not None and not exists:
                    audit.report(
                        "answer_without_hold", f"key {scope.hex()[:16]}", f"there is no hold {token_for}"
                    )
            after, *_ = page[-1]

    async def _check_strays(self, numbers: Sequence[int]) -> list[Disagreement]:
        """Find rows of events that do not exist: they lie in the gaps between the numbers of existing events."""
        edges = [0, *sorted(numbers), ids.MAX_EVENT_NUMBER + 1]
        gaps = [(low, high) for low, high in pairwise(edges) if high - low > 1]
        found: list[Disagreement] = []
        for start in range(0, len(gaps), 1_000):
            for table, number in await self._timed(self._reads.find_strays(gaps[start : start + 1_000])):
                if await self._reads.read_opening(number) is None:
                    found.append(
                        Disagreement(
                            event=number,
                            code="event_missing",
                            subject=table,
                            detail=f"rows of no event, {number}",
                        )
                    )
        return found

    async def _check_creations(self) -> list[Disagreement]:
        found: list[Disagreement] = []
        after = b""
        while page := await self._timed(self._reads.list_creations(after, ROWS_IN_PAGE)):
            for scope, number, id in page:
                opening = await self._reads.read_opening(number)
                if opening is None or opening.event.id != id:
                    found.append(
                        Disagreement(
                            event=number,
                            code="creation_without_event",
                            subject=f"key {scope.hex()[:16]}",
                            detail=f"there is no event {id}",
                        )
                    )
            after, *_ = page[-1]
        return found

    async def _timed(self, reading: Awaitable[T]) -> T:
        start = time.perf_counter()
        found = await reading
        self._longest = max(self._longest, time.perf_counter() - start)
        return found
