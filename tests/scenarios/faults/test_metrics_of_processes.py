"""Metrics of a whole server: which build, how many workers, what each of them uses, and what is left of each event.

Another member of the kind are live gauges of a worker that has died: they counted on. The supervisor removes their
files.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

import holdfast
from support.serving import Serving


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with tempfile.TemporaryDirectory(prefix="holdfast-metrics-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        with Serving(Path(name) / "data", workers="2") as one:
            yield one


def samples(server: Serving) -> dict[str, float]:
    text = httpx2.get(f"http://localhost:{server.port}/metrics").text
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)}


def labelled(found: dict[str, float], name: str, label: str) -> dict[str, float]:
    """Return the values of a metric by one of its labels."""
    return {
        match[1]: value
        for series, value in found.items()
        if series.startswith(name + "{") and (match := re.search(rf'\b{label}="([^"]*)"', series))
    }


def test_the_build_the_pool_and_each_worker_are_shown(server: Serving) -> None:
    # Each worker looks at its own pool several times a second.
    found = next(
        one for _ in range(500) if (one := samples(server))["holdfast_database_connections_max"] == 16
    )
    assert list(labelled(found, "holdfast_build_info", "version")) == [holdfast.__version__]
    (postgres,) = labelled(found, "holdfast_build_info", "postgres")
    assert re.fullmatch(r"\d+\.\d+", postgres)
    assert found["holdfast_database_up"] == 1
    assert found["holdfast_workers"] == found["holdfast_workers_configured"] == 2
    pids = {str(pid) for pid in server.workers}
    for name in ("cpu_seconds", "resident_bytes", "open_files", "max_open_files", "started_seconds"):
        values = labelled(found, f"holdfast_worker_{name}", "pid")
        assert set(values) == pids, name
        assert all(value > 0 for value in values.values()), name
    assert 0 <= found["holdfast_database_connections_in_use"] <= found["holdfast_database_connections"] <= 16


def test_a_dead_worker_is_no_longer_counted(server: Serving) -> None:
    killed = server.workers[0]
    os.kill(killed, signal.SIGKILL)
    server.wait_until_it_says("serves again")
    found = samples(server)
    assert found["holdfast_workers"] == 2
    assert set(labelled(found, "holdfast_worker_resident_bytes", "pid")) == {
        str(pid) for pid in server.workers
    }


def test_each_event_on_sale_has_its_admissions_and_no_other_event(server: Serving) -> None:
    def ask(path: str, **body: object) -> dict[str, object]:
        answer = httpx2.post(f"http://localhost:{server.port}{path}", json=body)
        assert answer.is_success, answer.text
        made: dict[str, object] = answer.json()
        return made

    sold = ask("/v1/events", name="Sold", capacity=10)["number"]
    ended = ask("/v1/events", name="Ended", capacity=10, off_sale_at="1999-01-01T20:00:00Z")["number"]
    ask("/v1/holds", event=sold, lines=[{"quantity": 3}])
    found = {
        series: value
        for series, value in samples(server).items()
        if series.startswith("holdfast_event_admissions")
    }
    of_event = {series: value for series, value in found.items() if f'event="{sold}"' in series}
    assert {re.findall(r'state="(\w+)"', series)[0]: value for series, value in of_event.items()} == {
        "available": 7,
        "held": 3,
        "booked": 0,
        "blocked": 0,
    }
    assert f'event="{ended}"' not in str(found)
    httpx2.post(f"http://localhost:{server.port}/v1/events/{sold}/cancel")
    assert "holdfast_event_admissions" not in str(samples(server)), (
        "a series of an ended sale would stay for ever"
    )
