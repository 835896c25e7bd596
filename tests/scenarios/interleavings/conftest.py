"""Fixtures of the interleavings: the tests of a file share one stage, and each creates its own events."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from scenarios.interleavings.stage import Stage, a_stage
from support.postgres import TestDatabases


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage(databases: TestDatabases) -> AsyncIterator[Stage]:
    url = databases.create()
    try:
        async with a_stage(url) as opened:
            yield opened
            assert await opened.deadlocks() == 0
    finally:
        databases.drop(url)
