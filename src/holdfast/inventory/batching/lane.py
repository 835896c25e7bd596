"""Lane: the queue in which one event's requests wait for the next batch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from holdfast.errors import Busy, Fault
from holdfast.inventory.batching.limits import InventoryLimits
from holdfast.inventory.batching.pending_command import HasLeft, PendingCommand
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.placing import requested_by

T = TypeVar("T")

ENOUGH = 32
"""This many commands are worth a batch of their own, even while other batches run."""

_PACE_SHARE = 0.2  # the newest batch's share of the pace
_MAX_PACE_GROWTH = 2.0  # of one batch
_NEW_BUYERS_SHARE = 0.25  # of the max wait, for buyers who hold nothing yet
_OF_NEW_BUYERS = (c.PlaceHold, c.BookInstantly)

Batch = list[PendingCommand[Any]]
"""Commands of several kinds, in order of arrival."""


class Lane:
    """One event's queue. The `LaneScheduler` decides who takes batches from it, and when."""

    __slots__ = (
        "_always_accepted",
        "_by_seat",
        "_last",
        "_limits",
        "_pace",
        "_queue",
        "goes_alone",
        "is_scheduled",
        "number",
    )

    def __init__(self, number: int, limits: InventoryLimits, *, by_seat: Callable[[int], bool]) -> None:
        self.number = number
        self.is_scheduled = False
        """True while a batch is being taken from it, or is due."""
        self.goes_alone = False
        """True if its next batch is of this event only."""
        self._limits = limits
        self._always_accepted = min(2 * limits.batch_maximum, limits.queue_length)
        """This many commands are never refused, so that the pace can be measured again."""
        self._by_seat = by_seat
        self._queue: deque[PendingCommand[Any]] = deque()
        self._last = 0
        """Number of commands of the newest batch."""
        self._pace = 0.0
        """Recent seconds per command, measured while others waited."""

    @property
    def depth(self) -> int:
        return len(self._queue)

    def submit(
        self, command: c.Command[T], has_left: HasLeft | None, loop: asyncio.AbstractEventLoop
    ) -> PendingCommand[T]:
        """Queue a command and return it, to be awaited.

        Raises Busy if the queue is full, or so slow that the command would expire in it.
        """
        depth = len(self._queue)
        if depth >= self._always_accepted and (
            depth >= self._limits.queue_length or self._is_hopeless(command)
        ):
            raise Busy(Busy.QUEUE)
        waiting = PendingCommand(command, has_left, loop)
        self._queue.append(waiting)
        return waiting

    def put_back(self, batch: Batch) -> None:
        """Return commands to the front of the queue; nothing was done for them."""
        self._queue.extendleft(reversed(batch))

    def learn_pace(self, seconds: float, size: int) -> None:
        """Measure the pace by a batch that left others waiting. A batch that took all commands had room for more.

        One slow batch is a pause of the disk, or the first batch of a server. It can double the pace, but a lane that
        was quick is not hopeless after it. A database that stays slow is known after a few batches.
        """
        limits = self._limits
        quick = _NEW_BUYERS_SHARE * limits.wait_seconds / limits.queue_length
        learned = self._pace + (seconds / size - self._pace) * (_PACE_SHARE if self._pace else 1.0)
        self._pace = min(learned, max(_MAX_PACE_GROWTH * self._pace, quick))

    def refuse_all(self, fault: Fault) -> None:
        for waiting in self._queue:
            waiting.resolve_soon(fault)
        self._queue.clear()

    def _is_hopeless(self, command: c.AnyCommand) -> bool:
        """True if the expected wait exceeds the limit (a quarter of it for buyers who hold nothing yet).

        So an overloaded lane refuses new buyers at once, and has time to confirm the holds that it placed.
        """
        share = _NEW_BUYERS_SHARE if isinstance(command, _OF_NEW_BUYERS) else 1.0
        return len(self._queue) * self._pace > share * self._limits.wait_seconds

    def take(self, now: float, claims_taken: int = 0) -> tuple[Batch, int]:
        """Return the next batch, in order of arrival, and the number of claims of all batches taken so far.

        Abandoned and overdue commands are dropped before the transaction begins.

        The batch is half of all known callers: those who wait, and those of the previous batch, who return
        once they have their answers. So the database works for one half while the other half is answered and
        read. If one batch took nearly all callers, each side would wait for the other, and all callers would
        return together.
        """
        batch: Batch = []
        claims = claims_taken
        by_seat = self._by_seat(self.number)
        half = (len(self._queue) + self._last + 1) // 2
        max_size = min(max(ENOUGH, half), self._limits.batch_maximum)
        while self._queue and len(batch) < max_size:
            waiting = self._queue.popleft()
            if waiting.is_over:
                continue
            if waiting.has_left is not None and waiting.has_left():
                waiting.resolve_soon(Busy(Busy.CLIENT_LEFT))
                continue
            if now - waiting.since > self._limits.wait_seconds:
                waiting.resolve_soon(Busy(Busy.WAITED))
                continue
            weight, alone = weight_of(waiting.command, by_seat=by_seat)
            if (batch or claims_taken) and (alone or claims + weight > self._limits.claims_maximum):
                self._queue.appendleft(waiting)
                break
            batch.append(waiting)
            claims += weight
            if alone:
                break
        self._last = len(batch)
        return batch, claims


def weight_of(command: c.AnyCommand, *, by_seat: bool) -> tuple[int, bool]:
    """Return how many claims a command may make, and whether it must be a batch of its own.

    `by_seat`: the event has only numbered seats, so that a quantity also means one claim for each admission.
    """
    match command:
        case c.PlaceHold() | c.ExchangeAdmissions():
            weight = 0
            for line in command.lines:
                if isinstance(line, c.SeatsLine):
                    weight += len(line.labels)
                else:
                    weight += line.quantity if by_seat or isinstance(line, c.BestAvailableLine) else 1
            return weight, False
        case c.CancelAdmissions():
            return requested_by(command.lines), False
        case c.BookInstantly():
            return command.quantity if by_seat else 1, False
        case c.BlockAdmissions():
            return len(command.labels) or 1, False
        case c.ReclaimLapsed():
            return command.limit, False
        case c.ChangeEvent():
            return 1, bool(command.seats or command.category_names)  # the occupancy knows only the old map
        case _:
            return 1, False
