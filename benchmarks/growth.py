"""Growth: holds per second at the store beside the rows of a long and busy sale, and the longest batch.

    python -m benchmarks.growth [--rounds 5] [--seconds 1.5] [--most 10000000] [--out FOLDER]

Each situation has its own database in the same PostgreSQL, and all take turns. There are events with no holds, with
live holds, with unswept lapsed holds, and with old claims. With lapsed holds, an event has room, or every new hold must
reclaim one. Other situations are seated events, whose pairs of seats are held and released, and many events. `--most`
leaves the largest out.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import uvloop

from benchmarks import ballast
from benchmarks.databases import copy_of
from benchmarks.large_events import measure_large_event
from benchmarks.part import Arguments, run_part
from benchmarks.result import Result, ratios
from benchmarks.selling import Caller, LongestBatch, new_event, open_engine, placing, rate
from benchmarks.server import scratch_database
from benchmarks.wire import seat_map
from holdfast.inventory.hold_tokens import hash_token
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.forms import parse_seat_map

NEEDED = "lapsed holds that are needed"
SEATED = "seats of the event"
CONNECTIONS = 4
CALLERS = 64
MANY_CALLERS = 256
MAX = 10_000_000
LIVE = LAPSED = (100_000, 1_000_000)
OLD = (1_000_000, 10_000_000)
SEATS = (1_000, 10_000, 100_000)
EVENTS = (1, 10, 100, 1_000, 10_000)
_WARM_UP_SECONDS = 1.0

Prepare = Callable[[str, Inventory], Awaitable[Caller]]
"""Prepares a situation from a database and an engine, and returns the call to measure."""


@dataclass(slots=True)
class Situation:
    of: str
    size: int
    callers: int
    caller: Caller
    longest: LongestBatch
    first_batch_ms: float = 0.0


@asynccontextmanager
async def situation(
    url: str, of: str, size: int, prepare: Prepare, callers: int = CALLERS
) -> AsyncIterator[Situation]:
    """Yield a situation in its own database."""
    name = f"growth_{of}_{size}".replace(" ", "_").replace(",", "")
    with copy_of(url, name) as database:
        async with open_engine(database, connections=CONNECTIONS) as inventory:
            caller = await prepare(database, inventory)
            ballast.settle(database)
            yield Situation(of, size, callers, caller, LongestBatch(inventory))


def _beside(kind: ballast.Kind | None, count: int, *, full: bool = False) -> Prepare:
    """Return a setup of one event with this ballast. `full`: the ballast holds all its capacity."""

    async def prepare(database: str, inventory: Inventory) -> Caller:
        areas = {"areas": (c.AreaSpec(name="general", capacity=count),)} if full else {}
        number = await new_event(inventory, **areas)
        if kind is not None:
            ballast.load(database, number, kind, count)
        return placing(inventory, number)

    return prepare


def _seated(seats: int) -> Prepare:
    """Return a setup whose callers hold any two free neighbouring seats, and release them."""

    async def prepare(_: str, inventory: Inventory) -> Caller:
        layout = parse_seat_map(seat_map(seats))
        number = await new_event(inventory, seats=layout.seats, categories=layout.categories)
        pairs = [
            (one.label, other.label) for one, other in zip(layout.seats[::2], layout.seats[1::2], strict=True)
        ]
        chance = random.Random(1)  # noqa: S311 - repeatable

        async def hold_and_release() -> None:
            at = chance.randrange(len(pairs))
            pairs[at], pairs[-1] = pairs[-1], pairs[at]
            labels = pairs.pop()
            hold_id = inventory.new_id(number)
            token = hash_token(inventory.hold_tokens.hold_token(hold_id))
            lines = (c.SeatsLine(labels=labels),)
            await inventory.execute(number, c.PlaceHold(hold_id=hold_id, lines=lines, token_hash=token))
            await inventory.execute(number, c.ReleaseHold(hold_id=hold_id, authority=c.STAFF))
            pairs.append(labels)

        return hold_and_release

    return prepare


def _many(events: int) -> Prepare:
    async def prepare(_: str, inventory: Inventory) -> Caller:
        numbers = [await new_event(inventory) for _ in range(events)]
        chance = random.Random(1)  # noqa: S311 - repeatable
        return placing(inventory, lambda: chance.choice(numbers))

    return prepare


async def measure(url: str, *, rounds: int, seconds: float, most: int) -> Result:
    result = Result(part="growth")
    async with open_engine(url) as inventory:
        result.rows += await measure_large_event(inventory)
    async with AsyncExitStack() as stack:
        situations = []
        for of, size, prepare, callers in _wanted(most):
            made = situation(url, of, size, prepare, callers)
            situations.append(await stack.enter_async_context(made))
            print(f"{of}, {size:,}: loaded", flush=True)
        await _take_turns(result, situations, rounds, seconds)
    _judge(result, most)
    return result


def _wanted(most: int) -> Iterator[tuple[str, int, Prepare, int]]:
    """Yield name, size, setup and number of callers of each situation."""
    yield "nothing held", 0, _beside(None, 0), CALLERS
    kinds: list[tuple[str, ballast.Kind, bool, tuple[int, ...]]] = [
        ("live holds", "live", False, LIVE),
        ("lapsed holds", "lapsed", False, LAPSED),
        (NEEDED, "lapsed", True, LAPSED),
        ("old claims", "old", False, OLD),
    ]
    for of, kind, full, sizes in kinds:
        for size in sizes:
            if size <= most:
                yield of, size, _beside(kind, size, full=full), CALLERS
    for size in SEATS:
        yield SEATED, size, _seated(size), CALLERS
    for size in EVENTS:
        if size <= most / 100:
            yield "events", size, _many(size), MANY_CALLERS


async def _take_turns(result: Result, situations: list[Situation], rounds: int, seconds: float) -> None:
    for each in situations:
        await rate(each.caller, each.callers, _WARM_UP_SECONDS, refused=Counter())
        each.first_batch_ms = each.longest.take_ms()
    for number in range(rounds):
        for each in situations if number % 2 == 0 else reversed(situations):
            row = result.row(each.of, size=each.size)
            refused: Counter[str] = Counter()
            per_second = await rate(each.caller, each.callers, seconds, refused=refused)
            if refused:
                result.unexpected[f"{each.of}, {each.size}: {dict(refused)}"] = refused.total()
            row.add(
                per_second=per_second,
                longest_batch_ms=each.longest.take_ms(),
                first_batch_ms=each.first_batch_ms,
            )
        print(f"round {number + 1}/{rounds}", flush=True)


def _judge(result: Result, most: int) -> None:
    def rates(of: str, size: int) -> list[float]:
        return result.row(of, size=size).rounds["per_second"]

    nothing = rates("nothing held", 0)
    grown = [(SEATED, SEATS[-1])]
    result.judge("seats_growth_over_small", rates(SEATED, SEATS[-1]), rates(SEATED, SEATS[0]))
    if most >= LIVE[-1]:
        grown += [("live holds", LIVE[-1]), ("lapsed holds", LAPSED[-1]), (NEEDED, LAPSED[-1])]
        result.judge("live_holds_over_small", rates("live holds", LIVE[-1]), nothing)
        both = zip(
            ratios(rates("lapsed holds", LAPSED[-1]), nothing),
            ratios(rates(NEEDED, LAPSED[-1]), rates(NEEDED, LAPSED[0])),
            strict=True,
        )
        result.bars["lapsed_holds_over_small"] = [min(each) for each in both]
    if most >= OLD[-1]:
        grown.append(("old claims", OLD[-1]))
        result.judge("old_claims_over_small", rates("old claims", OLD[-1]), nothing)
        longest = [result.row(of, size=size).rounds["longest_batch_ms"] for of, size in grown]
        result.bars["longest_batch_ms"] = [max(each) for each in zip(*longest, strict=True)]


def main() -> int:
    def run(arguments: Arguments) -> Result:
        with scratch_database() as url:
            return uvloop.run(
                measure(url, rounds=arguments.rounds, seconds=arguments.seconds, most=arguments.options.most)
            )

    return run_part(__doc__, run, rounds=5, seconds=1.5, most=(int, MAX, "rows of ballast"))


if __name__ == "__main__":
    raise SystemExit(main())
