"""Fixtures of the jobs' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from holdfast.delivery.delivery import Delivery
from support.delivering import a_delivery


@pytest.fixture
async def delivery(database_url: str) -> AsyncIterator[Delivery]:
    """The jobs of the test's database."""
    async with a_delivery(database_url) as opened:
        yield opened
