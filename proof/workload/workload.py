"""Workload: makes events and client processes for a run, and counts what they did.

with Workload(settings) as workload:
    …faults…
    counts = workload.wait()
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import secrets
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import orjson

from proof.log import LineWriter
from proof.machine import ROOT, Source
from proof.processes import launch
from proof.workload.crowd import PROGRESS_BYTES
from proof.workload.events import draw_event, event_line
from proof.workload.settings import Settings

__all__ = ["Workload", "run"]

TICK_SECONDS = 0.05
ANSWER_SECONDS = 10.0
USERS = 24
END_SECONDS = 60.0
"""How long a client process may take to end what is under way."""


class Workload:
    """Begun by `start` or a `with`; over by itself when its bounds are reached, or by `stop`."""

    def __init__(self, settings: Settings) -> None:
        """`settings.out` is made, and must hold no other run."""
        self.settings = settings
        self._chance = random.Random(f"{settings.seed}/events")
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._counts: Counter[str] = Counter()
        self._made = 0

    @property
    def operations(self) -> int:
        """That were begun until now."""
        with contextlib.suppress(OSError):
            text = (self.settings.out / "progress").read_bytes()
            return sum(struct.unpack(f"<{self.settings.processes}Q", text))
        return 0

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Returns when the first events are on sale and the clients are on their way. Raises what kept it from that."""
        out = self.settings.out
        out.mkdir(parents=True, exist_ok=True)
        (out / "setup.jsonl").touch(exist_ok=False)
        (out / "progress").write_bytes(bytes(PROGRESS_BYTES * self.settings.processes))
        ready = threading.Event()
        self._thread = threading.Thread(target=self._keep, args=(ready,), name="workload", daemon=True)
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> dict[str, int]:
        """No operation begins any more; those under way end first. What was counted."""
        self._stopping.set()
        return self.wait()

    def wait(self) -> dict[str, int]:
        """Until it is over. Raises RuntimeError where a client process failed."""
        if self._thread is not None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        return dict(self._counts)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _keep(self, ready: threading.Event) -> None:
        """In a thread of its own, to whose end the client processes are tied."""
        try:
            with LineWriter(self.settings.out / "setup.jsonl") as setup:
                self._prepare(setup)
                self._launch()
                ready.set()
                self._make_events(setup)
            self._end()
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            self._failure = error
        finally:
            for process in self._processes:
                process.kill()
                process.wait()
            ready.set()

    def _prepare(self, setup: LineWriter) -> None:
        settings = self.settings
        setup.write(
            {
                "e": "run",
                "seed": settings.seed,
                "commit": Source.now().commit,
                "started": datetime.now(UTC).isoformat(),
                "settings": {**asdict(settings), "out": str(settings.out)},
            }
        )
        for _ in range(settings.window // 2):
            self._make_event(setup)
        accounts = [self._make_account(number) for number in range(USERS)]
        self.settings = replace(settings, users=[account for account in accounts if account is not None])
        self.settings.write(settings.out / "settings.json")

    def _launch(self) -> None:
        out = self.settings.out
        for number in range(self.settings.processes):
            with (out / f"client-{number:02}.log").open("wb") as log:
                command = [
                    sys.executable,
                    "-m",
                    "proof.workload.process",
                    str(out / "settings.json"),
                    str(number),
                ]
                self._processes.append(launch(command, environment=os.environ, folder=ROOT, output=log))

    def _make_events(self, setup: LineWriter) -> None:
        """New ones as the sale goes on, until all clients have ended or are told to."""
        per_event, before = self.settings.operations_per_event, self._made
        while any(process.poll() is None for process in self._processes):
            if self._stopping.is_set():
                for process in self._processes:
                    process.send_signal(signal.SIGTERM)
                return
            if (self._made - before) * per_event < self.operations:
                self._make_event(setup)
            else:
                self._stopping.wait(TICK_SECONDS)

    def _end(self) -> None:
        for number, process in enumerate(self._processes):
            status = process.wait(END_SECONDS)
            if status != 0:
                log = (self.settings.out / f"client-{number:02}.log").read_text(errors="replace")
                raise RuntimeError(f"client process {number} ended with status {status}: {log[-2000:]}")
            counts = json.loads((self.settings.out / f"counts-{number:02}.json").read_text())
            self._counts.update(counts)
        self._counts["events"] = self._made

    def _make_event(self, setup: LineWriter) -> None:
        self._made += 1
        body = draw_event(self._chance, f"Event {self._made}")
        key = secrets.token_urlsafe(24)
        told = self._post("/v1/events", body, {"Idempotency-Key": key})
        if told is not None:
            setup.write(event_line(body, told))

    def _make_account(self, number: int) -> int | None:
        """A unique address each: the database may be one that other runs have used."""
        email = f"{secrets.token_hex(8)}@example.org"
        body = {
            "name": f"Buyer {number}",
            "phone_number": "0",
            "email": email,
            "password": secrets.token_hex(8),
        }
        told = self._post("/users/", body, {})
        return None if told is None else int(told["id"])

    def _post(self, path: str, body: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any] | None:
        """Again until it is answered, by whichever server; None once the workload is to stop."""
        urls = self.settings.urls
        for attempt in range(10_000):
            if self._stopping.is_set():
                return None
            place = urlsplit(urls[attempt % len(urls)])
            connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_SECONDS)
            with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
                connection.request(
                    "POST", path, orjson.dumps(body), {"Content-Type": "application/json", **headers}
                )
                answer = connection.getresponse()
                text = answer.read()
                if answer.status in (200, 201):
                    told: dict[str, Any] = orjson.loads(text)
                    return told
                if answer.status < 500 and answer.status not in (409, 429):
                    raise RuntimeError(f"POST {path} was answered {answer.status}: {text[:500]!r}")
            self._stopping.wait(0.1)
        raise RuntimeError(f"POST {path} is not answered")


def run(settings: Settings, *, stop: threading.Event | None = None) -> dict[str, int]:
    """A whole run; what was counted, `seconds` and `operations` among it. `stop` ends it early."""
    began = time.monotonic()
    with Workload(settings) as workload:
        while stop is not None and workload.is_running and not stop.wait(TICK_SECONDS):
            pass
        counts = workload.stop() if stop is not None and stop.is_set() else workload.wait()
    return {**counts, "milliseconds": round((time.monotonic() - began) * 1000)}
