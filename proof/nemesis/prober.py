"""Prober: the nemesis's own client, which sells single admissions to find out when selling works again.

Its event is not in the setup, so the checker does not judge it. It measures only the time to success and
unexpected answers.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

CAPACITY = 1_000_000
_PAUSE_SECONDS = 0.1
_HASTE_SECONDS = 0.02
_PATIENCE_SECONDS = 1.5
_TTL_SECONDS = 60
_TICK_SECONDS = 0.02
_EXPECTED = {200, 201, 503}
_AFTER_A_JUMP = {"hold_expired"}


class Prober:
    """One thread for each server; each sale is a hold and its booking, on a new connection."""

    def __init__(self, urls: Sequence[str], *, staff_key: str = "") -> None:
        self.urls = list(urls)
        self._staff_key = staff_key
        self.event = ""
        self.answers: Counter[str] = Counter()
        """Counts by code, by exception, and of `ok`."""
        self.surprises: list[dict[str, Any]] = []
        """Answers that no fault excuses, such as a 500."""
        self.last = [""] * len(urls)
        """The result of each server's last sale."""
        self._first_after: dict[int, list[int | None]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Create the event and start the threads. The deployment must be ready. Raises RuntimeError."""
        event = {"name": "Probe", "capacity": CAPACITY}
        status, made = _call(
            self.urls[0], "/v1/events", event, key=uuid.uuid4().hex, seconds=30.0, staff_key=self._staff_key
        )
        if status != 201:
            raise RuntimeError(f"the prober's event was not made: {status} {made}")
        self.event = made["id"]
        self._threads = [
            threading.Thread(target=self._sell, args=(number,), name=f"probes {url}", daemon=True)
            for number, url in enumerate(self.urls)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def watch(self, moment: int) -> None:
        """Record each server's first sale that begins at this moment or later."""
        with self._lock:
            self._first_after[moment] = [None] * len(self.urls)

    def firsts(self, moment: int) -> list[int | None]:
        """Return the times of each server's first sale after a watched moment; None for a missing one."""
        with self._lock:
            return list(self._first_after[moment])

    def wait(self, moment: int, *, seconds: float, stopping: threading.Event) -> list[int | None]:
        """Wait for all of them for at most `seconds`, return them, and stop watching the moment."""
        deadline = time.monotonic() + seconds
        while None in self.firsts(moment) and time.monotonic() < deadline and not stopping.is_set():
            time.sleep(_TICK_SECONDS)
        with self._lock:
            return self._first_after.pop(moment)

    def _sell(self, number: int) -> None:
        while not self._stopping.is_set():
            began = time.monotonic_ns()
            outcome = self._sell_one(self.urls[number])
            ended = time.monotonic_ns()
            with self._lock:
                self.answers[outcome] += 1
                self.last[number] = outcome
                if outcome == "ok":
                    for moment, firsts in self._first_after.items():
                        if began >= moment and firsts[number] is None:
                            firsts[number] = ended
            self._stopping.wait(_PAUSE_SECONDS if outcome == "ok" else _HASTE_SECONDS)

    def _sell_one(self, url: str) -> str:
        """Return `ok` or the code of the failure."""
        try:
            hold = {"event": self.event, "lines": [{"quantity": 1}], "ttl_seconds": _TTL_SECONDS}
            status, placed = _call(url, "/v1/holds", hold, key=uuid.uuid4().hex)
            if status != 201:
                return self._refused("hold", status, placed)
            booking = {"hold": placed["id"], "hold_token": placed["hold_token"]}
            status, booked = _call(url, "/v1/bookings", booking, key=uuid.uuid4().hex)
            return "ok" if status == 201 else self._refused("book", status, booked)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - a prober that died would look like a deployment that did
            self.surprises.append({"t": time.monotonic_ns(), "f": "prober", "answer": repr(error)})
            return repr(error)

    def _refused(self, what: str, status: int, answer: dict[str, Any]) -> str:
        code = str(answer.get("code"))
        if status not in _EXPECTED and code not in _AFTER_A_JUMP:
            self.surprises.append({"t": time.monotonic_ns(), "f": what, "status": status, "answer": answer})
        return code


def _call(
    url: str,
    path: str,
    body: dict[str, Any],
    *,
    key: str,
    seconds: float = _PATIENCE_SECONDS,
    staff_key: str = "",
) -> tuple[int, dict[str, Any]]:
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=seconds)
    try:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if staff_key:
            headers["Authorization"] = f"Bearer {staff_key}"
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        content = json.loads(answer.read() or b"null")
        if not isinstance(content, dict):
            raise http.client.IncompleteRead(b"")  # the library accepts a head that breaks off as complete
        return answer.status, content
    finally:
        connection.close()
