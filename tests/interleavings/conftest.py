"""Fixtures of the interleavings: a stage over a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from interleavings.stage import Stage, a_stage


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with a_stage(database_url) as opened:
        yield opened
        assert await opened.deadlocks() == 0
