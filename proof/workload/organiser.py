"""Organiser: makes the events of a workload, and does to some of them what organisers do in the middle of a sale."""

from __future__ import annotations

import contextlib
import heapq
import http.client
import itertools
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from proof.log import LineWriter
from proof.workload.events import draw_event, event_line

__all__ = ["Organiser"]

ANSWER_SECONDS = 10.0
AGAIN_SECONDS = 0.1
BLOCKED, STOPPED, CANCELLED = 0.08, 0.03, 0.02
"""Shares of the events."""

Answer = dict[str, Any]


class Organiser:
    """One caller, whose requests wait until they are answered."""

    def __init__(self, urls: Sequence[str], chance: random.Random, stopping: threading.Event) -> None:
        self.counts: Counter[str] = Counter()
        self._urls = urls
        self._chance = chance
        self._stopping = stopping
        self._plans: list[tuple[float, int, str, str, dict[str, Any]]] = []
        """A heap: when, a number that settles equal times, what it is called, path and body."""
        self._numbers = itertools.count()

    def make_event(self, setup: LineWriter) -> None:
        """And tells of it."""
        self.counts["events"] += 1
        body = draw_event(self._chance, f"Event {self.counts['events']}")
        told = self._post("/v1/events", body)
        if told is not None:
            setup.write(event_line(body, told))
            self._plan(body, told)

    def make_account(self, number: int) -> int | None:
        """A unique address each: the database may be one that other runs have used."""
        email = f"{secrets.token_hex(8)}@example.org"
        body = {"name": f"Buyer {number}", "phone_number": "0", "email": email, "password": email}
        told = self._post("/users/", body)
        return None if told is None else int(told["id"])

    def act(self) -> bool:
        """Does the next thing that is due; whether there was one."""
        if not self._plans or self._plans[0][0] > time.monotonic():
            return False
        _, _, name, path, body = heapq.heappop(self._plans)
        told = self._post(path, body)
        if told is not None:
            self.counts[name] += 1
            if name == "blocks" and self._chance.random() < 0.7:
                self._later(self._chance.uniform(0.2, 4.0), "lifts", f"{path}/{told['id']}/lift", {})
        return True

    def _plan(self, body: dict[str, Any], told: Answer) -> None:
        """What is to happen to this one while it is on sale."""
        chance, path = self._chance, f"/v1/events/{told['number']}"
        draw = chance.random()
        if draw < BLOCKED:
            for _ in range(chance.randint(1, 3)):
                self._later(chance.uniform(0.0, 3.0), "blocks", f"{path}/blocks", self._draw_block(body))
        elif draw < BLOCKED + STOPPED:
            at = chance.uniform(0.2, 3.0)
            self._later(at, "stops", f"{path}/stop", {})
            self._later(at + chance.uniform(0.1, 1.0), "resumes", f"{path}/resume", {})
        elif draw < BLOCKED + STOPPED + CANCELLED:
            self._later(chance.uniform(0.5, 4.0), "cancellations of events", f"{path}/cancel", {})

    def _draw_block(self, body: dict[str, Any]) -> dict[str, Any]:
        chance = self._chance
        sections = body.get("seat_map", {}).get("sections")
        if sections:
            section = chance.choice(sections)
            row, most = chance.randint(1, section["rows"]), section["seats_per_row"]
            seats = chance.sample(range(1, most + 1), chance.randint(1, 3))
            return {"seats": [f"{section['name']}-{row}-{seat}" for seat in seats]}
        area = chance.choice(body["areas"])["name"] if "areas" in body else "general"
        return {"area": area, "quantity": chance.randint(1, 5)}

    def _later(self, seconds: float, name: str, path: str, body: dict[str, Any]) -> None:
        heapq.heappush(self._plans, (time.monotonic() + seconds, next(self._numbers), name, path, body))

    def _post(self, path: str, body: dict[str, Any]) -> Answer | None:
        """Again until it is answered, by whichever server; None where it is refused as things stand, and once the
        workload is to stop. Raises RuntimeError for what can never be right."""
        key = secrets.token_urlsafe(24)
        for url in itertools.cycle(self._urls):
            if self._stopping.is_set():
                return None
            status, told = self._ask(url, path, body, key)
            if status in (200, 201):
                return told
            if status in (409, 410) and told.get("code") != "in_progress":
                return None
            if 400 <= status < 500 and status not in (409, 429):
                raise RuntimeError(f"POST {path} was answered {status}: {told}")
            self._stopping.wait(AGAIN_SECONDS)
        return None

    def _ask(self, url: str, path: str, body: dict[str, Any], key: str) -> tuple[int, Answer]:
        """Status 0 where there is no answer."""
        place = urlsplit(url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_SECONDS)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        # ValueError: the library takes an answer that broke off in its head for one without a body.
        with (
            contextlib.suppress(OSError, http.client.HTTPException, ValueError),
            contextlib.closing(connection),
        ):
            connection.request("POST", path, orjson.dumps(body), headers)
            answer = connection.getresponse()
            told = orjson.loads(answer.read())
            return answer.status, told
        return 0, {}
