"""A replaced primary: a server that has met the successor no longer uses the old primary."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from holdfast.errors import Unavailable
from holdfast.postgres.connections import Connections
from holdfast.process.postgres_server import PostgresServer


@pytest.fixture
def bin_dir() -> Path | None:
    chosen = os.environ.get("HOLDFAST_TEST_POSTGRES_BIN")
    return Path(chosen) if chosen else None


@pytest.fixture
def urls(open_folder: Path, bin_dir: Path | None) -> Iterator[list[str]]:
    """Two databases. The second was promoted from a copy of the first."""
    old = PostgresServer(open_folder / "old", bin_dir=bin_dir)
    with old:
        pass
    new = PostgresServer(open_folder / "new", bin_dir=bin_dir)
    cluster = open_folder / "new" / "cluster"
    cluster.parent.mkdir()
    subprocess.run(["cp", "-a", open_folder / "old" / "cluster", cluster], check=True)
    signal = cluster / "standby.signal"
    signal.touch()
    os.chown(signal, cluster.stat().st_uid, cluster.stat().st_gid)
    with old, new:
        with psycopg.connect(new.url_of("postgres", role="postgres")) as connection:
            connection.execute("SELECT pg_promote()")
        yield [old.url, new.url]


async def one(connections: Connections, number: int) -> object:
    return (await connections.ask(number, b"SELECT 1", {}))[0][0]


async def test_a_replaced_primary_is_refused_once_the_new_one_is_met(urls: list[str]) -> None:
    """Idle connections to the old primary are closed, and no new ones are made."""
    old, new = 0, 1
    connections = Connections(urls, wait_seconds=1)
    await connections.pool(old).open(wait=True)
    assert await one(connections, old) == 1
    await connections.pool(new).open(wait=True)
    assert await one(connections, new) == 1
    with pytest.raises(Unavailable):
        await one(connections, old)
    assert await one(connections, new) == 1
    await connections.close()
