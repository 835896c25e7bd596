"""Import: makes the events of a file, each one once, however often the file is imported."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from holdfast.cli._database import BY
from holdfast.cli._event_files import FileEvent
from holdfast.cli._progress import progress_bar
from holdfast.errors import Refusal
from holdfast.inventory.inventory import Answered, Inventory
from holdfast.inventory.queries import EventFilter
from holdfast.inventory.rules.commands import NewEvent, RetryKey, StoredAnswer
from holdfast.inventory.rules.event import Event, FullEvent

__all__ = ["Import"]

_MAX_SAME = 1_000
_Identity = tuple[str, str | None, datetime | None]
"""What makes two events the same one for an organiser: name, venue and start."""


class Import:
    """The events of a file, and the ones that exist by now."""

    def __init__(self, news: Sequence[FileEvent], *, quiet: bool) -> None:
        self.news = news
        self.made: list[dict[str, Any]] = []
        self._quiet = quiet
        self._seen: Counter[_Identity] = Counter()
        self._copies: Counter[bytes] = Counter()

    @property
    def remaining(self) -> int:
        return len(self.news) - len(self.made)

    async def make_events(self, inventory: Inventory) -> None:
        """Make each event that does not exist yet. After an error, `made` has those before it."""
        with progress_bar(total=len(self.news), quiet=self._quiet) as bar:
            for entry in self.news:
                bar.say(entry.new.name)
                self.made.append(await self._make_once(inventory, entry))
                bar.step()

    async def _make_once(self, inventory: Inventory, entry: FileEvent) -> dict[str, Any]:
        """Return the event's record. The n-th of several equal entries stands for the n-th equal event."""
        identity = _identity_of(entry.new)
        same = await _find_same(inventory, identity)
        at = self._seen[identity]
        copy = self._copies[entry.digest]
        self._seen[identity] += 1
        self._copies[entry.digest] += 1
        if at < len(same):
            return {
                "number": same[at].number,
                "id": str(same[at].id),
                "name": entry.new.name,
                "is_new": False,
            }
        # The key makes one event of two imports at the same time, and of one whose event has been renamed since.
        scope = sha256(b"import %d " % copy + entry.digest).digest()
        key: RetryKey[FullEvent] = RetryKey(scope=scope, body=entry.digest, render=_rendered)
        kept = await inventory.create_event_keyed(entry.new, by=BY, key=key)
        return {**json.loads(kept.answer.body), "name": entry.new.name, "is_new": isinstance(kept, Answered)}


def _identity_of(event: NewEvent | Event) -> _Identity:
    return event.name, event.venue, event.starts_at


async def _find_same(inventory: Inventory, identity: _Identity) -> list[Event]:
    """Return the existing events with this name, venue and start, oldest first."""
    name, _, starts_at = identity
    until = None if starts_at is None else starts_at + timedelta(microseconds=1)
    wanted = EventFilter(text=name, starts_from=starts_at, starts_until=until)
    found = await inventory.queries.list_events(wanted, before=None, limit=_MAX_SAME)
    return [event for event, _, _ in reversed(found) if _identity_of(event) == identity]


def _rendered(event: FullEvent | Refusal) -> StoredAnswer:
    assert isinstance(event, FullEvent)
    return StoredAnswer(status=201, body=json.dumps({"number": event.number, "id": str(event.id)}).encode())
