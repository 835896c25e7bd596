"""Shop: a server of its own with two events, and a crowd that changes seats while a browser is measured."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

__all__ = ["CHANGES_PER_SECOND", "Shop", "open_shop", "started_server"]

SECTIONS, ROWS, ROW_SEATS = 100, 6, 100
CHANGES_PER_SECOND = 20
_START_SECONDS = 120.0
_HALL = {
    "sections": [
        {
            "name": f"S{number:03}",
            "rows": ROWS,
            "seats_per_row": ROW_SEATS,
            "category": f"kind {number % 4 + 1}",
        }
        for number in range(1, SECTIONS + 1)
    ]
}
_ROOM = {"sections": [{"name": "A", "rows": 10, "seats_per_row": 20, "category": "stalls"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """`arena` is an event with 60,000 seats, `room` one with 200."""

    url: str
    arena: int
    room: int

    def hold(self, event: int, *seats: str) -> tuple[str, str]:
        """Hold seats as another person. Return the hold and its token."""
        body = {"event": event, "lines": [{"seats": list(seats)}]}
        made = httpx2.post(f"{self.url}/v1/holds", json=body, timeout=30).raise_for_status().json()
        return str(made["id"]), str(made["hold_token"])

    def release(self, hold: str, token: str) -> None:
        headers = {"Hold-Token": token}
        httpx2.post(f"{self.url}/v1/holds/{hold}/release", headers=headers, timeout=30).raise_for_status()

    @contextmanager
    def crowd(self, rate: float = CHANGES_PER_SECOND) -> Iterator[list[int]]:
        """Hold seats of the arena, and give them back, until the block ends. Yield the growing count of changes.

        `rate` is in changes per second. Infinity means as fast as the answers come.
        """
        changes = [0]
        ended = threading.Event()
        thread = threading.Thread(target=self._change, args=(changes, ended, rate))
        thread.start()
        try:
            yield changes
        finally:
            ended.set()
            thread.join()

    def _change(self, changes: list[int], ended: threading.Event, rate: float) -> None:
        chance = random.Random(7)  # noqa: S311 - no secret
        held: list[tuple[str, str]] = []
        due = time.monotonic()
        with httpx2.Client(base_url=self.url, timeout=30) as client:
            while not ended.is_set():
                if len(held) < 100:
                    section, row = chance.randint(2, SECTIONS), chance.randint(1, ROWS)
                    seat = f"S{section:03}-{row}-{chance.randint(1, ROW_SEATS)}"
                    body = {"event": self.arena, "lines": [{"seats": [seat]}]}
                    made = client.post("/v1/holds", json=body)
                    if made.status_code == 201:
                        held.append((made.json()["id"], made.json()["hold_token"]))
                else:
                    hold, token = held.pop(chance.randrange(len(held)))
                    client.post(f"/v1/holds/{hold}/release", headers={"Hold-Token": token})
                changes[0] += 1
                due += 1 / rate
                ended.wait(max(0.0, due - time.monotonic()))


@contextmanager
def open_shop() -> Iterator[Shop]:
    """Start a server, and put both events on sale."""
    with started_server() as url:
        yield Shop(url=url, arena=_event(url, "Arena", _HALL), room=_event(url, "Room", _ROOM))


@contextmanager
def started_server() -> Iterator[str]:
    """Start a server with its defaults on a free port, with data on a real disk, and yield its address."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-pages-", dir="/var/tmp"))
    folder.chmod(0o711)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "HOLDFAST_DATA_DIR": str(folder / "data"),
        "HOLDFAST_LIMIT_REQUESTS_PER_MINUTE": "0",
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "holdfast", "serve", "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_open(url, server, folder / "log")
        yield url
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_open(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(httpx2.HTTPError):
            if httpx2.get(f"{url}/whats-on", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not open: {log.read_text(errors='replace')[-1000:]}")


def _event(url: str, name: str, seat_map: dict[str, Any]) -> int:
    body = {"name": name, "seat_map": seat_map, "hold_ttl_seconds": 1800}
    made = httpx2.post(f"{url}/v1/events", json=body, timeout=120)
    return int(made.raise_for_status().json()["number"])
