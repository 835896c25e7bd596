"""Programs: the measured programs, each a process on a free port of this machine, and the cores that they use.

They share one PostgreSQL on a real disk, with every durability setting on. Holdfast and the baselines have a database
each in it, and only one of them gets load at a time.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.databases import beside
from benchmarks.echo import ANSWER_VARIABLE
from benchmarks.wire import Answer
from holdfast.process.processes import processes_in
from proof.machine import ROOT
from proof.system.server import Server, free_port, python_environment

__all__ = ["CAPACITY", "Cores", "Program", "baseline", "cluster_of", "cpu_seconds", "echo", "holdfast"]

CAPACITY = 10_000_000
"""The capacity of an event that must not sell out during a measurement."""

_SCHEMA = Path(__file__).with_name("baselines") / "schema.sql"
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.02
_SECRET_KEY = "of all servers, one after the other"  # noqa: S105 - of databases that live for minutes


@dataclass(frozen=True, slots=True)
class Program:
    """A running server, and its processes."""

    name: str
    port: int
    pids: tuple[int, ...]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def holdfast(database_url: str, *, workers: int = 1, **settings: str) -> Iterator[Program]:
    """Run `holdfast serve` on a database, with these settings and otherwise all defaults."""
    given = {
        "database_url": database_url,
        "secret_key": _SECRET_KEY,
        "log_level": "warning",
        "workers": str(workers),
        **settings,
    }
    with tempfile.TemporaryDirectory(prefix="holdfast-benchmark-") as folder:
        server = Server("holdfast", Path(folder), given)
        server.start()
        try:
            yield Program("holdfast", server.port, tuple(server.workers()))
        finally:
            server.stop()


@contextmanager
def echo(answer: Answer, *, protocol: str = "httptools") -> Iterator[Program]:
    """Run the echo, which answers every request with these bytes on the same server."""
    with tempfile.TemporaryDirectory(prefix="holdfast-benchmark-") as folder:
        told = Path(folder) / "answer.json"
        told.write_text(json.dumps(answer.as_sent()))
        variables = {ANSWER_VARIABLE: str(told)}
        with _running("echo", "benchmarks.echo:app", variables, "--protocol", protocol) as program:
            yield program


@contextmanager
def baseline(name: str, database_url: str, *, events: int = 1, capacity: int = CAPACITY) -> Iterator[Program]:
    """Run `for_update` or `conditional_update`, with events 1, 2, … in its own database."""
    with beside(database_url, f"shop_{name}") as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_SCHEMA.read_text())
            connection.execute(
                "INSERT INTO shop_events SELECT n, 'event ' || n, %s FROM generate_series(1, %s) AS n",
                (capacity, events),
            )
        module = f"benchmarks.baselines.{name}:app"
        with _running(name, module, {"SHOP_DATABASE_URL": url}) as program:
            yield program


@contextmanager
def _running(name: str, app: str, variables: Mapping[str, str], *options: str) -> Iterator[Program]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serve", app, "--port", str(port), *options],
        cwd=ROOT,
        env={**python_environment(None), **variables},
        stdin=subprocess.DEVNULL,
    )
    try:
        _wait_until_open(process, port)
        yield Program(name, port, (process.pid,))
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{process.args!r} does not get ready") from None
            time.sleep(_LOOK_SECONDS)


def cluster_of(database_url: str) -> Path:
    """Return the data directory of this PostgreSQL."""
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    return Path(str(row[0]))


class Cores:
    """The cores used during a measurement, by group of processes and by the whole machine."""

    def __init__(self, program: Program, cluster: Path | None) -> None:
        self._groups: dict[str, Any] = {"server": lambda: program.pids}
        if cluster is not None:
            self._groups["postgres"] = lambda: processes_in(cluster, name="postgres")
        self._began = time.perf_counter()
        self._used = {name: cpu_seconds(pids()) for name, pids in self._groups.items()}
        self._busy = _busy_seconds()

    def figures(self) -> dict[str, float]:
        """Return the cores used since the start, as figures of a row."""
        seconds = time.perf_counter() - self._began
        told = {
            f"{name}_cores": max(0.0, cpu_seconds(pids()) - self._used[name]) / seconds
            for name, pids in self._groups.items()
        }
        return told | {"busy_cores": (_busy_seconds() - self._busy) / seconds}


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time that these processes have used so far."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended: PostgreSQL's workers start and stop
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS_PER_SECOND


def _busy_seconds() -> float:
    """Return the busy time of all cores: everything in `/proc/stat` except idling and waiting for disks."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS_PER_SECOND
