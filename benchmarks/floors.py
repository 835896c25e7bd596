"""Floors: PostgreSQL alone, with no HTTP and no Python that decides. (The echo, the other floor, is in `over_http`.)

    python -m benchmarks.floors [--rounds 5] [--seconds 2] [--out FOLDER]

One session of Holdfast sells holds for a number of callers, and this program records its messages to PostgreSQL. Then
it repeats them against a copy of the earlier database, as fast as PostgreSQL answers. It also measures one small row
and its commit.
"""

from __future__ import annotations

import psycopg
import uvloop

from benchmarks.commits import commits
from benchmarks.databases import copy_of
from benchmarks.part import Arguments, run_part
from benchmarks.replay import Recording, recorded, replay
from benchmarks.result import Result
from benchmarks.selling import new_event, open_engine, placing, rate
from benchmarks.server import scratch_database

CALLERS = (64, 256)
COPY = "holdfast_copy"


def measure(url: str, *, rounds: int, seconds: float) -> Result:
    result = Result(part="floors")
    number = uvloop.run(_new_event(url))
    for at in range(rounds):
        for callers in CALLERS if at % 2 == 0 else reversed(CALLERS):
            with copy_of(url, COPY) as copy:
                recording = uvloop.run(sold(url, number, callers, seconds))
                before = _holds(copy)
                took = replay(url, recording, database=COPY)
                made = _holds(copy) - before
            result.row("postgres alone", callers=callers).add(
                per_second=made / took,
                holds_per_turn=made / (len(recording.turns) / 2),
                milliseconds_per_turn=took / len(recording.turns) * 1000,
            )
            print(f"round {at + 1}/{rounds}: {callers} callers", flush=True)
        result.row("insert; commit", connections=1).add(**commits(url, seconds))
    return result


async def _new_event(url: str) -> int:
    async with open_engine(url) as inventory:
        return await new_event(inventory)


async def sold(url: str, number: int, callers: int, seconds: float) -> Recording:
    """Sell with one session, and return the recording of its messages."""
    async with recorded(url) as (through, sessions):
        async with open_engine(through, connections=1) as inventory:
            await rate(placing(inventory, number), callers, seconds)
        (session,) = [one for one in sessions if one.turns]
        return session


def _holds(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM holds").fetchone()
    assert row is not None
    return int(row[0])


def main() -> int:
    def run(arguments: Arguments) -> Result:
        with scratch_database() as url:
            return measure(url, rounds=arguments.rounds, seconds=arguments.seconds)

    return run_part(__doc__, run, rounds=5, seconds=2.0)


if __name__ == "__main__":
    raise SystemExit(main())
