"""Waiter: a future with one waiter, who continues in the same turn of the loop.

An ordinary future notifies its waiter in the next turn, at the cost of one more call for each. Batches and shared reads
resolve hundreds in one call of the loop, outside any task, so that each waiter can continue at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable
from contextvars import Context
from typing import Generic, TypeVar

import structlog

__all__ = ["Waiter", "resolve_all"]

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Waiter(Generic[T]):
    """Awaited once. It has the parts of a future that tasks and `asyncio.gather` use."""

    __slots__ = ("_asyncio_future_blocking", "_context", "_continue", "_error", "_loop", "_result", "is_over")

    _result: T
    _context: Context | None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.is_over = False
        """True if nobody waits any more: a result or an error was given, or the waiter was cancelled."""
        self._asyncio_future_blocking = False  # this is how asyncio knows a future
        self._loop = loop
        self._error: BaseException | None = None
        self._continue: Callable[[Waiter[T]], object] | None = None

    def resolve(self, result: T) -> None:
        """Set the result, and let the waiter continue. Called by the loop, never inside a task."""
        if not self.is_over:
            self._result = result
            self._end()

    def fail(self, error: Exception) -> None:
        """Raise the error where the waiter waits. Called by the loop, never inside a task."""
        if not self.is_over:
            self._error = error
            self._end()

    def _end(self) -> None:
        self.is_over = True
        if self._continue is None:
            return
        if self._context is None:
            self._continue(self)
        else:
            self._context.run(self._continue, self)

    def resolve_soon(self, result: T) -> None:
        """Resolve in the loop's next turn, for callers inside a task."""
        self._loop.call_soon(self.resolve, result)

    def fail_soon(self, error: Exception) -> None:
        """Fail in the loop's next turn, for callers inside a task."""
        self._loop.call_soon(self.fail, error)

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - a task passes its message
        """Let the waiter end with CancelledError in the loop's next turn."""
        if self.is_over:
            return False
        self.is_over = True
        self._error = asyncio.CancelledError()
        if self._continue is not None:
            self._loop.call_soon(self._continue, self, context=self._context)
        return True

    def __await__(self) -> Generator[Waiter[T], None, T]:
        if not self.is_over:
            self._asyncio_future_blocking = True  # and how a future lets a task wait
            yield self
        return self.result()

    def add_done_callback(
        self, call: Callable[[Waiter[T]], object], *, context: Context | None = None
    ) -> None:
        """Set what continues the waiter: a task's next step, in the task's context, or `first_step`'s."""
        self._continue, self._context = call, context
        if self.is_over:
            self._loop.call_soon(call, self, context=context)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def done(self) -> bool:
        return self.is_over

    def cancelled(self) -> bool:
        return isinstance(self._error, asyncio.CancelledError)

    def exception(self) -> BaseException | None:
        return self._error

    def result(self) -> T:
        """Return the result. Raises the error, which other waiters may raise too, so without their traceback."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        return self._result


def resolve_all(waiters: Iterable[Waiter[T]], results: Iterable[T]) -> None:
    """Resolve each. A waiter that fails must not cost the others theirs."""
    for waiter, result in zip(waiters, results, strict=True):
        try:
            waiter.resolve(result)
        except Exception:
            log.exception("result_not_taken", waiter=repr(waiter))
