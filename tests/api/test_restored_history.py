"""After a restore, nothing that a client remembers is taken for the present state.

Class of bug: a version names a state only within one history. Its members are all values that carry a version: entity
tags of availability, seats and seat maps, `since`, `Last-Event-ID`, addresses of seat maps, and cursors. We searched
the API for every `version` and every cache header. Ids are random, so a lost hold or booking is just missing. What a
process remembers (occupancies, read models, events by number) is of the same kind: it is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.commands import SeatSpec
from holdfast.postgres import backup
from holdfast.postgres.connections import Connections
from holdfast.process.postgres_binaries import embedded_bin_dir
from support.commands import Run, run
from support.house_of import make_event, place
from support.http_app import engine_of, running_app
from support.postgres import TestDatabases

__all__ = ["run"]

Restore = Callable[[], None]


@pytest.fixture
def restore(database_url: str, tmp_path: Path) -> Restore:
    """Take a backup at the first call, and restore it at the second."""
    file = tmp_path / "earlier.dump"

    def act() -> None:
        if file.exists():
            drops = backup.read_contents(database_url).drops
            backup.restore(database_url, file, bin_dir=embedded_bin_dir(), drops=drops)
        else:
            with file.open("wb") as stream:
                backup.dump(database_url, stream, bin_dir=embedded_bin_dir())

    return act


async def sell(inventory: Inventory, number: int, *seats: str) -> None:
    for seat in seats:
        await place(inventory, number, seat)


async def test_nothing_remembered_fits_another_history(
    client: httpx2.AsyncClient, inventory: Inventory, restore: Restore
) -> None:
    event = await make_event(inventory, rows=1)
    other = await make_event(inventory, rows=1)
    path = f"/v1/events/{event.number}"
    await sell(inventory, event.number, "A-1-1")
    restore()
    await inventory.execute(event.number, c.ChangeEvent(seats=(SeatSpec("Y-1", "Y", "1"),)))
    await sell(inventory, event.number, "A-1-2", "A-1-3")
    tags = {each: (await client.get(path + each)).headers["etag"] for each in ("/availability", "/seats")}
    known = (await client.get(f"{path}/availability")).json()
    redirect = await client.get(f"{path}/seat-map")
    seat_map = redirect.url.join(redirect.headers["location"])
    assert (await client.get(seat_map)).headers["cache-control"].endswith("immutable")
    map_tag = (await client.get(f"{path}/seat-map/2")).headers["etag"]
    cursor = (await client.get("/v1/events?limit=1")).json()["next"]
    cursor = cursor.rpartition("cursor=")[2]
    assert (await client.get(f"/v1/events?limit=1&cursor={cursor}")).status_code == 200

    restore()
    await inventory.operations.check_epoch()
    await inventory.execute(event.number, c.ChangeEvent(seats=(SeatSpec("Z-1", "Z", "1"),)))
    await sell(inventory, event.number, "A-1-4", "A-1-5")

    now = (await client.get(f"{path}/availability")).json()
    assert (now["version"], now["epoch"] == known["epoch"]) == (known["version"], False)
    for each, tag in tags.items():
        assert (await client.get(path + each, headers={"if-none-match": tag})).status_code == 200
    taken = [seat["label"] for seat in (await client.get(f"{path}/seats")).json()["items"]]
    assert taken == ["A-1-1", "A-1-4", "A-1-5"], "the process has forgotten the other history"
    for since in (f"{known['epoch']}.{known['version']}", known["version"], f"{known['epoch']}.1"):
        answered = (await client.get(f"{path}/availability?since={since}")).json()
        assert (answered["reset"], "changes" in answered) == (True, False)
    assert (await client.get(seat_map)).status_code == 404
    again = await client.get(f"{path}/seat-map/2", headers={"if-none-match": map_tag})
    assert (again.status_code, again.json()["sections"][1]["name"]) == (200, "Z")
    refused = await client.get(f"/v1/events?limit=1&cursor={cursor}")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "invalid_cursor")
    assert other.number != event.number


async def next_event(messages: AsyncIterator[bytes]) -> bytes:
    """Return the next message that is not a sign of life."""
    while b"\nevent: " not in (message := await anext(messages)):
        pass
    return message


async def test_a_stream_starts_again_in_another_history(
    client: httpx2.AsyncClient, inventory: Inventory, restore: Restore
) -> None:
    """A stream that stays connected gets a snapshot, though the version is lower now; then changes again."""
    event = await make_event(inventory, rows=1)
    restore()
    await sell(inventory, event.number, "A-1-1", "A-1-2", "A-1-3")
    messages = inventory.streams.watch(event.number)
    first = await next_event(messages)
    assert f"id: {inventory.epoch}.3\nevent: snapshot".encode() in first
    restore()
    await inventory.operations.check_epoch()
    again = await next_event(messages)
    assert f"id: {inventory.epoch}.0\nevent: snapshot".encode() in again
    assert b'"seats":[]' in again
    await sell(inventory, event.number, "A-1-4")
    assert f"id: {inventory.epoch}.1\nevent: change".encode() in await next_event(messages)
    await messages.aclose()  # type: ignore[attr-defined]  # a generator


async def test_an_epoch_outlives_a_restart(app: Application, database_url: str) -> None:
    async with running_app(database_url) as other:
        await engine_of(other).operations.check_epoch()
        await engine_of(app).operations.check_epoch()
        assert engine_of(other).epoch == engine_of(app).epoch


async def epoch_of(url: str) -> str:
    connections = Connections(url, size=1)
    await connections.open()
    try:
        await connections.check_epoch()
        return connections.epoch
    finally:
        await connections.close()


async def test_a_copied_database_has_an_epoch_of_its_own(databases: TestDatabases, database_url: str) -> None:
    name = conninfo_to_dict(database_url)["dbname"]
    before = await epoch_of(database_url)
    with psycopg.connect(databases.server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}".encode())
    copy = databases.server.url_of(f"{name}_copy")
    assert await epoch_of(copy) != before
    databases.drop(copy)


def test_a_command_begins_a_new_epoch(run: Run, database_url: str) -> None:
    """For losses that look like the database itself: a copied folder, a recovery to a point in time."""
    before = asyncio.run(epoch_of(database_url))
    shown = run("db", "new-epoch", "--json", database_url=database_url).json["epoch"]
    assert asyncio.run(epoch_of(database_url)) == shown != before
