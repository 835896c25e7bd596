"""Process: a program that simulates a share of the buyers. It reads and writes lines of JSON.

It reads the plan, reports that it is ready, reads the opening time, reports its counts every second, and at the end
its buyers' answers. It ends when its standard input closes.
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
_REPORT_SECONDS = 1.0
_LOOK_SECONDS = 1.0
_READERS = 32
_CHUNK = 2000


class _Process:
    """One process's rush and its aftermath."""

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
        """Run the rush until the last buyer has left, or until its closing time."""
        self.shop.clock.started_at = start_at
        loop = asyncio.get_running_loop()
        until_closing = start_at + self.plan.closing_seconds - time.monotonic()
        end = loop.call_later(max(0.0, until_closing), self.generator.close)
        looker = self._looker()
        reporting = loop.create_task(self._send_every_second())
        looking = loop.create_task(looker.run([self._watch_seats()] if self.plan.wish is Wish.SEATS else []))
        try:
            await self.generator.serve_arrivals(self.arrivals)
        finally:
            end.cancel()
            reporting.cancel()
            looker.close()
            looker.hang_up()
            looking.cancel()
        self._send_tally()
        _send({"gone": True})

    async def settle(self) -> None:
        """Settle open requests, and read all bookings again. The rush's counts include none of this."""
        shop, findings = self.shop, Findings()
        shop.tally = RushTally()
        unsettled, shop.accounts.unsettled = shop.accounts.unsettled, []
        booked_before = len(shop.accounts.bookings)
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
                _send({name: chunk})
        _send(
            {"accounts": self._accounts(accounts, findings, settled=len(accounts.bookings) - booked_before)}
        )

    def _looker(self) -> Generator:
        """Return a generator apart from the buyers, because only their answers count."""
        plan, shop = self.plan, self.shop
        apart = Shop(plan, shop.requests, shop.seat_plan, index=self.index, clock=shop.clock)
        return Generator(apart, Address(plan.url), connections=1)

    def _accounts(self, accounts: BuyerAccounts, findings: Findings, *, settled: int) -> dict[str, Any]:
        return {
            "bookings": len(accounts.bookings),
            "booked_admissions": sum(one.quantity for one in accounts.bookings),
            "bookings_settled_afterwards": settled,
            "settled": findings.settled,
            "open": findings.open,
            "read": findings.read,
            "unreadable": findings.unreadable,
            "named": findings.named,
            "odd": accounts.odd,
        }

    async def _send_every_second(self) -> None:
        while True:
            await asyncio.sleep(_REPORT_SECONDS)
            self._send_tally()

    def _send_tally(self) -> None:
        """Send the counts since the last call."""
        tally, self.shop.tally = self.shop.tally, RushTally()
        _send({"tally": tally.to_json(), "max_open": self.generator.pool.max_open})

    def _watch_seats(self) -> Steps[None]:
        """Read the taken seats every second, as a shop's page does."""
        etag = ""
        while True:
            try:
                answer = yield from asking(
                    Ask("seat_plan", self.shop.requests.seats(etag)), self.shop.chance, patience_seconds=10.0
                )
                if answer.status == 200:
                    etag = answer.etag
                    self.shop.seat_plan.show(one["label"] for one in orjson.loads(answer.body)["items"])
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


def _send(message: dict[str, Any]) -> None:
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
    gc.set_threshold(50_000, 50, 50)  # reference counting frees journeys
    _send({"ready": True})
    orders = await reader.readline()
    if not orders:
        return 1
    following = loop.create_task(_follow(reader, process))
    await process.run(orjson.loads(orders)["start_at"])
    if not broken:
        await process.settle()
    following.cancel()
    if broken:
        _send({"broken": f"{type(broken[0]).__name__}: {broken[0]}"})
        return 1
    return 0


async def _follow(reader: asyncio.StreamReader, process: _Process) -> None:
    """End the rush on a `stop` line, and this process when its input closes."""
    while await reader.readline():
        process.generator.close()
    os._exit(1)


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles an interrupt from the terminal
    try:
        import uvloop
    except ImportError:
        return asyncio.run(_lead())
    return uvloop.run(_lead())


if __name__ == "__main__":
    raise SystemExit(main())
