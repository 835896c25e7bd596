"""Many callers at once, over HTTP, on two workers: no oversell, no double-book."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from holdfast_client import AsyncClient, BestAvailable, Client, Named, Quantity, errors
from holdfast_client.models import Hold
from scenarios.faults.conftest import Deployment
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
    deployment: Deployment, inventory: dict[str, object], line: Quantity | BestAvailable
) -> None:
    """Each caller places holds until the event is sold out."""
    async with AsyncClient(deployment.url) as client:
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
    await judge(deployment.url, deployment.database_url, event, [one.id for one in bookings])
    await judge_decisions(deployment.url)


async def test_64_callers_for_the_same_seat_get_it_once(deployment: Deployment) -> None:
    async with AsyncClient(deployment.url) as client:
        event = await client.create_event("Concert", seat_map={"labels": ["A-1-1", "A-1-2"]})

        async def take() -> bool:
            try:
                await client.place_hold(event, Named("A-1-1"))
            except errors.SeatTaken:
                return False
            return True

        assert sum(await asyncio.gather(*(take() for _ in range(CALLERS)))) == 1


async def test_32_simultaneous_confirms_of_one_hold_are_one_booking(deployment: Deployment) -> None:
    """Each confirm has its own key, so the hold itself must settle it. A later confirm returns the same booking."""
    async with AsyncClient(deployment.url) as client:
        event = await client.create_event("Concert", capacity=10)
        hold = await client.place_hold(event, Quantity(2))
        bookings = await asyncio.gather(*(client.confirm_hold(hold) for _ in range(32)))
        later = await client.confirm_hold(hold)
    assert {one.id for one in bookings} == {later.id}
    await judge(deployment.url, deployment.database_url, event, [later.id])
    await judge_decisions(deployment.url)


def test_an_idle_server_stays_below_150_mb(deployment: Deployment) -> None:
    """Supervisor and one worker together use at most 150 MB (PSS), without PostgreSQL."""
    with Client(deployment.url) as client:
        assert client.get_readiness().ready
    supervisor, worker = pss_mb(deployment.server.pid), max(pss_mb(pid) for pid in deployment.server.workers)
    assert supervisor + worker <= 150, f"supervisor {supervisor:.0f} MB, worker {worker:.0f} MB"


def pss_mb(pid: int) -> float:
    """Return the PSS of a process in MB: its own memory, and its part of shared memory."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000
