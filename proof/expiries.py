"""Expiries: confirmations aimed at the moment when their hold lapses, and seats asked for again right after it.

Each attempt holds one seat for a second and confirms it within 50 ms of its expiry, on either side. Meanwhile somebody
has the event's row locked, so that the confirmation waits across the expiry: half of the time by a lock alone, half of
the time by an update of the row (PostgreSQL looks again at a changed row, and not at one that was only locked). What
was not booked is asked for again at the other server, with no sweeper anywhere: it must be on sale within a second.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import uvloop

from proof.caller import Answer, Caller, Wanted, make_event, microseconds, write_setup
from proof.dump import write_dump
from proof.log import ClientLog
from proof.machine import Source
from proof.result import Result
from proof.system import Deployment
from proof.verdict import judge_deployment, judge_history

EVENTS = 8
SEATS = 32  # of each event, each with one attempt at a time
AROUND_SECONDS = 0.05
ON_SALE_WITHIN_SECONDS = 1.0
CLOCKS_MICROSECONDS = 1_000  # one machine, one clock; reading it takes a moment
_LOCKED_BEFORE_SECONDS = 0.07
_TTL_SECONDS = 1
_PAUSE_SECONDS = 0.02

_BLOCKERS = {
    "lock": "SELECT FROM inventories WHERE event_number = %s FOR UPDATE",
    "update": "UPDATE inventories SET last_at = last_at WHERE event_number = %s",
}


@dataclass(slots=True)
class Hall:
    """One event; its seats are used again and again. Whoever blocks it does so on one connection, one at a time."""

    id: str
    number: int
    labels: list[str]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Trial:
    """What came of all attempts."""

    confirms: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    near: int = 0
    """Confirmations that were sent, or answered, within 50 ms of the expiry."""
    again: list[float] = field(default_factory=list)
    """Seconds from the expiry until somebody asked for the seat and got it."""
    too_early: int = 0
    """Times that somebody asked, within the second, and did not."""
    asked_again: int = 0
    violations: list[dict[str, Any]] = field(default_factory=list)

    def accuse(self, rule: str, hall: Hall, detail: str) -> None:
        self.violations.append({"rule": rule, "event": hall.id, "detail": detail, "lines": []})


class Expiries:
    """Rounds over all seats of all halls, until enough were tried."""

    def __init__(self, deployment: Deployment, halls: list[Hall], caller: Caller, *, seed: int) -> None:
        self.trial = Trial()
        self._deployment = deployment
        self._halls = halls
        self._caller = caller
        self._ports = [server.port for server in deployment.servers]
        self._chance = random.Random(seed)
        self._numbers = itertools.count()

    async def run(self, expiries: int) -> None:
        """Until so many holds lapsed unbooked and twice as many were tried to be booked."""
        blockers = [await psycopg.AsyncConnection.connect(self._deployment.sql_url) for _ in self._halls]
        try:
            while len(self.trial.again) < expiries or self.trial.near < 2 * expiries:
                tried = self.trial.near
                await asyncio.gather(*map(self._round, self._halls, blockers))
                print(
                    f"{self.trial.near} confirmations at the expiry, {len(self.trial.again)} sold again",
                    flush=True,
                )
                if self.trial.near == tried or len(self.trial.violations) > 100:
                    return
        finally:
            for blocker in blockers:
                await blocker.close()
            self._caller.hang_up()

    async def _round(self, hall: Hall, blocker: psycopg.AsyncConnection[Any]) -> None:
        """Every seat once. Seats are in two groups, and each lapses, and is locked, by itself."""
        async with asyncio.TaskGroup() as group:
            for number, labels in enumerate(_groups(hall.labels, 2)):
                group.create_task(self._group(hall, labels, number * 0.6, blocker))

    async def _group(
        self, hall: Hall, labels: list[str], late: float, blocker: psycopg.AsyncConnection[Any]
    ) -> None:
        await asyncio.sleep(late)
        held = await asyncio.gather(*(self._hold(hall, label) for label in labels))
        kept = [(label, one) for label, one in zip(labels, held, strict=True) if one.is_ok]
        for label, one in zip(labels, held, strict=True):
            if not one.is_ok:
                self.trial.accuse("on sale again", hall, f"{label} is free, and was refused: {one.said}")
        if not kept:
            return
        lapses = [microseconds(one.body["expires_at"]) for _, one in kept]
        kind = self._chance.choice(("lock", "lock", "update", "update", "nothing"))
        async with asyncio.TaskGroup() as group:
            if kind != "nothing":
                group.create_task(self._block(hall, kind, min(lapses), max(lapses), blocker))
            for (label, one), lapse in zip(kept, lapses, strict=True):
                group.create_task(self._at_expiry(hall, label, one, lapse, kind))

    async def _block(
        self, hall: Hall, kind: str, first: int, last: int, blocker: psycopg.AsyncConnection[Any]
    ) -> None:
        """Has the event's row from before the first expiry to some moment around the last."""
        until = last / 1e6 + self._chance.uniform(-AROUND_SECONDS, AROUND_SECONDS)
        await _sleep_until(first / 1e6 - _LOCKED_BEFORE_SECONDS)
        async with hall.turn, blocker.transaction():
            await blocker.execute(_BLOCKERS[kind].encode(), (hall.number,))
            await _sleep_until(until)

    async def _at_expiry(self, hall: Hall, label: str, held: Answer, lapse: int, kind: str) -> None:
        """Confirm at about the expiry; then give back what was booked, or sell again what was not."""
        moment = lapse / 1e6 + self._chance.uniform(-AROUND_SECONDS, AROUND_SECONDS)
        await _sleep_until(moment)
        confirmed = await self._ask(_booking(hall, held, self._key()))
        self.trial.confirms[confirmed.said if not confirmed.is_ok else f"ok behind {kind}"] += 1
        self.trial.blocked[kind] += 1
        self.trial.near += abs(confirmed.sent_at - lapse) <= AROUND_SECONDS * 1e6
        if confirmed.is_ok:
            self._judge_booking(hall, label, confirmed, lapse)
            await self._ask(_cancellation(hall, confirmed, self._key()))
        elif confirmed.status == 410:
            if confirmed.came_at < lapse - CLOCKS_MICROSECONDS:
                early = (lapse - confirmed.came_at) / 1000
                self.trial.accuse(
                    "at expiry", hall, f"{label} was told to have lapsed {early:.1f} ms before it did"
                )
            await self._sell_again(hall, label, lapse)

    def _judge_booking(self, hall: Hall, label: str, confirmed: Answer, lapse: int) -> None:
        """By the database's time, and by the client's: what was sent after the expiry was decided after it."""
        at = microseconds(confirmed.body["confirmed_at"])
        if at >= lapse:
            self.trial.accuse(
                "at expiry", hall, f"{label} was booked {(at - lapse) / 1000:.1f} ms after its expiry"
            )
        if confirmed.sent_at > lapse + CLOCKS_MICROSECONDS:
            late = (confirmed.sent_at - lapse) / 1000
            self.trial.accuse(
                "at expiry", hall, f"{label} was booked; asked for {late:.1f} ms after its expiry"
            )

    async def _sell_again(self, hall: Hall, label: str, lapse: int) -> None:
        """Who asks a second after the expiry must get it; who asks sooner may be told that it is still taken."""
        self.trial.asked_again += 1
        while True:
            again = await self._hold(hall, label)
            seconds = (again.sent_at - lapse) / 1e6
            if again.is_ok or seconds > ON_SALE_WITHIN_SECONDS:
                break
            self.trial.too_early += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        if not again.is_ok:
            self.trial.accuse(
                "on sale again", hall, f"{label} {seconds:.2f} s after its expiry: {again.said}"
            )
            return
        if microseconds(again.body["placed_at"]) < lapse:
            self.trial.accuse("at expiry", hall, f"{label} was held by another before its hold had lapsed")
        self.trial.again.append(max(0.0, seconds))
        await self._ask(_release(hall, again, self._key()))

    async def _hold(self, hall: Hall, label: str) -> Answer:
        key = self._key()
        return await self._ask(
            Wanted(
                f="hold",
                user=key,
                key=key,
                path="/v1/holds",
                body={"event": hall.id, "lines": [{"seats": [label]}], "ttl_seconds": _TTL_SECONDS},
                logged={
                    "event": hall.id,
                    "lines": [{"seats": [label]}],
                    "ttl": _TTL_SECONDS,
                    "partial": False,
                    "buyer": None,
                },
            )
        )

    async def _ask(self, wanted: Wanted) -> Answer:
        """At either server, until it is answered. Neither a refusal to wait nor a connection that ends is what
        is looked at here, and a seat that was not given back would pass for one that nobody can have."""
        for attempt in range(1, 20):
            answer = await self._caller.ask(self._chance.choice(self._ports), wanted, attempt)
            if answer.status not in (None, 503):
                return answer
            await asyncio.sleep(_PAUSE_SECONDS)
        return answer

    def _key(self) -> str:
        return f"expiries-{next(self._numbers):08}-{self._chance.getrandbits(64):016x}"


def _booking(hall: Hall, held: Answer, key: str) -> Wanted:
    return Wanted(
        f="book",
        user=held.user,
        key=key,
        path="/v1/bookings",
        body={"hold": held.body["id"], "hold_token": held.body["hold_token"]},
        logged={"hold": held.body["id"], "event": hall.id},
    )


def _release(hall: Hall, held: Answer, key: str) -> Wanted:
    return Wanted(
        f="release",
        user=held.user,
        key=key,
        path=f"/v1/holds/{held.body['id']}/release",
        body={"hold_token": held.body["hold_token"]},
        logged={"hold": held.body["id"], "event": hall.id},
    )


def _cancellation(hall: Hall, booked: Answer, key: str) -> Wanted:
    return Wanted(
        f="cancel",
        user=booked.user,
        key=key,
        path=f"/v1/bookings/{booked.body['id']}/cancel",
        body={},
        logged={"booking": booked.body["id"], "hold": booked.body["hold"], "event": hall.id},
    )


def _groups(labels: list[str], number: int) -> Iterator[list[str]]:
    for first in range(number):
        yield labels[first::number]


async def _sleep_until(moment: float) -> None:
    """Of the clock on the wall."""
    await asyncio.sleep(max(0.0, moment - time.time()))


def run(*, seed: int, expiries: int, out: Path) -> Result:
    result = Result(part="expiries", promises=["P1", "P5", "P6", "P7"], seeds=[seed])
    began = time.monotonic()
    settings = {"sweep_interval_seconds": "3600"}
    with Deployment(servers=2, seed=seed, settings=settings, proxies=False) as deployment:
        halls = []
        told = []
        for number in range(EVENTS):
            labels = [f"A-1-{seat}" for seat in range(1, SEATS + 1)]
            sections = [{"name": "A", "rows": 1, "seats_per_row": SEATS, "category": "stalls"}]
            made = make_event(
                deployment.servers[0].port, {"name": f"Expiry {number}", "seat_map": {"sections": sections}}
            )
            halls.append(Hall(made["id"], made["number"], labels))
            rows = [[{"label": label, "category": "stalls"} for label in labels]]
            told.append({"event": made["id"], "number": made["number"], "rows": rows})
        write_setup(out, seed=seed, commit=Source.now().commit, settings=settings, events=told)
        with ClientLog(out / "client-expiries.jsonl") as log:
            trial = _try(deployment, halls, log, seed=seed, expiries=expiries)
        write_dump(deployment.direct_urls, deployment.sql_url, out)
        judge_deployment(deployment, result)
    judge_history(out, result)
    result.violations += trial.violations
    result.tried |= {
        "confirms_at_expiry": trial.near,
        "expiries": trial.asked_again,
        "resold": len(trial.again),
        "refused_within_the_second": trial.too_early,
        "confirms_behind_a_lock": trial.blocked["lock"],
        "confirms_behind_an_update": trial.blocked["update"],
    }
    result.tried |= {f"confirm_at_expiry {said}": times for said, times in sorted(trial.confirms.items())}
    in_time = sum(times for said, times in trial.confirms.items() if said.startswith("ok"))
    result.coverage |= {
        "confirms_at_expiry": [trial.near, 2 * expiries],
        "expiries_sold_again": [len(trial.again), expiries],
        "confirmed_just_in_time": [in_time, expiries // 50],
    }
    result.figures["on_sale_again_seconds"] = sorted(trial.again)
    result.seconds = time.monotonic() - began
    result.judge()
    return result


def _try(deployment: Deployment, halls: list[Hall], log: ClientLog, *, seed: int, expiries: int) -> Trial:
    trying = Expiries(deployment, halls, Caller(log), seed=seed)
    uvloop.run(trying.run(expiries))
    return trying.trial


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.expiries", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--expiries", type=int, default=10_000)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    given.out.mkdir(parents=True, exist_ok=True)
    result = run(seed=given.seed, expiries=given.expiries, out=given.out)
    result.write(given.out)
    print(json.dumps(result.tried), flush=True)
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
