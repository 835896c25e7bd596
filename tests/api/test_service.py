"""Service: liveness, readiness and metrics."""

from __future__ import annotations

import httpx2
import pytest

from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from holdfast.metrics import metric_totals
from support.ageing import lapse_hold
from support.house_of import confirm, fetch, make_event, place
from support.http_app import client_of, engine_of, running_app
from support.postgres import TestDatabases

JSON = {"accept": "application/json"}


async def test_the_server_is_ready_when_the_database_answers(guest: httpx2.AsyncClient):
    answer = await guest.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_without_a_database_the_server_is_alive_but_not_ready(databases: TestDatabases):
    """Every read is 503 with `Retry-After`, and not counted as our error."""
    url = databases.create()
    async with running_app(url, wait_limit_seconds=0.2) as app:
        inventory = engine_of(app)
        event = await make_event(inventory, rows=1)
        databases.drop(url)
        before = metric_totals()["holdfast_unexpected_errors_total"]
        async with client_of(app, peer="203.0.113.7") as client:
            assert (await client.get("/healthz")).status_code == 200
            paths = [f"/v1/events/{event.number}/{name}" for name in ("availability", "seats", "stream")]
            for path in ("/readyz", *paths, paths[0] + "?since=0"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
                assert int(answer.headers["retry-after"]) >= 1
        assert metric_totals()["holdfast_unexpected_errors_total"] == before


async def test_a_stopping_server_is_not_ready(client: httpx2.AsyncClient, app: Application):
    app.end_streams()
    answer = await client.get("/readyz")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


async def test_reads_survive_a_database_restart(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """Every pooled connection is dead. The read is repeated on a new one, and no client notices."""
    event = await make_event(inventory, capacity=3)
    path = f"/v1/events/{event.number}/availability"
    assert (await client.get(path)).status_code == 200
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database() AND usename = current_user"
    )
    fetch(database_url, kill)
    assert (await client.get(path)).status_code == 200
    fetch(database_url, kill)
    assert (await client.get(path + "?since=0")).status_code == 200


async def test_totals_match_the_database(client: httpx2.AsyncClient, inventory: Inventory, database_url: str):
    event = await make_event(inventory, capacity=10)
    lapsed = await place(inventory, event.number, 1)
    await place(inventory, event.number, 1)
    await confirm(inventory, event.number, await place(inventory, event.number, 1))
    lapse_hold(database_url, lapsed)
    answered = (await client.get("/metrics", headers=JSON)).json()
    assert (
        answered["events"],
        answered["active_holds"],
        answered["bookings"],
        answered["expired_holds"],
    ) == (1, 1, 1, 1)
    assert answered["oldest_unswept_seconds"] > 0
    assert answered["metrics"]["holdfast_holds_placed_total"] >= 3
    assert "holdfast_lane_depth" in answered["metrics"]


async def test_metrics_are_prometheus_text(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event = await make_event(inventory, capacity=10)
    lapsed = await place(inventory, event.number, 1)
    await place(inventory, event.number, 1)
    lapse_hold(database_url, lapsed)
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert "holdfast_live_holds 1.0" in lines
    (oldest,) = [line for line in lines if line.startswith("holdfast_oldest_unswept_expiry_seconds ")]
    assert float(oldest.split()[1]) > 0
    assert any(line.startswith("holdfast_lane_depth ") for line in lines)


@pytest.mark.parametrize(
    "accept", ["*/*", "text/plain", "application/openmetrics-text;version=1.0.0, text/plain"]
)
async def test_scrapers_get_text(client: httpx2.AsyncClient, accept: str):
    answer = await client.get("/metrics", headers={"accept": accept})
    assert "# TYPE holdfast_http_requests_total counter" in answer.text


async def test_metrics_require_the_read_scope(guest: httpx2.AsyncClient, keyed_client):
    assert (await guest.get("/metrics")).status_code == 401
    assert (await (await keyed_client("read")).get("/metrics")).status_code == 200
