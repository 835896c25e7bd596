"""Denial: attackers with an address each hold all that they can, and never more than their caps.

Each attacker places holds without a pause, lets some lapse, and releases a few. Meanwhile workers are killed, and a
buyer with an address of its own must still get seats. Then one address sends a hundred requests at once. A control runs
the same attack on a server whose cap is ten times as high: it must be caught.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proof.caller import make_event
from proof.processes import send
from proof.result import Result
from proof.system import Deployment
from proof.system.server import answer_of
from proof.verdict import judge_deployment

CAP = 20
"""`HOLDFAST_LIMIT_LIVE_ADMISSIONS` by default."""
HOLDS_AT_ONCE = 5
"""`HOLDFAST_LIMIT_HOLDS_PER_MINUTE` by default is 10, of which 5 may come at once."""
WORKERS = 2
SEATS = 2_000
AT_ONCE = 100
HALL = {"sections": [{"name": "A", "rows": SEATS // 50, "seats_per_row": 50, "category": "all"}]}
_SETTINGS = {"limits": "true", "trusted_proxies": "127.0.0.1"}
_LOOK_SECONDS = 0.2
_KILL_EVERY_SECONDS = 15.0
_HONEST_EVERY_SECONDS = 7.0
_CONTROL_SECONDS = 4.0


@dataclass(slots=True)
class Attack:
    """What the attackers reached."""

    attackers: int
    held: int = 0
    """The most admissions that were held at one time."""
    looks: int = 0
    kills: int = 0
    statuses: Counter[int | None] = field(default_factory=Counter)
    honest: Counter[int | None] = field(default_factory=Counter)

    def complaints(self, *, passed_at_once: int) -> list[str]:
        """Return how the limits were broken. Each worker may let one hold too many through."""
        found = []
        most = self.attackers * (CAP + WORKERS)
        if self.held > most:
            found.append(f"{self.attackers} attackers held {self.held} admissions, and may hold {most}")
        if passed_at_once > HOLDS_AT_ONCE + WORKERS:
            found.append(f"{passed_at_once} of {AT_ONCE} requests at once passed a limit of {HOLDS_AT_ONCE}")
        if self.honest[201] < self.honest[429] or not self.honest[201]:
            found.append(f"a buyer beside them got {dict(self.honest)}")
        return found


class Guest:
    """A caller with an address of its own, which a trusted proxy names."""

    def __init__(self, port: int, address: str) -> None:
        self._address = address
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def hold(self, event: int, quantity: int, seconds: int) -> tuple[int | None, dict[str, Any]]:
        line = {"best_available": quantity, "together": False}
        return self.ask("/v1/holds", {"event": event, "lines": [line], "ttl_seconds": seconds})

    def ask(self, path: str, body: dict[str, Any]) -> tuple[int | None, dict[str, Any]]:
        """Return the status and the answer; None if a killed worker gave none."""
        headers = {"Content-Type": "application/json", "X-Forwarded-For": self._address}
        try:
            self._connection.request("POST", path, json.dumps(body), headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self.close()
            return None, {}

    def close(self) -> None:
        self._connection.close()


def attack(deployment: Deployment, *, attackers: int, seconds: float, seed: int, kills: bool) -> Attack:
    server = deployment.servers[0]
    event: int = make_event(server.port, {"name": "Denial", "seat_map": HALL})["number"]
    found = Attack(attackers)
    ends_at = time.monotonic() + seconds
    counts = [Counter[int | None]() for _ in range(attackers)]
    threads = [
        threading.Thread(
            target=_attack,
            args=(
                Guest(server.port, f"198.18.0.{number}"),
                event,
                random.Random(f"{seed}/{number}"),
                ends_at,
                count,
            ),
        )
        for number, count in enumerate(counts)
    ]
    for thread in threads:
        thread.start()
    honest, kill_at, honest_at = 0, time.monotonic() + _KILL_EVERY_SECONDS / 3, time.monotonic()
    while any(thread.is_alive() for thread in threads):
        status, numbers = answer_of(server.url, f"/v1/events/{event}/availability")
        if status == 200:
            found.held, found.looks = max(found.held, numbers["held"]), found.looks + 1
        now = time.monotonic()
        if now > honest_at:
            honest, honest_at = honest + 1, now + _HONEST_EVERY_SECONDS
            guest = Guest(server.port, f"203.0.113.{honest % 250}")
            found.honest[guest.hold(event, 2, 30)[0]] += 1
            guest.close()
        if kills and now > kill_at and (workers := server.workers()):
            kill_at = now + _KILL_EVERY_SECONDS
            send(workers[found.kills % len(workers)], signal.SIGKILL)
            found.kills += 1
        threads[0].join(_LOOK_SECONDS)
    for count in counts:
        found.statuses.update(count)
    return found


def _attack(
    guest: Guest, event: int, chance: random.Random, ends_at: float, statuses: Counter[int | None]
) -> None:
    while time.monotonic() < ends_at:
        status, answer = guest.hold(event, chance.randint(1, 8), chance.choice((5, 600, 600)))
        statuses[status] += 1
        if status == 201 and chance.random() < 0.1:
            guest.ask(f"/v1/holds/{answer['id']}/release", {"hold_token": answer["hold_token"]})
    guest.close()


def burst(deployment: Deployment) -> int:
    """Send many holds of one address at once, and return how many passed."""
    deployment.wait_until_complete()
    port = deployment.servers[0].port
    event: int = make_event(port, {"name": "Burst", "seat_map": HALL})["number"]
    crowd = [Guest(port, "198.18.1.1") for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as together:
        passed = [one[0] for one in together.map(lambda guest: guest.hold(event, 1, 60), crowd)].count(201)
    for guest in crowd:
        guest.close()
    return passed


def run(*, seed: int, seconds: float, attackers: int) -> Result:
    result = Result(part="denial", promises=["P17"], seeds=[seed])
    began = time.monotonic()
    with Deployment(servers=1, workers=WORKERS, seed=seed, settings=_SETTINGS, proxies=False) as deployment:
        found = attack(deployment, attackers=attackers, seconds=seconds, seed=seed, kills=True)
        passed = burst(deployment)
        judge_deployment(deployment, result)
    for detail in found.complaints(passed_at_once=passed):
        result.violations.append({"rule": "denial", "event": "", "detail": detail, "lines": []})
    result.tried |= {
        "attacks": sum(found.statuses.values()),
        "kills during the attack": found.kills,
        "requests at once": AT_ONCE,
    }
    result.figures |= {"denial_attackers": attackers, "denial_most_held": found.held}
    result.figures |= {"denial_cap": attackers * CAP, "denial_passed_at_once": passed}
    result.coverage |= {
        "attackers_refused": [found.statuses[429], attackers],
        "attackers_at_their_caps": [found.held, attackers * CAP // 2],
        "honest_holds": [found.honest[201], 1],
        "looks": [found.looks, 10],
    }
    result.controls.append(_control(seed, attackers))
    result.seconds = time.monotonic() - began
    result.judge()
    return result


def _control(seed: int, attackers: int) -> dict[str, Any]:
    """Attack a server whose cap is too high."""
    settings = _SETTINGS | {"limit_live_admissions": str(10 * CAP), "limit_holds_per_minute": "0"}
    with Deployment(servers=1, workers=WORKERS, seed=seed, settings=settings, proxies=False) as deployment:
        found = attack(deployment, attackers=attackers, seconds=_CONTROL_SECONDS, seed=seed, kills=False)
    caught = found.complaints(passed_at_once=0)
    return {"name": "a cap of 200 instead of 20", "caught_by": "denial" if caught else None}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.denial", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--attackers", type=int, default=50)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    return run(seed=given.seed, seconds=given.seconds, attackers=given.attackers).report(given.out)


if __name__ == "__main__":
    sys.exit(main())
