"""Fixtures of the jobs' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from holdfast.delivery.delivery import Delivery
from holdfast.postgres.connections import Connections


@pytest.fixture
async def delivery(database_url: str) -> AsyncIterator[Delivery]:
    """The jobs of the test's database."""
    connections = Connections(database_url, size=4)
    await connections.open()
    yield Delivery(connections)
    await connections.close()
