"""Fixtures that several folders of tests share. The conftest of each folder imports those that it uses."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.postgres.connections import Connections
from support.selling import an_engine, what_is_wrong

__all__ = ["checked_inventory", "open_folder", "unchecked_inventory"]


@pytest.fixture(name="inventory")
async def checked_inventory(database_url: str) -> AsyncIterator[Inventory]:
    """An inventory over the database of the test. Afterwards its rows must agree with each other."""
    async with an_engine(database_url) as opened:
        yield opened
    assert what_is_wrong(database_url) == []


@pytest.fixture(name="inventory")
async def unchecked_inventory(database_url: str) -> AsyncIterator[Inventory]:
    """An inventory without workers, over rows that a test may damage."""
    connections = Connections(database_url, size=4, wait_seconds=20.0)
    inventory = Inventory(connections, HoldTokens(b"a server key of the tests"))
    await inventory.open()
    yield inventory
    await inventory.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder outside pytest's private ones, which PostgreSQL's user cannot reach."""
    with tempfile.TemporaryDirectory(prefix="holdfast-tests-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)
