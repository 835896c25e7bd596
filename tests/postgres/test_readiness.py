"""Readiness: a batch whose database has answered does not queue behind what arrived meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.postgres.pipeline import Readiness


async def _wait(ready: Readiness, done: list[str]) -> None:
    await ready
    done.append("the batch")
    await asyncio.sleep(0)
    done.append("its next step")


async def test_it_goes_on_before_what_is_queued() -> None:
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


async def test_it_comes_once() -> None:
    ready = Readiness(loop=asyncio.get_running_loop())
    done: list[str] = []
    batch = asyncio.create_task(_wait(ready, done))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(ready.set_ready)
    asyncio.get_running_loop().call_soon(ready.set_ready)
    await batch
    assert done == ["the batch", "its next step"]


async def test_who_is_stopped_meanwhile_stays_stopped() -> None:
    ready = Readiness(loop=asyncio.get_running_loop())
    done: list[str] = []
    batch = asyncio.create_task(_wait(ready, done))
    await asyncio.sleep(0)
    batch.cancel()
    asyncio.get_running_loop().call_soon(ready.set_ready)
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert done == []
