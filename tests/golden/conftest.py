"""Fixtures of the golden files: the document of the API, as the application itself serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from golden.asking import House, opened_house
from golden.walking import Document
from support.postgres import TestDatabases


@pytest.fixture
async def house(databases: TestDatabases) -> AsyncIterator[House]:
    async with opened_house(databases) as one:
        yield one


@pytest.fixture
async def document(house: House) -> Document:
    return await Document.of(house)
