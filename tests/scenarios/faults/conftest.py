"""Fixtures of the fault tests: a complete deployment of two workers over its own PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.process.postgres_server import running_url
from holdfast_client import Client
from holdfast_client.models import Event
from support.serving import Serving, run_holdfast


@dataclass(frozen=True, slots=True)
class Deployment:
    """A server and its data folder."""

    server: Serving
    data_dir: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    @property
    def database_url(self) -> str:
        url = running_url(self.data_dir / "postgres")
        assert url is not None
        return url

    def check(self) -> None:
        """Assert that `holdfast check` finds nothing."""
        done = run_holdfast("check", data_dir=str(self.data_dir))
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder outside pytest's private ones, which PostgreSQL's user cannot reach."""
    with tempfile.TemporaryDirectory(prefix="holdfast-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder for one test."""
    with _folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """One server for all tests of a file. Each test leaves it running."""
    with _folder() as folder, Serving(folder / "data", workers="2", log_level="warning") as server:
        yield Deployment(server, folder / "data")


@pytest.fixture
def event(deployment: Deployment) -> Event:
    """An event too large to sell out here: 20,000 on the floor, 5,000 seats."""
    return create_event(deployment.url)


def create_event(url: str) -> Event:
    with Client(url) as client:
        return client.create_event(
            "Concert",
            areas=[{"name": "floor", "capacity": 20_000}],
            seat_map={"sections": [{"name": "A", "rows": 100, "seats_per_row": 50, "category": "stalls"}]},
        )
