"""Fixtures that every test may use: databases on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.postgres import TestDatabases


@pytest.fixture(scope="session")
def databases() -> Iterator[TestDatabases]:
    """The PostgreSQL server of this test process; `HOLDFAST_TEST_POSTGRES_BIN` picks other binaries."""
    found = TestDatabases()
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
def database_url(databases: TestDatabases) -> Iterator[str]:
    """A migrated database for one test."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
def empty_database_url(databases: TestDatabases) -> Iterator[str]:
    """An empty database for one test."""
    url = databases.create(migrated=False)
    yield url
    databases.drop(url)
