"""Watching: who in this process looks at which event, and is woken when the event has a new version.

This process's own commits wake at once. Other processes' are found by one small query for all watched events, every so
often (`look`): a notification from the database would serialise commits, and does not exist everywhere.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.store.reads import ReadStore


class Subscription:
    """One onlooker's view of one event, for the time of a `with` block."""

    __slots__ = ("_changed", "_commits", "number", "version")

    def __init__(self, watching: CommitFeed, number: int) -> None:
        self._commits = watching
        self._changed = asyncio.Event()
        self.number = number
        self.version = -1
        """The newest version that it was notified of; -1 before the first."""

    async def changed(self) -> int:
        """Returns the newest version as soon as there is one that is new to this onlooker; or woken."""
        await self._changed.wait()
        self._changed.clear()
        return self.version

    def notify(self, version: int) -> None:
        if version > self.version:
            self.version = version
            self._changed.set()

    def wake(self) -> None:
        """`changed` returns, though there may be no new version: something else is to be done."""
        self._changed.set()

    def __enter__(self) -> Self:
        self._commits.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commits.remove(self)


class CommitFeed:
    """All onlookers of this process, by event."""

    def __init__(self, reads: ReadStore) -> None:
        self._reads = reads
        self._watches: dict[int, set[Subscription]] = {}

    def watch(self, number: int) -> Subscription:
        """Use as `with engine.watching.watch(number) as watch:`; then `await watch.changed()`, again and again."""
        return Subscription(self, number)

    async def look(self) -> int:
        """Asks for the versions of all watched events; how many events that is."""
        numbers = list(self._watches)
        if numbers:
            for number, version in (await self._reads.versions_of(numbers)).items():
                self.notify(number, version)
        return len(numbers)

    def notify(self, number: int, version: int, _changes: Changes | None = None) -> None:
        for watch in self._watches.get(number, ()):
            watch.notify(version)

    def add(self, watch: Subscription) -> None:
        self._watches.setdefault(watch.number, set()).add(watch)

    def remove(self, watch: Subscription) -> None:
        watches = self._watches.get(watch.number, set())
        watches.discard(watch)
        if not watches:
            self._watches.pop(watch.number, None)
