"""A pending reply is awaited, or notifies; both give the same reply, and raise the same errors.

What belongs here: an outcome that exists already, one that comes later, an error of the outcome, and an error of
rendering.
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import nullcontext

import pytest

from holdfast.errors import SoldOut
from holdfast.http.pending_reply import PendingReply
from holdfast.http.reply import Reply
from holdfast.inventory.waiter import Waiter


def rendered(outcome: int) -> Reply:
    if outcome < 0:
        raise SoldOut(available=0)
    return Reply(status=200 + outcome)


def pending() -> tuple[Waiter[int], PendingReply[int]]:
    waiter: Waiter[int] = Waiter(asyncio.get_running_loop())
    return waiter, PendingReply(waiter, rendered)


async def test_it_is_awaited_in_a_task() -> None:
    waiter, reply = pending()

    async def wait() -> Reply:
        return await reply

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiter.resolve_soon(1)
    assert (await task).status == 201


async def test_it_notifies_in_the_turn_of_the_outcome() -> None:
    waiter, reply = pending()
    seen = []
    reply.notify(lambda _: seen.append(reply.reply().status))
    asyncio.get_running_loop().call_soon(waiter.resolve, 4)
    assert not seen
    await asyncio.sleep(0)
    assert seen == [204]


async def test_an_existing_outcome_notifies_too() -> None:
    waiter, reply = pending()
    waiter.resolve(2)
    seen = []
    reply.notify(lambda _: seen.append(reply.reply().status))
    await asyncio.sleep(0)
    assert seen == [202]


async def test_errors_come_both_ways() -> None:
    for outcome, error in ((-1, SoldOut), (None, ValueError)):
        for awaits in (True, False):
            waiter, reply = pending()
            if outcome is None:
                waiter.fail(ValueError("lost"))
            else:
                waiter.resolve(outcome)
            with pytest.raises(error):
                _ = await reply if awaits else reply.reply()


async def test_nothing_is_left_of_what_was_notified() -> None:
    """The call refers to the reply, and the reply to its waiter: no ring may wait for the collector."""
    waiter, reply = pending()
    seen = weakref.ref(waiter)
    reply.notify(lambda _, reply=reply: reply.reply())
    gc.disable()
    try:
        waiter.resolve(1)
        del waiter, reply
        assert seen() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "outcome", [1, -1, SoldOut(available=0)], ids=["reply", "error of rendering", "error"]
)
@pytest.mark.parametrize("is_awaited", [True, False])
async def test_a_watched_reply_says_how_it_ended(outcome: int | SoldOut, is_awaited: bool) -> None:
    """Once, whichever way the answer takes: a hold that fails no longer counts against its buyer's limit."""
    waiter, unwatched = pending()
    ended: list[BaseException | None] = []
    reply = unwatched.watched(ended.append)
    if isinstance(outcome, int):
        waiter.resolve(outcome)
    else:
        waiter.fail(outcome)
    assert not ended
    with nullcontext() if outcome == 1 else pytest.raises(SoldOut) as raised:
        found = await reply if is_awaited else reply.reply()
        assert found.status == 201
    assert ended == [raised and raised.value]
