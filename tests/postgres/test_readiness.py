"""Readiness: a batch whose database has answered does not queue behind later arrivals."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.postgres.pipeline import Readiness


async def _wait(ready: Readiness, done: list[str]) -> None:
    await ready
    done.append("the batch")
    await asyncio.sleep(0)
    done.append("its next step")


async def test_a_ready_task_runs_before_queued_tasks() -> None:
    loop = asyncio.get_running_loop()
    done: list[str] = []
    ready = Readiness(loop=loop)
    batch = loop.create_task(_wait(ready, done))
    await asyncio.sleep(0)
    loop.call_soon(ready.set_ready)
    for number in range(3):
        loop.call_soon(done.append, f"request {number}")
    await batch
    assert done == ["the batch", "request 0", "request 1", "request 2", "its next step"]


async def test_a_ready_task_runs_once() -> None:
    ready = Readiness(loop=asyncio.get_running_loop())
    done: list[str] = []
    batch = asyncio.create_task(_wait(ready, done))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(ready.set_ready)
    asyncio.get_running_loop().call_soon(ready.set_ready)
    await batch
    assert done == ["the batch", "its next step"]


async def test_a_task_cancelled_meanwhile_stays_cancelled() -> None:
    ready = Readiness(loop=asyncio.get_running_loop())
    done: list[str] = []
    batch = asyncio.create_task(_wait(ready, done))
    await asyncio.sleep(0)
    batch.cancel()
    asyncio.get_running_loop().call_soon(ready.set_ready)
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert done == []
