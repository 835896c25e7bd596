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
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.process.disk_room import KNOWN_SECONDS, DiskRoom
from holdfast.process.metrics_folder import MetricsFolder
from support.serving import Serving, run_holdfast


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "holdfast-test", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount the small file system that the test fills")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(open_folder: Path) -> Iterator[Path]:
    """A file system of 260 MB. PostgreSQL needs some 60 of it at the start."""
    with mounted(open_folder / "disk", "size=260m,mode=0755") as disk:
        yield disk


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
        noticed = time.monotonic() + KNOWN_SECONDS
        while time.monotonic() < noticed:
            assert ask(server.port, "GET", "/healthz")[0] == 200
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


def test_the_server_outlives_a_restart_of_postgresql_on_a_full_disk(small_disk: Path) -> None:
    """PostgreSQL ends with a panic if it needs a WAL segment. Its start wrote its access rules, and the error of that
    ended the whole server. The kind is any `OSError` of a start beside running workers, such as of its log. We went
    through the calls of `PostgresServer.begin`; one `except` there covers them all."""
    with Serving(small_disk / "data") as server:
        log = small_disk / "data" / "postgres" / "postgresql.log"
        log.unlink()
        log.mkdir()
        os.kill(server.postmaster, signal.SIGKILL)
        server.wait_until_it_says("postgresql.log cannot be used: Is a directory")
        log.rmdir()
        server.wait_until_it_says("PostgreSQL serves again")
        fill(small_disk / "ballast")
        os.kill(server.postmaster, signal.SIGKILL)
        server.wait_until_it_says("PostgreSQL died")
        assert ask(server.port, "GET", "/healthz")[0] == 200
        (small_disk / "ballast").unlink()
        server.wait_until_it_says("PostgreSQL serves again")
        assert server.signal(signal.SIGTERM) == 0


def test_a_start_on_a_full_disk_is_refused_in_one_line(small_disk: Path) -> None:
    with Serving(small_disk / "data"):
        pass
    fill(small_disk / "ballast")
    (small_disk / "data" / "postgres" / "pg_hba.conf").write_text("")  # to be written again
    done = run_holdfast("serve", "--port", "0", data_dir=str(small_disk / "data"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("option", ["nr_inodes=20", "ro", "size=32m"])
@pytest.mark.parametrize("part", ["", "pg_wal"])
def test_room_is_space_and_files_where_postgresql_writes(open_folder: Path, option: str, part: str) -> None:
    """Other ways to be full: no inode is left, the kernel made the disk read-only, the WAL has a disk of its own."""
    cluster = open_folder / "cluster"
    (cluster / "pg_wal").mkdir(parents=True)
    has_room = DiskRoom(cluster)
    assert has_room()
    with mounted(cluster / part, option):
        if option != "ro":
            (cluster / "pg_wal").mkdir(exist_ok=True)
        assert not DiskRoom(cluster)()


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
    with mounted(open_folder / "disk", "size=512k") as disk:
        done = subprocess.run(
            [sys.executable, "-c", _COUNTS],
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(disk)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done


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
