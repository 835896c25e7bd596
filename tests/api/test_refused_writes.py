"""A database that answers reads and refuses writes: sales, sign-ups and readiness say why, and reads go on.

The kind is "a database of somebody else that stops writing". Its members are a full disk, a database that its provider
made read-only because the disk is nearly full, and a standby (the same setting). We looked for the SQLSTATEs of refused
writes in PostgreSQL's table (25006, 53100), and for every way of writing in `src`: lanes, new events, accounts, keys.
"""

from __future__ import annotations

import httpx2
import psycopg
import pytest

from api.test_ended_sessions import end_sessions
from holdfast.errors import Unavailable
from support.http_sales import ask_booking, ask_hold, make_event, outcome_of, place

USER = {
    "name": "Ada",
    "phone_number": "+44 20 7946 0000",
    "email": "ada@example.org",
    "password": "a horse, a battery and a staple",
}


def set_read_only(database_url: str, state: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    with psycopg.connect(
        database_url, autocommit=True, options="-c default_transaction_read_only=off"
    ) as own:
        own.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {state}'.encode())
    end_sessions(database_url)


async def test_a_read_only_database_refuses_writes_and_says_why(
    client: httpx2.AsyncClient, database_url: str
):
    event = await make_event(client)
    hold = await place(client, event)
    set_read_only(database_url, "on")
    reads = [f"/v1/events/{event['number']}/availability", "/v1/events", "/healthz"]
    refused = [
        await client.get("/readyz"),
        await ask_hold(client, event),
        await ask_booking(client, hold),
        await client.post("/v1/events", json={"name": "Other", "capacity": 1}),
        await client.post("/users/", json=USER),
    ]
    for answer in refused:
        assert outcome_of(answer) == (503, "unavailable"), answer.text
        assert answer.json()["detail"] == Unavailable.READ_ONLY
    assert [(await client.get(path)).status_code for path in reads] == [200] * 3
    set_read_only(database_url, "off")
    assert (await ask_booking(client, hold)).status_code == 201
    assert (await client.post("/users/", json=USER)).status_code == 201


FULL = """
CREATE FUNCTION be_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
"""


async def test_a_full_disk_elsewhere_refuses_writes_and_recovers(
    client: httpx2.AsyncClient, database_url: str, monkeypatch: pytest.MonkeyPatch
):
    """The test's role may not make a small tablespace. So the tables raise what PostgreSQL raises there."""
    event = await make_event(client)
    hold = await place(client, event)
    tables = ("holds", "bookings", "events", "accounts")
    with psycopg.connect(database_url, autocommit=True) as full:
        full.execute(FULL.encode())
        for table in tables:
            full.execute(
                f"CREATE TRIGGER full_{table} BEFORE INSERT ON {table} EXECUTE FUNCTION be_full()".encode()
            )
    refused = [
        await ask_hold(client, event),
        await ask_booking(client, hold),
        await client.post("/v1/events", json={"name": "Other", "capacity": 1}),
        await client.post("/users/", json=USER),
        await client.get("/readyz"),
    ]
    for answer in refused:
        assert outcome_of(answer) == (503, "unavailable"), answer.text
        assert answer.json()["detail"] == Unavailable.DISK_FULL_NOW
    assert (await client.get(f"/v1/events/{event['number']}/availability")).status_code == 200
    with psycopg.connect(database_url, autocommit=True) as full:
        for table in tables:
            full.execute(f"DROP TRIGGER full_{table} ON {table}".encode())
    assert (await ask_booking(client, hold)).status_code == 201
    monkeypatch.setattr("holdfast.postgres.connections._REFUSED_SECONDS", -1.0)  # as if they had passed
    assert (await client.get("/readyz")).status_code == 200
