"""`kill -9` in the middle of load: serving again within 5 s, nothing acknowledged is lost, the books agree."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from holdfast.client.models import Event
from holdfast.process.processes import end_process, is_running, processes_in
from scenarios.faults.conftest import House, create_event
from scenarios.faults.sellers import Sellers
from scenarios.faults.verdict import judge
from support.serving import Serving

SOON_SECONDS = 5.0


@asynccontextmanager
async def soon(sellers: Sellers) -> AsyncIterator[None]:
    """Within the block all is well again in 5 s, and what a machine takes that is busy with other things as well."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await sellers.everyone_sells()
    async with asyncio.timeout(SOON_SECONDS + 5 * (loop.time() - began)):
        yield


async def test_a_worker_is_killed(house: House, event: Event) -> None:
    """Its callers are served by the other one, and it is replaced."""
    async with Sellers(house.url, event) as sellers:
        await sellers.everyone_sells()
        killed = house.server.workers[0]
        async with soon(sellers):
            os.kill(killed, signal.SIGKILL)
            await sellers.everyone_sells()
            await asyncio.to_thread(house.server.wait_until_it_says, "Worker . serves again")
        await sellers.everyone_sells()
    assert killed not in house.server.workers
    await judge(house.url, house.database_url, event, sellers.booked)


async def test_both_workers_are_killed(house: House, event: Event) -> None:
    async with Sellers(house.url, event) as sellers:
        await sellers.everyone_sells()
        async with soon(sellers):
            for pid in house.server.workers:
                os.kill(pid, signal.SIGKILL)
            await sellers.everyone_sells()
    await judge(house.url, house.database_url, event, sellers.booked)


async def test_postgresql_is_killed(house: House, event: Event) -> None:
    """All its processes at once, as when the memory ran out."""
    async with Sellers(house.url, event) as sellers:
        await sellers.everyone_sells()
        killed = processes_in(house.data_dir / "postgres" / "cluster", name="postgres")
        assert house.server.postmaster in killed
        async with soon(sellers):
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            await sellers.everyone_sells()
    await judge(house.url, house.database_url, event, sellers.booked)
    await asyncio.to_thread(house.check)


async def test_the_supervisor_is_killed(open_folder: Path) -> None:
    """Nothing is left that stops the next start; callers who ask again notice no more than a pause."""
    data_dir = open_folder / "data"
    with Serving(data_dir, workers="2", log_level="warning") as server, ExitStack() as stack:
        event = await asyncio.to_thread(create_event, House(server, data_dir).url)
        async with Sellers(House(server, data_dir).url, event) as sellers:
            await sellers.everyone_sells()
            left = [server.postmaster, *server.workers]
            os.kill(server.pid, signal.SIGKILL)
            following = Serving(data_dir, workers="2", port=server.port, log_level="warning")
            await asyncio.to_thread(stack.enter_context, following)
            await sellers.everyone_sells()
            assert not is_running(left[0])
        house = House(following, data_dir)
        await judge(house.url, house.database_url, event, sellers.booked)
        assert all(end_process(pid, (None, 30.0)) for pid in left)
