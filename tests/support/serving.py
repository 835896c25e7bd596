"""A Holdfast server as a person starts it: a separate process, and its output."""

from __future__ import annotations

import http.client
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = (sys.executable, "-m", "holdfast")


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of the caller with these settings of Holdfast, and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    for name in ("PORT", "DATABASE_URL"):  # read after our own
        kept.pop(name, None)
    return kept | {f"HOLDFAST_{name.upper()}": value for name, value in settings.items()}


def run_holdfast(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def workers_of(supervisor: int) -> list[int]:
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [
        int(pid)
        for pid in children
        if b"holdfast.app.worker_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


class Serving:
    """`holdfast serve` on a free port, ready when the block begins. `program` is an installed `holdfast`."""

    def __init__(
        self, data_dir: Path, *, port: int = 0, program: str = "", stdout: int | None = None, **settings: str
    ) -> None:
        self.data_dir = data_dir
        self.settings = settings
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [*([program] if program else PROGRAM), "serve", "--port", str(port)],
            env=environment(data_dir=str(data_dir), **settings),
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
        # A thread reads the log all the time: a server with a full pipe would stop.
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def port(self) -> int:
        match = re.search(r"https?://127\.0\.0\.1:(\d+)", "\n".join(self.said))
        assert match is not None, self.said
        return int(match[1])

    @property
    def postmaster(self) -> int:
        return int((self.data_dir / "postgres" / "cluster" / "postmaster.pid").read_text().split()[0])

    @property
    def workers(self) -> list[int]:
        """Process ids of the supervisor's worker processes."""
        return workers_of(self.pid)

    def wait_until_it_says(self, pattern: str) -> str:
        """Read lines until one matches, and return it. Raises AssertionError if the output ends first."""
        while (line := self._lines.get(timeout=60)) is not None:
            self.said.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"no line matches {pattern!r}: {self.said}")

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def signal(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Return the exit code. A server that does not stop is killed: its workers then end by themselves."""
        try:
            code = self._process.wait(60)
        except BaseException:
            self._process.kill()
            raise
        self._reader.join(60)
        assert not self._reader.is_alive(), f"a process keeps the server's output open: {self.said}"
        while not self._lines.empty():
            if (line := self._lines.get()) is not None:
                self.said.append(line)
        return code

    def __enter__(self) -> Self:
        try:
            self.wait_until_it_says(r"\bData: ")
        except BaseException:
            self._process.kill()
            self.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self.wait()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self._lines.put(line.rstrip())
        self._lines.put(None)
