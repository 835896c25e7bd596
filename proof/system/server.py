"""Server: one `holdfast serve` with its supervisor and its workers, started as an operator starts it."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from proof.processes import Kept, children_of, command_of, launch, send, wait_until_gone

READY_SECONDS = 120.0
_TICK_SECONDS = 0.02
_STOP_SECONDS = 40.0


class Server:
    """A supervisor that is restarted when killed, as the machine's service manager does."""

    def __init__(
        self,
        name: str,
        folder: Path,
        settings: Mapping[str, str],
        *,
        source: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`settings` are the product's, without prefix. `source` is a folder with another `holdfast`."""
        self.name = name
        self.port = free_port()
        self.settings = dict(settings)
        self.source = source
        self.environment = dict(environment or {})
        self.log = folder / f"{name}.log"
        self.log_to: int | None = None
        """A descriptor for the output instead of the log; it takes effect at the next start."""
        self._folder = folder
        self._kept = Kept(name, self._launch, bury=self._bury)
        self._known: set[int] = set()

    @property
    def url(self) -> str:
        """The URL without the proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The supervisor's process id, or None."""
        return self._kept.pid

    @property
    def starts(self) -> int:
        return self._kept.starts

    def workers(self) -> list[int]:
        """Return the ids of the workers, oldest first; empty if there are none."""
        pid = self.pid
        found = (
            []
            if pid is None
            else [one for one in children_of(pid) if "holdfast.app.worker_process" in command_of(one)]
        )
        self._known.update(found)
        return found

    def start(self, *, wait: bool = True) -> None:
        """Start the supervisor and wait until all its processes serve: a supervisor that loses a worker
        earlier gives up."""
        self._kept.start()
        if wait:
            self.wait_until_complete()

    def stop(self) -> None:
        """Stop as an operator does; it stays stopped until `start`."""
        self.workers()
        self._kept.stop((signal.SIGTERM, _STOP_SECONDS))
        self._bury()

    def restart(self) -> None:
        """Stop and start, with the current settings, source and environment."""
        self.stop()
        self.start()

    def kill(self) -> list[int]:
        """Kill the supervisor and the workers at once, and return their ids."""
        victims = [*self.workers(), *([self.pid] if self.pid is not None else [])]
        for pid in victims:
            send(pid, signal.SIGKILL)
        return victims

    def is_ready(self) -> bool:
        return answer_of(self.url, "/readyz")[0] == 200

    def is_complete(self) -> bool:
        """Return True if all processes exist, each serves, and the server accepts traffic."""
        workers = self.workers()
        return (
            len(workers) == int(self.settings["workers"]) and all(map(_serves, workers)) and self.is_ready()
        )

    def wait_until_ready(self) -> None:
        self._wait(self.is_ready)

    def wait_until_complete(self) -> None:
        self._wait(self.is_complete)

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} is not ready; see {self.log}")
            time.sleep(_TICK_SECONDS)

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = {"HOST": "127.0.0.1", "PORT": str(self.port), **self.settings}
        environment = {
            **python_environment(self.source),
            **{f"HOLDFAST_{name.upper()}": value for name, value in settings.items()},
            **self.environment,
        }
        command = [sys.executable, "-m", "holdfast", "serve"]
        with self.log.open("ab") as log:
            return launch(
                command,
                environment=environment,
                folder=self._folder,
                output=log if self.log_to is None else self.log_to,
                ends_with=signal.SIGTERM,
            )

    def _bury(self) -> None:
        """Let stopped workers continue: workers end with their supervisor, but a stopped one cannot."""
        for pid in list(self._known):
            if "holdfast.app.worker_process" in command_of(pid):
                send(pid, signal.SIGCONT)
        self._known = set(wait_until_gone(self._known, seconds=_STOP_SECONDS))


def _serves(worker: int) -> bool:
    """Return True if the worker closed its readiness pipe to the supervisor."""
    found = re.search(r"--ready (\d+)", command_of(worker))
    if found is None:
        return False
    try:
        return not str(Path(f"/proc/{worker}/fd/{found[1]}").readlink()).startswith("pipe:")
    except OSError:
        return True


def python_environment(source: Path | None) -> dict[str, str]:
    """Return the environment of a product program: none of the caller's settings, and the package from
    `source` if given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return kept if source is None else kept | {"PYTHONPATH": str(source)}


def run_holdfast(
    *arguments: str, settings: Mapping[str, str], source: Path | None = None, seconds: float = 120.0
) -> str:
    """Run a command of the product and return its output. Raises RuntimeError if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "holdfast", *arguments],
        env={
            **python_environment(source),
            **{f"HOLDFAST_{name.upper()}": value for name, value in settings.items()},
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"holdfast {' '.join(arguments)} failed: {done.stderr.strip() or done.stdout.strip()}"
        )
    return done.stdout


def answer_of(url: str, path: str, *, seconds: float = 2.0, key: str = "") -> tuple[int | None, Any]:
    """Return status and JSON of a GET with an API key, or (None, None) without an answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=seconds)
    try:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None
    except (OSError, http.client.HTTPException, ValueError):
        return None, None
    finally:
        connection.close()


def free_port() -> int:
    """Return a port that nobody listens on, so that a restarted server keeps its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
