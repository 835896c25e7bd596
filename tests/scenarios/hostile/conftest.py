"""Fixtures of the hostile tests: the whole application with a shop furnished in it."""

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
    """They take longer than a second leg is worth: what they try is above the database."""
    for item in items:
        if "tests/scenarios/hostile/" in item.nodeid:
            item.add_marker(pytest.mark.slow)
