"""Fixtures of the hostile tests: the complete application with a shop in it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from scenarios.hostile.shop import Shop, furnish
from support.http_app import app, client, closed_app, guest, inventory, keyed_client

__all__ = ["app", "client", "closed_app", "guest", "inventory", "keyed_client"]


@pytest.fixture
async def shop(client: httpx2.AsyncClient) -> Shop:
    return await furnish(client)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Mark the tests slow. They test code above the database, so a run on a second PostgreSQL adds nothing."""
    for item in items:
        if "tests/scenarios/hostile/" in item.nodeid:
            item.add_marker(pytest.mark.slow)
