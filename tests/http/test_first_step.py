"""A coroutine that begins at once runs as in a task: in steps, to its end, and with the errors of what it awaits."""

from __future__ import annotations

import asyncio
import gc
import weakref

from holdfast.http.server.first_step import begin


async def test_the_first_step_runs_before_begin_returns() -> None:
    steps = []

    async def work() -> None:
        steps.append("first")

    begin(work(), asyncio.get_running_loop())
    assert steps == ["first"]


async def test_later_steps_follow_each_future() -> None:
    loop = asyncio.get_running_loop()
    one, other, end = loop.create_future(), loop.create_future(), loop.create_future()

    async def work() -> None:
        first = await one
        await asyncio.sleep(0)
        try:
            await asyncio.shield(other)
        except ValueError as error:
            end.set_result((first, str(error)))

    begin(work(), loop)
    one.set_result("value")
    other.set_exception(ValueError("refused"))
    assert await end == ("value", "refused")


async def test_a_future_that_is_done_costs_no_turn() -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    done.set_result(1)
    found = []

    async def work() -> None:
        found.append(await done)

    begin(work(), loop)
    assert found == [1]


async def test_nothing_is_left_of_what_has_ended() -> None:
    class Thing:
        pass

    loop = asyncio.get_running_loop()
    future = loop.create_future()
    seen: list[weakref.ref[Thing]] = []

    async def work() -> None:
        thing = Thing()
        seen.append(weakref.ref(thing))
        await future

    gc.disable()
    try:
        begin(work(), loop)
        assert seen[0]() is not None
        future.set_result(None)
        await asyncio.sleep(0)
        assert seen[0]() is None
    finally:
        gc.enable()
