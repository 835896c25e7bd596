"""A storm's process: an engine of its own, clients that all ask at once, and a count of what they were told.

    python -m engine.storm URL NUMBER CLIENTS KIND SEED

It says `ready`, waits for a line, and then prints the answers by kind as one JSON object.
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

Told = Counter[str]


async def one_hold_each(inventory: Inventory, number: int, client: int, told: Told, random: Random) -> None:
    """Ask for one admission until it is refused, and confirm what was given."""
    while True:
        hold = await ask(inventory, number, a_place(inventory, number, quantity(1)), told)
        if hold is None:
            return
        booking = await ask(inventory, number, a_confirm(inventory, number, hold), told)
        told["booked"] += booking is not None


async def best_available(inventory: Inventory, number: int, client: int, told: Told, random: Random) -> None:
    """One seat, or three wherever they are, until nothing is left."""
    count = 1 if client % 2 else 3
    while True:
        line = c.BestAvailableLine(quantity=count, together=False)
        hold = await ask(inventory, number, a_place(inventory, number, line), told)
        if hold is not None:
            told["seats"] += hold.quantity
        elif count == 1:
            return
        else:
            count = 1


async def overlapping(inventory: Inventory, number: int, client: int, told: Told, random: Random) -> None:
    """Holds of 2-8 random seats, half of them given back."""
    for _ in range(15):
        seats = random.sample(range(1, 61), random.randint(2, 8))
        line = c.SeatsLine(labels=tuple(f"A-1-{seat}" for seat in seats))
        hold = await ask(inventory, number, a_place(inventory, number, line), told)
        if hold is not None and random.random() < 0.7:
            await ask(inventory, number, c.ReleaseHold(hold_id=hold.id, authority=c.STAFF), told)


async def one_buyer(inventory: Inventory, number: int, client: int, told: Told, random: Random) -> None:
    """Every client is the same two buyers, in several lines."""
    for _ in range(6):
        lines = (quantity(1, "floor"), quantity(1, "stand"))
        hold = await ask(
            inventory, number, a_place(inventory, number, *lines, buyer=f"buyer {client % 2}"), told
        )
        told[f"buyer {client % 2}"] += hold.quantity if hold is not None else 0


async def ask(inventory: Inventory, number: int, command: c.AnyCommand, told: Told) -> object:
    try:
        outcome = await inventory.execute(number, command)
    except HoldfastError as error:
        told[error.code] += 1
        return None
    told[type(command).__name__] += 1
    return outcome


KINDS = {each.__name__: each for each in (one_hold_each, best_available, overlapping, one_buyer)}


async def main(url: str, number: int, clients: int, kind: str, seed: int) -> None:
    told: Told = Counter()
    async with an_engine(url) as inventory:
        await inventory.queries.get_availability(number)
        count_splits(inventory, told)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(
            *[
                KINDS[kind](inventory, number, client, told, Random(seed + client))
                for client in range(clients)
            ]
        )
    print(json.dumps(told), flush=True)


def count_splits(inventory: Inventory, told: Told) -> None:
    """Whatever two processes ask for, the database never has to refuse what one of them had decided."""
    split = inventory._batches._split

    async def counted(*arguments: object) -> object:
        told["refused by the database"] += 1
        return await split(*arguments)  # type: ignore[arg-type]  # passed on as they came

    inventory._batches._split = counted  # type: ignore[method-assign, assignment]  # seen from here only


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])))
