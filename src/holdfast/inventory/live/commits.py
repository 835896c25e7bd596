"""Commit feed: wakes the subscribers of an event when it has a new version.

This process's own commits wake them at once. A small query for all watched events finds other processes'
commits at intervals (`look`). Notifications from the database would serialise commits, and do not exist
everywhere.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.store.reads import ReadStore


class Subscription:
    """One subscriber's view of one event, for the time of a `with` block."""

    __slots__ = ("_changed", "_commits", "number", "version")

    def __init__(self, watching: CommitFeed, number: int) -> None:
        self._commits = watching
        self._changed = asyncio.Event()
        self.number = number
        self.version = -1
        """The newest version that it was notified of; -1 before the first."""

    async def changed(self) -> int:
        """Wait for a version that is new to this subscriber, or for `wake`. Return the newest version."""
        await self._changed.wait()
        self._changed.clear()
        return self.version

    def notify(self, version: int) -> None:
        if version > self.version:
            self.version = version
            self._changed.set()

    def forget(self) -> None:
        """Take any version as new: the database may have lost some."""
        self.version = -1
        self._changed.set()

    def wake(self) -> None:
        """Make `changed` return without a new version, because something else is to be done."""
        self._changed.set()

    def __enter__(self) -> Self:
        self._commits.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commits.remove(self)


class CommitFeed:
    """All subscriptions of this process, by event."""

    def __init__(self, reads: ReadStore) -> None:
        self._reads = reads
        self._watches: dict[int, set[Subscription]] = {}

    def watch(self, number: int) -> Subscription:
        """Return a subscription: `with commits.watch(number) as watch:`, then `await watch.changed()` in a loop."""
        return Subscription(self, number)

    async def look(self) -> int:
        """Ask for the versions of all watched events. Return the number of those events."""
        numbers = list(self._watches)
        if numbers:
            for number, version in (await self._reads.versions_of(numbers)).items():
                self.notify(number, version)
        return len(numbers)

    def notify(self, number: int, version: int, _changes: Changes | None = None) -> None:
        for watch in self._watches.get(number, ()):
            watch.notify(version)

    def forget_versions(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.forget()

    def add(self, watch: Subscription) -> None:
        self._watches.setdefault(watch.number, set()).add(watch)

    def remove(self, watch: Subscription) -> None:
        watches = self._watches.get(watch.number, set())
        watches.discard(watch)
        if not watches:
            self._watches.pop(watch.number, None)
