"""Store level: holds per second on one hot event without HTTP, in batches and in the usual way.

    python -m benchmarks.store [--callers 64] [--rounds 5] [--seconds 2] [--out FOLDER]

Both sell the same event on the same PostgreSQL in turns, with the same callers. One uses the batches of the lane, the
other one transaction per request (`SELECT … FOR UPDATE`, insert, update, `COMMIT`) over a pool. That is the strongest
form of the usual way: the fastest driver, no ORM, two tables, no journal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

from benchmarks.part import Arguments, run_part
from benchmarks.result import Result
from benchmarks.selling import CAPACITY, Caller, new_event, open_engine, placing, rate
from benchmarks.server import scratch_database

RATIO = "store_over_for_update"

POOL = 16
"""Connections of the baseline. More are slower on two cores."""

BASELINE_TABLES = """
CREATE TABLE shop_events (id bigint PRIMARY KEY, capacity bigint NOT NULL, taken bigint NOT NULL);
CREATE TABLE shop_holds (
    id uuid PRIMARY KEY, event_id bigint NOT NULL REFERENCES shop_events, quantity integer NOT NULL,
    token text NOT NULL, expires_at timestamptz NOT NULL
);
"""
_WARM_UP_SECONDS = 0.5


@asynccontextmanager
async def locking_caller(url: str) -> AsyncIterator[Caller]:
    """Yield a call that uses one transaction per request, as most tutorials do, with the fastest usual driver."""
    import asyncpg  # type: ignore[import-untyped]  # it has no types

    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as pool:
        await pool.execute(BASELINE_TABLES)
        await pool.execute("INSERT INTO shop_events VALUES (1, $1, 0)", CAPACITY)

        async def place() -> None:
            async with pool.acquire() as connection, connection.transaction():
                row = await connection.fetchrow(
                    "SELECT capacity, taken FROM shop_events WHERE id = 1 FOR UPDATE"
                )
                if row["capacity"] - row["taken"] < 1:
                    raise RuntimeError("sold out")
                await connection.execute(
                    "INSERT INTO shop_holds "
                    "VALUES (gen_random_uuid(), 1, 1, md5(random()::text), now() + interval '2 min')"
                )
                await connection.execute("UPDATE shop_events SET taken = taken + 1 WHERE id = 1")

        yield place


async def measure(url: str, *, callers: int, rounds: int, seconds: float) -> Result:
    result = Result(part="store")
    async with open_engine(url) as inventory, locking_caller(url) as locking:
        ways = {
            "batches": placing(inventory, await new_event(inventory)),
            "a transaction per request": locking,
        }
        for caller in ways.values():
            await rate(caller, callers, _WARM_UP_SECONDS)  # plans, caches, connections
        for number in range(rounds):
            for name in ways if number % 2 == 0 else reversed(ways):
                row = result.row(name, callers=callers)
                row.add(per_second=await rate(ways[name], callers, seconds))
    lanes, locked = (result.row(name, callers=callers).rounds["per_second"] for name in ways)
    result.judge(RATIO, lanes, locked)
    return result


def main() -> int:
    def run(arguments: Arguments) -> Result:
        with scratch_database() as url:
            return uvloop.run(
                measure(
                    url, callers=arguments.options.callers, rounds=arguments.rounds, seconds=arguments.seconds
                )
            )

    return run_part(__doc__, run, rounds=5, seconds=2.0, callers=(int, 64, "that wait for their answers"))


if __name__ == "__main__":
    raise SystemExit(main())
