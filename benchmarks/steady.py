"""Steady: holds per second while as many lapse and are swept, over holds that do not lapse meanwhile.

    python -m benchmarks.steady [--rounds 5] [--seconds 8] [--out FOLDER]

The other measurements are bursts without lapsed holds, like the first minutes of an on-sale. Here holds live for two
seconds, and the load runs for longer than that before the measurement begins.
"""

from __future__ import annotations

import time

import psycopg

from benchmarks import closed_loop, programs
from benchmarks.cases import HOLDS, TTL_SECONDS
from benchmarks.part import Arguments, run_part
from benchmarks.result import Result
from benchmarks.server import scratch_database
from benchmarks.wire import make_event

CONNECTIONS = 256
SHORT_SECONDS = 2
LEAD_SECONDS = 4.0
_SWEPT_WITHIN_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_UNSWEPT = (
    "SELECT FROM holds WHERE event_number = %s AND status = 'active'"
    " AND expires_at < now() + %s * interval '1 second' LIMIT 1"
)


def measure(database_url: str, *, rounds: int, seconds: float) -> Result:
    result = Result(part="steady")
    cluster = programs.cluster_of(database_url)
    with programs.holdfast(database_url) as server:
        ways = {
            "holds that do not lapse meanwhile": TTL_SECONDS,
            "holds while as many lapse": SHORT_SECONDS,
        }
        for number in range(rounds):
            for of in ways if number % 2 == 0 else reversed(ways):
                event = make_event(server.port, capacity=programs.CAPACITY, hold_ttl_seconds=ways[of])
                _load(server.url, event, LEAD_SECONDS)
                cores = programs.Cores(server, cluster)
                load = _load(server.url, event, seconds)
                result.row(of, connections=CONNECTIONS).add(**load.figures, **cores.figures())
                if load.unexpected:
                    result.unexpected[f"round {number + 1}, {of}"] = load.unexpected
                _wait_until_swept(database_url, event)
            print(f"round {number + 1}/{rounds}", flush=True)
    rates = [result.row(of, connections=CONNECTIONS).rounds["per_second"] for of in ways]
    result.judge("lapsing_over_not", rates[1], rates[0])
    return result


def _load(url: str, event: int, seconds: float) -> closed_loop.Load:
    return closed_loop.run(
        HOLDS.script, url + "/", *HOLDS.arguments(event, 1), connections=CONNECTIONS, seconds=seconds
    )


def _wait_until_swept(database_url: str, event: int) -> None:
    """Wait until all lapsed holds are swept, so that no sweep falls into the next measurement."""
    deadline = time.monotonic() + _SWEPT_WITHIN_SECONDS
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute(_UNSWEPT, (event, SHORT_SECONDS)).fetchone():
            if time.monotonic() > deadline:
                raise RuntimeError("the sweeper does not come to an end")
            time.sleep(_LOOK_SECONDS)


def main() -> int:
    def run(arguments: Arguments) -> Result:
        with scratch_database() as url:
            return measure(url, rounds=arguments.rounds, seconds=arguments.seconds)

    return run_part(__doc__, run, rounds=5, seconds=8.0, needs_wrk=True)


if __name__ == "__main__":
    raise SystemExit(main())
