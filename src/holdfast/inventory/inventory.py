"""The engine: every use case of a sale, over lanes. No SQL, no HTTP.

Commands of an event go through its lane (`execute`); what is only read goes past it (`queries`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from random import getrandbits
from typing import Any
from uuid import UUID

from holdfast import ids
from holdfast.errors import EventNotFound, HoldfastError, OutcomeUnknown, Refusal
from holdfast.inventory import metrics
from holdfast.inventory.batching.lane import HasLeft
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.batching.runner import BatchRunner
from holdfast.inventory.batching.scheduler import LaneScheduler
from holdfast.inventory.creation import EventCreation
from holdfast.inventory.health import Health
from holdfast.inventory.history import Histories
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.live.changes_since import ChangesSince
from holdfast.inventory.live.commits import CommitFeed
from holdfast.inventory.live.streams import Streams
from holdfast.inventory.projections.occupancies import Occupancies
from holdfast.inventory.projections.read_models import ReadModels
from holdfast.inventory.queries import Queries
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.decide import Answered, Replayed
from holdfast.inventory.rules.event import MAX_CLAIMS_PER_BATCH
from holdfast.inventory.seat_map_documents import SeatMapDocuments
from holdfast.inventory.store.events import EventStore
from holdfast.inventory.store.read_models import ReadModelStore
from holdfast.inventory.store.reads import ReadStore
from holdfast.inventory.store.workers import WorkerStore
from holdfast.postgres.connections import Connections

EventRef = int | UUID
"""An event by its short number or by its id."""


class Inventory:
    """One process's engine over one database (or its shards)."""

    def __init__(
        self, connections: Connections, keyring: HoldTokens, limits: InventoryLimits | None = None
    ) -> None:
        self.limits = limits or InventoryLimits()
        self.connections = connections
        self.keyring = keyring
        self.event_store = EventStore(connections)
        self.occupancies = Occupancies(connections, self.event_store, most_seats=self.limits.mirrored_seats)
        self.batches = BatchRunner(
            connections,
            self.event_store,
            self.occupancies,
            limits=self.limits,
            committed=self._committed,
            violated=lambda _: metrics.VIOLATIONS.inc(),
        )
        self.lanes = LaneScheduler(
            self.batches, self.limits, self._observe, runners=max(1, connections.size // 2)
        )  # the other connections are for reads
        self.queries = Queries(ReadStore(connections), self.event_store, self.occupancies)
        self.events = EventCreation(self.event_store)
        self.worker_store = WorkerStore(connections)
        self.commits = CommitFeed(self.queries.reads)
        read_model_store = ReadModelStore(connections)
        self.read_models = ReadModels(read_model_store, self.occupancies)
        connections.on_lost += [self.occupancies.drop_all, self.read_models.drop_all]
        self.changes_since = ChangesSince(self.queries.reads, self.read_models)
        self.streams = Streams(
            self.read_models, self.changes_since, self.commits, most_watchers=self.limits.watchers
        )
        self.histories = Histories(read_model_store, self.read_models)
        self.seat_map_documents = SeatMapDocuments(self.queries)
        self.health = Health(self.queries.reads, read_model_store, self.streams)
        self.on_commit: list[Callable[[int, int, Changes], None]] = [self.commits.tell]
        """Called with (event number, version, changes) after each commit that this process made."""
        self._dialect_numbers: list[int] = []
        self._fetching_numbers = asyncio.Lock()

    async def open(self) -> None:
        """Returns at once; the database may still be starting."""
        await self.connections.open()

    async def close(self) -> None:
        self.streams.close()
        await self.connections.close()

    # -- ids -------------------------------------------------------------------------------------------------------

    def new_id(self, number: int) -> UUID:
        """An id that carries its event's number. Ids are no secrets: the quick source of random bits will do."""
        return ids.make_id(number, unix_ms=time.time_ns() // 1_000_000, random_bits=getrandbits(41))

    async def new_dialect_number(self) -> int:
        """A small integer, of which the process fetches 1,000 at a time."""
        while not self._dialect_numbers:
            async with self._fetching_numbers:  # a crowd that finds none is served by one fetch
                if not self._dialect_numbers:
                    self._dialect_numbers = (await self.event_store.next_dialect_numbers(1_000))[::-1]
        return self._dialect_numbers.pop()

    async def resolve(self, ref: EventRef) -> int:
        """The number of an event that exists. Raises EventNotFound."""
        number = ref if isinstance(ref, int) else ids.event_number_of(ref)
        if number is None or not 0 < number <= ids.MAX_EVENT_NUMBER:
            raise EventNotFound
        if isinstance(ref, UUID) and await self.batches.id_of(number) != ref:
            raise EventNotFound
        return number

    # -- commands --------------------------------------------------------------------------------------------------

    async def execute(self, number: int, command: c.Command, *, has_left: HasLeft | None = None) -> Any:
        """The command's outcome, decided and committed. Raises its refusal, or a fault.

        A command whose client `has_left` by the time its batch forms is dropped. Of a command with a retry key the
        outcome is `Answered` (whose own outcome may be a refusal) or `Replayed`.
        """
        outcome = await self.lanes.submit(number, command, has_left)
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

    def lane_depth(self) -> int:
        return self.lanes.depth

    def _observe(self, size: int, seconds: float) -> None:
        metrics.BATCH_SIZE.observe(size)
        metrics.BATCH_SECONDS.observe(seconds)

    def _committed(self, state: BatchState, changes: Changes) -> None:
        if changes.journal:
            metrics.count_changes(changes)
            self.read_models.follow_commit(state.event.number, state.version, state.now, changes.journal)
            for told in self.on_commit:
                told(state.event.number, state.version, changes)


__all__ = ["Answered", "EventRef", "Inventory", "Replayed"]
