"""A waiter is awaited like a future, and continues in the same turn of the loop.

What belongs here: each end (result, error, cancellation) before and after the waiter begins to wait, in a task and in a
direct request.
"""

from __future__ import annotations

import asyncio
import traceback
from contextvars import ContextVar

import pytest

from holdfast.http.server.first_step import begin
from holdfast.inventory.waiter import Waiter, resolve_all

_caller: ContextVar[str] = ContextVar("_caller", default="nobody")


def _waiter() -> Waiter[int]:
    return Waiter(asyncio.get_running_loop())


async def test_a_task_continues_in_its_own_context() -> None:
    seen = []

    async def caller(waiting: Waiter[int], name: str) -> None:
        _caller.set(name)
        seen.append((await waiting, _caller.get()))

    batch = [_waiter(), _waiter()]
    tasks = [asyncio.create_task(caller(each, name)) for each, name in zip(batch, "ab", strict=True)]
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(resolve_all, batch, [1, 2])
    await asyncio.sleep(0)
    assert seen == [(1, "a"), (2, "b")]
    await asyncio.gather(*tasks)


async def test_a_direct_request_continues_when_its_waiter_is_resolved() -> None:
    seen = []

    async def request(waiting: Waiter[int]) -> None:
        seen.append(await waiting)

    waiting = _waiter()
    begin(request(waiting), asyncio.get_running_loop())
    assert not seen
    asyncio.get_running_loop().call_soon(waiting.resolve, 7)
    await asyncio.sleep(0)
    assert seen == [7]


async def test_an_outcome_may_come_first() -> None:
    waiting = _waiter()
    waiting.resolve(3)
    waiting.resolve(4)  # only the first counts
    assert await waiting == 3


async def test_a_cancelled_task_waits_no_longer() -> None:
    """Everyone sees that it is over. A result that comes later is dropped."""
    waiting = _waiter()

    async def caller() -> int:
        return await waiting

    task = asyncio.create_task(caller())
    await asyncio.sleep(0)
    task.cancel()
    assert waiting.is_over
    waiting.resolve(1)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_cancelled_before_it_waits() -> None:
    waiting = _waiter()

    async def caller() -> int:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        return await waiting

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(caller())
    assert waiting.is_over


async def test_an_error_is_raised_where_the_waiter_waits() -> None:
    """In a task, in a direct request, and for one who comes late; and never twice with one traceback."""
    ends = []
    loop = asyncio.get_running_loop()
    error = LookupError("none")

    async def caller(waiting: Waiter[int]) -> None:
        try:
            await waiting
        except LookupError as raised:
            ends.append((raised, len(traceback.extract_tb(raised.__traceback__))))

    in_task, direct, late = _waiter(), _waiter(), _waiter()
    task = asyncio.create_task(caller(in_task))
    begin(caller(direct), loop)
    await asyncio.sleep(0)
    for each in (in_task, direct, late):
        each.fail_soon(error)
    await task
    await caller(late)
    assert [raised for raised, _ in ends] == [error] * 3
    assert max(depth for _, depth in ends) < 5


async def test_a_direct_request_can_be_cancelled() -> None:
    """A shared read that is cancelled cancels its readers."""
    ends = []

    async def request(waiting: Waiter[int]) -> None:
        try:
            await waiting
        except asyncio.CancelledError:
            ends.append("cancelled")

    waiting = _waiter()
    begin(request(waiting), asyncio.get_running_loop())
    waiting.cancel()
    waiting.resolve(1)
    await asyncio.sleep(0)
    assert ends == ["cancelled"]


async def test_a_gathered_waiter_may_be_over_already() -> None:
    first, second = _waiter(), _waiter()
    first.resolve(1)
    second.resolve_soon(2)
    assert await asyncio.gather(first, second) == [1, 2]
