"""One process of a storm: an engine, clients that all act at once, and a count of their answers.

    python -m scenarios.storms.storm URL NUMBER CLIENTS KIND SEED

It prints `ready`, waits for a line, and then prints the number of answers of each kind as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from random import Random

from holdfast.errors import HoldfastError
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from support.selling import a_confirm, a_place, an_engine, quantity

Answers = Counter[str]


async def one_hold_each(
    inventory: Inventory, number: int, client: int, answers: Answers, random: Random
) -> None:
    """Place holds of one admission until one is refused, and confirm each."""
    while True:
        hold = await ask(inventory, number, a_place(inventory, number, quantity(1)), answers)
        if hold is None:
            return
        booking = await ask(inventory, number, a_confirm(inventory, number, hold), answers)
        answers["booked"] += booking is not None


async def best_available(
    inventory: Inventory, number: int, client: int, answers: Answers, random: Random
) -> None:
    """Place holds of one seat, or of three anywhere, until the event is sold out."""
    count = 1 if client % 2 else 3
    while True:
        line = c.BestAvailableLine(quantity=count, together=False)
        hold = await ask(inventory, number, a_place(inventory, number, line), answers)
        if hold is not None:
            answers["seats"] += hold.quantity
        elif count == 1:
            return
        else:
            count = 1


async def overlapping(
    inventory: Inventory, number: int, client: int, answers: Answers, random: Random
) -> None:
    """Place holds of 2-8 random seats, and release 70 % of them."""
    for _ in range(15):
        seats = random.sample(range(1, 61), random.randint(2, 8))
        line = c.SeatsLine(labels=tuple(f"A-1-{seat}" for seat in seats))
        hold = await ask(inventory, number, a_place(inventory, number, line), answers)
        if hold is not None and random.random() < 0.7:
            await ask(inventory, number, c.ReleaseHold(hold_id=hold.id, authority=c.STAFF), answers)


async def one_buyer(inventory: Inventory, number: int, client: int, answers: Answers, random: Random) -> None:
    """Place holds of several lines. All clients act for the same two buyers."""
    for _ in range(6):
        lines = (quantity(1, "floor"), quantity(1, "stand"))
        hold = await ask(
            inventory, number, a_place(inventory, number, *lines, buyer=f"buyer {client % 2}"), answers
        )
        answers[f"buyer {client % 2}"] += hold.quantity if hold is not None else 0


async def ask(inventory: Inventory, number: int, command: c.AnyCommand, answers: Answers) -> object:
    try:
        outcome = await inventory.execute(number, command)
    except HoldfastError as error:
        answers[error.code] += 1
        return None
    answers[type(command).__name__] += 1
    return outcome


KINDS = {each.__name__: each for each in (one_hold_each, best_available, overlapping, one_buyer)}


async def main(url: str, number: int, clients: int, kind: str, seed: int) -> None:
    answers: Answers = Counter()
    async with an_engine(url) as inventory:
        await inventory.queries.get_availability(number)
        count_splits(inventory, answers)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(
            *[
                KINDS[kind](inventory, number, client, answers, Random(seed + client))
                for client in range(clients)
            ]
        )
    print(json.dumps(answers), flush=True)


def count_splits(inventory: Inventory, answers: Answers) -> None:
    """Count the batches that the database refused. None may be: the lock alone must be enough."""
    split = inventory._batches._split

    async def counted(*arguments: object) -> object:
        answers["refused by the database"] += 1
        return await split(*arguments)  # type: ignore[arg-type]  # passed on unchanged

    inventory._batches._split = counted  # type: ignore[method-assign, assignment]  # only this test replaces it


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
