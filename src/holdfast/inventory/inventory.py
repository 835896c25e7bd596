"""Inventory: the face of this context: every use case of a sale, over lanes. No SQL, no HTTP.

Commands of an event go through its lane (`execute`); reads go past it. Others touch five parts only: `queries`,
`read_models`, `streams`, `operations` and `hold_tokens`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from random import getrandbits
from typing import Any, overload
from uuid import UUID

from holdfast import ids
from holdfast.errors import EventNotFound, HoldfastError, OutcomeUnknown, Refusal
from holdfast.inventory import metrics
from holdfast.inventory.attempt_numbers import AttemptNumbers
from holdfast.inventory.batching.lane import HasLeft
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.batching.runner import BatchRunner
from holdfast.inventory.batching.scheduler import LaneScheduler
from holdfast.inventory.creation import EventCreation
from holdfast.inventory.history import Histories
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.live.changes_since import ChangesSince
from holdfast.inventory.live.commits import CommitFeed
from holdfast.inventory.live.streams import Streams
from holdfast.inventory.operations import Operations
from holdfast.inventory.projections.occupancies import Occupancies
from holdfast.inventory.projections.read_models import ReadModels
from holdfast.inventory.queries import Queries
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.decide import Answered, Replayed
from holdfast.inventory.rules.event import MAX_CLAIMS_PER_BATCH, FullEvent
from holdfast.inventory.store.events import EventStore
from holdfast.inventory.store.read_models import ReadModelStore
from holdfast.inventory.store.reads import ReadStore
from holdfast.postgres.connections import Connections

EventRef = int | UUID
"""An event by its short number or by its id."""


class Inventory:
    """One process's inventory over one database (or its shards)."""

    def __init__(
        self, connections: Connections, hold_tokens: HoldTokens, limits: InventoryLimits | None = None
    ) -> None:
        self._limits = limits or InventoryLimits()
        self._connections = connections
        self._event_store = EventStore(connections)
        self._occupancies = Occupancies(
            connections, self._event_store, most_seats=self._limits.mirrored_seats
        )
        self._batches = BatchRunner(
            connections,
            self._event_store,
            self._occupancies,
            limits=self._limits,
            committed=self._committed,
            violated=lambda _: metrics.VIOLATIONS.inc(),
        )
        self._lanes = LaneScheduler(
            self._batches, self._limits, self._observe, runners=max(1, connections.size // 2)
        )  # the other connections are for reads
        self._creation = EventCreation(self._event_store)
        self._attempt_numbers = AttemptNumbers(self._event_store)
        reads, read_model_store = ReadStore(connections), ReadModelStore(connections)
        self._commits = CommitFeed(reads)
        self._on_commit: list[Callable[[int, int, Changes], None]] = [self._commits.tell]
        """Called with (event number, version, changes) after each commit that this process made."""

        self.hold_tokens = hold_tokens
        self.read_models = ReadModels(read_model_store, self._occupancies)
        changes_since = ChangesSince(reads, self.read_models)
        self.queries = Queries(
            reads,
            self._event_store,
            self._occupancies,
            changes_since=changes_since,
            histories=Histories(read_model_store, self.read_models),
        )
        self.streams = Streams(
            self.read_models, changes_since, self._commits, most_watchers=self._limits.watchers
        )
        self.operations = Operations(
            connections, reads=reads, checks=read_model_store, streams=self.streams, lanes=self._lanes
        )
        connections.on_lost += [self._occupancies.drop_all, self.read_models.drop_all]

    async def open(self) -> None:
        """Returns at once; the database may still be starting."""
        await self._connections.open()

    async def close(self) -> None:
        self.streams.close()
        await self._connections.close()

    # -- ids -------------------------------------------------------------------------------------------------------

    def new_id(self, number: int) -> UUID:
        """An id that carries its event's number. Ids are no secrets: the quick source of random bits will do."""
        return ids.make_id(number, unix_ms=time.time_ns() // 1_000_000, random_bits=getrandbits(41))

    async def new_attempt_number(self) -> int:
        """A small integer for an instant booking's attempt."""
        return await self._attempt_numbers.next()

    async def resolve(self, ref: EventRef) -> int:
        """The number of an event that exists. Raises EventNotFound."""
        number = ref if isinstance(ref, int) else ids.event_number_of(ref)
        if number is None or not 0 < number <= ids.MAX_EVENT_NUMBER:
            raise EventNotFound
        if isinstance(ref, UUID) and await self._batches.id_of(number) != ref:
            raise EventNotFound
        return number

    # -- events ----------------------------------------------------------------------------------------------------

    @overload
    async def create_event(self, new: c.NewEvent, *, by: str) -> tuple[FullEvent, None]: ...

    @overload
    async def create_event(
        self, new: c.NewEvent, *, by: str, key: c.RetryKey | None
    ) -> tuple[FullEvent | None, c.StoredAnswer | None]: ...

    async def create_event(
        self, new: c.NewEvent, *, by: str, key: c.RetryKey | None = None
    ) -> tuple[FullEvent | None, c.StoredAnswer | None]:
        """The new event, and with a retry key its answer; (None, answer) is a replay.

        Raises InProgress while another request with the same key has no answer yet, and IdempotencyKeyReused.
        """
        return await self._creation.create(new, by=by, key=key)

    # -- commands --------------------------------------------------------------------------------------------------

    async def execute(self, number: int, command: c.Command, *, has_left: HasLeft | None = None) -> Any:
        """The command's outcome, decided and committed. Raises its refusal, or a fault.

        A command whose client `has_left` by the time its batch forms is dropped. Of a command with a retry key the
        outcome is `Answered` (whose own outcome may be a refusal) or `Replayed`.
        """
        outcome = await self._lanes.submit(number, command, has_left)
        metrics.count_outcome(outcome)
        if isinstance(outcome, HoldfastError):
            raise outcome
        return outcome

    async def block(self, number: int, command: c.BlockAdmissions) -> Any:
        """As `execute`; more seats than a batch may touch go in steps, and are lifted again where one is refused."""
        labels = command.labels
        if len(labels) <= MAX_CLAIMS_PER_BATCH:
            return await self.execute(number, command)
        key = command.key
        if key is not None:
            earlier = await self.execute(number, c.SettleKey(by=command.by, key=key))
            if earlier is not None:
                return earlier
        last = (len(labels) - 1) // MAX_CLAIMS_PER_BATCH
        outcome: Any = None
        for step in range(last + 1):
            part = replace(
                command,
                key=key if step == last else None,
                labels=labels[step * MAX_CLAIMS_PER_BATCH : (step + 1) * MAX_CLAIMS_PER_BATCH],
                extends=step > 0,
            )
            try:
                outcome = await self.execute(number, part)
            except HoldfastError as error:
                if step < last or not isinstance(
                    error, OutcomeUnknown
                ):  # else it may stand, whole and answered for
                    await self._lift_begun(number, command)
                if key is not None and isinstance(error, Refusal):
                    return await self.execute(number, c.SettleKey(by=command.by, key=key, refusal=error))
                raise
        if isinstance(outcome, Replayed) or isinstance(outcome.outcome if key else outcome, Refusal):
            await self._lift_begun(
                number, command
            )  # refused, or the same request was answered by another block
        return outcome

    async def _lift_begun(self, number: int, command: c.BlockAdmissions) -> None:
        """What the first steps of a block had taken goes back, as far as the database can be asked."""
        with suppress(HoldfastError):
            await self.execute(number, c.LiftBlock(by=command.by, block_id=command.block_id))

    def _observe(self, size: int, seconds: float) -> None:
        metrics.BATCH_SIZE.observe(size)
        metrics.BATCH_SECONDS.observe(seconds)

    def _committed(self, state: BatchState, changes: Changes) -> None:
        if changes.journal:
            metrics.count_changes(changes)
            self.read_models.follow_commit(state.event.number, state.version, state.now, changes.journal)
            for notify in self._on_commit:
                notify(state.event.number, state.version, changes)


__all__ = ["Answered", "EventRef", "Inventory", "Replayed"]
