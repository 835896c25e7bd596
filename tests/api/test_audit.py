"""The audit over HTTP: filters, pages, and whose entries a caller reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest

from holdfast.access.audit import SQL, Actor
from support.http_app import KeyedClient

SHOP = Actor(principal="account:7", request_id="a-request", address="192.0.2.9")
OTHERS = Actor(principal="account:8")


def write(database_url: str, by: Actor, action: str, object: str, *, organisation: int = 1) -> None:
    """Write an entry, as an act in another process does."""
    entry = {
        "organisation": organisation,
        "principal": by.principal,
        "action": action,
        "object": object,
        "request_id": by.request_id,
        "address": by.address,
        "detail": '{"scopes":["sell"]}',
    }
    with psycopg.connect(database_url) as connection:
        connection.execute(SQL["insert_audit_entry"], entry)


async def listed(client: httpx2.AsyncClient, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = await client.get("/v1/audit", params=query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        query["cursor"] = answer.json()["next"]


async def test_entries_are_read_newest_first_and_page_by_page(
    database_url: str, client: httpx2.AsyncClient
) -> None:
    for number in range(5):
        write(database_url, SHOP, "key.created", f"key:{number}")
    entries = await listed(client, limit="2")
    assert [entry["object"] for entry in entries] == [f"key:{number}" for number in reversed(range(5))]
    entry = entries[0]
    assert entry["principal"] == "account:7"
    assert entry["detail"] == {"scopes": ["sell"]}
    assert (entry["request_id"], entry["address"]) == ("a-request", "192.0.2.9")


@pytest.mark.parametrize(
    ("query", "objects"),
    [
        ({"principal": "account:8"}, ["key:b"]),
        ({"action": "key.revoked"}, ["key:b"]),
        ({"object": "key:a"}, ["key:a"]),
        ({"principal": "account:7", "action": "key.revoked"}, []),
        ({"principal": "account:"}, []),
    ],
)
async def test_each_filter_keeps_its_entries(
    database_url: str, client: httpx2.AsyncClient, query: dict[str, str], objects: list[str]
) -> None:
    write(database_url, SHOP, "key.created", "key:a")
    write(database_url, OTHERS, "key.revoked", "key:b")
    assert [entry["object"] for entry in await listed(client, **query)] == objects


async def test_a_time_keeps_what_is_at_it_or_later(database_url: str, client: httpx2.AsyncClient) -> None:
    for name in "abc":
        write(database_url, SHOP, "key.created", f"key:{name}")
    middle = (await listed(client))[1]["at"]
    assert [entry["object"] for entry in await listed(client, since=middle)] == ["key:c", "key:b"]
    assert [entry["object"] for entry in await listed(client, until=middle)] == ["key:a"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert await listed(client, since=tomorrow) == []


async def test_nobody_reads_what_another_organisation_did(
    database_url: str, client: httpx2.AsyncClient
) -> None:
    write(database_url, SHOP, "key.created", "key:foreign", organisation=2)
    write(database_url, SHOP, "key.created", "key:own")
    assert [entry["object"] for entry in await listed(client)] == ["key:own"]
    assert await listed(client, object="key:foreign") == []


async def test_no_key_and_no_guest_reads_the_audit(
    keyed_client: KeyedClient, guest: httpx2.AsyncClient
) -> None:
    keyed = await keyed_client("read", "sell", "organise", "door", "money")
    assert (await keyed.get("/v1/audit")).status_code == 403
    assert (await guest.get("/v1/audit")).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "principal=",
        "action=" + "x" * 201,
        "since=tomorrow",
        "until=2026-01-01T00:00:00",
        "limit=0",
        "cursor=AAAA",
        "colour=red",
    ],
)
async def test_a_wrong_filter_is_refused(client: httpx2.AsyncClient, query: str) -> None:
    answer = await client.get(f"/v1/audit?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_cursor_belongs_to_its_filters(database_url: str, client: httpx2.AsyncClient) -> None:
    for number in range(3):
        write(database_url, SHOP, "key.created", f"key:{number}")
    cursor = (await client.get("/v1/audit", params={"limit": "1"})).json()["next"]
    answer = await client.get("/v1/audit", params={"cursor": cursor, "action": "key.created"})
    assert answer.status_code == 422
