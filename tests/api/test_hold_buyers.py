"""The buyer of a hold over HTTP: what the hold keeps, and what its booking has."""

from __future__ import annotations

import asyncio
from functools import partial

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
    asked = [
        await ask_hold(client, event, key="5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11", buyer={"name": "Ada"})
        for _ in "ab"
    ]
    assert asked[0].json() == asked[1].json()
    assert asked[1].json()["buyer"]["name"] == "Ada"
    other = await ask_hold(client, event, key="5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11", buyer={"name": "Eve"})
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


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one after the other"])
async def test_another_spelling_of_a_reference_is_the_same_buyer(
    client: httpx2.AsyncClient, *, together: bool
):
    """Case, spaces, Unicode forms and characters that show nothing: each was a new buyer with a limit of its own."""
    event = await make_event(client, max_per_buyer=2, capacity=100)
    spellings = [
        "ada",
        "ADA",
        "ada ",
        " Ada",
        "ａｄａ",
        "a\u200bda",
        "ada\ufe0f",
        "ada\u00a0",
        "\u00adada",
        "A\u034fDA",
    ]
    asked = [partial(ask_hold, client, event, buyer=spelling) for spelling in spellings]
    answers = await asyncio.gather(*[ask() for ask in asked]) if together else [await ask() for ask in asked]
    granted = [answer.json()["buyer"]["reference"] for answer in answers if answer.status_code == 201]
    assert len(granted) == 2
    assert set(granted) <= set(spellings), "the text is not shown as given"
    assert {outcome_of(answer) for answer in answers} == {(201, ""), (422, "quantity_over_limit")}
    assert outcome_of(await ask_hold(client, event, buyer="eve")) == (201, "")


@pytest.mark.parametrize("reference", ["\u200b", "\u2800", "\u3164 \ufe0f"])
async def test_reference_that_shows_nothing_is_refused(client: httpx2.AsyncClient, reference: str):
    answer = await ask_hold(client, await make_event(client), buyer=reference)
    assert outcome_of(answer) == (422, "invalid_input")


async def test_confirmation_may_spell_the_hold_s_buyer_in_another_way(client: httpx2.AsyncClient):
    event = await make_event(client, max_per_buyer=2)
    hold = await place(client, event, buyer="Ada")
    refused = await ask_booking(client, hold, buyer={"reference": "adam"})
    assert outcome_of(refused) == (422, "invalid_input")
    booking = await confirm(client, hold, buyer={"reference": " ADA"})
    assert booking["buyer"]["reference"] == "Ada"
    over = await ask_hold(client, event, {"quantity": 2}, buyer="ada")
    assert outcome_of(over) == (422, "quantity_over_limit")


async def test_released_and_cancelled_admissions_count_no_more_in_any_spelling(client: httpx2.AsyncClient):
    event = await make_event(client, max_per_buyer=1)
    await act(client, await place(client, event, buyer="ADA"), "release")
    booking = await confirm(client, await place(client, event, buyer="ada"))
    assert outcome_of(await ask_hold(client, event, buyer="Ada ")) == (422, "quantity_over_limit")
    assert (await client.post(f"/v1/bookings/{booking['id']}/cancel")).status_code == 200
    await place(client, event, buyer=" aDa")
