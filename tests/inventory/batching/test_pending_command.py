"""A pending command is awaited like a future, and its waiter continues in the same turn of the loop."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from holdfast.http.server.first_step import begin
from holdfast.inventory.batching.pending_command import PendingCommand, resolve_all
from holdfast.inventory.rules import commands as c

_caller: ContextVar[str] = ContextVar("_caller", default="nobody")


def _pending() -> PendingCommand[int]:
    return PendingCommand(c.ReclaimLapsed(limit=1), None, asyncio.get_running_loop())


async def test_a_task_continues_in_its_own_context() -> None:
    seen = []

    async def caller(waiting: PendingCommand[int], name: str) -> None:
        _caller.set(name)
        seen.append((await waiting, _caller.get()))

    batch = [_pending(), _pending()]
    tasks = [asyncio.create_task(caller(each, name)) for each, name in zip(batch, "ab", strict=True)]
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(resolve_all, batch, [1, 2])
    await asyncio.sleep(0)
    assert seen == [(1, "a"), (2, "b")]
    await asyncio.gather(*tasks)


async def test_a_direct_request_continues_when_its_command_is_resolved() -> None:
    seen = []

    async def request(waiting: PendingCommand[int]) -> None:
        seen.append(await waiting)

    waiting = _pending()
    begin(request(waiting), asyncio.get_running_loop())
    assert not seen
    asyncio.get_running_loop().call_soon(waiting.resolve, 7)
    await asyncio.sleep(0)
    assert seen == [7]


async def test_an_outcome_may_come_first() -> None:
    waiting = _pending()
    waiting.resolve(3)
    waiting.resolve(4)  # only the first counts
    assert await waiting == 3


async def test_a_cancelled_task_waits_no_longer() -> None:
    """The lane sees that the command is over. An outcome that comes later is dropped."""
    waiting = _pending()

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
    waiting = _pending()

    async def caller() -> int:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()
        return await waiting

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(caller())
    assert waiting.is_over
