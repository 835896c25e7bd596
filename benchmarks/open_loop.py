"""Open loop: requests come at planned times, even if the answers are slow.

A closed loop waits for its answers, so it sends less when they get slower, and its latencies look too good. Here all
arrivals are drawn beforehand. A latency counts from the planned moment, whether a connection was free or not. The
result reports how late this program itself was.

A small program in C sends the requests. One in Python took two thirds of a core of the two, and added its own latency.
"""

from __future__ import annotations

import atexit
import functools
import random
import shutil
import struct
import subprocess
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.closed_loop import cpu_seconds_of_children
from benchmarks.quantiles import quantile

__all__ = ["INSTALL", "Arrival", "Responses", "arrivals", "is_there", "request_bytes", "send"]

INSTALL = "A C compiler is missing, for what makes the load: install one (Debian and Ubuntu: apt install gcc libc6-dev)"
_SOURCE = Path(__file__).with_name("load") / "open_loop.c"
_CONNECTIONS = 256
_MAX_CONNECTIONS = 4_096
_PATIENCE_SECONDS = 15.0
_MORE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Arrival:
    due: float
    """Seconds after the beginning."""
    request: bytes
    of: str
    """The group of its latency."""


@dataclass(slots=True)
class Responses:
    """The outcome of all requests."""

    latencies: dict[str, list[float]] = field(default_factory=dict)
    """Seconds from the planned time to the complete answer, sorted, for successes only."""
    statuses: Counter[int] = field(default_factory=Counter)
    lags: list[float] = field(default_factory=list)
    unanswered: int = 0
    cores: float = 0.0

    @property
    def unexpected(self) -> int:
        return self.unanswered + sum(
            count for status, count in self.statuses.items() if status not in (200, 201)
        )

    def figures(self, of: str) -> dict[str, float]:
        """Return the figures for a row."""
        took = self.latencies[of]
        return {
            "p50_ms": quantile(took, 0.5) * 1000,
            "p99_ms": quantile(took, 0.99) * 1000,
            "p999_ms": quantile(took, 0.999) * 1000,
            "lag_p99_ms": quantile(self.lags, 0.99) * 1000,
            "load_cores": self.cores,
        }


def arrivals(
    per_second: float, seconds: float, draw: Callable[[random.Random], tuple[bytes, str]], seed: int
) -> list[Arrival]:
    """Draw random arrivals, `per_second` on average; `draw` returns a request and its group."""
    chance = random.Random(seed)  # noqa: S311 - a seed makes the arrivals repeatable
    found, due = [], 0.0
    while (due := due + chance.expovariate(per_second)) < seconds:
        found.append(Arrival(due, *draw(chance)))
    return found


def request_bytes(port: int, method: str, path: str, body: str | None = None) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    if body is None:
        return f"{head}\r\n".encode()
    content = body.encode()
    return (
        f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    )


def is_there() -> bool:
    return shutil.which("cc") is not None


def send(
    port: int,
    planned: Sequence[Arrival],
    *,
    connections: int = _CONNECTIONS,
    patience: float = _PATIENCE_SECONDS,
) -> Responses:
    """Send all requests in order of their times, and wait `patience` seconds more for the answers.

    `connections` are open before the first is due; more open if all are busy.

    Raises RuntimeError if the program that sends them fails.
    """
    with tempfile.TemporaryFile() as plan, tempfile.TemporaryFile() as said:
        plan.write(_plan(planned))
        plan.seek(0)
        last = planned[-1].due if planned else 0.0
        used, began = cpu_seconds_of_children(), time.perf_counter()
        done = subprocess.run(
            [*map(str, (_program(), port, connections, _MAX_CONNECTIONS, patience))],
            stdin=plan,
            stdout=said,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=last + patience + _MORE_SECONDS,
        )
        cores = (cpu_seconds_of_children() - used) / (time.perf_counter() - began)
        if done.returncode != 0:
            raise RuntimeError(f"open loop: {done.stderr.strip()}")
        said.seek(0)
        return _responses(planned, said.read(), cores)


@functools.cache
def _program() -> Path:
    """Return the compiled program, which is removed when Python ends."""
    folder = tempfile.TemporaryDirectory(prefix="holdfast-open-loop-")
    atexit.register(folder.cleanup)
    made = Path(folder.name) / "open_loop"
    done = subprocess.run(
        ["cc", "-O2", "-o", str(made), str(_SOURCE)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{_SOURCE.name} does not compile: {done.stderr}")
    return made


def _plan(planned: Sequence[Arrival]) -> bytes:
    """Return the plan in the form of `load/open_loop.c`: each distinct request, and the times to send it."""
    numbers: dict[bytes, int] = {}
    which = array("I", [numbers.setdefault(arrival.request, len(numbers)) for arrival in planned])
    parts = [struct.pack("=I", len(numbers))]
    for request in numbers:
        parts += (struct.pack("=I", len(request)), request)
    due = array("d", [arrival.due for arrival in planned])
    return b"".join((*parts, struct.pack("=I", len(planned)), due.tobytes(), which.tobytes()))


def _responses(planned: Sequence[Arrival], said: bytes, cores: float) -> Responses:
    count = len(planned)
    latencies, lags, statuses = array("d"), array("d"), array("i")
    latencies.frombytes(said[: 8 * count])
    lags.frombytes(said[8 * count : 16 * count])
    statuses.frombytes(said[16 * count :])
    responses = Responses(cores=cores, lags=sorted(lags))
    for arrival, took, status in zip(planned, latencies, statuses, strict=True):
        if status < 0:
            responses.unanswered += 1
            continue
        responses.statuses[status] += 1
        if status in (200, 201):
            responses.latencies.setdefault(arrival.of, []).append(took)
    for of_a_group in responses.latencies.values():
        of_a_group.sort()
    return responses
