"""Fixtures of the fault tests: a whole house, served by two workers over its own PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.client import Client
from holdfast.client.models import Event
from holdfast.process.postgres_server import running_url
from support.serving import Serving, run_holdfast


@dataclass(frozen=True, slots=True)
class House:
    """A server with its folder."""

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
        """`holdfast check` finds nothing."""
        done = run_holdfast("check", data_dir=str(self.data_dir))
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _folder() -> Iterator[Path]:
    """Outside pytest's private folders, which PostgreSQL's own user could not reach."""
    with tempfile.TemporaryDirectory(prefix="holdfast-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of the test's own."""
    with _folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """One server for the tests of a file: each leaves it serving."""
    with _folder() as folder, Serving(folder / "data", workers="2", log_level="warning") as server:
        yield House(server, folder / "data")


@pytest.fixture
def event(house: House) -> Event:
    """More than any load here can sell: 20,000 on the floor, 5,000 seats."""
    return create_event(house.url)


def create_event(url: str) -> Event:
    with Client(url) as client:
        return client.create_event(
            "Concert",
            areas=[{"name": "floor", "capacity": 20_000}],
            seat_map={"sections": [{"name": "A", "rows": 100, "seats_per_row": 50, "category": "stalls"}]},
        )
