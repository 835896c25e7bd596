"""Server: one `holdfast serve` as a person starts it, with its supervisor and its workers."""

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
    """Kept alive like by the machine's service manager: a supervisor that is killed is started again."""

    def __init__(
        self,
        name: str,
        folder: Path,
        settings: Mapping[str, str],
        *,
        source: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`settings` are the product's, without their prefix; `source` a folder that has another `holdfast` in it."""
        self.name = name
        self.port = free_port()
        self.settings = dict(settings)
        self.source = source
        self.environment = dict(environment or {})
        self.log = folder / f"{name}.log"
        self.log_to: int | None = None
        """Another descriptor for what it says than its log; it counts from the next start."""
        self._folder = folder
        self._kept = Kept(name, self._launch, bury=self._bury)
        self._known: set[int] = set()

    @property
    def url(self) -> str:
        """Past every proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """The supervisor's; None while there is none."""
        return self._kept.pid

    @property
    def starts(self) -> int:
        return self._kept.starts

    def workers(self) -> list[int]:
        """Its worker processes' ids, oldest first; empty while there are none."""
        pid = self.pid
        found = (
            []
            if pid is None
            else [one for one in children_of(pid) if "holdfast.app.worker_process" in command_of(one)]
        )
        self._known.update(found)
        return found

    def start(self, *, wait: bool = True) -> None:
        """Returns once it is whole: a supervisor that loses a worker before that gives up, as it should."""
        self._kept.start()
        if wait:
            self.wait_until_whole()

    def stop(self) -> None:
        """As an operator stops it; it is not started again until `start`."""
        self.workers()
        self._kept.stop((signal.SIGTERM, _STOP_SECONDS))
        self._bury()

    def restart(self) -> None:
        """Stop and start, with whatever was changed in its settings, source or environment."""
        self.stop()
        self.start()

    def kill(self) -> list[int]:
        """Supervisor and workers at once."""
        victims = [*self.workers(), *([self.pid] if self.pid is not None else [])]
        for pid in victims:
            send(pid, signal.SIGKILL)
        return victims

    def is_ready(self) -> bool:
        return answer_of(self.url, "/readyz")[0] == 200

    def is_whole(self) -> bool:
        """It has all its processes, each of them serves, and it is ready to take traffic."""
        workers = self.workers()
        return (
            len(workers) == int(self.settings["workers"]) and all(map(_serves, workers)) and self.is_ready()
        )

    def wait_until_ready(self) -> None:
        self._wait(self.is_ready)

    def wait_until_whole(self) -> None:
        self._wait(self.is_whole)

    def _wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not get ready; see {self.log}")
            time.sleep(_TICK_SECONDS)

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = {"HOST": "127.0.0.1", "PORT": str(self.port), **self.settings}
        environment = {
            **python_environment(self.source),
            **{f"HOLDFAST_{name.upper()}": value for name, value in settings.items()},
            **self.environment,
        }
        command = [sys.executable, "-m", "holdfast.cli.main", "serve"]
        with self.log.open("ab") as log:
            return launch(
                command,
                environment=environment,
                folder=self._folder,
                output=log if self.log_to is None else self.log_to,
                ends_with=signal.SIGTERM,
            )

    def _bury(self) -> None:
        """Workers end with their supervisor by themselves; a stopped one cannot."""
        for pid in list(self._known):
            if "holdfast.app.worker_process" in command_of(pid):
                send(pid, signal.SIGCONT)
        self._known = set(wait_until_gone(self._known, seconds=_STOP_SECONDS))


def _serves(worker: int) -> bool:
    """It has closed the pipe through which it tells its supervisor so."""
    found = re.search(r"--ready (\d+)", command_of(worker))
    if found is None:
        return False
    try:
        return not str(Path(f"/proc/{worker}/fd/{found[1]}").readlink()).startswith("pipe:")
    except OSError:
        return True


def python_environment(source: Path | None) -> dict[str, str]:
    """For a program of the product: no settings of the caller's, and the package from `source` where one is named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return kept if source is None else kept | {"PYTHONPATH": str(source)}


def run_holdfast(
    *arguments: str, settings: Mapping[str, str], source: Path | None = None, seconds: float = 120.0
) -> str:
    """A command of the product to its end; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "holdfast.cli.main", *arguments],
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


def answer_of(url: str, path: str, *, seconds: float = 2.0) -> tuple[int | None, Any]:
    """Status and JSON of a GET; (None, None) where nobody answers."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=seconds)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content else None
    except (OSError, http.client.HTTPException, ValueError):
        return None, None
    finally:
        connection.close()


def free_port() -> int:
    """One that nobody listens on at this moment, so that a server can come back to where its callers know it."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
