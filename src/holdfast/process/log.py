"""Log: lines of the supervisor in the form of the workers' lines (`app/logging.py`), without their libraries."""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import UTC, datetime
from typing import Literal

__all__ = ["Level", "log_line", "write_log"]

Level = Literal["info", "warning", "error", "critical"]


def log_line(event: str, *, level: Level, logger: str, as_json: bool, **facts: object) -> str:
    """Return one line with its time, level, logger and event. Both forms are structlog's."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if as_json:
        return json.dumps({**facts, "event": event, "logger": logger, "level": level, "timestamp": now})
    shown = "".join(f" {name}={value}" for name, value in sorted(facts.items()))
    return f"{now} [{level:<9}] {event} [{logger}]{shown}"


def write_log(event: str, *, level: Level, logger: str, as_json: bool, **facts: object) -> None:
    """Write a line to standard error. Sales must go on if the pipe is closed or the log's disk is full."""
    with contextlib.suppress(OSError):
        print(
            log_line(event, level=level, logger=logger, as_json=as_json, **facts), file=sys.stderr, flush=True
        )
