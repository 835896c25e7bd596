"""Process: one program with its share of the buyers; led by lines of JSON on standard input, tells by such lines.

It is told the plan, says that it is ready, is told when the doors open, tells every second what happened, and at the
end what its buyers were told. Where its leader is gone, it goes too.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any

import orjson

from holdfast.rush.accounts import BuyerAccounts
from holdfast.rush.aftermath import Findings, read_back, settle
from holdfast.rush.arrivals import draw_arrivals
from holdfast.rush.generator import Generator
from holdfast.rush.journey import Shop
from holdfast.rush.plan import Plan, Wish
from holdfast.rush.requests import Requests
from holdfast.rush.seats import SeatPlan
from holdfast.rush.steps import Ask, Closed, Left, Steps, Wait, asking
from holdfast.rush.tally import Clock, RushTally
from holdfast.rush.wire import Address

__all__ = ["MAX_LINE", "main"]

MAX_LINE = 1 << 26
_TELL_SECONDS = 1.0
_LOOK_SECONDS = 1.0
_READERS = 32
_CHUNK = 2000


class _Process:
    """From the plan to the last line."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.plan = Plan.from_json(orders["plan"])
        self.index: int = orders["index"]
        address = Address(self.plan.url)
        self.shop = Shop(
            self.plan,
            Requests(self.plan, address),
            SeatPlan(orders["rows"]),
            index=self.index,
            clock=Clock(self.plan.tick_seconds),
        )
        self.generator = Generator(self.shop, address, connections=self.plan.connections)
        self.arrivals = draw_arrivals(
            Random(f"{self.plan.seed}/{self.index}/arrivals"),
            self.plan.arrival,
            buyers=self.plan.share(self.index),
            over_seconds=self.plan.over_seconds,
        )

    async def run(self, start_at: float) -> None:
        """The rush, and afterwards what is left to do; each ends when it is done, or `close` is called."""
        self.shop.clock.started_at = start_at
        loop = asyncio.get_running_loop()
        until_closing = start_at + self.plan.closing_seconds - time.monotonic()
        end = loop.call_later(max(0.0, until_closing), self.generator.close)
        looker = self._looker()
        telling = loop.create_task(self._tell_always())
        looking = loop.create_task(looker.run([self._watch_seats()] if self.plan.wish is Wish.SEATS else []))
        try:
            await self.generator.let_come(self.arrivals)
        finally:
            end.cancel()
            telling.cancel()
            looker.close()
            looker.hang_up()
            looking.cancel()
        self._tell_tally()
        _tell({"gone": True})

    async def settle(self) -> None:
        """Told apart from the rush: nothing of it is in the counts."""
        shop, findings = self.shop, Findings()
        shop.tally = RushTally()
        unsettled, shop.accounts.unsettled = shop.accounts.unsettled, []
        told_before = len(shop.accounts.bookings)
        left_open = iter(unsettled)
        await self.generator.run(settle(shop, left_open, findings) for _ in range(_READERS))
        bookings = iter(shop.accounts.bookings)
        await self.generator.run(read_back(shop, bookings, findings) for _ in range(_READERS))
        self.generator.hang_up()
        accounts = shop.accounts
        for name, items in (
            ("seat_times", accounts.seat_times),
            ("lapsing", accounts.lapsing),
            ("booked_seats", [label for one in accounts.bookings for label in one.seats]),
        ):
            for chunk in _chunks(items):
                _tell({name: chunk})
        _tell(
            {"accounts": self._accounts(accounts, findings, told_late=len(accounts.bookings) - told_before)}
        )

    def _looker(self) -> Generator:
        """Apart from the buyers, whose answers are counted."""
        plan, shop = self.plan, self.shop
        apart = Shop(plan, shop.requests, shop.picture, index=self.index, clock=shop.clock)
        return Generator(apart, Address(plan.url), connections=1)

    def _accounts(self, accounts: BuyerAccounts, findings: Findings, *, told_late: int) -> dict[str, Any]:
        return {
            "bookings": len(accounts.bookings),
            "booked_admissions": sum(one.quantity for one in accounts.bookings),
            "bookings_settled_afterwards": told_late,
            "settled": findings.settled,
            "open": findings.open,
            "read": findings.read,
            "unreadable": findings.unreadable,
            "named": findings.named,
            "odd": accounts.odd,
        }

    async def _tell_always(self) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            self._tell_tally()

    def _tell_tally(self) -> None:
        """What came since the last time."""
        tally, self.shop.tally = self.shop.tally, RushTally()
        _tell({"tally": tally.to_json(), "most_open": self.generator.pool.most_open})

    def _watch_seats(self) -> Steps[None]:
        """The picture of the page, new every second."""
        etag = ""
        while True:
            try:
                answer = yield from asking(
                    Ask("picture", self.shop.requests.seats(etag)), self.shop.chance, patience_seconds=10.0
                )
                if answer.status == 200:
                    etag = answer.etag
                    self.shop.picture.show(one["label"] for one in orjson.loads(answer.body)["items"])
            except Left as left:
                if left.is_closing:
                    return
            try:
                yield Wait(_LOOK_SECONDS)
            except Closed:
                return


def _chunks(items: list[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _tell(message: dict[str, Any]) -> None:
    line = orjson.dumps(message, option=orjson.OPT_NON_STR_KEYS) + b"\n"
    while line:
        line = line[os.write(sys.stdout.fileno(), line) :]


async def _lead() -> int:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    broken: list[BaseException] = []
    process = _Process(orjson.loads(await reader.readline()))

    def break_off(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        broken.append(context.get("exception") or RuntimeError(context["message"]))
        process.generator.close()

    loop.set_exception_handler(break_off)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)  # journeys are no rubbish, and end without it
    _tell({"ready": True})
    orders = await reader.readline()
    if not orders:
        return 1
    following = loop.create_task(_follow(reader, process))
    await process.run(orjson.loads(orders)["start_at"])
    if not broken:
        await process.settle()
    following.cancel()
    if broken:
        _tell({"broken": f"{type(broken[0]).__name__}: {broken[0]}"})
        return 1
    return 0


async def _follow(reader: asyncio.StreamReader, process: _Process) -> None:
    """`stop` sends the buyers home; no more lines at all: there is nobody to tell."""
    while await reader.readline():
        process.generator.close()
    os._exit(1)


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, it is for the leader, who says what to do
    try:
        import uvloop
    except ImportError:
        return asyncio.run(_lead())
    return uvloop.run(_lead())


if __name__ == "__main__":
    raise SystemExit(main())
