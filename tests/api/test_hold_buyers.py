"""The buyer of a hold over HTTP: what the hold keeps, and what its booking has."""

from __future__ import annotations

import httpx2
import pytest
import structlog.testing

from holdfast.api.v1.hold_answers import PlacedHoldOut
from support.house_of import fetch
from support.http_sales import (
    Json,
    act,
    ask_booking,
    ask_hold,
    confirm,
    make_event,
    outcome_of,
    place,
    read_hold,
)

ADA = {"reference": "customer-81", "name": "Ada", "email": "ada@example.org"}


@pytest.mark.parametrize(
    "buyer",
    [
        {"reference": "customer-81", "name": "Ada Lovelace", "email": "ada@example.org"},
        {"reference": None, "name": "Ada Lovelace", "email": None},
        {"reference": None, "name": None, "email": "ada@example.org"},
    ],
)
async def test_hold_keeps_all_of_its_buyer(client: httpx2.AsyncClient, buyer: Json):
    given = {name: value for name, value in buyer.items() if value is not None}
    hold = await place(client, await make_event(client), buyer=given)
    PlacedHoldOut.model_validate(hold)
    assert hold["buyer"] == buyer
    assert (await read_hold(client, hold))["buyer"] == buyer
    (listed,) = (await client.get("/v1/events/1/holds")).json()["items"]
    assert listed["buyer"] == buyer
    assert (await act(client, hold, "extend")).json()["buyer"] == buyer
    assert (await act(client, hold, "release")).json()["buyer"] == buyer


async def test_retry_returns_the_same_buyer(client: httpx2.AsyncClient):
    event = await make_event(client)
    asked = [await ask_hold(client, event, key="a-key-of-a-hold", buyer={"name": "Ada"}) for _ in "ab"]
    assert asked[0].json() == asked[1].json()
    assert asked[1].json()["buyer"]["name"] == "Ada"
    other = await ask_hold(client, event, key="a-key-of-a-hold", buyer={"name": "Eve"})
    assert outcome_of(other) == (422, "idempotency_key_reused")


async def test_name_and_email_stay_out_of_journal_metrics_and_logs(
    client: httpx2.AsyncClient, database_url: str
):
    event = await make_event(client)
    with structlog.testing.capture_logs() as lines:
        buyer = {"reference": "customer-81", "name": "Lovelace", "email": "a@lovelace.example"}
        hold = await place(client, event, buyer=buyer)
        await act(client, hold, "extend", {"ttl_seconds": 900})
        await confirm(client, hold)
        history = (await client.get("/v1/events/1/history")).text
        metrics = (await client.get("/metrics")).text
    journal = str(fetch(database_url, "SELECT changes FROM journal"))
    assert "held" in journal
    assert "booked" in journal
    assert "holdfast_holds_placed_total" in metrics
    for text in (str(lines), journal, history, metrics):
        assert "lovelace" not in text.lower()


@pytest.mark.parametrize(
    ("named", "name", "email"),
    [
        (None, "Ada", "ada@example.org"),
        ("customer-81", "Ada", "ada@example.org"),
        ({"name": "Eve"}, "Eve", "ada@example.org"),
        ({"email": "eve@example.org"}, "Ada", "eve@example.org"),
        ({"name": None, "email": "eve@example.org"}, "Ada", "eve@example.org"),
        ({"name": "Eve", "email": "eve@example.org"}, "Eve", "eve@example.org"),
    ],
)
async def test_buyer_of_the_hold_stays_where_the_confirmation_names_nothing_else(
    client: httpx2.AsyncClient, named: object, name: str, email: str
):
    hold = await place(client, await make_event(client), buyer=ADA)
    booking = await confirm(client, hold, buyer=named)
    assert booking["buyer"] == {"reference": "customer-81", "name": name, "email": email}
    assert (await ask_booking(client, hold)).json() == booking
    assert (await read_hold(client, hold))["buyer"] == booking["buyer"]
    (listed,) = (await client.get("/v1/bookings")).json()["items"]
    assert listed == booking
    cancelled = (await client.post(f"/v1/bookings/{booking['id']}/cancel")).json()
    assert cancelled["buyer"] == booking["buyer"]
