"""Expiries: confirmations at the moment when their hold lapses, and new holds of the same seats right after it.

Each attempt holds one seat for a second and confirms it within 50 ms of its expiry, before or after.
Meanwhile another transaction locks the event's row, so that the confirmation waits across the expiry. Half of
these transactions only lock the row, and half update it: PostgreSQL reads a changed row again, but not a
locked one. A seat that was not booked is requested again at the other server. No sweeper runs: the seat must
be on sale within a second.
"""

from __future__ import annotations

import argparse
import asyncio
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
from proof.retry_keys import random_key
from proof.system import Deployment
from proof.verdict import judge_deployment, judge_history

EVENTS = 8
SEATS = 32  # per event; each has one attempt at a time
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
    """One event, whose seats are reused. `turn` allows one blocking transaction at a time."""

    id: str
    number: int
    labels: list[str]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Trial:
    """The results of all attempts."""

    confirms: Counter[str] = field(default_factory=Counter)
    blocked: Counter[str] = field(default_factory=Counter)
    near: int = 0
    """Confirmations sent or answered within 50 ms of the expiry."""
    again: list[float] = field(default_factory=list)
    """Seconds from the expiry until the successful request for the seat."""
    too_early: int = 0
    """Requests that were refused within the second."""
    requests_again: int = 0
    violations: list[dict[str, Any]] = field(default_factory=list)

    def accuse(self, rule: str, hall: Hall, detail: str) -> None:
        self.violations.append({"rule": rule, "event": hall.id, "detail": detail, "lines": []})


class Expiries:
    """Rounds over all seats of all events, until enough were tried."""

    def __init__(self, deployment: Deployment, halls: list[Hall], caller: Caller, *, seed: int) -> None:
        self.trial = Trial()
        self._deployment = deployment
        self._halls = halls
        self._caller = caller
        self._ports = [server.port for server in deployment.servers]
        self._chance = random.Random(seed)

    async def run(self, expiries: int) -> None:
        """Run until `expiries` holds lapsed unbooked, and twice as many confirmations were tried."""
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
        """Try every seat once. Seats form two groups, which lapse and are locked separately."""
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
                self.trial.accuse("on sale again", hall, f"{label} is free, but was refused: {one.outcome}")
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
        """Lock the event's row from before the first expiry to a moment around the last."""
        until = last / 1e6 + self._chance.uniform(-AROUND_SECONDS, AROUND_SECONDS)
        await _sleep_until(first / 1e6 - _LOCKED_BEFORE_SECONDS)
        async with hall.turn, blocker.transaction():
            await blocker.execute(_BLOCKERS[kind].encode(), (hall.number,))
            await _sleep_until(until)

    async def _at_expiry(self, hall: Hall, label: str, held: Answer, lapse: int, kind: str) -> None:
        """Confirm near the expiry. Then cancel the booking, or sell an unbooked seat again."""
        moment = lapse / 1e6 + self._chance.uniform(-AROUND_SECONDS, AROUND_SECONDS)
        await _sleep_until(moment)
        confirmed = await self._ask(_booking(hall, held, random_key(self._chance)))
        self.trial.confirms[confirmed.outcome if not confirmed.is_ok else f"ok behind {kind}"] += 1
        self.trial.blocked[kind] += 1
        self.trial.near += abs(confirmed.sent_at - lapse) <= AROUND_SECONDS * 1e6
        if confirmed.is_ok:
            self._judge_booking(hall, label, confirmed, lapse)
            await self._ask(_cancellation(hall, confirmed, random_key(self._chance)))
        elif confirmed.status == 410:
            if confirmed.received_at < lapse - CLOCKS_MICROSECONDS:
                early = (lapse - confirmed.received_at) / 1000
                self.trial.accuse(
                    "at expiry", hall, f"{label} was refused as lapsed {early:.1f} ms before its expiry"
                )
            await self._sell_again(hall, label, lapse)

    def _judge_booking(self, hall: Hall, label: str, confirmed: Answer, lapse: int) -> None:
        """Judge by the database's clock and by the client's: a confirmation sent after the expiry was decided
        after it."""
        at = microseconds(confirmed.body["confirmed_at"])
        if at >= lapse:
            self.trial.accuse(
                "at expiry", hall, f"{label} was booked {(at - lapse) / 1000:.1f} ms after its expiry"
            )
        if confirmed.sent_at > lapse + CLOCKS_MICROSECONDS:
            late = (confirmed.sent_at - lapse) / 1000
            self.trial.accuse(
                "at expiry", hall, f"{label} was booked; the request came {late:.1f} ms after its expiry"
            )

    async def _sell_again(self, hall: Hall, label: str, lapse: int) -> None:
        """Request the seat until it is held. Within a second of the expiry, a refusal is allowed."""
        self.trial.requests_again += 1
        while True:
            again = await self._hold(hall, label)
            seconds = (again.sent_at - lapse) / 1e6
            if again.is_ok or seconds > ON_SALE_WITHIN_SECONDS:
                break
            self.trial.too_early += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        if not again.is_ok:
            self.trial.accuse(
                "on sale again", hall, f"{label} {seconds:.2f} s after its expiry: {again.outcome}"
            )
            return
        if microseconds(again.body["placed_at"]) < lapse:
            self.trial.accuse("at expiry", hall, f"{label} was held by another before its hold had lapsed")
        self.trial.again.append(max(0.0, seconds))
        await self._ask(_release(hall, again, random_key(self._chance)))

    async def _hold(self, hall: Hall, label: str) -> Answer:
        key = random_key(self._chance)
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
        """Send a request to either server until it is answered.

        This part does not test busy refusals or closed connections. A seat whose release was lost would look
        like one that is never on sale again.
        """
        for attempt in range(1, 20):
            answer = await self._caller.ask(self._chance.choice(self._ports), wanted, attempt)
            if answer.status not in (None, 503):
                return answer
            await asyncio.sleep(_PAUSE_SECONDS)
        return answer


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
    """Sleep until a time of the wall clock, in seconds since the epoch."""
    await asyncio.sleep(max(0.0, moment - time.time()))


def run(*, seed: int, expiries: int, out: Path) -> Result:
    result = Result(part="expiries", promises=["P1", "P5", "P6", "P7"], seeds=[seed])
    began = time.monotonic()
    settings = {"sweep_interval_seconds": "3600"}
    with Deployment(servers=2, seed=seed, settings=settings, proxies=False) as deployment:
        halls = []
        events = []
        for number in range(EVENTS):
            labels = [f"A-1-{seat}" for seat in range(1, SEATS + 1)]
            sections = [{"name": "A", "rows": 1, "seats_per_row": SEATS, "category": "stalls"}]
            made = make_event(
                deployment.servers[0].port, {"name": f"Expiry {number}", "seat_map": {"sections": sections}}
            )
            halls.append(Hall(made["id"], made["number"], labels))
            rows = [[{"label": label, "category": "stalls"} for label in labels]]
            events.append({"event": made["id"], "number": made["number"], "rows": rows})
        write_setup(out, seed=seed, commit=Source.now().commit, settings=settings, events=events)
        with ClientLog(out / "client-expiries.jsonl") as log:
            trial = _try(deployment, halls, log, seed=seed, expiries=expiries)
        write_dump(deployment.direct_urls, deployment.sql_url, out)
        judge_deployment(deployment, result)
    judge_history(out, result)
    result.violations += trial.violations
    result.tried |= {
        "confirms_at_expiry": trial.near,
        "expiries": trial.requests_again,
        "resold": len(trial.again),
        "refused_within_the_second": trial.too_early,
        "confirms_behind_a_lock": trial.blocked["lock"],
        "confirms_behind_an_update": trial.blocked["update"],
    }
    result.tried |= {
        f"confirm_at_expiry {outcome}": times for outcome, times in sorted(trial.confirms.items())
    }
    in_time = sum(times for outcome, times in trial.confirms.items() if outcome.startswith("ok"))
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
