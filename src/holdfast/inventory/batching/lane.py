"""Lane: the queue in which one event's requests wait for the next batch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from holdfast.errors import Busy, Fault
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Outcome

T = TypeVar("T")

ENOUGH = 32
"""This many commands are worth a batch of their own, though others are under way."""

_PACE_SHARE = 0.2  # of the newest batch in the pace

HasLeft = Callable[[], bool]
"""Whether the client whose command waits has closed its connection."""


class PendingCommand(Generic[T]):
    """A command, who waits for it, and since when (event loop time, seconds)."""

    __slots__ = ("command", "has_left", "since", "waiter")

    def __init__(
        self,
        command: c.Command[T],
        waiter: asyncio.Future[Outcome[T]],
        since: float,
        has_left: HasLeft | None,
    ) -> None:
        self.command = command
        self.has_left = has_left
        self.waiter = waiter
        self.since = since

    def resolve(self, outcome: Outcome[T]) -> None:
        if not self.waiter.done():
            self.waiter.set_result(outcome)


Batch = list[PendingCommand[Any]]
"""Commands of several kinds, in order of arrival."""


class Lane:
    """One event's queue. The `LaneScheduler` decides who takes batches from it, and when."""

    __slots__ = ("_by_seat", "_last", "_limits", "_pace", "_queue", "goes_alone", "is_scheduled", "number")

    def __init__(self, number: int, limits: InventoryLimits, *, by_seat: Callable[[int], bool]) -> None:
        self.number = number
        self.is_scheduled = False
        """Whether a batch is being taken from it, or will be."""
        self.goes_alone = False
        """Whether its next batch is of this event only."""
        self._limits = limits
        self._by_seat = by_seat
        self._queue: deque[PendingCommand[Any]] = deque()
        self._last = 0
        """Commands of the newest batch."""
        self._pace = 0.0
        """Seconds that a command took of late, while others waited."""

    @property
    def depth(self) -> int:
        return len(self._queue)

    def submit(
        self, command: c.Command[T], has_left: HasLeft | None, loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[Outcome[T]]:
        """Raises Busy at once where the queue is full, or so long that the command would wait for nothing."""
        if len(self._queue) >= self._limits.queue_length or self._is_hopeless(command):
            raise Busy(Busy.QUEUE)
        waiter: asyncio.Future[Outcome[T]] = loop.create_future()
        self._queue.append(PendingCommand(command, waiter, loop.time(), has_left))
        return waiter

    def put_back(self, batch: Batch) -> None:
        """Nothing was done for these: they are first again."""
        self._queue.extendleft(reversed(batch))

    def learn_pace(self, seconds: float, size: int) -> None:
        """Of a batch that left others waiting: one that took all there was says nothing of how many it could take."""
        self._pace += (seconds / size - self._pace) * (_PACE_SHARE if self._pace else 1.0)

    def refuse_all(self, fault: Fault) -> None:
        for waiting in self._queue:
            waiting.resolve(fault)
        self._queue.clear()

    def _is_hopeless(self, command: c.AnyCommand) -> bool:
        """True if the expected wait exceeds the limit (a quarter of it for buyers who hold nothing yet).

        So a lane that is offered too much refuses the rest at once, and has time to confirm what it gave out.
        """
        waiting = len(self._queue)
        share = 0.25 if isinstance(command, c.PlaceHold | c.BookInstantly) else 1.0
        # Two batches are always let in, so that one slow moment cannot keep the pace from being measured again.
        return (
            waiting >= 2 * self._limits.batch_maximum
            and waiting * self._pace > share * self._limits.wait_seconds
        )

    def take(self, now: float, claims_taken: int = 0) -> tuple[Batch, int]:
        """The next batch, in order of arrival, and the claims of all batches taken so far. Abandoned and overdue
        commands are dropped before the transaction begins.

        It is half of all known callers: those who wait, and those of the batch before, who return once they have
        their answers. So the database works for one half while the other is answered and read. If one batch took
        nearly all of them, each side would wait for the other, and they would all come back together.
        """
        batch: Batch = []
        claims = claims_taken
        by_seat = self._by_seat(self.number)
        half = (len(self._queue) + self._last + 1) // 2
        most = min(max(ENOUGH, half), self._limits.batch_maximum)
        while self._queue and len(batch) < most:
            waiting = self._queue[0]
            if waiting.waiter.done():
                self._queue.popleft()
                continue
            if waiting.has_left is not None and waiting.has_left():
                self._queue.popleft()
                waiting.waiter.set_result(Busy(Busy.CLIENT_LEFT))
                continue
            if now - waiting.since > self._limits.wait_seconds:
                self._queue.popleft()
                waiting.waiter.set_result(Busy(Busy.WAITED))
                continue
            weight, alone = weight_of(waiting.command, by_seat=by_seat)
            if (batch or claims_taken) and (alone or claims + weight > self._limits.claims_maximum):
                break
            self._queue.popleft()
            batch.append(waiting)
            claims += weight
            if alone:
                break
        self._last = len(batch)
        return batch, claims


def weight_of(command: c.AnyCommand, *, by_seat: bool) -> tuple[int, bool]:
    """How many claims a command may make, and whether it must be a batch of its own.

    `by_seat`: the event is wholly seated, so that a quantity, too, is a claim for each admission.
    """
    match command:
        case c.PlaceHold():
            weight = 0
            for line in command.lines:
                if isinstance(line, c.SeatsLine):
                    weight += len(line.labels)
                else:
                    weight += line.quantity if by_seat or isinstance(line, c.BestAvailableLine) else 1
            return weight, False
        case c.BookInstantly():
            return command.quantity if by_seat else 1, False
        case c.BlockAdmissions():
            return len(command.labels) or 1, False
        case c.ReclaimLapsed():
            return command.limit, False
        case c.ChangeEvent():
            return 1, bool(command.seats)  # the mirror knows only the map of before
        case _:
            return 1, False
