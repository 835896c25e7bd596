"""Fixtures that every test may use: databases on a real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.citus import CitusDatabases, damage_by_shard
from support.postgres import TestDatabases

CITUS_URL = os.environ.get("HOLDFAST_TEST_CITUS_URL")

# A busy machine takes a second for two examples, which says nothing about a strategy.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def databases() -> Iterator[TestDatabases | CitusDatabases]:
    """The PostgreSQL server of this test process; `HOLDFAST_TEST_POSTGRES_BIN` picks other binaries.

    With `HOLDFAST_TEST_CITUS_URL` all databases are distributed over that cluster.
    """
    found = CitusDatabases(CITUS_URL) if CITUS_URL else TestDatabases()
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture(autouse=True, scope="session")
def _damage() -> Iterator[None]:
    """On Citus a test's own damage goes to the shards."""
    if CITUS_URL is None:
        yield
        return
    with damage_by_shard():
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CITUS_URL is None:
        return
    for item in items:
        mark = item.get_closest_marker("one_postgres")
        if mark is not None:
            item.add_marker(pytest.mark.skip(reason=f"not on Citus: {mark.args[0]}"))


@pytest.fixture
def database_url(databases: TestDatabases) -> Iterator[str]:
    """A migrated database for one test."""
    url = databases.create()
    yield url
    databases.release(url)


@pytest.fixture
def empty_database_url(databases: TestDatabases) -> Iterator[str]:
    """An empty database for one test."""
    url = databases.create(migrated=False)
    yield url
    databases.release(url)
