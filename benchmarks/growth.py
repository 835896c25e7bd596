"""Growth: what a large event costs, and what many holds cost a batch.

    python -m benchmarks.growth [--rounds 5]

In one run: an event of 100,000 seats created; its seat state with 50,000 taken, first look and later ones; best
available of 4 decided on it; and holds per second on one event with nothing held, with 100,000 live holds, and with
100,000 lapsed holds that nobody swept, in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import psycopg
import uvloop

from benchmarks.server import scratch_database
from benchmarks.store import CAPACITY, rate
from holdfast.domain import commands as c
from holdfast.domain.seat_map_forms import parse_seat_map
from holdfast.engine.engine import Engine
from holdfast.engine.tokens import Keyring, hash_token
from holdfast.store.connections import Connections

HOLDS = 100_000

FILL = """
WITH made AS (
    INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, placed_by)
    SELECT %(number)s, gen_random_uuid(), 'active', now(), now() + %(expiry)s * interval '1 second', 1, 1, 'benchmark'
    FROM generate_series(1, %(count)s)
    RETURNING id
)
INSERT INTO claims (event_number, hold_id, claim_number, line, kind, area_number, quantity, held_version)
SELECT %(number)s, id, 0, 0, 'hold', 1, 1, 0 FROM made
"""


async def new_event(engine: Engine, **inventory: Any) -> int:
    event, _ = await engine.events.create(c.NewEvent(name="growth", **inventory), by="benchmark")
    assert event is not None
    return event.number


def placing(engine: Engine, number: int, line: c.Line) -> Any:
    async def place() -> None:
        hold_id = engine.new_id(number)
        token = hash_token(engine.keyring.hold_token(hold_id))
        await engine.execute(number, c.PlaceHold(hold_id=hold_id, lines=(line,), token_hash=token))

    return place


def fill(url: str, number: int, *, expiry: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILL, {"number": number, "expiry": expiry, "count": HOLDS})
        connection.execute("UPDATE areas SET held = held + %s WHERE event_number = %s", (HOLDS, number))
        connection.execute(
            "UPDATE inventories SET reclaimed_until = 'epoch' WHERE event_number = %s", (number,)
        )
        connection.execute("ANALYZE")


async def seat_state(engine: Engine, number: int) -> None:
    """What `GET …/seats` does: the picture brought up to date, and its taken seats written as JSON."""
    picture = await engine.pictures.get_current(number)
    await engine.pictures.list_seats(picture, every=False)


async def seats(engine: Engine) -> dict[str, object]:
    layout = parse_seat_map(
        {
            "sections": [
                {"name": f"S{n}", "rows": 50, "seats_per_row": 50, "category": "all"} for n in range(40)
            ]
        }
    )
    began = time.perf_counter()
    number = await new_event(engine, seats=layout.seats, categories=layout.categories)
    created = time.perf_counter() - began
    labels = [seat.label for index, seat in enumerate(layout.seats) if index % 2]
    began = time.perf_counter()
    for at in range(0, len(labels), 500):
        await placing(engine, number, c.SeatsLine(labels=tuple(labels[at : at + 500])))()
    took = time.perf_counter() - began
    first = await _seconds(lambda: seat_state(engine, number))
    later = []
    for at in range(5):
        await placing(engine, number, c.SeatsLine(labels=(layout.seats[2 * at].label,)))()
        later.append(await _seconds(lambda: seat_state(engine, number)))
    best = [
        await _seconds(placing(engine, number, c.BestAvailableLine(quantity=4, together=False)))
        for _ in range(20)
    ]
    holdings = await engine.mirrors.get(number, 1)
    now = (await engine.reading.get_availability(number)).as_of
    picker = holdings.picker(now)
    decisions = []
    for _ in range(50):
        began = time.perf_counter()
        picker.best(4, None, together=False)
        decisions.append(time.perf_counter() - began)
    return {
        "create_100k_seats_seconds": round(created, 2),
        "take_50k_seats_seconds": round(took, 2),
        "seat_state_50k_taken_ms": {"first_look": _ms(first), "after_a_sale": _ms(statistics.median(later))},
        "best_available_of_4_ms": {
            "decide": _ms(statistics.median(decisions)),
            "whole_command": _ms(statistics.median(best)),
        },
    }


async def crowding(engine: Engine, url: str, rounds: int) -> dict[str, object]:
    areas = (c.AreaSpec(name="general", capacity=CAPACITY),)
    numbers = {name: await new_event(engine, areas=areas) for name in ("nothing_held", "live", "lapsed")}
    fill(url, numbers["live"], expiry=86_400)
    fill(url, numbers["lapsed"], expiry=-3_600)
    callers = {name: placing(engine, number, c.QuantityLine(quantity=1)) for name, number in numbers.items()}
    for caller in callers.values():
        await rate(caller, 64, 0.5)
    rates: dict[str, list[float]] = {name: [] for name in callers}
    for _ in range(rounds):
        for name, caller in callers.items():
            rates[name].append(await rate(caller, 64, 1.0))
    median = {name: statistics.median(each) for name, each in rates.items()}
    return {
        "holds_per_second": {name: round(value) for name, value in median.items()},
        "live_over_nothing": round(median["live"] / median["nothing_held"], 2),
        "lapsed_over_nothing": round(median["lapsed"] / median["nothing_held"], 2),
    }


async def _seconds(act: Any) -> float:
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


async def measure(url: str, rounds: int) -> dict[str, object]:
    engine = Engine(Connections(url), Keyring(b"benchmark key of 32 characters.."))
    await engine.open()
    found = {**await seats(engine), **await crowding(engine, url, rounds)}
    await engine.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with scratch_database() as url:
        print(json.dumps(uvloop.run(measure(url, given.rounds)), indent=2))


if __name__ == "__main__":
    main()
