"""Metrics: any worker reports all of them. Redaction: no log line contains a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.http.redaction import redact

_WORKER = """
from holdfast.metrics import counter, gauge, histogram, metric_totals, render_prometheus
placed = counter("holdfast_test_holds_total", "Holds placed.", ["event"])
live = gauge("holdfast_test_live", "Live holds.")
seconds = histogram("holdfast_test_seconds", "Time.")
placed.labels("7").inc(2)
live.set(3)
seconds.observe(0.5)
print(render_prometheus().decode())
print("totals", metric_totals())
"""


def test_each_worker_reports_all_workers(tmp_path: Path):
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    output = ""
    for _ in range(3):
        worker = subprocess.run(
            [sys.executable, "-c", _WORKER],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        output = worker.stdout
    assert 'holdfast_test_holds_total{event="7"} 6.0' in output
    assert "holdfast_test_live 9.0" in output
    assert 'holdfast_test_seconds_bucket{le="0.5"} 3.0' in output
    assert "'holdfast_test_seconds_sum': 1.5" in output


SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"


@pytest.mark.parametrize(
    "text",
    [
        f"/v1/holds/hfh_{SECRET}",
        f"Authorization: Bearer hfk_abcd_{SECRET}",
        f"Authorization: bearer {SECRET}",
        f"Hold {SECRET}",
        f"whsec_{SECRET}==",
        f"Traceback: ValueError('hfh_{SECRET}')",
    ],
)
def test_secrets_are_redacted_from_lines(text: str):
    assert SECRET[5:] not in redact(text)


def test_text_without_secrets_is_unchanged():
    line = "hold 7 placed on /v1/events/{event}/holds"
    assert redact(line) == line
