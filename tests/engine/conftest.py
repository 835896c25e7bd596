"""Fixtures of the engine's tests: one engine over one fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.selling import an_engine, what_is_wrong
from holdfast.inventory.inventory import Engine


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    """Whatever a test did: afterwards the rows agree with each other."""
    async with an_engine(database_url) as opened:
        yield opened
    assert what_is_wrong(database_url) == []
