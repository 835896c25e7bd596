"""Inherited settings change no answer and no start.

The list of all inherited settings and their treatment: docs/decisions, "What a process inherits".
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.app.settings import load_settings
from holdfast.process.environment import clean_environment, is_injected
from holdfast.process.errors import CannotStart
from support.serving import PROGRAM, Serving, environment, run_holdfast

HOSTILE = {
    "PGHOST": "192.0.2.1",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGDATABASE": "nowhere",
    "PGUSER": "nobody",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nowhere",
    "PGOPTIONS": "-c search_path=nowhere -c timezone=Asia/Kathmandu",
    "PGAPPNAME": "other",
    "PGCLIENTENCODING": "LATIN1",
    "PGTZ": "America/New_York",
    "PGDATESTYLE": "German",
    "PGGEQO": "off",
    "PGTARGETSESSIONATTRS": "read-only",
    "PGLOADBALANCEHOSTS": "random",
    "PGCONNECT_TIMEOUT": "1",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGREQUIREPEER": "nobody",
    "PGGSSENCMODE": "require",
    "PGCHANNELBINDING": "require",
    "PGSSLNEGOTIATION": "direct",
    "PGSSLMODE": "bogus",
    "PGSSLCERTMODE": "require",
    "PGSSLMINPROTOCOLVERSION": "TLSv9",
    "PSYCOPG_IMPL": "python",
    "PROMETHEUS_MULTIPROC_DIR": "/nowhere",
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "tr_TR.UTF-8",
    "LANG": "de_DE.ISO-8859-1",
    "LANGUAGE": "de",
    "COLUMNS": "20",
    "http_proxy": "http://192.0.2.1:1",
    "HTTP_PROXY": "http://192.0.2.1:1",
}
"""Each would have changed an answer or kept the server from starting."""


INJECTED = {
    "port_8000_tcp": "tcp://10.0.0.1:8000",
    "port_8000_tcp_addr": "10.0.0.1",
    "service_host": "10.0.0.1",
    "service_port": "8000",
    "service_port_http": "8000",
}
"""Variables that Kubernetes sets for a Service named holdfast, without the prefix of our settings."""


def ask(port: int, path: str, body: object) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer: dict[str, str] = json.loads(connection.getresponse().read())
        return answer
    finally:
        connection.close()


def test_a_hostile_environment_changes_no_answer(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    with Serving(open_folder / "data", **INJECTED) as server:
        made = ask(server.port, "/v1/events", {"name": "Köln 明", "capacity": 3})
        assert made["name"] == "Köln 明"
        assert made["created_at"].endswith("Z")
        hold = ask(server.port, "/v1/holds", {"event": made["number"], "lines": [{"quantity": 1}]})
        assert hold["expires_at"].endswith("Z")


@pytest.mark.parametrize(
    ("name", "value", "injected"),
    [
        ("HOLDFAST_PORT", "tcp://10.0.0.1:8000", True),
        ("HOLDFAST_PORT", "8000", False),
        ("HOLDFAST_PORT", "eight", False),
        ("HOLDFAST_PORT_8000_TCP_PROTO", "tcp", True),
        ("HOLDFAST_SERVICE_PORT_HTTP", "8000", True),
        ("HOLDFAST_SERVICEHOST", "x", False),
        ("HOLDFAST_PORTS", "tcp://x", False),
    ],
)
def test_is_injected_recognises_variables_of_kubernetes(name: str, value: str, injected: bool) -> None:
    assert is_injected(name, value) is injected


def test_a_command_ignores_the_port_of_kubernetes(tmp_path: Path) -> None:
    done = run_holdfast(
        "db", "status", data_dir=str(tmp_path / "data"), port="tcp://10.0.0.1:8000", **INJECTED
    )
    assert "There is no database" in done.stderr


def test_a_setting_in_lower_case_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """pydantic would read it. With both spellings, the later one in the environment would win."""
    monkeypatch.setenv("holdfast_port", "9000")
    with pytest.raises(CannotStart, match=r"^holdfast_port is not a setting\. Did you mean HOLDFAST_PORT\?$"):
        load_settings()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_while_the_cluster_is_made_is_no_failure(
    open_folder: Path, number: signal.Signals
) -> None:
    """A terminal sends its interrupt to the whole group of processes: `initdb` must not get it."""
    server = subprocess.Popen(
        [*PROGRAM, "serve", "--port", "0"],
        env=environment(data_dir=str(open_folder / "data")),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(open_folder.glob("data/postgres/cluster.part/*")):
        assert server.poll() is None, server.communicate()
    os.killpg(server.pid, number)
    _, complaint = server.communicate(timeout=60)
    assert (server.returncode, complaint) == (0, "")


def test_clean_environment_resets_ignored_and_blocked_signals() -> None:
    """A shell's `trap '' CHLD` would hide a failed initdb. A server with a blocked SIGTERM would never stop."""
    program = (
        "import json, os, signal, subprocess\n"
        "from holdfast.process.environment import clean_environment\n"
        "clean_environment()\n"
        "print(json.dumps([subprocess.run(['false']).returncode, list(signal.pthread_sigmask(0, ()))]))"
    )

    def ignore_and_block() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, preexec_fn=ignore_and_block, check=True
    )
    assert json.loads(done.stdout) == [1, []]


def test_clean_environment_keeps_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {
        "PGPASSWORD": "secret",
        "PGPASSFILE": "/etc/pass",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": "x",
    }
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    clean_environment()
    assert {name: os.environ[name] for name in kept} == kept
    assert "PGTZ" not in os.environ
