"""Scalpers: attackers who hold all that they can, against the limits of guests with all their defaults.

    python -m benchmarks.scalpers [--attackers 50] [--seconds 300] [--seats 2000] [--workers 2]

Each attacker has an address of its own and places holds without a pause. It releases every tenth hold that it got, and
tries again at once. Meanwhile the program reads how many admissions are held. The
attackers may never hold more than their caps. It ends with 1 if they did, or if a burst of requests at once passes by
more than one for each worker.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from benchmarks import programs
from benchmarks.server import scratch_database
from benchmarks.wire import ask, make_event, seat_map
from holdfast.limits import classes

__all__ = ["Outcome", "attack"]

CAP = classes.LIVE_ADMISSIONS.quantity
AT_ONCE = 100
_LOOK_SECONDS = 0.2


@dataclass(slots=True)
class Outcome:
    """What the attackers reached."""

    attackers: int
    workers: int
    max_held: int = 0
    looks: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    burst_passed: int = 0

    @property
    def is_within(self) -> bool:
        burst = classes.HOLDS.rate().burst
        return self.max_held <= self.attackers * CAP and self.burst_passed <= burst + self.workers


class Attacker:
    """A guest with an address of its own, which a trusted proxy names."""

    def __init__(self, port: int, event: int, number: int) -> None:
        self._port = port
        self._event = event
        self._address = f"198.18.{number // 250}.{number % 250}"
        self._random = random.Random(number)  # noqa: S311 - an attacker, no secret
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def place(self, quantity: int = 1) -> tuple[int, dict[str, Any]]:
        line: dict[str, Any] = {"best_available": quantity, "together": False}
        return self._ask("/v1/holds", {"event": self._event, "lines": [line], "ttl_seconds": 600})

    def run(self, until: float, statuses: Counter[int]) -> None:
        while time.monotonic() < until:
            status, answer = self.place(self._random.randint(1, 8))
            statuses[status] += 1
            if status == 201 and self._random.random() < 0.1:
                self._ask(f"/v1/holds/{answer['id']}/release", {"hold_token": answer["hold_token"]})
        self.close()

    def _ask(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json", "X-Forwarded-For": self._address}
        self._connection.request("POST", path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


def attack(database_url: str, *, attackers: int, seconds: float, seats: int, workers: int) -> Outcome:
    """Let attackers hold what they can, and return how much that was at most."""
    found = Outcome(attackers=attackers, workers=workers)
    settings = {"limits": "true", "trusted_proxies": "127.0.0.1"}
    with programs.holdfast(database_url, workers=workers, **settings) as server:
        event = make_event(server.port, seat_map=seat_map(seats))
        until = time.monotonic() + seconds
        counts = [Counter[int]() for _ in range(attackers)]
        threads = [
            threading.Thread(target=Attacker(server.port, event, number).run, args=(until, counts[number]))
            for number in range(attackers)
        ]
        for one in threads:
            one.start()
        while any(one.is_alive() for one in threads):
            held = ask(server.port, "GET", f"/v1/events/{event}/availability").json["held"]
            found.max_held, found.looks = max(found.max_held, held), found.looks + 1
            threads[0].join(_LOOK_SECONDS)
        for count in counts:
            found.statuses.update(count)
        found.burst_passed = _burst(server.port, make_event(server.port, seat_map=seat_map(seats)))
    return found


def _burst(port: int, event: int) -> int:
    """Send many requests of one address at once. Return how many passed."""
    crowd = [Attacker(port, event, 60_000) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as together:
        passed = [status for status, _ in together.map(Attacker.place, crowd)].count(201)
    for one in crowd:
        one.close()
    return passed


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.scalpers")
    parser.add_argument("--attackers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seats", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with scratch_database() as url:
        found = attack(
            url, attackers=given.attackers, seconds=given.seconds, seats=given.seats, workers=given.workers
        )
    sys.stdout.write(
        f"{found.attackers} attackers held {found.max_held} of {given.seats} seats at most; "
        f"their caps are {found.attackers * CAP}. Answers: {dict(sorted(found.statuses.items()))}. "
        f"Of {AT_ONCE} requests at once {found.burst_passed} passed.\n"
    )
    return 0 if found.is_within else 1


if __name__ == "__main__":
    raise SystemExit(main())
