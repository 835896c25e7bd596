"""Many callers at once, over HTTP, on two workers: never one too many, never one twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from holdfast.client import AsyncClient, BestAvailable, Client, Named, Quantity, errors
from holdfast.client.models import Hold
from scenarios.faults.conftest import House
from scenarios.faults.verdict import judge, judge_decisions

CALLERS = 64


@pytest.mark.parametrize(
    ("inventory", "line"),
    [
        ({"capacity": 100}, Quantity(1)),
        ({"seat_map": {"labels": [f"A-1-{n}" for n in range(1, 101)]}}, BestAvailable(1, together=False)),
    ],
    ids=["counted", "seated"],
)
async def test_64_callers_racing_for_100_admissions_book_exactly_100(
    house: House, inventory: dict[str, object], line: Quantity | BestAvailable
) -> None:
    """Each takes as many as it gets, until it is told that there are none."""
    async with AsyncClient(house.url) as client:
        event = await client.create_event("Concert", **inventory)

        async def take_all() -> list[Hold]:
            taken = []
            while True:
                try:
                    taken.append(await client.place_hold(event, line))
                except errors.SoldOut:
                    return taken

        holds = [
            hold for taken in await asyncio.gather(*(take_all() for _ in range(CALLERS))) for hold in taken
        ]
        assert len(holds) == 100
        bookings = await asyncio.gather(*(client.confirm_hold(hold) for hold in holds))
        assert (await client.get_availability(event)).booked == 100
    await judge(house.url, house.database_url, event, [one.id for one in bookings])
    await judge_decisions(house.url)


async def test_64_callers_asking_for_the_same_seat_get_it_once(house: House) -> None:
    async with AsyncClient(house.url) as client:
        event = await client.create_event("Concert", seat_map={"labels": ["A-1-1", "A-1-2"]})

        async def take() -> bool:
            try:
                await client.place_hold(event, Named("A-1-1"))
            except errors.SeatTaken:
                return False
            return True

        assert sum(await asyncio.gather(*(take() for _ in range(CALLERS)))) == 1


async def test_32_simultaneous_confirms_of_one_hold_are_one_booking(house: House) -> None:
    """Each with a key of its own, so that it is the hold that settles it; and once more afterwards."""
    async with AsyncClient(house.url) as client:
        event = await client.create_event("Concert", capacity=10)
        hold = await client.place_hold(event, Quantity(2))
        bookings = await asyncio.gather(*(client.confirm_hold(hold) for _ in range(32)))
        later = await client.confirm_hold(hold)
    assert {one.id for one in bookings} == {later.id}
    await judge(house.url, house.database_url, event, [later.id])
    await judge_decisions(house.url)


def test_idle_it_stays_small(house: House) -> None:
    """Supervisor and one worker: at most 150 MB that are theirs (PSS), PostgreSQL apart."""
    with Client(house.url) as client:
        assert client.get_readiness().ready
    supervisor, worker = pss_mb(house.server.pid), max(pss_mb(pid) for pid in house.server.workers)
    assert supervisor + worker <= 150, f"supervisor {supervisor:.0f} MB, worker {worker:.0f} MB"


def pss_mb(pid: int) -> float:
    """The process's own memory, with its part of what it shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
