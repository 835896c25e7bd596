"""A full disk: sales stop with 503, reads and health go on, and everything recovers when there is room again.

Class of bug: memory that is mapped from a file on a disk that may fill (the metrics of the workers), and whatever else
writes: PostgreSQL's WAL, the log, the supervisor's messages. We looked for `mmap`, `open` and `print` in `src`, and in
the packages that a worker loads. Needs root, to mount a small file system.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.process.metrics_folder import MetricsFolder
from support.serving import Serving


@pytest.fixture
def small_disk(open_folder: Path) -> Iterator[Path]:
    """A file system of 260 MB. PostgreSQL needs some 60 of it at the start."""
    disk = open_folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=260m,mode=0755", "holdfast-test", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("cannot mount a small file system here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


USER = {
    "name": "Ada",
    "phone_number": "+44 20 7946 0000",
    "email": "ada@example.org",
    "password": "a horse, a battery and a staple",
}


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(1 << 20))
        except OSError:
            pass


def test_a_full_disk_stops_sales_only(small_disk: Path) -> None:
    with Serving(small_disk / "data") as server:
        event = ask(server.port, "POST", "/v1/events", {"name": "Concert", "capacity": 100})[1]["number"]
        hold = {"event": event, "lines": [{"quantity": 1}]}
        assert ask(server.port, "POST", "/v1/holds", hold)[0] == 201
        workers = server.workers
        fill(small_disk / "ballast")
        for _ in range(20):
            status, problem = ask(server.port, "POST", "/v1/holds", hold)
            assert (status, problem["code"]) == (503, "unavailable")
            assert ask(server.port, "GET", "/healthz")[0] == 200
            assert ask(server.port, "GET", f"/v1/events/{event}/availability")[0] == 200
            assert ask(server.port, "GET", "/metrics")[0] == 200
        status, problem = ask(server.port, "GET", "/readyz")
        assert (status, problem["code"]) == (503, "unavailable")
        assert "disk" in str(problem["detail"])
        assert ask(server.port, "POST", "/v1/events", {"name": "Other", "capacity": 1})[0] == 503
        assert ask(server.port, "POST", "/users/", USER)[0] == 503
        (small_disk / "ballast").unlink()
        deadline = time.monotonic() + 20  # a worker tries to write again some seconds after a refused write
        while ask(server.port, "POST", "/v1/holds", hold)[0] != 201:
            assert time.monotonic() < deadline, "sales did not recover"
        assert server.workers == workers, "a worker died"


_COUNTS = """
import sys
from holdfast.metrics import counter, render_prometheus
counted = counter("holdfast_test_total", "Counted.", ["name"])
for number in range(20_000):
    counted.labels(f"{number:0100}").inc()
print(len(render_prometheus()))
"""


def test_metrics_outlive_a_full_disk(open_folder: Path) -> None:
    """A value without space stays in its process; the old code ended by SIGBUS."""
    disk = open_folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "holdfast-test", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("cannot mount a small file system here")
    try:
        done = subprocess.run(
            [sys.executable, "-c", _COUNTS],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(disk)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_killed_servers_metrics_are_removed_by_the_next_start(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only folders of dead servers of the same user, and no links."""
    monkeypatch.setattr("holdfast.process.metrics_folder._IN_MEMORY", open_folder)
    monkeypatch.setattr("holdfast.process.metrics_folder._SURELY_LOCKED_SECONDS", -1.0)
    living = MetricsFolder.make()
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "import holdfast.process.metrics_folder as m; m._IN_MEMORY = Path(sys.argv[1])\n"
        "m._SURELY_LOCKED_SECONDS = 1e9\n"
        "print(m.MetricsFolder.make().path, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(open_folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    dead = Path(done.stdout.strip())
    assert dead.exists()
    precious = open_folder / "precious"
    precious.mkdir()
    (precious / "file").write_text("precious")
    link = open_folder / "holdfast-metrics-link"
    link.symlink_to(precious)
    another = MetricsFolder.make()
    assert not dead.exists()
    assert living.path.exists()
    assert (precious / "file").exists()
    another.remove()
    living.remove()
    assert [path.name for path in open_folder.glob("holdfast-metrics-*")] == [link.name]
