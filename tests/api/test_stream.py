"""The stream as an HTTP client reads it. `tests/inventory` checks its content."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson
import pytest

from holdfast.api.v1.stream import ChangeOut, SnapshotOut
from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from support.house_of import make_event, place

SECONDS = 20.0


class Reading:
    """A request whose answer is read in pieces; the other tests' transport waits for the end."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.leaving = asyncio.Event()
        self._is_asked = False

    async def receive(self) -> dict[str, Any]:
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.sent.put(message)

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            return await self.sent.get()

    async def message(self) -> dict[str, str]:
        while True:
            lines = (await self.next())["body"].decode().strip().splitlines()
            fields = dict(line.split(": ", 1) for line in lines)
            if "data" in fields:
                (ChangeOut if fields["event"] == "change" else SnapshotOut).model_validate_json(
                    fields["data"]
                )
                return fields


@asynccontextmanager
async def _reading(app: Application, number: int, query: str = "", **headers: str) -> AsyncIterator[Reading]:
    path = f"/v1/events/{number}/stream"
    given = {"host": "localhost"} | headers
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "client": ("127.0.0.1", 1),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }
    reading = Reading()
    serving = asyncio.create_task(app(scope, reading.receive, reading.send))
    try:
        yield reading
    finally:
        reading.leaving.set()
        async with asyncio.timeout(SECONDS):
            await serving


async def test_a_client_reads_a_snapshot_and_then_changes(app: Application, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    await place(inventory, event.number, "A-1-1")
    async with _reading(app, event.number) as reading:
        head = await reading.next()
        headers = dict(head["headers"])
        assert (head["status"], headers[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
        assert headers[b"cache-control"] == b"no-store"
        answered = await reading.message()
        assert (answered["event"], answered["id"]) == ("snapshot", f"{inventory.epoch}.1")
        await place(inventory, event.number, "A-1-2")
        answered = await reading.message()
        assert (answered["event"], answered["id"]) == ("change", f"{inventory.epoch}.2")
        assert [seat["label"] for seat in orjson.loads(answered["data"])["seats"]] == ["A-1-2"]
    assert inventory.streams.count == 0, "the client that left is forgotten"


async def test_a_stream_client_resumes_at_its_last_message(app: Application, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    for seat in (1, 2, 3):
        await place(inventory, event.number, f"A-1-{seat}")
    async with _reading(app, event.number, last_event_id=f"{inventory.epoch}.2") as reading:
        assert (await reading.next())["status"] == 200
        answered = await reading.message()
        assert (answered["event"], answered["id"]) == ("change", f"{inventory.epoch}.3")
        assert [seat["label"] for seat in orjson.loads(answered["data"])["seats"]] == ["A-1-3"]


async def test_a_stream_begins_after_a_bookmark(app: Application, inventory: Inventory):
    """A browser's EventSource cannot send `Last-Event-ID` at first; later it does, and the header is newer."""
    event = await make_event(inventory, rows=1)
    for seat in (1, 2, 3):
        await place(inventory, event.number, f"A-1-{seat}")
    since = f"since={inventory.epoch}.1"
    for header, seats in (({}, ["A-1-2", "A-1-3"]), ({"last_event_id": f"{inventory.epoch}.2"}, ["A-1-3"])):
        async with _reading(app, event.number, since, **header) as reading:
            assert (await reading.next())["status"] == 200
            answered = await reading.message()
            assert (answered["event"], answered["id"]) == ("change", f"{inventory.epoch}.3")
            assert [seat["label"] for seat in orjson.loads(answered["data"])["seats"]] == seats


@pytest.mark.parametrize("since", ["1", "00000000.1", "99999999"])
async def test_a_bookmark_of_another_history_gets_a_snapshot(
    app: Application, inventory: Inventory, since: str
):
    event = await make_event(inventory, rows=1)
    async with _reading(app, event.number, f"since={since}") as reading:
        assert (await reading.next())["status"] == 200
        assert (await reading.message())["event"] == "snapshot"


@pytest.mark.parametrize("since", ["-1", "x", "9" * 30, "1.0", ""])
async def test_what_is_no_bookmark_is_refused(client: httpx2.AsyncClient, inventory: Inventory, since: str):
    event = await make_event(inventory, rows=1)
    refused = await client.get(f"/v1/events/{event.number}/stream?since={since}")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "?since")


@pytest.mark.parametrize("last", ["-1", "x", "9" * 30, "٣", "1", "00000000.1"])
async def test_an_unknown_last_event_id_gets_a_snapshot(app: Application, inventory: Inventory, last: str):
    event = await make_event(inventory, rows=1)
    async with _reading(app, event.number, last_event_id=last) as reading:
        assert (await reading.next())["status"] == 200
        assert (await reading.message())["event"] == "snapshot"


async def test_the_stream_ends_with_the_server(app: Application, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    async with _reading(app, event.number) as reading:
        await reading.next()
        await reading.message()
        app.end_streams()
        last = await reading.next()
        assert (last["body"], last.get("more_body", False)) == (b"", False)


async def test_streams_above_the_limit_are_refused(
    client: httpx2.AsyncClient, app: Application, inventory: Inventory
):
    inventory.streams._max_clients = 1
    event = await make_event(inventory, rows=1)
    async with _reading(app, event.number) as reading:
        await reading.next()
        await reading.message()
        answer = await client.get(f"/v1/events/{event.number}/stream")
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
            503,
            "busy",
            "1",
        )
