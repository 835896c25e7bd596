"""Store level: holds per second on one hot event, in batches and the way that people write it today.

Both sell the same event on the same PostgreSQL in one run, in turn, with the same callers: the lane's batches, and one
transaction per request (`SELECT … FOR UPDATE`, insert, update, `COMMIT`) over a pool. Run it with

    python -m benchmarks.store [--callers 64] [--rounds 5] [--seconds 2]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable

import uvloop

from benchmarks.server import scratch_database
from holdfast.app.tuning import tune_garbage_collection
from holdfast.domain import commands as c
from holdfast.engine.engine import Engine
from holdfast.engine.tokens import Keyring, hash_token
from holdfast.store.connections import Connections

CAPACITY = 100_000_000
POOL = 16
"""Connections of the baseline: more made it slower on two cores."""

BASELINE_TABLES = """
CREATE TABLE shop_events (id bigint PRIMARY KEY, capacity bigint NOT NULL, taken bigint NOT NULL);
CREATE TABLE shop_holds (
    id uuid PRIMARY KEY, event_id bigint NOT NULL REFERENCES shop_events, quantity integer NOT NULL,
    token text NOT NULL, expires_at timestamptz NOT NULL
);
"""


async def rate(caller: Callable[[], Awaitable[None]], callers: int, seconds: float) -> float:
    """Completed calls per second of so many callers that each wait for their answer (closed loop)."""
    done = 0
    end = time.perf_counter() + seconds

    async def call_on() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await caller()
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(call_on() for _ in range(callers)))
    return done / (time.perf_counter() - began)


async def lane_caller(url: str) -> tuple[Engine, Callable[[], Awaitable[None]]]:
    engine = Engine(Connections(url), Keyring(b"benchmark key of 32 characters.."))
    await engine.open()
    tune_garbage_collection()  # as every worker does
    areas = (c.AreaSpec(name="general", capacity=CAPACITY),)
    event, _ = await engine.events.create(c.NewEvent(name="hot", areas=areas), by="benchmark")
    assert event is not None
    number = event.number

    async def place() -> None:
        hold_id = engine.new_id(number)
        token = engine.keyring.hold_token(hold_id)
        lines = (c.QuantityLine(quantity=1),)
        await engine.execute(number, c.PlaceHold(hold_id=hold_id, lines=lines, token_hash=hash_token(token)))

    return engine, place


async def locking_caller(url: str) -> tuple[object, Callable[[], Awaitable[None]]]:
    """One transaction per request, as most tutorials write it, with the fastest driver that they use."""
    import asyncpg

    pool = await asyncpg.create_pool(url, min_size=POOL, max_size=POOL)
    await pool.execute(BASELINE_TABLES)
    await pool.execute("INSERT INTO shop_events VALUES (1, $1, 0)", CAPACITY)

    async def place() -> None:
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow("SELECT capacity, taken FROM shop_events WHERE id = 1 FOR UPDATE")
            if row["capacity"] - row["taken"] < 1:
                raise RuntimeError("sold out")
            await connection.execute(
                "INSERT INTO shop_holds VALUES (gen_random_uuid(), 1, 1, md5(random()::text), now() + interval '2 min')"
            )
            await connection.execute("UPDATE shop_events SET taken = taken + 1 WHERE id = 1")

    return pool, place


async def measure(url: str, *, callers: int, rounds: int, seconds: float) -> dict[str, object]:
    engine, in_lane = await lane_caller(url)
    pool, locking = await locking_caller(url)
    lane_rates, locking_rates = [], []
    for caller in (in_lane, locking):
        await rate(caller, callers, 0.5)  # plans, caches, connections
    for _ in range(rounds):
        lane_rates.append(await rate(in_lane, callers, seconds))
        locking_rates.append(await rate(locking, callers, seconds))
    await engine.close()
    await pool.close()  # type: ignore[attr-defined]  # asyncpg has no types
    return {
        "callers": callers,
        "lane_holds_per_second": _summary(lane_rates),
        "for_update_holds_per_second": _summary(locking_rates),
        "ratio": round(statistics.median(lane_rates) / statistics.median(locking_rates), 1),
    }


def _summary(rates: list[float]) -> dict[str, int]:
    return {"median": round(statistics.median(rates)), "min": round(min(rates)), "max": round(max(rates))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    with scratch_database() as url:
        found = uvloop.run(measure(url, callers=given.callers, rounds=given.rounds, seconds=given.seconds))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
