"""Pending command: a command in a lane, and the one coroutine that waits for its outcome.

A future would notify its waiter in the loop's next turn, at the cost of one more call for each. A batch resolves all
its commands in one call of the loop, outside any task, and each waiter continues at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable
from contextvars import Context
from typing import Any, Generic, TypeVar

import structlog

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Outcome

__all__ = ["HasLeft", "PendingCommand", "resolve_all"]

T = TypeVar("T")

HasLeft = Callable[[], bool]
"""Returns True if the client of a waiting command has closed its connection."""

log = structlog.get_logger(__name__)


class PendingCommand(Generic[T]):
    """A command, its time of arrival (event loop time, seconds), and its outcome. Awaited once.

    A task awaits it as it awaits a future, so it has the parts of a future that a task uses.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_context",
        "_continue",
        "_loop",
        "_outcome",
        "command",
        "has_left",
        "is_over",
        "since",
    )

    _outcome: Outcome[T]

    def __init__(
        self, command: c.Command[T], has_left: HasLeft | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.command = command
        self.has_left = has_left
        self.since = loop.time()
        self.is_over = False
        """True if nobody waits for an outcome any more: it was given, or the waiter was cancelled."""
        self._loop = loop
        self._continue: Callable[[PendingCommand[T]], object] | None = None

    def resolve(self, outcome: Outcome[T]) -> None:
        """Set the outcome, and let the waiter continue. Called by the loop, never inside a task."""
        if self.is_over:
            return
        self._outcome = outcome
        self.is_over = True
        if self._continue is None:
            return
        if self._context is None:
            self._continue(self)
        else:
            self._context.run(self._continue, self)

    def resolve_soon(self, outcome: Outcome[T]) -> None:
        """Resolve in the loop's next turn, for callers inside a task."""
        self._loop.call_soon(self.resolve, outcome)

    def __await__(self) -> Generator[PendingCommand[T], None, Outcome[T]]:
        if not self.is_over:
            self._asyncio_future_blocking = True  # how a future lets a task wait for it
            yield self
        return self._outcome

    def add_done_callback(
        self, call: Callable[[PendingCommand[T]], object], *, context: Context | None = None
    ) -> None:
        """Set what continues the waiter: a task's next step, in the task's context, or `first_step`'s."""
        self._continue, self._context = call, context

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def result(self) -> None:
        """Raise CancelledError after `cancel`. The waiter takes the outcome itself."""
        if not hasattr(self, "_outcome"):
            raise asyncio.CancelledError

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - a task passes its message
        """Let the waiting task end. The lane drops the command, unless its batch has begun."""
        if self.is_over:
            return False
        self.is_over = True
        if self._continue is not None:
            self._loop.call_soon(self._continue, self, context=self._context)
        return True


def resolve_all(batch: Iterable[PendingCommand[Any]], outcomes: Iterable[Outcome[Any]]) -> None:
    """Resolve each. A waiter that fails must not cost the others theirs."""
    for waiting, outcome in zip(batch, outcomes, strict=True):
        try:
            waiting.resolve(outcome)
        except Exception:
            log.exception("outcome_not_taken", command=type(waiting.command).__name__)
