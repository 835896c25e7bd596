"""Fixtures of a rush: a server and the command, both started as a person starts them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import holdfast, run
from support.postgres import TestDatabases
from support.rushing import House, Running, Start, open_house

__all__ = ["holdfast", "run"]


@pytest.fixture(scope="module")
def house(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server for the tests of a module. Each test has its own events."""
    with open_house(databases, tmp_path_factory.mktemp("house")) as one:
        yield one


@pytest.fixture
def own_house(databases: TestDatabases, tmp_path: Path) -> Iterator[House]:
    """A server that a test may break."""
    with open_house(databases, tmp_path / "house") as one:
        yield one


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a rush: `start(url, "--event", 1)`."""
    started: list[Running] = []

    def begin(*arguments: object) -> Running:
        started.append(Running(tmp_path / f"report-{len(started)}", *arguments))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.end()
