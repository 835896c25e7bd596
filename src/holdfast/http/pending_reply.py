"""Pending reply: the answer of a route whose outcome comes later, without a coroutine that waits for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import CoroutineType
from typing import Any, Generic, Protocol, TypeVar

from holdfast.http.reply import Reply

__all__ = ["PendingReply", "reply_to"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Outcome(Protocol[T_co]):
    """A future, as far as a reply needs it."""

    def __await__(self) -> Generator[Any, None, T_co]: ...

    def add_done_callback(self, call: Callable[[Any], object], /) -> None: ...

    def result(self) -> T_co: ...


def reply_to(outcome: _Outcome[T] | Coroutine[Any, Any, T], render: Callable[[T], Reply]) -> Awaitable[Reply]:
    """Return the reply to an outcome that is awaited: a pending one, or a coroutine if the outcome is one.

    `render` may raise the errors that a route may raise.
    """
    if isinstance(outcome, CoroutineType):
        return _rendered(outcome, render)
    return PendingReply(outcome, render)  # type: ignore[arg-type]  # what is no coroutine is a future


async def _rendered(outcome: Coroutine[Any, Any, T], render: Callable[[T], Reply]) -> Reply:
    return render(await outcome)


class PendingReply(Generic[T]):
    """What a route may return instead of a coroutine: it is awaited once, or notifies once."""

    __slots__ = ("_outcome", "_render")

    def __init__(self, outcome: _Outcome[T], render: Callable[[T], Reply]) -> None:
        self._outcome = outcome
        self._render = render

    def __await__(self) -> Generator[Any, None, Reply]:
        return self._render((yield from self._outcome.__await__()))

    def notify(self, call: Callable[[object], object]) -> None:
        """Call once the outcome is there, outside any task."""
        self._outcome.add_done_callback(call)

    def reply(self) -> Reply:
        """Return the reply to the outcome, which is there."""
        return self._render(self._outcome.result())

    def watched(self, ended: Callable[[BaseException | None], object]) -> WatchedReply[T]:
        """Return this reply as one that says how its outcome ended: `ended` gets the error, or None."""
        return WatchedReply(self._outcome, self._render, ended)


class WatchedReply(PendingReply[T]):
    """A pending reply that also says how its outcome ended."""

    __slots__ = ("_ended",)

    def __init__(
        self,
        outcome: _Outcome[T],
        render: Callable[[T], Reply],
        ended: Callable[[BaseException | None], object],
    ) -> None:
        super().__init__(outcome, render)
        self._ended = ended

    def __await__(self) -> Generator[Any, None, Reply]:
        try:
            reply = yield from PendingReply.__await__(self)
        except BaseException as error:
            self._ended(error)
            raise
        self._ended(None)
        return reply

    def reply(self) -> Reply:
        try:
            reply = self._render(self._outcome.result())
        except BaseException as error:
            self._ended(error)
            raise
        self._ended(None)
        return reply
