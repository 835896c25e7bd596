"""Organiser: creates the events of a workload, and changes some of them in the middle of the sale."""

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
    """One caller, which waits for the answer to each request."""

    def __init__(
        self, urls: Sequence[str], chance: random.Random, stopping: threading.Event, *, staff_key: str = ""
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._urls = urls
        self._chance = chance
        self._staff = {"Authorization": f"Bearer {staff_key}"} if staff_key else {}
        self._stopping = stopping
        self._plans: list[tuple[float, int, str, str, dict[str, Any]]] = []
        """A heap of time, tie-breaker, name, path and body."""
        self._numbers = itertools.count()

    def make_event(self, setup: LineWriter) -> None:
        """Create an event and write its line."""
        self.counts["events"] += 1
        body = draw_event(self._chance, f"Event {self.counts['events']}")
        reply = self._post("/v1/events", body)
        if reply is not None:
            setup.write(event_line(body, reply))
            self._plan(body, reply)

    def make_account(self, number: int) -> int | None:
        """Create an account with a unique address: other runs may have used the database."""
        email = f"{secrets.token_hex(8)}@example.org"
        body = {
            "name": f"Buyer {number}",
            "phone_number": "0",
            "email": email,
            "password": secrets.token_urlsafe(24),
        }
        reply = self._post("/users/", body)
        return None if reply is None else int(reply["id"])

    def end_key(self, setup: LineWriter, name: str, principal: str, owner: dict[str, str]) -> None:
        """Revoke a caller's key. The lines say from when on it may be refused, and from when on it must be.

        A clock that jumps ahead may have ended the owner's session. Then the key stays.
        """
        setup.write({"e": "ending", "caller": name, "t": time.monotonic_ns()})
        path = f"/v1/keys/{principal.removeprefix('key:')}/revoke"
        if self._post(path, {}, headers=owner, ended=401) is not None:
            setup.write({"e": "ended", "caller": name, "t": time.monotonic_ns()})
            self.counts["keys revoked"] += 1

    def act(self) -> bool:
        """Do the next planned change that is due. Return False if none is due."""
        if not self._plans or self._plans[0][0] > time.monotonic():
            return False
        _, _, name, path, body = heapq.heappop(self._plans)
        reply = self._post(path, body)
        if reply is not None:
            self.counts[name] += 1
            if name == "blocks" and self._chance.random() < 0.7:
                self._later(self._chance.uniform(0.2, 4.0), "lifts", f"{path}/{reply['id']}/lift", {})
        return True

    def _plan(self, body: dict[str, Any], reply: Answer) -> None:
        """Plan the changes of an event during its sale."""
        chance, path = self._chance, f"/v1/events/{reply['number']}"
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
        sections = [one for one in body.get("seat_map", {}).get("sections", ()) if "sold" not in one]
        if sections:
            section = chance.choice(sections)
            row, last = chance.randint(1, section["rows"]), section["seats_per_row"]
            seats = chance.sample(range(1, last + 1), chance.randint(1, 3))
            return {"seats": [f"{section['name']}-{row}-{seat}" for seat in seats]}
        area = chance.choice(body["areas"])["name"] if "areas" in body else "general"
        return {"area": area, "quantity": chance.randint(1, 5)}

    def _later(self, seconds: float, name: str, path: str, body: dict[str, Any]) -> None:
        heapq.heappush(self._plans, (time.monotonic() + seconds, next(self._numbers), name, path, body))

    def _post(
        self, path: str, body: dict[str, Any], *, headers: dict[str, str] | None = None, ended: int = 0
    ) -> Answer | None:
        """Send a request to the servers in turn until one answers.

        Returns None if the request is refused in the current state, or if the workload stops. Raises
        RuntimeError for other refusals. `ended`: a further status that refuses in the current state.
        """
        key = secrets.token_urlsafe(24)
        for url in itertools.cycle(self._urls):
            if self._stopping.is_set():
                return None
            status, reply = self._ask(url, path, body, {"Idempotency-Key": key, **(headers or self._staff)})
            if status in (200, 201):
                return reply
            if status in (409, 410, ended) and reply.get("code") != "in_progress":
                return None
            if 400 <= status < 500 and status not in (409, 429):
                raise RuntimeError(f"POST {path} was answered {status}: {reply}")
            self._stopping.wait(AGAIN_SECONDS)
        return None

    def _ask(self, url: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, Answer]:
        """Return status and content; status 0 without an answer."""
        place = urlsplit(url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_SECONDS)
        headers = {"Content-Type": "application/json", **headers}
        # ValueError: the library takes an answer that broke off in its head for one without a body.
        with (
            contextlib.suppress(OSError, http.client.HTTPException, ValueError),
            contextlib.closing(connection),
        ):
            connection.request("POST", path, orjson.dumps(body), headers)
            answer = connection.getresponse()
            reply = orjson.loads(answer.read())
            return answer.status, reply
        return 0, {}
