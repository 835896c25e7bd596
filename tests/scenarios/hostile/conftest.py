"""Fixtures of the hostile tests: the complete application with a shop in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from holdfast.http.application import Application
from scenarios.hostile.shop import Shop, furnish
from support.http_app import client, closed_app, guest, inventory, keyed_client, running_app

__all__ = ["client", "closed_app", "guest", "inventory", "keyed_client"]


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[Application]:
    """The application in open mode. It counts no guesses: thousands of wrong secrets come from one address.

    Its public address is that of the passkeys, whatever port a test serves it at.
    """
    async with running_app(
        database_url, limit_sign_ins_per_quarter_hour=0, public_url="http://localhost"
    ) as layer:
        yield layer


@pytest.fixture
async def shop(client: httpx2.AsyncClient) -> Shop:
    return await furnish(client)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Mark the tests slow. They test code above the database, so a run on a second PostgreSQL adds nothing."""
    for item in items:
        if "tests/scenarios/hostile/" in item.nodeid:
            item.add_marker(pytest.mark.slow)
