"""Deliveries: a sale whose notices go to four receivers, while servers and PostgreSQL are killed at each step.

One receiver is steady, one fails a third of the time, one hangs, and one answers 410 once and is enabled again.
Kills hit the senders before an answer, right after one, and at any moment of the fan-out and of the claims. The pauses
of the schedule are hours, so the run moves the jobs' clock in the database. At the end C8 compares the receipts with
the journal. The steady receiver must have everything while the hanging one hangs; only then does it answer. A delivery
whose ten attempts have all failed waits for a person, so the run retries it as a person would.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from proof.caller import make_event
from proof.checker.notices import Place, check_notices
from proof.processes import send
from proof.receivers import Receiver, failing, gone, steady
from proof.result import Result
from proof.system import Deployment
from proof.verdict import judge_deployment

EVENTS = 8
AT_ONCE = 8
_WITHIN_SECONDS = 240.0
_PAUSE_SECONDS = 0.25
_PERSON_SECONDS = 10.0
_SETTINGS = {"webhook_private_addresses": "1", "job_interval_seconds": "0.2"}
_MOVE_CLOCK = """
UPDATE jobs SET due_at = least(due_at, statement_timestamp()),
                lease_until = least(lease_until, statement_timestamp())
WHERE status = 'due' AND subject <> %s
  AND (due_at > statement_timestamp() OR lease_until < statement_timestamp() + interval '140 seconds')
"""


class Deliveries:
    """One run: `kills` at chosen steps, and `notices` entries in the journal."""

    def __init__(self, deployment: Deployment, *, seed: int, notices: int, kills: int) -> None:
        self._deployment = deployment
        self._chance = random.Random(seed)
        self._notices = notices
        self._kills = kills
        self._deadline = 0.0
        self._every = max(2, 2 * notices // max(1, kills))
        self.killed = {"before an answer": 0, "after an answer": 0, "at any step": 0}
        self.steady = Receiver("steady", steady, before=self._kill_before, after=self._kill_after)
        self.failing = Receiver("failing", failing(random.Random(seed + 1)))
        self.hanging = Receiver("hanging", self._hang_or_take)
        self.gone = Receiver("gone", gone(self._chance.randint(2, 10)))
        self.receivers = (self.steady, self.failing, self.hanging, self.gone)
        self.steady_first = 0
        """How many notices the hanging receiver lacked when the steady one had all."""

    async def run(self) -> None:
        self._extend()
        for receiver in self.receivers:
            await receiver.start()
        try:
            async with httpx2.AsyncClient(base_url=self._deployment.direct_urls[0], timeout=30) as client:
                self._ids = {one.name: await _register(client, one) for one in self.receivers}
                selling = asyncio.create_task(asyncio.to_thread(self._sell))
                await self._until_delivered(client, selling)
        finally:
            for receiver in self.receivers:
                receiver.stop()

    def _hang_or_take(self, _number: int) -> str:
        return "204" if self.steady_first else "hang"

    def _sell(self) -> None:
        """Place holds until the journal has enough entries. A server that is away is asked again."""
        halls = [self._make_event(number) for number in range(EVENTS)]
        with httpx2.Client(timeout=30) as client:
            placed = 0
            while placed < self._notices - EVENTS:
                url = f"{self._chance.choice(self._deployment.direct_urls)}/v1/holds"
                body = {"event": halls[placed % EVENTS], "lines": [{"quantity": 1}]}
                try:
                    placed += client.post(url, json=body).status_code == 201
                except httpx2.TransportError:
                    time.sleep(0.05)

    def _make_event(self, number: int) -> int:
        while True:
            try:
                body = {"name": f"Notices {number}", "capacity": 1_000_000}
                made: int = make_event(self._deployment.servers[0].port, body)["number"]
            except (OSError, RuntimeError, ValueError):
                time.sleep(0.1)
            else:
                return made

    async def _until_delivered(self, client: httpx2.AsyncClient, selling: asyncio.Task[None]) -> None:
        """Let time pass, kill, and enable the endpoint that was gone, until everything has arrived."""
        looks_at = time.monotonic()
        while time.monotonic() < self._deadline:
            await asyncio.sleep(_PAUSE_SECONDS)
            if self.killed["at any step"] < self._kills // 3 and self._chance.random() < 0.2:
                self._kill("at any step")
            wanted = await asyncio.to_thread(self._pass_time)
            if not selling.done() or wanted is None:
                continue
            if not self.steady_first and self.steady.kinds == wanted:
                self.steady_first = wanted - self.hanging.kinds
            if all(one.kinds >= wanted for one in self.receivers):
                return
            await self._enable(client)
            if time.monotonic() > looks_at:
                looks_at = time.monotonic() + _PERSON_SECONDS
                await asyncio.to_thread(self._retry_parked)

    def _retry_parked(self) -> None:
        """Do what a person does about deliveries whose attempts have all failed."""
        with suppress(RuntimeError):  # PostgreSQL may be killed at this moment
            self._deployment.holdfast("jobs", "retry", "--parked")

    def _pass_time(self) -> int | None:
        """Make the jobs due, but those of the hanging receiver only once the steady one has all. Return the notices."""
        spared = self._ids["hanging"] if not self.steady_first else ""
        try:
            with psycopg.connect(self._deployment.sql_url, autocommit=True, connect_timeout=2) as connection:
                connection.execute(_MOVE_CLOCK, (spared,))
                return len(journal_of(connection))
        except psycopg.Error:
            return None

    async def _enable(self, client: httpx2.AsyncClient) -> None:
        for name in ("gone", "hanging", "failing"):
            try:
                path = f"/v1/webhooks/{self._ids[name]}"
                if (await client.get(path)).json().get("status") == "disabled":
                    await client.patch(path, json={"status": "enabled"})
            except httpx2.TransportError:
                return

    def _kill_before(self, number: int) -> None:
        if number % self._every == 0 and self.killed["before an answer"] < self._kills // 3:
            self._kill("before an answer")

    def _kill_after(self, number: int) -> None:
        if number % self._every == self._every // 2 and self.killed["after an answer"] < self._kills // 3:
            self._kill("after an answer")

    def _extend(self) -> None:
        """Count the time limit from the last kill: a supervisor waits longer after each of several kills."""
        self._deadline = time.monotonic() + _WITHIN_SECONDS + self._notices / 50

    def _kill(self, step: str) -> None:
        """Kill -9 every worker, or the whole PostgreSQL."""
        self.killed[step] += 1
        self._extend()
        if self._chance.random() < 0.3:
            self._deployment.cluster.kill()
        else:
            for server in self._deployment.servers:
                for pid in server.workers():
                    send(pid, signal.SIGKILL)


async def _register(client: httpx2.AsyncClient, receiver: Receiver) -> str:
    answer = await client.post("/v1/webhooks", json={"url": receiver.url})
    answer.raise_for_status()
    made: str = answer.json()["id"]
    return made


def journal_of(connection: psycopg.Connection[Any]) -> list[Place]:
    """Return the place of every entry of the journals."""
    rows = connection.execute(
        "SELECT event_number, version, jsonb_array_length(changes) FROM journal"
    ).fetchall()
    return [(number, version, index) for number, version, entries in rows for index in range(entries)]


def run(*, seed: int, notices: int, kills: int) -> Result:
    result = Result(part="deliveries", promises=["P14"], seeds=[seed])
    began = time.monotonic()
    with Deployment(servers=2, seed=seed, settings=_SETTINGS, proxies=False) as deployment:
        trial = Deliveries(deployment, seed=seed, notices=notices, kills=kills)
        asyncio.run(trial.run())
        deployment.wait_until_complete()
        with psycopg.connect(deployment.sql_url) as connection:
            journal = journal_of(connection)
        judge_deployment(deployment, result)

    def accuse(receiver: str, detail: str) -> None:
        result.violations.append({"rule": "C8", "event": receiver, "detail": detail, "lines": []})

    counts = check_notices(journal, {one.name: one.receipts for one in trial.receivers}, accuse)
    result.tried |= {"notices": counts["notices"], "copies": counts["copies"]}
    result.tried |= {f"kills {step}": times for step, times in trial.killed.items()}
    result.coverage |= {
        "notices": [counts["notices"], 4 * notices],
        "kills": [sum(trial.killed.values()), kills // 2],
        "lacked_by_the_hanging_receiver": [trial.steady_first, 1],
    }
    result.seconds = time.monotonic() - began
    result.judge()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.deliveries", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--notices", type=int, default=2_500, help="for each of the four receivers")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    given.out.mkdir(parents=True, exist_ok=True)
    result = run(seed=given.seed, notices=given.notices, kills=given.kills)
    result.write(given.out)
    print(json.dumps(result.tried), flush=True)
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
