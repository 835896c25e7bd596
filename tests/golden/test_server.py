"""Golden files of a complete server: its first lines, log, metrics, and answers as bytes."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.files import compare
from golden.masking import Mask
from golden.server import (
    WIRE,
    JsonServing,
    log_line,
    metric_families,
    over_the_wire,
    start_lines,
)
from scenarios.wire.conforming import as_staff, host_of, raw_answer, request
from support.serving import Serving


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach if the tests run as root."""
    with tempfile.TemporaryDirectory(prefix="holdfast-golden-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name) / "data"


def test_a_server_answers_and_logs_as_recorded(folder: Path):
    with JsonServing(folder, access_log="1", log_format="json", body_timeout_seconds="1") as server:
        started = start_lines(server)
        compare("wire", {name: over_the_wire(server, data) for name, data in WIRE.items()})

        event = as_staff(server.port, "POST", "/v1/events", {"name": "Concert", "capacity": 10})
        line = server.wait_until_it_says(r'"path": "/v1/events", "status": 201')
        refused = raw_answer(server.port, request(b"/lost", b"X-Request-Id: golden-log"))
        assert refused.status == 404
        lost = server.wait_until_it_says('"golden-log"')
        as_staff(server.port, "GET", f"/v1/events/{event['number']}/availability")
        compare("log", {"made": log_line(line), "lost": log_line(lost)})

        metrics = raw_answer(server.port, request(b"/metrics", host=host_of(server.port)))
        assert metrics.status == 200
        compare("metrics", metric_families(metrics.body.decode()))
        totals = as_json(server.port)
        compare("metrics_totals", {"totals": list(totals), "metrics": sorted(totals["metrics"])})
    logged = [json.loads(line) for line in server.said]
    warned = [one["event"] for one in logged if one["level"] != "info"]
    assert [event for event in warned if not event.startswith("Open mode is for")] == []
    compare("start", {"lines": started, "fields": sorted({name for one in logged for name in one})})


def test_a_log_for_people_has_the_recorded_form(folder: Path):
    with Serving(folder, access_log="1", open="0", workers="2") as server:
        started = start_lines(server)
        assert raw_answer(server.port, request(b"/lost", b"X-Request-Id: golden-log")).status == 404
        line = server.wait_until_it_says("golden-log")
    line = re.sub(r"(?<=milliseconds=)[0-9.]+", "<duration>", Mask().text(line))
    compare("start_text", "\n".join([*started, line, ""]))


def as_json(port: int) -> dict[str, dict[str, float]]:
    data = request(b"/metrics", b"Accept: application/json", host=host_of(port))
    found: dict[str, dict[str, float]] = json.loads(raw_answer(port, data).body)
    return found
