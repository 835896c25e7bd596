"""The cost of the live check for one hot event: holds per second with and without a check in turns, and CPU times.

Each turn sells for one interval of the check. In every second turn a check runs beside the sales. It compares the sales
of the previous turn, as in a server that is always this busy. CPU time is that of this process and PostgreSQL together,
for sales without a check and for a check without sales. Other work on the machine does not change it.

    python -m benchmarks.live_check [--callers 64] [--rounds 5] [--seconds 10]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from pathlib import Path

import psycopg
import uvloop

from benchmarks.selling import Caller, new_event, open_engine, placing, rate
from benchmarks.server import scratch_database
from holdfast.inventory.inventory import Inventory
from holdfast.metrics import metric_totals
from holdfast.process.processes import processes_in
from holdfast.workers.live_check import LiveCheck

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(cluster: Path) -> float:
    """Return the processor time of this process and of the existing server processes."""
    total = time.process_time()
    for pid in processes_in(cluster, name="postgres"):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return total


async def measure(url: str, *, callers: int, rounds: int, seconds: float) -> dict[str, object]:
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    cluster = Path(str(row[0]))
    async with open_engine(url) as inventory:
        place = placing(inventory, await new_event(inventory))
        return await measure_engine(
            inventory, place, cluster, callers=callers, rounds=rounds, seconds=seconds
        )


async def measure_engine(
    inventory: Inventory, place: Caller, cluster: Path, *, callers: int, rounds: int, seconds: float
) -> dict[str, object]:
    check = LiveCheck(inventory)
    await rate(place, callers, 1)  # plans, caches, connections
    without, beside, looks, cpu_sold, cpu_checked = [], [], [], [], []
    for _ in range(rounds):
        await _catch_up(check)
        before = cpu_seconds(cluster)
        without.append(await rate(place, callers, seconds))
        cpu_sold.append((cpu_seconds(cluster) - before) / (without[-1] * seconds))
        looking = asyncio.create_task(_timed(check))
        beside.append(await rate(place, callers, seconds))
        looks.append(await looking)
        await _catch_up(check)
        sold = await rate(place, callers, seconds) * seconds
        before = cpu_seconds(cluster)
        await _catch_up(check)
        cpu_checked.append((cpu_seconds(cluster) - before) / sold)
    totals = metric_totals()
    snapshots = "holdfast_live_check_snapshot_seconds"
    return {
        "holds_per_second": {
            "without": round(statistics.median(without)),
            "with": round(statistics.median(beside)),
        },
        "ratio": round(statistics.median(b / w for w, b in zip(without, beside, strict=True)), 3),
        "cpu_microseconds_per_hold": {
            "sold": round(statistics.median(cpu_sold) * 1e6, 1),
            "checked": round(statistics.median(cpu_checked) * 1e6, 1),
        },
        "look_seconds": round(statistics.median(looks), 2),
        "snapshot_milliseconds": round(totals[f"{snapshots}_sum"] / totals[f"{snapshots}_count"] * 1e3),
        "versions_passed_over": totals["holdfast_live_check_passed_over_total"],
        "disagreements": totals.get("holdfast_live_check_disagreements_total", 0),
    }


async def _timed(check: LiveCheck) -> float:
    began = time.perf_counter()
    await check.run_once()
    return time.perf_counter() - began


async def _catch_up(check: LiveCheck) -> None:
    while await check.run_once():
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    with scratch_database() as url:
        found = uvloop.run(measure(url, callers=given.callers, rounds=given.rounds, seconds=given.seconds))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
