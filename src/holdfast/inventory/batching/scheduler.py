"""Scheduler: which lanes form the next batch, and who runs it.

A runner takes all waiting commands of a lane, or half of them under heavy load (`Lane.take`). One transaction
decides them as one batch. The runner resolves each caller's outcome, and continues with the commands that
arrived meanwhile. There is no timer and no idle latency: a lone request is a batch of one. Several events of
one PostgreSQL, or of one shard, with few commands each share one transaction; an event with many commands goes
alone. There are few runners, so that groups form by themselves under load, and fewer still of such groups. Lanes take
turns, so that none starves.
Each node of several has runners of its own: one that does not answer keeps no other node's events waiting.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from holdfast.errors import Busy, Fault, OutcomeUnknown
from holdfast.inventory.batching.kept_outcomes import KeptOutcomes
from holdfast.inventory.batching.lane import ENOUGH, Batch, Lane
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.batching.pending_command import HasLeft, PendingCommand
from holdfast.inventory.batching.runner import BatchRunner
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Outcome
from holdfast.inventory.waiter import resolve_all

__all__ = ["LaneScheduler"]

MAX_IDLE = 10_000
MAX_TOGETHER = 64
"""Max events of one batch."""
ENOUGH_SHARED = 2
"""While this many batches of a group's events run, fewer than MAX_TOGETHER lanes wait until one of them has ended."""
MAX_DEPTH_TO_SHARE = 8
"""Max commands waiting in a lane that shares a batch. With more than that an event is hot, and goes alone."""
MAX_PASSED = 512
"""Max lanes that a runner passes over while it looks for those of one shard."""

T = TypeVar("T")
Taken = list[tuple[Lane, Batch]]


class _Node:
    """The lanes and the runners of one PostgreSQL."""

    __slots__ = ("ready", "runners", "sharing")

    def __init__(self) -> None:
        self.ready: deque[Lane] = deque()
        """Lanes with waiting commands that no runner has taken."""
        self.runners = 0
        self.sharing: Counter[Hashable] = Counter()
        """Running batches of several events, by their group. None of them waits for a lock, so each ends soon."""

    def has_enough(self, group: Hashable) -> bool:
        """Return whether the waiting lanes of a group are for a batch that runs, when it has ended.

        One batch that decides and one that commits keep both sides busy. More of them would only be smaller.
        """
        return self.sharing[group] >= ENOUGH_SHARED and len(self.ready) < MAX_TOGETHER


class LaneScheduler:
    """The lanes of one process, by event number, and the runners of their batches."""

    def __init__(
        self,
        batches: BatchRunner,
        limits: InventoryLimits,
        observe: Callable[[int, float], None],
        *,
        runners: int,
    ) -> None:
        """`runners`: how many each node has."""
        self._batches = batches
        self._limits = limits
        self._observe = observe
        self._max_runners = runners
        self._loop: asyncio.AbstractEventLoop | None = None
        """Looked up once, because on each call Python asks the system whether the process has forked."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._nodes: dict[Hashable, _Node] = {}
        self._lanes: dict[int, Lane] = {}

    def __getitem__(self, number: int) -> Lane:
        lane = self._lanes.get(number)
        if lane is None:
            if len(self._lanes) >= MAX_IDLE:
                self._lanes = {key: lane for key, lane in self._lanes.items() if lane.is_scheduled}
            lane = self._lanes[number] = Lane(number, self._limits, by_seat=self._batches.is_wholly_seated)
        return lane

    @property
    def depth(self) -> int:
        return sum(lane.depth for lane in self._lanes.values())

    def submit(
        self, number: int, command: c.Command[T], has_left: HasLeft | None = None
    ) -> PendingCommand[T]:
        """Queue a command and return it, to be awaited. Raises Busy at once if the event's queue is full."""
        lane = self._lanes.get(number) or self[number]
        loop = self._loop = self._loop or asyncio.get_running_loop()
        waiting = lane.submit(command, has_left, loop)
        if not lane.is_scheduled:
            lane.is_scheduled = True
            node = self._node_of(number)
            node.ready.append(lane)
            if node.runners < self._max_runners and not node.has_enough(self._batches.group_of(number)):
                self._start_runner(node, loop)
        return waiting

    def _node_of(self, number: int) -> _Node:
        key = self._batches.node_of(number)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = _Node()
        return node

    def _start_runner(self, node: _Node, loop: asyncio.AbstractEventLoop) -> None:
        node.runners += 1
        runner = loop.create_task(self._run(node))
        self._tasks.add(runner)
        runner.add_done_callback(self._tasks.discard)

    async def _run(self, node: _Node) -> None:
        ready = node.ready
        taken: Taken = []
        kept = KeptOutcomes(asyncio.get_running_loop())
        try:
            while ready:
                lanes = self._next(ready)
                taken = self._take(lanes)
                if len(taken) == 1:
                    await self._run_alone(*taken[0], kept, ready)
                elif taken:
                    group = self._batches.group_of(lanes[0].number)
                    node.sharing[group] += 1
                    try:
                        await self._run_together(taken)
                    finally:
                        node.sharing[group] -= 1
                taken = []
                for lane in lanes:
                    lane.is_scheduled = lane.depth > 0
                    if lane.is_scheduled:
                        ready.append(lane)
                        if lane.goes_alone and node.runners < self._max_runners:
                            # If another process has locked it, others go on.
                            self._start_runner(node, asyncio.get_running_loop())
                if not ready or ready[0].depth < ENOUGH:
                    await asyncio.sleep(0)  # read what arrived meanwhile before the next batch forms
                # Else go on at once: the database works while the callers of the last batch get their answers
                # and return.
        except BaseException:  # the server is stopping, or a bug: no caller may wait for ever
            for _, batch in taken:
                for waiting in batch:
                    waiting.resolve_soon(OutcomeUnknown(OutcomeUnknown.STOPPING))
            for lane in self._lanes.values():
                lane.refuse_all(Busy(Busy.STOPPING))
                lane.is_scheduled = False
            for each in self._nodes.values():
                each.ready.clear()
            raise
        finally:  # at once, not when the task's end is noticed: the next command must start another runner
            kept.give()
            node.runners -= 1

    @staticmethod
    def _take(lanes: list[Lane]) -> Taken:
        now = asyncio.get_running_loop().time()
        taken: Taken = []
        claims = 0
        for lane in lanes:
            batch, claims = lane.take(now, claims)
            if batch:
                taken.append((lane, batch))
        return taken

    def _next(self, ready: deque[Lane]) -> list[Lane]:
        """Return the first lane in turn. If it has few commands, return other such lanes of its group with it."""
        first = ready.popleft()
        group_of = self._batches.group_of
        group = group_of(first.number) if _is_cold(first) else None
        if group is None:
            return [first]
        lanes, commands = [first], first.depth
        others: list[Lane] = []
        while ready and len(lanes) < MAX_TOGETHER and len(others) < MAX_PASSED:
            lane = ready.popleft()
            if (
                _is_cold(lane)
                and commands + lane.depth <= self._limits.batch_maximum
                and group_of(lane.number) == group
            ):
                lanes.append(lane)
                commands += lane.depth
            else:
                others.append(lane)
        ready.extendleft(reversed(others))
        return lanes

    async def _run_alone(self, lane: Lane, batch: Batch, kept: KeptOutcomes, ready: deque[Lane]) -> None:
        loop = asyncio.get_running_loop()
        lane.goes_alone = False
        began, others_wait = loop.time(), lane.depth > 0
        try:
            outcomes = await self._batches.run(
                lane.number, [waiting.command for waiting in batch], committing=kept.give
            )
        except Fault as fault:
            outcomes, others_wait = [fault] * len(batch), False
        took = loop.time() - began
        self._observe(len(batch), took)
        if others_wait:
            lane.learn_pace(took, len(batch))
        kept.give()
        kept.keep(batch, outcomes)
        if lane.depth < ENOUGH or ready:  # the next batch is not of this lane, or begins later
            kept.give()

    async def _run_together(self, taken: Taken) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        results: list[list[Outcome[Any]] | None]
        try:
            results = await self._batches.run_together(
                [(lane.number, [waiting.command for waiting in batch]) for lane, batch in taken]
            )
        except Fault as fault:
            results = [[fault] * len(batch) for _, batch in taken]
        self._observe(sum(map(len, filter(None, results))), loop.time() - began)
        for (lane, batch), outcomes in zip(taken, results, strict=True):
            if outcomes is None:
                lane.put_back(batch)
                lane.goes_alone = True
                continue
            loop.call_soon(resolve_all, batch, outcomes)


def _is_cold(lane: Lane) -> bool:
    return not lane.goes_alone and lane.depth <= MAX_DEPTH_TO_SHARE
