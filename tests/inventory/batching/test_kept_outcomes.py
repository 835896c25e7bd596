"""Outcomes of a batch may wait for the next batch's COMMIT, for a short time, and never for each other."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from holdfast.errors import HoldfastError
from holdfast.inventory.batching.kept_outcomes import KeptOutcomes
from holdfast.inventory.batching.lane import ENOUGH
from holdfast.inventory.batching.pending_command import PendingCommand
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold
from support.selling import an_engine, new_event, place, quantity, sql, waiting_for_the_lock

_LOCK = "SELECT FROM inventories WHERE event_number = %s FOR UPDATE"
_LOCK_AREA = "SELECT FROM areas WHERE event_number = %s AND name = %s FOR UPDATE"


def _pending(command: c.AnyCommand) -> PendingCommand[Any]:
    return PendingCommand(command, None, asyncio.get_running_loop())


class _Failing(PendingCommand[Any]):
    def resolve(self, outcome: object) -> None:
        raise RuntimeError("a bug of the caller")


async def test_a_caller_that_fails_costs_the_others_nothing() -> None:
    command = c.ReclaimLapsed(limit=1)
    first, last = _pending(command), _pending(command)
    failing = _Failing(command, None, asyncio.get_running_loop())
    kept = KeptOutcomes(asyncio.get_running_loop())
    kept.keep([first, failing, last], [1, 2, 3])
    kept.give()
    kept.give()  # nothing is left
    assert [await first, await last] == [1, 3]


async def test_outcomes_that_nobody_asks_for_are_given_by_the_timer() -> None:
    one = _pending(c.ReclaimLapsed(limit=1))
    kept = KeptOutcomes(asyncio.get_running_loop())
    kept.keep([one], [1])
    assert await one == 1


async def test_the_first_batch_is_answered_while_the_second_waits_for_its_lock(database_url: str) -> None:
    """Another session keeps the row of an area that only the second batch of a busy lane needs."""
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 1_000, "balcony": 1_000})
        await place(inventory, number, quantity(1, "floor"))
        with psycopg.connect(database_url) as blocker, psycopg.connect(database_url) as other:
            other.execute(_LOCK_AREA, (number, "balcony"))
            blocker.execute(_LOCK, (number,))
            first = asyncio.ensure_future(place(inventory, number, quantity(1, "floor")))
            await waiting_for_the_lock(database_url)
            in_balcony = quantity(1, "balcony")
            rest = [asyncio.ensure_future(place(inventory, number, in_balcony)) for _ in range(2 * ENOUGH)]
            await asyncio.sleep(0)
            blocker.rollback()
            assert isinstance(await first, Hold)
            await waiting_for_the_lock(database_url)
            assert not any(each.done() for each in rest)
            other.rollback()
        assert len(await asyncio.gather(*rest)) == 2 * ENOUGH


async def test_each_caller_has_its_outcome_after_its_own_commit(
    inventory: Inventory, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of a hold are in the database when its caller continues, in every batch of a busy lane."""
    number = await new_event(inventory, areas={"floor": 10_000})
    kept = []
    keep = KeptOutcomes.keep

    def noted(self: KeptOutcomes, batch: list[PendingCommand[Any]], outcomes: list[object]) -> None:
        kept.append(len(batch))
        keep(self, batch, outcomes)

    monkeypatch.setattr(KeptOutcomes, "keep", noted)

    async def buyer() -> None:
        for _ in range(4):
            hold = await place(inventory, number, quantity(1))
            assert sql(database_url, f"SELECT count(*) FROM holds WHERE id = '{hold.id}'") == [(1,)]

    await asyncio.gather(*(buyer() for _ in range(120)))
    assert sum(kept) == 480
    assert max(kept) >= ENOUGH


async def test_a_stopping_server_gives_what_it_has_committed(inventory: Inventory) -> None:
    number = await new_event(inventory, areas={"floor": 1_000})
    places = [asyncio.ensure_future(place(inventory, number, quantity(1))) for _ in range(4 * ENOUGH)]
    await places[0]
    for runner in tuple(inventory._lanes._tasks):
        runner.cancel()
    outcomes = await asyncio.wait_for(asyncio.gather(*places, return_exceptions=True), timeout=10)
    placed = [each for each in outcomes if isinstance(each, Hold)]
    assert len(placed) >= ENOUGH
    assert all(isinstance(each, Hold | HoldfastError) for each in outcomes)
