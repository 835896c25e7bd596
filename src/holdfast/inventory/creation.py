"""Events: how they are made and listed. A new event has no lane yet; whatever changes it later goes through one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import getrandbits
from typing import overload
from uuid import UUID

from holdfast import ids
from holdfast.errors import EventNotFound, IdempotencyKeyReused, InProgress
from holdfast.inventory.batching.after_commit import already_done
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.availability import Counts
from holdfast.inventory.rules.event import Event, FullEvent, in_full
from holdfast.inventory.store.events import EventFilter, EventStore

__all__ = ["EventCreation", "EventFilter"]


class EventCreation:
    """The catalogue's use cases."""

    def __init__(self, event_store: EventStore) -> None:
        self._event_store = event_store
        self._creating: set[bytes] = set()
        """Keys that this process is carrying out right now."""

    @overload
    async def create(self, new: c.NewEvent, *, by: str) -> tuple[FullEvent, None]: ...

    @overload
    async def create(
        self, new: c.NewEvent, *, by: str, key: c.RetryKey | None
    ) -> tuple[FullEvent | None, c.StoredAnswer | None]: ...

    async def create(
        self, new: c.NewEvent, *, by: str, key: c.RetryKey | None = None
    ) -> tuple[FullEvent | None, c.StoredAnswer | None]:
        """The new event, and with a retry key its answer; (None, answer) is a replay.

        The key row fixes number and id first, so that a retry after a crash makes the same event and not a second one.
        Raises InProgress while another request with the same key has not answered yet, IdempotencyKeyReused.
        """
        if key is None:
            number, id, now = await self._new_event()
            return await self._event_store.insert_event(new, number=number, id=id, now=now, by=by), None
        if key.scope in self._creating:
            raise InProgress
        self._creating.add(key.scope)
        try:
            return await self._create_once(new, by=by, key=key)
        finally:
            self._creating.discard(key.scope)

    async def _create_once(
        self, new: c.NewEvent, *, by: str, key: c.RetryKey
    ) -> tuple[FullEvent | None, c.StoredAnswer | None]:
        number, id, now = await self._new_event()
        earlier = await self._event_store.claim_creation(key.scope, key.body, number, id, now)
        if earlier is not None:
            if earlier.body != key.body:
                raise IdempotencyKeyReused
            if earlier.status is not None and earlier.answer is not None:
                # A replay writes, so that it waits for the standby as the first answer did.
                await self._event_store.finish_creation(key.scope, earlier.status, earlier.answer)
                return None, c.StoredAnswer(status=earlier.status, body=earlier.answer)
            number, id = earlier.number, earlier.id
        event = await self._event_store.insert_event(new, number=number, id=id, now=now, by=by)
        answer = key.render(event)
        with already_done():
            await self._event_store.finish_creation(key.scope, answer.status, answer.body)
        return event, answer

    async def _new_event(self) -> tuple[int, UUID, datetime]:
        number, now = await self._event_store.next_number()
        random_bits = getrandbits(41)
        return number, ids.make_id(number, unix_ms=int(now.timestamp() * 1000), random_bits=random_bits), now

    async def list(
        self, wanted: EventFilter, *, before: int | None, limit: int
    ) -> list[tuple[Event, Counts, datetime]]:
        """Newest first; counts as the rows say (lapsed holds still count as held until they are reclaimed)."""
        found = await self._event_store.list_events(wanted, before=before, limit=limit)
        return [
            (
                event,
                Counts(
                    capacity=capacity,
                    available=0 if event.status == "cancelled" else capacity - held - booked - blocked,
                    held=held,
                    booked=booked,
                    blocked=blocked,
                ),
                now,
            )
            for event, (capacity, held, booked, blocked), now in found
        ]

    async def list_in_full(
        self, wanted: EventFilter, *, before: int | None, limit: int
    ) -> Sequence[FullEvent]:
        """Newest first, with their areas."""
        found = await self._event_store.list_events(wanted, before=before, limit=limit)
        areas = await self._event_store.list_areas([event.number for event, _, _ in found])
        return [in_full(event, areas.get(event.number, ())) for event, _, _ in found]

    async def get(self, number: int) -> FullEvent:
        """The event as its row is now. Raises EventNotFound."""
        known = await self._event_store.find_known(number)
        if known is None:
            raise EventNotFound
        return in_full(known.event, known.areas)
