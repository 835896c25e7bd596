"""Waiter: a future with one waiter, who continues in the same turn of the loop.

An ordinary future notifies its waiter in the next turn, at the cost of one more call for each. Batches and shared reads
resolve hundreds in one call of the loop, outside any task, so that each waiter can continue at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterable
from contextvars import Context
from typing import ClassVar, Generic, TypeVar

import structlog

from holdfast.failures import traced

__all__ = ["Waiter", "resolve_all"]

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Waiter(Generic[T]):
    """Awaited once. It has the parts of a future that tasks and `asyncio.gather` use."""

    # Defaults are attributes of the class: setting each would take as long as all the rest.
    is_over = False
    """True if nobody waits any more: a result or an error was given, or the waiter was cancelled."""
    _asyncio_future_blocking = False  # this is how asyncio knows a future
    _cancel_message: ClassVar[None] = None  # `asyncio.gather` reads it
    _error: BaseException | None = None
    _continue: Callable[[Waiter[T]], object] | None = None
    _context: Context | None = None
    _result: T

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

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
        call = self._continue
        if call is None:
            return
        self._continue = None  # it may refer to this waiter
        if self._context is None:
            call(self)
        else:
            self._context.run(call, self)

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
        call, self._continue = self._continue, None
        if call is not None:
            self._loop.call_soon(call, self, context=self._context)
        return True

    def __await__(self) -> Generator[Waiter[T], None, T]:
        if not self.is_over:
            self._asyncio_future_blocking = True  # and how a future lets a task wait
            yield self
        return self.result()

    def add_done_callback(
        self, call: Callable[[Waiter[T]], object], *, context: Context | None = None
    ) -> None:
        """Set what continues the waiter: a task's next step, in the task's context, or a call outside any task."""
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
        except Exception as error:  # noqa: BLE001 - the others have their results
            log.error("result_not_taken", waiter=repr(waiter), exception=traced(error))
