"""The log of all processes: one form, and levels that say what they mean.

Other members of the kind are all that is written to standard error: the supervisor's lines, the workers' messages
(structlog, `logging`, warnings), exceptions that end a process or a thread, and a start that fails. They were found by
a search for `print`, `sys.stderr` and `logging` in `app` and `process`. PostgreSQL has a log file of its own.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from support.serving import Serving, environment, run_holdfast

TEXT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \[(?P<level>info|warning|error|critical) *\] (?P<event>.+?) "
    r"\[(?P<logger>[a-z_.]+)\](?: .*)?"
)


def read(line: str, log_format: str) -> dict[str, Any]:
    """Return the level, logger and event of a line. Fails for a line without them, or without a time."""
    if log_format == "json":
        found: dict[str, Any] = json.loads(line)
        assert datetime.fromisoformat(found["timestamp"]).tzinfo is not None
        return found
    match = TEXT.fullmatch(line)
    assert match is not None, line
    return match.groupdict()


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_every_line_of_all_processes_has_time_level_logger_and_event(
    open_folder: Path, log_format: str
) -> None:
    with Serving(open_folder / "data", workers="2", access_log="1", log_format=log_format) as server:
        assert server.get("/healthz") == 200
        server.wait_until_it_says("request")
        os.kill(server.workers[0], signal.SIGKILL)
        server.wait_until_it_says("ended")
        server.wait_until_it_says("serves again")
        os.kill(server.postmaster, signal.SIGKILL)
        server.wait_until_it_says("PostgreSQL serves again")
    lines = [read(line, log_format) for line in server.said]
    assert {"holdfast.supervisor", "holdfast.http"} <= {one["logger"] for one in lines}
    levels = {one["event"]: one["level"] for one in lines}
    assert {levels[event] for event in levels if "ended (signal SIGKILL)" in event} == {"error"}
    assert levels["PostgreSQL died; starting it again."] == "error"
    assert levels["PostgreSQL serves again."] == levels["request"] == "info"
    assert {levels[event] for event in levels if event.startswith("Open mode is for")} == {"warning"}


def test_a_start_that_fails_is_one_line_of_the_log(open_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run_holdfast("serve", "--port", port, data_dir=str(open_folder / "data"), log_format="json")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert read(line, "json")["level"] == "critical"
    assert f"Cannot listen on 127.0.0.1:{port}" in read(line, "json")["event"]


PROGRAM = """
import threading, warnings
from holdfast.app.logging import capture_crashes, configure_logging
from holdfast.app.settings import load_settings
configure_logging(load_settings())
capture_crashes()
warnings.warn("old")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise RuntimeError("broken hfh_7_hunter22hunter22hunter22hunter22")
"""


def test_what_python_prints_by_itself_is_in_the_log() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment(log_format="json"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    lines = [read(line, "json") for line in done.stderr.splitlines()]
    found = [(one["level"], one["logger"]) for one in lines]
    assert found == [
        ("warning", "py.warnings"),
        ("error", "holdfast.worker"),
        ("critical", "holdfast.worker"),
    ]
    assert "ZeroDivisionError" in lines[1]["exception"]
    assert "RuntimeError" in lines[2]["exception"]
    assert "hunter22" not in done.stderr
