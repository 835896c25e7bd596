"""Runner: runs batches of commands of one event or of several against the database, and handles their failures.

After a data error, or a bug of ours, a batch is split in halves, so that one bad command never spoils its
neighbours. After a serialization failure the batch runs again in full. A connection that is lost before
COMMIT was sent means `unavailable`; after that the outcome is unknown. Any failure drops the occupancy.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import structlog

from holdfast.errors import Busy, EventNotFound, Fault, InvariantViolated
from holdfast.failures import traced
from holdfast.ids import event_number_of
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.batching.loads import LOADS, Member, StaleError, plan_of, state_of
from holdfast.inventory.projections.occupancies import Occupancies
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.changes import Changes, JobRow
from holdfast.inventory.rules.decide import Outcome, decide
from holdfast.inventory.rules.occupancy import Occupancy
from holdfast.inventory.store.batch import Batch, Loaded
from holdfast.inventory.store.events import CachedEvent, EventStore, Standing
from holdfast.inventory.store.steps import ON_SHARDS, ONE_POSTGRES
from holdfast.postgres import translate as errors
from holdfast.postgres.connections import Connection, Connections
from holdfast.postgres.deadline import cut_after

log = structlog.get_logger(__name__)

MAX_TRIES = 4
MAX_KNOWN = 20_000
"""Max events whose rules a process remembers; the least recently sold are dropped first."""

_SHARED = (
    c.PlaceHold,
    c.BookInstantly,
    c.ExtendHold,
    c.ReleaseHold,
    c.ConfirmHold,
    c.CancelBooking,
)
"""Commands of buyers. An organiser's command to an event has a batch of its own."""

Meanwhile = Callable[[], object]

JobsOf = Callable[[BatchState], Sequence[JobRow]]
"""Returns the outward acts that are due with a batch's changes, which its transaction writes."""

Committed = Callable[[BatchState, Changes], None]
"""Called after each commit has returned, and before anyone gets an answer."""


def _nothing() -> None:
    """There is nothing to do while the database commits."""


def _may_share(commands: Sequence[c.AnyCommand]) -> bool:
    return all(isinstance(command, _SHARED) for command in commands)


class BatchRunner:
    """Runs batches, and remembers of each event what lets the next load fit in one round trip."""

    def __init__(
        self,
        connections: Connections,
        event_store: EventStore,
        occupancies: Occupancies,
        *,
        limits: InventoryLimits,
        committed: Committed,
        violated: Callable[[int], None],
        jobs_of: JobsOf | None = None,
    ) -> None:
        self._connections = connections
        self.group_of = connections.group_of
        """Returns the group of events that may share a batch, or None for an event that goes alone."""
        self.node_of: Callable[[int], Hashable] = connections.pool
        """Returns what stands for the node that decides for an event."""
        self._event_store = event_store
        self._occupancies = occupancies
        self._limits = limits
        self._committed = committed
        self._violated = violated
        self._jobs_of = jobs_of
        self._known: dict[int, CachedEvent] = {}
        self.public: set[int] = set()
        """Known events that are no drafts. None of them becomes one again."""
        self._owners: dict[int, int] = {}
        """The organisation of each event. It never changes."""

    async def run(
        self, number: int, commands: Sequence[c.AnyCommand], *, committing: Meanwhile = _nothing
    ) -> list[Outcome[Any]]:
        """Return one outcome per command; a Fault of one command is an item. Raises a Fault that holds for all
        of them.

        `committing` is called when COMMIT is about to be sent, for work to be done while the database commits.
        """
        tries = 0
        while True:
            tries += 1
            try:
                return await self._run_alone(number, commands, committing)
            except EventNotFound as refusal:
                self._forget(number)
                return [refusal] * len(commands)
            except StaleError as stale:
                self._forget(number)
                if tries >= MAX_TRIES:
                    log.warning("batch_stale", event_number=number, what=str(stale))
                    raise Busy(Busy.CHANGING) from stale
            except Fault:
                self._forget(number)
                raise
            except Exception as error:  # the only place where errors of the store become faults
                self._forget(number)
                if errors.is_retryable(error) and tries < MAX_TRIES:
                    continue
                if tries < 2 and await self._connections.recover(error):  # no COMMIT was sent
                    continue
                if errors.is_of_a_command(error):
                    return await self._split(number, commands, error)
                log.warning("batch_failed", event_number=number, size=len(commands), error=repr(error))
                raise errors.translate(error) from error

    async def _split(
        self, number: int, commands: Sequence[c.AnyCommand], error: BaseException
    ) -> list[Outcome[Any]]:
        """Find the command that the database refused by halves, and run the others again."""
        if len(commands) == 1:
            self._violated(number)
            log.error(
                "invariant_violated",
                event_number=number,
                command=type(commands[0]).__name__,
                error=repr(error),
            )
            fault = errors.translate(error)
            assert isinstance(fault, InvariantViolated)
            return [fault]
        half = len(commands) // 2
        outcomes: list[Outcome[Any]] = []
        for part in (commands[:half], commands[half:]):
            try:
                outcomes += await self.run(number, part)
            except Fault as fault:
                outcomes += [fault] * len(part)
        return outcomes

    async def _run_alone(
        self, number: int, commands: Sequence[c.AnyCommand], committing: Meanwhile
    ) -> list[Outcome[Any]]:
        known = await self._get_known(number)
        plan = plan_of(commands, known)
        occupancy = await self._occupancies.get(number, known.event.map_version) if plan.seats else None
        member = Member(number=number, known=known, plan=plan, occupancy=occupancy)
        return (await self._transact([member], {number: commands}, committing))[number]

    async def _transact(
        self,
        members: Sequence[Member],
        commands: Mapping[int, Sequence[c.AnyCommand]],
        committing: Meanwhile = _nothing,
    ) -> dict[int, list[Outcome[Any]]]:
        """Return outcomes by event, from one transaction on one node.

        If there are several members, those that need a batch of their own have no outcomes.
        """
        pool = self._connections.pool(members[0].number)
        connection = await pool.getconn()
        forms = ONE_POSTGRES if self._connections.spans else ON_SHARDS
        try:
            return await self._run_batch(Batch(connection, forms), members, commands, committing)
        finally:
            await pool.putconn(connection)

    async def _run_batch(
        self,
        batch: Batch,
        members: Sequence[Member],
        commands: Mapping[int, Sequence[c.AnyCommand]],
        committing: Meanwhile,
    ) -> dict[int, list[Outcome[Any]]]:
        connection, committed = batch.connection, False
        try:
            with self._limited(connection):
                loaded = await batch.load(LOADS, members)
            states = self._states(loaded, members)
            decided = {number: decide(state, commands[number]) for number, state in states.items()}
            changed = [states[number] for number, (_, changes) in decided.items() if not changes.is_empty]
            if changed:
                if self._jobs_of is not None:
                    self._add_jobs(self._jobs_of, changed)
                with self._limited(connection):
                    await batch.commit(changed, committing)
                committed = True
            for member in members:
                if member.number in decided:
                    self._remember(states[member.number], decided[member.number][1], member.occupancy)
            return {number: outcomes for number, (outcomes, _) in decided.items()}
        except errors.CommitUnknownError:
            await connection.close()
            raise
        finally:
            if not committed and not connection.closed:
                with self._limited(connection):
                    await batch.roll_back()

    @staticmethod
    def _add_jobs(jobs_of: JobsOf, states: Sequence[BatchState]) -> None:
        """Add the outward acts of each event. An error here loses a mail, and no sale."""
        for state in states:
            try:
                state.changes.jobs = jobs_of(state)
            except Exception as error:  # noqa: BLE001 - whatever fails here must not fail the sale
                log.error("jobs_not_made", event_number=state.event.number, exception=traced(error))

    def _limited(self, connection: Connection) -> AbstractContextManager[None]:
        return cut_after(connection, self._limits.answer_seconds)

    @staticmethod
    def _states(loaded: Sequence[Loaded], members: Sequence[Member]) -> dict[int, BatchState]:
        """Return states by event. If there are several members, locked events and outdated copies have no state."""
        states = {}
        for tables, member in zip(loaded, members, strict=True):
            try:
                states[member.number] = state_of(tables, member)
            except (EventNotFound, StaleError):
                if len(members) == 1:
                    raise
        return states

    async def run_together(
        self, groups: Sequence[tuple[int, Sequence[c.AnyCommand]]]
    ) -> list[list[Outcome[Any]] | None]:
        """Run commands of several events of one group in one transaction; return the outcomes of each event's commands.

        The result is None for an event that needs a batch of its own: another process has locked it, or this
        process does not know enough of it. It is None for all events if the transaction failed and nothing
        was done. Raises OutcomeUnknown for all.
        """
        outcomes: dict[int, list[Outcome[Any]]] = {}
        members: list[Member] = []
        try:
            await self._learn([number for number, commands in groups if _may_share(commands)])
            members = [member for number, commands in groups if (member := self._member(number, commands))]
            if len(members) > 1:
                outcomes = await self._transact(members, dict(groups))
        except errors.CommitUnknownError as unknown:
            self._forget_all(members)
            log.warning("batch_failed", events=len(members), error=repr(unknown))
            raise errors.translate(unknown) from unknown
        except Exception as error:  # noqa: BLE001 - each event gets its own error, in a batch of its own
            self._forget_all(members)
            await self._connections.recover(error)
            log.info("batch_parted", events=len(members), error=repr(error))
        return [outcomes.get(number) for number, _ in groups]

    def _member(self, number: int, commands: Sequence[c.AnyCommand]) -> Member | None:
        """Return the member for a batch of several events, or None if the event needs a batch of its own."""
        known = self._known.get(number)
        if known is None or not _may_share(commands):
            return None
        plan = plan_of(commands, known)
        occupancy = self._occupancies.find(number, known.event.map_version) if plan.seats else None
        if plan.seats and occupancy is None:
            return None
        member = Member(number=number, known=known, plan=plan, occupancy=occupancy)
        return member if member.fits else None

    async def _learn(self, numbers: Sequence[int]) -> None:
        """Load what this process does not know of these events, all together. An event with an error stays unknown."""
        unknown = [number for number in numbers if number not in self._known]
        for number, found in (await self._event_store.find_all_known(unknown) if unknown else {}).items():
            if isinstance(found, CachedEvent):
                self._know(number, found)
        await self._occupancies.load(filter(None, map(self._known.get, numbers)))

    def _forget_all(self, members: Iterable[Member]) -> None:
        for member in members:
            self._forget(member.number)

    def _remember(self, state: BatchState, changes: Changes, occupancy: Occupancy | None) -> None:
        """Update the copies after a commit. The commit succeeded; errors here must not be reported as failure."""
        number = state.event.number
        try:
            if occupancy is not None and changes.journal:
                occupancy.follow(state.version, state.now, changes.journal)
            if changes.event or changes.new_areas or changes.named_areas:
                self._forget(number)
            else:
                self._know(number, CachedEvent(event=state.event, areas=tuple(state.areas.values())))
            self._committed(state, changes)
        except Exception as error:  # noqa: BLE001 - the commit has succeeded, whatever fails here
            self._forget(number)
            log.error("commit_not_followed", event_number=number, exception=traced(error))

    async def id_of(self, number: int) -> UUID | None:
        """Return the id of the event with this number, or None. Ids never change, so a remembered one is right."""
        try:
            return (await self._get_known(number)).event.id
        except EventNotFound:
            return None

    def known_number(self, id: UUID) -> int | None:
        """Return the number of the event with this id, if this process remembers it."""
        number = event_number_of(id) or 0
        known = self._known.get(number)
        return number if known is not None and known.event.id == id else None

    def is_visible(self, number: int, *, drafts_of: int | None) -> bool:
        """Return whether the event is known to be no draft, or one of this organisation."""
        return number in self.public or (drafts_of is not None and self._owners.get(number) == drafts_of)

    async def refuse_hidden(self, number: int, *, drafts_of: int | None) -> None:
        """Raise EventNotFound for a draft of another organisation as for no event: after one statement."""
        if self.is_visible(number, drafts_of=drafts_of):
            return
        standing = await self._find_standing(number)
        if standing is None or not (standing.is_public or standing.organisation == drafts_of):
            raise EventNotFound

    async def refuse_foreign(self, number: int, organisation: int | None) -> None:
        """Raise EventNotFound for the event of another organisation as for no event: after one statement."""
        if organisation is not None and self._owners.get(number) == organisation:
            return
        standing = await self._find_standing(number)
        if standing is None or standing.organisation != organisation:
            raise EventNotFound

    async def _find_standing(self, number: int) -> Standing | None:
        standing = await self._event_store.find_standing(number)
        if standing is not None:
            if len(self._owners) >= MAX_KNOWN:
                self._owners.clear()
                self.public.clear()
            self._owners[number] = standing.organisation
            if standing.is_public:
                self.public.add(number)
        return standing

    def is_wholly_seated(self, number: int) -> bool:
        """Return whether the event sells only numbered seats, as far as this process remembers it."""
        known = self._known.get(number)
        return known is not None and all(area.seated for area in known.areas)

    async def _get_known(self, number: int) -> CachedEvent:
        known = self._known.get(number)
        if known is None:
            found = await self._event_store.find_known(number)
            if found is None:
                raise EventNotFound
            known = self._know(number, found)
        return known

    def _know(self, number: int, known: CachedEvent) -> CachedEvent:
        self._known.pop(number, None)
        self._known[number] = known
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]
        return known

    def forget_all(self) -> None:
        self._known.clear()
        self.public.clear()
        self._owners.clear()

    def _forget(self, number: int) -> None:
        self._known.pop(number, None)
        self._occupancies.drop(number)
