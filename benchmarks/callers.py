"""Callers: the server's processor time for a hold, by who asks: a load generator, browsers, or our own SDK.

    python -m benchmarks.callers [--rounds 3] [--seconds 2]

All send to one hot event, in turns. The SDK makes less load than wrk, so its batches are smaller, and each hold has a
larger share of one.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from benchmarks import closed_loop
from benchmarks.cases import BROWSERS, HOLDS, KEYED, Case
from benchmarks.programs import Program, cpu_seconds, holdfast
from benchmarks.result import spread
from benchmarks.server import scratch_database
from holdfast_client import AsyncClient, Quantity

CONNECTIONS = 64
CASES = (HOLDS, KEYED, BROWSERS)
SDK = "holds by the SDK, with its Idempotency-Key"


def measure(database_url: str, *, rounds: int, seconds: float) -> dict[str, list[tuple[float, float]]]:
    """Return pairs by caller: microseconds of the server for each hold, and holds a second."""
    found: dict[str, list[tuple[float, float]]] = {}
    with holdfast(database_url) as server:
        event = HOLDS.make(server.port)
        for number in range(rounds + 1):
            for case in CASES:
                found.setdefault(case.says, []).append(_by_wrk(server, case, event, seconds))
            found.setdefault(SDK, []).append(_by_sdk(server, event, seconds))
            if number == 0:  # the first seconds are not measured
                found.clear()
    return found


def _by_wrk(server: Program, case: Case, event: int, seconds: float) -> tuple[float, float]:
    before = cpu_seconds(server.pids)
    load = closed_loop.run(
        case.script, server.url + "/", *case.arguments(event, 1), connections=CONNECTIONS, seconds=seconds
    )
    if load.unexpected:
        raise RuntimeError(f"{case.says}: {load.unexpected} answers were no success")
    return (cpu_seconds(server.pids) - before) / load.succeeded * 1e6, load.per_second


def _by_sdk(server: Program, event: int, seconds: float) -> tuple[float, float]:
    before, began = cpu_seconds(server.pids), time.monotonic()
    placed = asyncio.run(_place(server.url, event, began + seconds))
    passed = time.monotonic() - began
    return (cpu_seconds(server.pids) - before) / placed * 1e6, placed / passed


async def _place(url: str, event: int, end: float) -> int:
    """Place holds until the end, as many buyers of one program, and return their number."""

    async def buyer() -> int:
        placed = 0
        while time.monotonic() < end:
            await client.place_hold(event, Quantity(1))
            placed += 1
        return placed

    async with AsyncClient(url) as client:
        return sum(await asyncio.gather(*(buyer() for _ in range(CONNECTIONS))))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each caller, in every round")
    given = parser.parse_args()
    if not closed_loop.is_there():
        print(closed_loop.INSTALL, file=sys.stderr)
        return 1
    with scratch_database() as url:
        found = measure(url, rounds=given.rounds, seconds=given.seconds)
    print("| who asks | µs of the server | holds a second |\n|---|---|---|")
    for says, pairs in found.items():
        cost, rate = (spread([pair[at] for pair in pairs]) for at in (0, 1))
        print(
            f"| {says} | {cost[0]:.0f} ({cost[1]:.0f}–{cost[2]:.0f}) | {rate[0]:,.0f} ({rate[1]:,.0f}–{rate[2]:,.0f}) |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
