"""`holdfast serve`: it starts with one command, recovers from any kill, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest

from holdfast.process.children import Backoff, WorkerProcess
from holdfast.process.postgres_server import running_url
from holdfast.process.processes import end_process, is_running
from support.serving import PROGRAM, Serving, environment, run_holdfast, workers_of
from support.started import started


def test_a_server_starts_and_stops_without_a_trace(open_folder: Path) -> None:
    """It reports its address, mode and data. A stop ends all its processes cleanly."""
    with Serving(open_folder / "data", workers="2") as server:
        assert server.get("/healthz") == 200
        assert "(2 workers)" in server.said[0]
        assert (
            " Mode: open: programs of your user and of root on this machine need no credentials. "
            in server.said[1]
        )
        assert "Behind a proxy or a tunnel it must be off (HOLDFAST_OPEN=0)" in server.said[2]
        assert f" Data: {open_folder / 'data'} (embedded PostgreSQL). " in server.said[3]
        children = [server.postmaster, *server.workers]
        assert len(children) == 3
        assert server.signal(signal.SIGTERM) == 0
    assert not any(is_running(pid) for pid in children)
    assert not (open_folder / "data" / "postgres" / "cluster" / "postmaster.pid").exists()
    assert not (open_folder / "data" / "metrics").exists()


def test_an_interrupt_stops_the_server_cleanly(open_folder: Path) -> None:
    with Serving(open_folder / "data") as server:
        assert server.signal(signal.SIGINT) == 0


def test_an_interrupt_before_the_server_can_handle_it_stops_it(open_folder: Path) -> None:
    """Python imports for a moment, and its own handler would print a traceback. The same for each command."""
    slow = open_folder / "slow"
    slow.mkdir()
    (slow / "ipaddress.py").write_text(SLOW)
    (slow / "typer.py").write_text(SLOW)
    given = environment(data_dir=str(open_folder / "data"))
    given["PYTHONPATH"] = os.pathsep.join([str(slow), given.get("PYTHONPATH", "")])
    for program, module in (("holdfast", "typer"), ("holdfast.process.supervisor", "ipaddress")):
        with started(
            [*PROGRAM, "serve", "--port", "0"],
            env=given | {"SLOW": f"{module} of {program}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A background job of a shell ignores it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"importing {module}\n"
            process.send_signal(signal.SIGINT)
            _, complaint = process.communicate(timeout=60)
        assert complaint == ""
        assert process.returncode in (0, -signal.SIGINT)


SLOW = """
import importlib.util, os, sys, time
here = os.path.dirname(__file__)
sys.path[:] = [each for each in sys.path if each != here]
del sys.modules[__name__]
if os.environ.get("SLOW") == __name__ + " of " + sys.orig_argv[2]:
    print("importing", __name__, flush=True)
    time.sleep(2)
found = importlib.util.find_spec(__name__)
sys.modules[__name__] = module = importlib.util.module_from_spec(found)
found.loader.exec_module(module)
sys.path.insert(0, here)
"""
"""A module that takes its time, and then becomes the real one of its name.

The pause keeps the import open until the signal is there. The test itself waits for the printed line.
"""


def test_a_worker_that_cannot_start_does_not_stop_the_server(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system may have no process, descriptor or memory left when a worker has to be replaced.

    The others of the kind: PostgreSQL's restart, and each file of a start (`test_full_disk.py`). We looked for every
    `Popen`, `open`, `mkdir` and `write` that the supervisor calls after its start.
    """
    worker = WorkerProcess(1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(sys, "executable", str(open_folder / "missing"))
    for _ in range(3):
        with pytest.raises(OSError, match="missing"):
            worker.start(listening=0, life=0, environment={}, now=1.0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert (worker.is_running, worker.ready_descriptor) == (False, None)


def test_a_closed_server_reports_its_mode(open_folder: Path) -> None:
    with Serving(open_folder / "data", open="0") as server:
        assert " Mode: closed" in server.said[1]


def test_the_secret_key_is_made_once_and_private(open_folder: Path) -> None:
    path = open_folder / "data" / "secret_key"
    with Serving(open_folder / "data"):
        made = path.read_text()
        assert len(made.strip()) == 64
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
    with Serving(open_folder / "data"):
        assert path.read_text() == made


def test_a_killed_worker_is_replaced(open_folder: Path) -> None:
    with Serving(open_folder / "data") as server:
        (killed,) = server.workers
        os.kill(killed, signal.SIGKILL)
        server.wait_until_it_says("Worker 1 ended .signal SIGKILL.")
        server.wait_until_it_says("Worker 1 serves again")
        assert server.workers != [killed]
        assert server.get("/healthz") == 200


def test_a_closed_log_pipe_stops_no_service(open_folder: Path) -> None:
    """The supervisor still replaces workers and stops cleanly after the log's reader has ended."""
    command = [sys.executable, "-m", "holdfast", "serve", "--port", "0"]
    given = environment(data_dir=str(open_folder / "data"))
    with started(command, env=given, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            serving = next(line for line in process.stderr if "serves at" in line)
            assert any(" Data: " in line for line in process.stderr)
            process.stderr.close()
            port = int(re.findall(r"http://127\.0\.0\.1:(\d+)", serving)[0])
            (killed,) = workers_of(process.pid)
            os.kill(killed, signal.SIGKILL)
            # The supervisor owns the socket, so a request waits in it for the next worker.
            for _ in range(2):
                with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
                    assert answer.status == 200
            assert killed not in workers_of(process.pid)
        finally:
            process.terminate()
        assert process.wait(60) == 0


def test_a_killed_postgresql_is_replaced_with_its_data(open_folder: Path) -> None:
    with Serving(open_folder / "data") as server:
        url = running_url(open_folder / "data" / "postgres")
        assert url is not None
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        os.kill(server.postmaster, signal.SIGKILL)
        server.wait_until_it_says("PostgreSQL died")
        server.wait_until_it_says("PostgreSQL serves again")
        # The address stays the same, so the workers' pools reconnect by themselves.
        with psycopg.connect(url) as connection:
            connection.execute("SELECT * FROM kept")
        assert server.get("/healthz") == 200


def test_a_crashed_postgresql_session_does_not_stop_the_supervisor(open_folder: Path) -> None:
    """PostgreSQL restarts itself when one of its sessions is killed; its postmaster lives on."""
    with Serving(open_folder / "data") as server:
        url = running_url(open_folder / "data" / "postgres")
        assert url is not None
        postmaster = server.postmaster
        with psycopg.connect(url) as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        assert server.postmaster == postmaster
        assert server.signal(signal.SIGTERM) == 0


def test_a_killed_supervisor_does_not_block_the_next_start(open_folder: Path) -> None:
    """The next start works at once with the same folder and port."""
    with Serving(open_folder / "data", workers="2") as server:
        port = server.port
        orphans = [server.postmaster, *server.workers]
        server.signal(signal.SIGKILL)
        with Serving(open_folder / "data", port=port) as following:
            assert following.get("/healthz") == 200
            assert not is_running(orphans[0])
            assert all(end_process(pid, (None, 30.0)) for pid in orphans[1:])


def test_a_second_server_on_the_same_data_directory_is_refused(open_folder: Path) -> None:
    with Serving(open_folder / "data") as first:
        second = Serving(open_folder / "data")
        assert second.wait() == 1
        (line,) = second.said
        assert f"{open_folder / 'data'} is in use by another Holdfast server (process {first.pid})" in line
        assert first.get("/healthz") == 200


def test_a_stop_during_the_start_ends_the_server(open_folder: Path) -> None:
    """The server waits for a database that accepts the connection and stays silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://holdfast@127.0.0.1:{silent.getsockname()[1]}/none"
        server = Serving(open_folder / "data", database_url=url, secret_key="k" * 40)
        connection, _ = silent.accept()
        with connection:
            assert server.signal(signal.SIGTERM) == 0
    assert server.said == []


def test_the_supervisor_stays_small() -> None:
    """It runs as long as the server, so it loads neither the web framework nor a driver."""
    heavy = "fastapi starlette pydantic uvicorn psycopg sqlalchemy alembic typer rich structlog asyncio"
    script = (
        "import sys, holdfast.process.supervisor\n"
        f"found = sorted(set({heavy.split()!r}) & set(sys.modules))\n"
        "peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1]\n"
        "print(found, int(peak) <= 40_000)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


def test_backoff_grows_in_a_crash_loop_only() -> None:
    """The max is 3 s, so that a child that can run is back within 5 s. A steady run resets it."""
    backoff = Backoff()
    pauses = []
    now = 100.0
    for _ in range(8):
        backoff.started(now=now)
        backoff.failed(now=now)
        pauses.append(round(backoff.due_at - now, 3))
        now = backoff.due_at
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0]
    backoff.started(now=now)
    backoff.failed(now=now + 60)
    assert backoff.due_at - (now + 60) == pytest.approx(0.1)


def test_a_restore_by_hand_does_not_open_a_closed_server(open_folder: Path) -> None:
    """The data directory remembers that there was a key."""
    data = open_folder / "data"
    with Serving(data):
        assert run_holdfast("keys", "create", "till", "--scope", "sell", data_dir=str(data)).returncode == 0
    with Serving(data):
        url = running_url(data / "postgres")
        assert url is not None
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM api_keys")
    with Serving(data) as server:
        assert any(" Mode: closed" in line for line in server.said), server.said
