"""The engine against the model: two processes with occupancies of their own, one database, random sales."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.sale_rules import SaleRules
from inventory.rules.comparing import compare
from inventory.rules.ledger import START
from inventory.rules.model import Model
from inventory.rules.sales import Hall, Known, a_command, a_hall
from support.selling import an_engine, in_one_batch, mirrored_seats, move_time, what_is_wrong

MOVES = (35, 155, 2015)
"""Seconds. Up to four of these stay far below a minute, and holds live for full minutes. So the test's own
duration decides nothing."""


@pytest.mark.parametrize("seeds", [range(at, at + 10) for at in range(0, 60, 10)], ids=str)
async def test_two_processes_answer_as_the_model_does(database_url: str, seeds: range) -> None:
    """After every batch, whichever process ran it, both return the model's availability and the model's seats."""
    async with an_engine(database_url) as one, an_engine(database_url) as other:
        for seed in seeds:
            try:
                await sell([database_url], Random(seed), one, other)
            except Exception as error:
                error.add_note(f"seed {seed}")
                raise
    assert what_is_wrong(database_url) == []


async def sell(urls: list[str], random: Random, *engines: Inventory) -> None:
    """Sell one event from its creation to its end. `urls` are the shards."""
    hall = a_hall(random)
    model = Model(areas=hall.areas, seats=hall.labels, **hall.rules)
    number = await create(engines[0], hall)
    url = urls[number % len(urls)]
    known = Known(lambda: engines[0].new_id(number))
    now, moves = START, 0
    for _ in range(random.randint(4, 12)):
        if moves < 4 and random.random() < 0.3:
            seconds, moves = random.choice(MOVES), moves + 1
            now += timedelta(seconds=seconds)
            move_time(url, number, timedelta(seconds=seconds), *engines)
        batch = [a_command(random, hall, known) for _ in range(random.randint(1, 6))]
        batch = [command for command in batch if getattr(command, "ttl_seconds", None) != 1]
        if random.random() < 0.03:
            batch += [c.ReclaimLapsed(limit=100), c.CancelEvent()]
        outcomes = await in_one_batch(random.choice(engines), number, *batch)
        for command, outcome in zip(batch, outcomes, strict=True):
            compare(model, command, outcome, now, exact=False)
        for inventory in engines:
            await look(inventory, number, model, now)


async def create(inventory: Inventory, hall: Hall) -> int:
    areas = tuple(c.AreaSpec(name=name, capacity=capacity) for name, capacity in hall.areas.items())
    event = await inventory.create_event(
        c.NewEvent(name="E", areas=areas, seats=hall.seats, rules=SaleRules(**hall.rules)), by="test"
    )
    assert event is not None
    return event.number


async def look(inventory: Inventory, number: int, model: Model, now: object) -> None:
    answered = (await inventory.queries.get_availability(number)).counts
    counts = model.counts(now)  # type: ignore[arg-type]  # a datetime
    assert {name: getattr(answered, name) for name in counts} == counts
    taken = {label: taking.kind for taking in model.live(now) for label in taking.seats}  # type: ignore[arg-type]
    assert await mirrored_seats(inventory, number) == taken
