"""Inventory: the face of this context, with every use case of a sale. No SQL, no HTTP.

Commands of an event go through its lane (`execute`); reads go past it. Callers use seven parts besides:
`queries`, `booking_search`, `read_models`, `streams`, `operations`, `venue_maps` and `hold_tokens`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from holdfast import ids
from holdfast.errors import EventNotFound, HoldfastError, OutcomeUnknown, Refusal, Unavailable
from holdfast.inventory import metrics
from holdfast.inventory.attempt_numbers import AttemptNumbers
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.batching.pending_command import HasLeft
from holdfast.inventory.batching.runner import BatchRunner, JobsOf
from holdfast.inventory.batching.scheduler import LaneScheduler
from holdfast.inventory.booking_search import BookingSearch
from holdfast.inventory.creation import EventCreation
from holdfast.inventory.history import Histories
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.live.changes_since import ChangesSince
from holdfast.inventory.live.commits import CommitFeed
from holdfast.inventory.live.streams import Streams
from holdfast.inventory.operations import Operations
from holdfast.inventory.ownership import OWNED, Ownership
from holdfast.inventory.projections.occupancies import Occupancies
from holdfast.inventory.projections.read_models import ReadModels
from holdfast.inventory.queries import Queries
from holdfast.inventory.random_bits import random_numbers
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Block
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.decide import Answered, Kept, Outcome, Replayed
from holdfast.inventory.rules.event import MAX_CLAIMS_PER_BATCH, FullEvent
from holdfast.inventory.sale_counts import SaleCounts
from holdfast.inventory.sales_figures import SalesReads
from holdfast.inventory.store.events import EventStore
from holdfast.inventory.store.read_models import ReadModelStore
from holdfast.inventory.store.reads import ReadStore
from holdfast.inventory.store.sale_minutes import SaleMinuteStore
from holdfast.inventory.venue_maps import VenueMaps
from holdfast.inventory.waiter import Waiter
from holdfast.postgres.connections import Connections

EventRef = int | UUID
"""An event by its short number or by its id."""

T = TypeVar("T")
_KEPT = (Answered, Replayed)


class Inventory:
    """One process's inventory over one database (or its shards)."""

    def __init__(
        self,
        connections: Connections,
        hold_tokens: HoldTokens,
        limits: InventoryLimits | None = None,
        *,
        has_room: Callable[[], bool] = lambda: True,
        jobs_of: JobsOf | None = None,
    ) -> None:
        """`has_room`: whether the database's disk has room for more sales. `jobs_of`: the jobs of each batch."""
        self._has_room = has_room
        self._limits = limits or InventoryLimits()
        self._connections = connections
        self._random_numbers = random_numbers()
        self._event_store = EventStore(connections)
        self._occupancies = Occupancies(connections, max_seats=self._limits.occupancy_seats)
        self._batches = BatchRunner(
            connections,
            self._event_store,
            self._occupancies,
            limits=self._limits,
            committed=self._committed,
            violated=lambda _: metrics.VIOLATIONS.inc(),
            jobs_of=jobs_of,
        )
        self._lanes = LaneScheduler(
            self._batches, self._limits, self._observe, runners=max(1, connections.size // 2)
        )  # the other connections are for reads
        self._creation = EventCreation(self._event_store)
        self._attempt_numbers = AttemptNumbers(self._event_store)
        reads, read_model_store = ReadStore(connections), ReadModelStore(connections)
        self._commits = CommitFeed(reads)
        self._on_commit: list[Callable[[int, int, Changes], None]] = [self._commits.notify]
        """Called with (event number, version, changes) after each commit of this process."""
        self._followers: list[Callable[[Changes, datetime], None]] = []

        self.hold_tokens = hold_tokens
        self._ownership = Ownership(reads, hold_tokens)
        self.read_models = ReadModels(read_model_store, self._occupancies)
        changes_since = ChangesSince(reads, self.read_models)
        minutes = SaleMinuteStore(connections)
        self._sale_counts = SaleCounts(minutes)
        self.queries = Queries(
            reads,
            self._event_store,
            self._occupancies,
            changes_since=changes_since,
            histories=Histories(read_model_store, self.read_models),
            sales=SalesReads(minutes, self._sale_counts),
        )
        self.booking_search = BookingSearch(self.queries)
        self.venue_maps = VenueMaps(connections)
        self.streams = Streams(
            self.read_models, changes_since, self._commits, max_clients=self._limits.streams
        )
        self.operations = Operations(
            connections,
            reads=reads,
            checks=read_model_store,
            streams=self.streams,
            lanes=self._lanes,
            has_room=has_room,
            sale_counts=self._sale_counts,
        )
        connections.on_lost += [
            self._attempt_numbers.forget,
            self._batches.forget_all,
            self._occupancies.drop_all,
            self.read_models.drop_all,
            self._commits.forget_versions,
        ]

    @property
    def epoch(self) -> str:
        """The name of the history in which versions count. Raises Unavailable before the first connection."""
        return self._connections.epoch

    async def open(self) -> None:
        """Start the connections. It returns at once, even while the database is still starting."""
        await self._connections.open()

    async def close(self) -> None:
        self.streams.close()
        await self._connections.close()

    def follow(self, follower: Callable[[Changes, datetime], None]) -> None:
        """Call `follower` after each commit of this process, with its changes and the time of its batch.

        It is called before anyone is answered.
        """
        self._followers.append(follower)

    def new_id(self, number: int) -> UUID:
        """Return an id that carries its event's number. A booking's reference is part of its random bits, so
        they are unpredictable."""
        return ids.make_id(
            number, unix_ms=time.time_ns() // 1_000_000, random_bits=next(self._random_numbers)
        )

    async def new_attempt_number(self) -> int:
        """Return a small integer for an instant booking's attempt."""
        return await self._attempt_numbers.next()

    async def resolve(self, ref: EventRef) -> int:
        """Return the number of an event of any organisation, for the operator. Raises EventNotFound."""
        return await self._confirmed(ref, _number_of(ref))

    def find_public(self, ref: EventRef) -> int | None:
        """Return the number of an event that is known to be no draft; None if only `resolve_visible` knows."""
        number = ref if isinstance(ref, int) else self._batches.known_number(ref)
        return number if number in self._batches.public else None

    async def resolve_visible(self, ref: EventRef, *, drafts_of: int | None = None) -> int:
        """Return the number of an event that is no draft, or a draft of this organisation. Raises EventNotFound."""
        number = _number_of(ref)
        await self._batches.refuse_hidden(number, drafts_of=drafts_of)
        return await self._confirmed(ref, number)

    async def resolve_own(self, ref: EventRef, organisation: int | None) -> int:
        """Return the number of an event of this organisation. Raises EventNotFound."""
        number = _number_of(ref)
        await self._batches.refuse_foreign(number, organisation)
        return await self._confirmed(ref, number)

    async def _confirmed(self, ref: EventRef, number: int) -> int:
        """Return the number. Raises EventNotFound if its event has another id."""
        if isinstance(ref, UUID) and await self._batches.id_of(number) != ref:
            raise EventNotFound
        return number

    async def create_event(self, new: c.NewEvent, *, by: str) -> FullEvent:
        self._refuse_without_room()
        return await self._creation.create(new, by=by)

    async def create_event_keyed(
        self, new: c.NewEvent, *, by: str, key: c.RetryKey[FullEvent]
    ) -> Kept[FullEvent]:
        """Return the new event under its retry key, or the stored answer of the key.

        Raises InProgress while another request with the same key has no answer yet, and IdempotencyKeyReused.
        """
        self._refuse_without_room()
        return await self._creation.create_keyed(new, by=by, key=key)

    async def execute(self, number: int, command: c.Command[T], *, has_left: HasLeft | None = None) -> T:
        """Return the outcome of a command without a retry key, decided and committed. Raises its refusal, or a
        fault.

        A command whose client `has_left` by the time its batch forms is dropped.
        """
        if command.key is not None:
            raise TypeError("a command with a retry key needs execute_keyed")
        outcome = self.accept(number, await self.submit(number, command, has_left=has_left))
        assert not isinstance(outcome, _KEPT)  # these answer a retry key
        return outcome

    async def execute_keyed(
        self, number: int, command: c.Command[T], *, has_left: HasLeft | None = None
    ) -> Kept[T]:
        """Return the outcome of a command with a retry key. A refusal that is stored under the key is an
        outcome, too."""
        if command.key is None:
            raise TypeError("a command without a retry key needs execute")
        outcome = self.accept(number, await self.submit(number, command, has_left=has_left))
        assert isinstance(outcome, _KEPT)
        return outcome

    def accept(self, number: int, outcome: Outcome[T]) -> T | Kept[T]:
        """Count the outcome of a command of an event, and return it. Raises its refusal, or a fault."""
        refusal = outcome.outcome if isinstance(outcome, Answered) else outcome
        if isinstance(refusal, Refusal):
            self._sale_counts.count_refusal(number, refusal)
        return accepted(outcome)

    async def find_answer(self, number: int, command: c.AnyCommand) -> Replayed | None:
        """Return the stored answer of a command's retry key, without running the command."""
        earlier = accepted(await self.submit(number, c.FindAnswer(by=command.by, key=command.key)))
        return earlier if isinstance(earlier, Replayed) else None

    def submit(
        self, number: int, command: c.Command[T], *, has_left: HasLeft | None = None
    ) -> Waiter[Outcome[T]] | Coroutine[Any, Any, Outcome[T]]:
        """Put a command into its event's lane, and return its outcome to be awaited; `accepted` reads it.

        It is a coroutine if the database must be asked first whether the caller may give the command.
        """
        if not self._has_room():
            raise Unavailable(Unavailable.DISK_FULL)
        if type(command) not in OWNED or self._ownership.is_evident(command):
            return self._lanes.submit(number, command, has_left)
        return self._submit_checked(number, command, has_left)

    async def _submit_checked(
        self, number: int, command: c.Command[T], has_left: HasLeft | None
    ) -> Outcome[T]:
        await self._ownership.check(number, command)
        return await self._lanes.submit(number, command, has_left)

    async def block(self, number: int, command: c.BlockAdmissions) -> Block:
        """Block admissions, as `execute` does. More seats than a batch may touch are blocked in steps. A refused
        step lifts the earlier ones."""
        *first, last = _steps_of(command)
        is_last = False
        try:
            for step in first:
                await self.execute(number, step)
            is_last = True
            return await self.execute(number, last)
        except HoldfastError as error:
            if first and not (is_last and isinstance(error, OutcomeUnknown)):  # else the full block may stand
                await self._lift_begun(number, command)
            raise

    async def block_keyed(self, number: int, command: c.BlockAdmissions) -> Kept[Block]:
        """Block admissions under a retry key, as `block` does. Only the last step is answered under the key."""
        *first, last = _steps_of(command)
        if not first:
            return await self.execute_keyed(number, last)
        earlier = await self.find_answer(number, command)
        if earlier is not None:
            return earlier
        is_last = False
        try:
            for step in first:
                await self.execute(number, step)
            is_last = True
            kept = await self.execute_keyed(number, last)
        except HoldfastError as error:
            if not (
                is_last and isinstance(error, OutcomeUnknown)
            ):  # else the full block may stand, with its answer
                await self._lift_begun(number, command)
            if isinstance(error, Refusal):
                refusal = c.KeepRefusal(by=command.by, key=command.key, refusal=error)
                return await self.execute_keyed(number, refusal)
            raise
        if isinstance(kept, Replayed) or isinstance(
            kept.outcome, Refusal
        ):  # or another block answered the request
            await self._lift_begun(number, command)
        return kept

    async def _lift_begun(self, number: int, command: c.BlockAdmissions) -> None:
        """Return what the first steps of a block took, unless the database does not answer."""
        with suppress(HoldfastError):
            await self.execute(number, c.LiftBlock(by=command.by, block_id=command.block_id))

    def _refuse_without_room(self) -> None:
        if not self._has_room():
            raise Unavailable(Unavailable.DISK_FULL)

    def _observe(self, size: int, seconds: float) -> None:
        metrics.BATCH_SIZE.observe(size)
        metrics.BATCH_SECONDS.observe(seconds)

    def _committed(self, state: BatchState, changes: Changes) -> None:
        if changes.journal:
            metrics.count_changes(changes)
            self._sale_counts.count_changes(state.event.number, state.now, changes)
            self.read_models.follow_commit(state.event.number, state.version, state.now, changes.journal)
            for notify in self._on_commit:
                notify(state.event.number, state.version, changes)
            for follow in self._followers:
                follow(changes, state.now)


def accepted(outcome: Outcome[T]) -> T | Kept[T]:
    """Count a command's outcome and return it. Raises its refusal, or a fault."""
    refusal = outcome.outcome if isinstance(outcome, Answered) else outcome
    if isinstance(refusal, HoldfastError):
        metrics.count_refusal(refusal)
    if isinstance(outcome, HoldfastError):
        raise outcome
    return outcome


def _number_of(ref: EventRef) -> int:
    """Return the number that the reference names. Raises EventNotFound if no event can have it."""
    number = ref if isinstance(ref, int) else ids.event_number_of(ref)
    if number is None or not 0 < number <= ids.MAX_EVENT_NUMBER:
        raise EventNotFound
    return number


def _steps_of(command: c.BlockAdmissions) -> list[c.BlockAdmissions]:
    """Split a block into parts that a batch may touch. Only the last one carries the retry key."""
    labels = command.labels
    if len(labels) <= MAX_CLAIMS_PER_BATCH:
        return [command]
    starts = range(0, len(labels), MAX_CLAIMS_PER_BATCH)
    return [
        replace(
            command,
            key=command.key if start == starts[-1] else None,
            labels=labels[start : start + MAX_CLAIMS_PER_BATCH],
            extends=start > 0,
        )
        for start in starts
    ]


__all__ = ["Answered", "EventRef", "Inventory", "Replayed", "accepted"]
