"""Servers for a rush, and `holdfast rush` as a person starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast_client import Client
from support.http_app import SECRET_KEY
from support.postgres import TestDatabases
from support.serving import Serving, environment


@dataclass(frozen=True)
class House:
    """A running server and its database."""

    server: Serving
    database_url: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def sell(self, **given: Any) -> int:
        """Create a rehearsal on sale, and return its number."""
        with Client(self.url) as client:
            return client.create_event("Concert", **{"rehearsal": True, **given}).number


@contextmanager
def open_house(databases: TestDatabases, folder: Path, port: int = 0, **settings: str) -> Iterator[House]:
    database_url = databases.create()
    with Serving(
        folder, port=port, database_url=database_url, secret_key=SECRET_KEY, stdout=None, **settings
    ) as server:
        yield House(server, database_url)
    databases.drop(database_url)


class Running:
    """`holdfast rush` in a separate process, and its output."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "holdfast", "rush", *map(str, arguments), "--out", str(folder)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_until(self, done: Callable[[str], bool]) -> None:
        """Read lines until `done` accepts one. Raises AssertionError if the output ends first."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if done(line):
                return
        raise AssertionError(f"no such line in the output: {''.join(self.said)}")

    def end(self) -> int:
        """Wait for the end, and return the exit code. `said` then has all output."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.said += list(lines)
        return self.process.wait(60)

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return found


Start = Callable[..., Running]
