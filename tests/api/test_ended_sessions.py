"""A write on a session that the database ended while it was idle: nothing was sent, so that it is done at once.

Class of bug: a failure that surely had no effect, reported as if the client had to retry. Its members are all writes
outside the lanes: new events with and without a key, API keys, accounts, leases. Commands in lanes are tried again by
the runner. We looked for every use of `Connections.use` and of `pool.connection` in `src`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx2
import psycopg
import pytest

from holdfast.http.application import Application
from support.house_of import fetch
from support.http_app import KeyedClient, access_of, engine_of

END_ALL = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'holdfast'"
)


def end_sessions(database_url: str) -> None:
    """End the application's sessions, and wait until they are gone."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute(END_ALL.encode()).fetchone() != (0,)
        while connection.execute(END_ALL.encode()).fetchone() != (0,):
            pass


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/v1/events", {"name": "Concert", "capacity": 3}, {}),
        (
            "/v1/events",
            {"name": "Concert", "capacity": 3},
            {"Idempotency-Key": "7f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11"},
        ),
    ],
    ids=["an event", "an event with a key"],
)
async def test_a_write_uses_a_living_session(
    client: httpx2.AsyncClient,
    database_url: str,
    path: str,
    body: dict[str, object],
    headers: dict[str, str],
) -> None:
    assert (await client.post(path, json={"name": "First", "capacity": 1})).status_code == 201
    end_sessions(database_url)
    answer = await client.post(path, json=body, headers=headers)
    assert answer.status_code == 201, answer.text


async def insert_key(app: Application) -> None:
    await access_of(app).insert_key(
        id="till", secret_hash=b"x" * 32, name="till", scopes=["sell"], expires_at=None
    )


async def find_key(app: Application) -> None:
    assert await access_of(app).find_key("nobody") is None


async def take_lease(app: Application) -> None:
    assert await engine_of(app).operations.take_lease("job", uuid4(), 10.0)


async def delete_old(app: Application) -> None:
    old = {"answer_hours": 72, "attempt_days": 90, "max_rows": 10}
    assert await engine_of(app).operations.delete_old_rows(**old) == 0


@pytest.mark.parametrize("work", [insert_key, find_key, take_lease, delete_old])
async def test_work_outside_the_lanes_uses_a_living_session(
    app: Application, database_url: str, work: Callable[[Application], Awaitable[None]]
) -> None:
    assert await access_of(app).list_keys() == []
    end_sessions(database_url)
    await work(app)


async def test_a_hold_uses_a_living_session(client: httpx2.AsyncClient, database_url: str) -> None:
    event = (await client.post("/v1/events", json={"name": "Concert", "capacity": 3})).json()["number"]
    hold = {"event": event, "lines": [{"quantity": 1}]}
    assert (await client.post("/v1/holds", json=hold)).status_code == 201
    end_sessions(database_url)
    assert (await client.post("/v1/holds", json=hold)).status_code == 201


async def test_a_wrong_secret_is_no_use_of_a_key(keyed_client: KeyedClient, database_url: str) -> None:
    """`last_used_at` is for people who look for a key that nobody needs, or that somebody else uses."""
    used = "SELECT count(last_used_at) FROM api_keys"
    client = await keyed_client("organise")
    right = client.headers["authorization"]
    wrong = await client.get("/v1/bookings", headers={"authorization": right[:-1] + "x"})
    assert (wrong.status_code, fetch(database_url, used)) == (401, [(0,)])
    assert (await client.get("/v1/bookings")).status_code == 200
    assert fetch(database_url, used) == [(1,)]
