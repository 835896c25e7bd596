"""Creation: how events are made. A new event has no lane yet; every later change goes through one."""

from __future__ import annotations

from datetime import datetime
from random import getrandbits
from uuid import UUID

from holdfast import ids
from holdfast.errors import IdempotencyKeyReused, InProgress
from holdfast.inventory.batching.after_commit import after_commit
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Answered, Kept, Replayed
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.store.events import EventStore

__all__ = ["EventCreation"]


class EventCreation:
    """Creates events, one for each retry key."""

    def __init__(self, event_store: EventStore) -> None:
        self._event_store = event_store
        self._creating: set[bytes] = set()
        """Keys that this process is working on."""

    async def create(self, new: c.NewEvent, *, by: str) -> FullEvent:
        number, id, now = await self._new_event()
        return await self._event_store.insert_event(new, number=number, id=id, now=now, by=by)

    async def create_keyed(self, new: c.NewEvent, *, by: str, key: c.RetryKey[FullEvent]) -> Kept[FullEvent]:
        """Return the new event under its retry key, or the stored answer of the key.

        The key row fixes number and id first, so that a retry after a crash makes the same event and not a
        second one. Raises InProgress while another request with the same key has no answer yet, and
        IdempotencyKeyReused.
        """
        if key.scope in self._creating:
            raise InProgress
        self._creating.add(key.scope)
        try:
            return await self._create_once(new, by=by, key=key)
        finally:
            self._creating.discard(key.scope)

    async def _create_once(self, new: c.NewEvent, *, by: str, key: c.RetryKey[FullEvent]) -> Kept[FullEvent]:
        # A retry takes no number, so that the events' numbers have no gaps.
        earlier = await self._event_store.find_creation(key.scope)
        if earlier is None:
            number, id, now = await self._new_event()
            earlier = await self._event_store.claim_creation(key.scope, key.body, number, id, now)
        if earlier is not None:
            if earlier.body != key.body:
                raise IdempotencyKeyReused
            if earlier.status is not None and earlier.answer is not None:
                # A replay writes, so that it waits for the standby as the first answer did.
                await self._event_store.finish_creation(key.scope, earlier.status, earlier.answer)
                return Replayed(answer=c.StoredAnswer(status=earlier.status, body=earlier.answer))
            number, id, now = earlier.number, earlier.id, earlier.created_at
        event = await self._event_store.insert_event(new, number=number, id=id, now=now, by=by)
        answer = key.render(event)
        with after_commit():
            await self._event_store.finish_creation(key.scope, answer.status, answer.body)
        return Answered(outcome=event, answer=answer)

    async def _new_event(self) -> tuple[int, UUID, datetime]:
        number, now = await self._event_store.next_number()
        random_bits = getrandbits(41)
        return number, ids.make_id(number, unix_ms=int(now.timestamp() * 1000), random_bits=random_bits), now
