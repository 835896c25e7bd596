"""Fixtures of the workers' tests: an engine over the test's own database, and a house to sell in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from holdfast.inventory.hold_tokens import Keyring
from holdfast.inventory.inventory import Engine
from holdfast.postgres.connections import Connections


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    """Without workers: whatever a test sees tidied, it has asked for."""
    engine = Engine(Connections(database_url, size=4), Keyring(b"a server key of the tests"))
    await engine.open()
    yield engine
    await engine.close()
