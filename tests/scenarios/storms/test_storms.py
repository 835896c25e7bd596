"""Storms: many clients, one event, one or two processes. All is sold, nothing twice, and all answers are true."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from holdfast.inventory.inventory import Inventory
from support.selling import a_confirm, all_at_once, an_engine, new_event, place, quantity, sql, what_is_wrong

TESTS = str(Path(__file__).parents[2])


async def storm(url: str, number: int, kind: str, *, clients: int, processes: int) -> Counter[str]:
    """Run the processes. Return the number of answers of each kind, over all clients."""
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scenarios.storms.storm",
            url, str(number), str(clients // processes), kind, str(1000 * at),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([TESTS, *sys.path])}, cwd=TESTS,
        )
        for at in range(processes)
    ]  # fmt: skip
    for each in running:
        assert each.stdout is not None
        assert await each.stdout.readline() == b"ready\n"
    answers: Counter[str] = Counter()
    for output, _ in await asyncio.gather(*[each.communicate(b"go\n") for each in running]):
        answers.update(json.loads(output))
    assert [each.returncode for each in running] == [0] * processes
    assert answers["refused by the database"] == 0, "two processes decided at once"
    del answers["refused by the database"]
    assert what_is_wrong(url) == []
    assert sql(url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
    return answers


@pytest.mark.parametrize("processes", [1, 2])
async def test_64_clients_racing_for_100_seats_sell_exactly_100(
    inventory: Inventory, database_url: str, processes: int
) -> None:
    number = await new_event(inventory, areas={"floor": 100})
    answers = await storm(database_url, number, "one_hold_each", clients=64, processes=processes)
    assert answers == {"PlaceHold": 100, "ConfirmHold": 100, "booked": 100, "sold_out": 64}
    assert (await inventory.queries.get_availability(number)).counts.booked == 100


@pytest.mark.parametrize("processes", [1, 2])
async def test_160_clients_for_the_best_available_sell_all_8000(
    inventory: Inventory, database_url: str, processes: int
) -> None:
    """No client is refused one seat while a seat is free: each client gets one such refusal, at the end."""
    number = await new_event(inventory, widths=(200,) * 40)
    answers = await storm(database_url, number, "best_available", clients=160, processes=processes)
    assert answers["seats"] == 8_000
    assert answers["sold_out"] == 160 + 80  # clients for three are refused three, and then one
    assert set(answers) == {"seats", "sold_out", "PlaceHold"}
    assert sql(
        database_url, "SELECT count(DISTINCT seat_number) FROM claims WHERE ended_version IS NULL"
    ) == [(8_000,)]


async def test_overlapping_holds_of_many_seats_never_deadlock(
    inventory: Inventory, database_url: str
) -> None:
    number = await new_event(inventory, widths=(60,))
    answers = await storm(database_url, number, "overlapping", clients=40, processes=2)
    assert set(answers) <= {"PlaceHold", "ReleaseHold", "seat_taken"}
    assert answers["PlaceHold"] > 0
    assert answers["seat_taken"] > 0


async def test_limits_per_buyer_hold_across_lines_clients_and_processes(
    inventory: Inventory, database_url: str
) -> None:
    number = await new_event(inventory, areas={"floor": 1_000, "stand": 1_000}, max_per_buyer=7)
    answers = await storm(database_url, number, "one_buyer", clients=40, processes=2)
    assert (answers["buyer 0"], answers["buyer 1"]) == (6, 6)  # two more would be eight
    assert answers["quantity_over_limit"] == 40 * 6 - 6


async def test_32_confirms_of_one_hold_are_one_booking(inventory: Inventory, database_url: str) -> None:
    number = await new_event(inventory, areas={"floor": 10})
    async with an_engine(database_url) as other:
        hold = await place(inventory, number, quantity(2))
        bookings = await all_at_once(
            *[
                each.execute(number, a_confirm(each, number, hold))
                for each in (inventory, other)
                for _ in range(16)
            ]
        )
    assert len({booking.id for booking in bookings}) == 1
    assert sum(booking.created for booking in bookings) == 1
    assert (await inventory.queries.get_availability(number)).counts.booked == 2
