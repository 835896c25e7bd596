"""Closed loop: connections that each wait for their answer, made by wrk with our script.

wrk is a program in C with one thread here, so it uses little of the two cores; every row shows its share. A rate counts
only successful answers, and the row reports all others beside it.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["INSTALL", "Load", "cpu_seconds_of_children", "is_there", "run"]

INSTALL = "wrk is missing, which makes the load: install it (Debian and Ubuntu: apt install wrk)"
_SCRIPTS = Path(__file__).with_name("load")
_MORE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The result of a run."""

    succeeded: int
    seconds: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    cores: float
    """The cores that wrk itself used."""
    unexpected: int
    """Answers that were no success, and requests without an answer."""
    placed: int
    """Answered holds. They exceed `succeeded` if that counts pairs."""

    @property
    def per_second(self) -> float:
        return self.succeeded / self.seconds

    @property
    def figures(self) -> dict[str, float]:
        """Return the figures for a row."""
        return {
            "per_second": self.per_second,
            "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms,
            "p999_ms": self.p999_ms,
            "load_cores": self.cores,
        }


def is_there() -> bool:
    return shutil.which("wrk") is not None


def run(script: str, url: str, *arguments: object, connections: int, seconds: float) -> Load:
    """Run wrk and return its result. Raises RuntimeError if wrk fails."""
    command = [
        "wrk",
        *("-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s", "--timeout", "10s"),
        *("-s", str(_SCRIPTS / f"{script}.lua"), url, "--", *map(str, arguments)),
    ]
    before = cpu_seconds_of_children()
    began = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=seconds + _MORE_SECONDS
    )
    cores = (cpu_seconds_of_children() - before) / (time.perf_counter() - began)
    lines = [line for line in done.stderr.splitlines() if line.startswith("{")]
    if done.returncode != 0 or len(lines) != 1:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout} {done.stderr}")
    return read(json.loads(lines[0]), cores)


def cpu_seconds_of_children() -> float:
    """Return the processor time of children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read(output: dict[str, float], cores: float) -> Load:
    """Return the load from the script's line of JSON."""
    unexpected = int(output["refused"] + output["failed"] + output["timed_out"])
    requests = int(output["requests"])
    succeeded = placed = requests - int(output["refused"])
    if "confirmed" in output:
        succeeded, placed = int(output["confirmed"]), int(output["placed"])
        unexpected = int(output["other"] + output["failed"] + output["timed_out"])
    seconds = output["microseconds"] / 1e6
    return Load(
        succeeded=succeeded,
        seconds=seconds,
        p50_ms=output["p50_ms"],
        p99_ms=output["p99_ms"],
        p999_ms=output["p999_ms"],
        cores=cores,
        unexpected=unexpected,
        placed=placed,
    )
