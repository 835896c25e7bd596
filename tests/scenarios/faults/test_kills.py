"""`kill -9` under load: the server sells again within 5 s, loses no acknowledged booking, and its books agree."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from holdfast.process.processes import end_process, is_running, processes_in
from holdfast_client.models import Event
from scenarios.faults.conftest import Deployment, create_event
from scenarios.faults.sellers import Sellers
from scenarios.faults.verdict import judge
from support.serving import Serving

SOON_SECONDS = 5.0


@asynccontextmanager
async def recovery_in_time(sellers: Sellers) -> AsyncIterator[None]:
    """Fail if the block takes longer than 5 s, plus an allowance for a busy machine (five rounds of sales)."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await sellers.until_everyone_sells()
    async with asyncio.timeout(SOON_SECONDS + 5 * (loop.time() - began)):
        yield


async def test_a_worker_is_killed(deployment: Deployment, event: Event) -> None:
    """The other worker serves its callers, and a new worker replaces it."""
    async with Sellers(deployment.url, event) as sellers:
        await sellers.until_everyone_sells()
        killed = deployment.server.workers[0]
        async with recovery_in_time(sellers):
            os.kill(killed, signal.SIGKILL)
            await sellers.until_everyone_sells()
            await asyncio.to_thread(deployment.server.wait_until_it_says, "Worker . serves again")
        await sellers.until_everyone_sells()
    assert killed not in deployment.server.workers
    await judge(deployment.url, deployment.database_url, event, sellers.booked)


async def test_both_workers_are_killed(deployment: Deployment, event: Event) -> None:
    async with Sellers(deployment.url, event) as sellers:
        await sellers.until_everyone_sells()
        async with recovery_in_time(sellers):
            for pid in deployment.server.workers:
                os.kill(pid, signal.SIGKILL)
            await sellers.until_everyone_sells()
    await judge(deployment.url, deployment.database_url, event, sellers.booked)


async def test_postgresql_is_killed(deployment: Deployment, event: Event) -> None:
    """All its processes end at once, as when memory runs out."""
    async with Sellers(deployment.url, event) as sellers:
        await sellers.until_everyone_sells()
        killed = processes_in(deployment.data_dir / "postgres" / "cluster", name="postgres")
        assert deployment.server.postmaster in killed
        async with recovery_in_time(sellers):
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            await sellers.until_everyone_sells()
    await judge(deployment.url, deployment.database_url, event, sellers.booked)
    await asyncio.to_thread(deployment.check)


async def test_the_supervisor_is_killed(open_folder: Path) -> None:
    """Nothing remains that prevents the next start. Callers that retry see only a pause."""
    data_dir = open_folder / "data"
    with Serving(data_dir, workers="2", log_level="warning") as server, ExitStack() as stack:
        event = await asyncio.to_thread(create_event, Deployment(server, data_dir).url)
        async with Sellers(Deployment(server, data_dir).url, event) as sellers:
            await sellers.until_everyone_sells()
            orphans = [server.postmaster, *server.workers]
            os.kill(server.pid, signal.SIGKILL)
            successor = Serving(data_dir, workers="2", port=server.port, log_level="warning")
            await asyncio.to_thread(stack.enter_context, successor)
            await sellers.until_everyone_sells()
            assert not is_running(orphans[0])
        deployment = Deployment(successor, data_dir)
        await judge(deployment.url, deployment.database_url, event, sellers.booked)
        assert all(end_process(pid, (None, 30.0)) for pid in orphans)
