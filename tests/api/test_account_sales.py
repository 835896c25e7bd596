"""What a signed-in buyer holds and books belongs to its account: no token is needed, and nobody else gets in.

The kind is "a hold that somebody else opens". Its members are another account, a guest, a caller who names the account
as its buyer, staff without the token, a token that asked for less than its account, and a retry by another account with
the same Idempotency-Key.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_sales import Json, make_event
from support.people import make_account, make_member, signed_in
from support.tokens import password_token, with_token


@pytest.fixture
async def event(keyed_client: Any) -> Json:
    organiser = await keyed_client("organise")
    made: Json = await make_event(organiser, capacity=20, max_per_buyer=4)
    return made


def order(event: Json, **more: Any) -> Json:
    return {"event": event["number"], "lines": [{"quantity": 2}], **more}


async def moves(client: httpx2.AsyncClient, hold: str) -> list[int]:
    """Return the statuses of every request about a hold that sends no token."""
    return [
        (await client.get(f"/v1/holds/{hold}")).status_code,
        (await client.patch(f"/v1/holds/{hold}", json={"metadata": {"a": "b"}})).status_code,
        (await client.post(f"/v1/holds/{hold}/extend", json={"ttl_seconds": 600})).status_code,
        (await client.post("/v1/bookings", json={"hold": hold})).status_code,
        (await client.post(f"/v1/holds/{hold}/release")).status_code,
    ]


async def test_a_buyer_needs_no_token_and_others_get_in_with_none(
    closed_app: Application, guest: httpx2.AsyncClient, keyed_client: Any, event: Json, database_url: str
):
    account = await make_account(closed_app, "ada")
    await make_account(closed_app, "eve")
    await make_member(closed_app, database_url, "olga", "owner")
    async with (
        signed_in(closed_app, "ada") as ada,
        signed_in(closed_app, "eve") as eve,
        signed_in(closed_app, "olga") as owner,
    ):
        hold = (await ada.post("/v1/holds", json=order(event))).json()
        assert hold["buyer"]["reference"] == f"account:{account}"
        assert await moves(eve, hold["id"]) == [404] * 5
        for other in (guest, owner, await keyed_client("organise")):
            assert await moves(other, hold["id"]) == [401] * 5
        assert await moves(ada, hold["id"]) == [200, 200, 200, 201, 409]
        token = {"Hold-Token": hold["hold_token"]}
        assert (await guest.get(f"/v1/holds/{hold['id']}", headers=token)).status_code == 200
        booking = (await ada.post("/v1/bookings", json={"hold": hold["id"]})).json()["id"]
        path = f"/v1/bookings/{booking}"
        assert (await eve.get(path)).status_code == 404
        assert (await guest.get(path)).status_code == 401
        for client in (ada, owner):
            assert (await client.get(path)).status_code == 200
        for ending, method in (("tickets", "GET"), ("tickets.pdf", "GET"), ("tickets/1/reissue", "POST")):
            for client, status in ((eve, 404), (guest, 401), (owner, 200), (ada, 200)):
                assert (await client.request(method, f"{path}/{ending}")).status_code == status, ending
        assert (await eve.patch(path, json={"metadata": {}})).status_code == 404
        assert (await eve.post(f"{path}/cancel")).status_code == 404
        assert (await ada.patch(path, json={"metadata": {"seat": "aisle"}})).status_code == 200
        assert (await ada.post(f"{path}/cancel")).json()["status"] == "cancelled"


async def test_the_limit_of_a_buyer_counts_by_account(closed_app: Application, event: Json):
    await make_account(closed_app, "ada")
    await make_account(closed_app, "eve")
    async with signed_in(closed_app, "ada") as ada, signed_in(closed_app, "eve") as eve:
        for client, statuses in ((ada, [201, 201, 422]), (eve, [201])):
            for status in statuses:
                assert (await client.post("/v1/holds", json=order(event))).status_code == status


@pytest.mark.parametrize("reference", ["account:1", "ACCOUNT:1", " account:1", "\uff41ccount:1", "account:x"])
async def test_nobody_names_an_account_as_the_buyer(
    closed_app: Application, guest: httpx2.AsyncClient, keyed_client: Any, event: Json, reference: str
):
    await make_account(closed_app, "ada")
    organiser = await keyed_client("organise")
    async with signed_in(closed_app, "ada") as ada:
        for client in (guest, organiser, ada):
            for buyer in (reference, {"reference": reference}):
                answer = await client.post("/v1/holds", json=order(event, buyer=buyer))
                assert answer.status_code == 422, answer.text
        assert (await ada.post("/v1/holds", json=order(event, buyer="customer-81"))).status_code == 422
        named = order(event, buyer={"name": "Ada", "email": "ada@example.org"})
        assert (await ada.post("/v1/holds", json=named)).status_code == 201


async def test_a_retry_key_belongs_to_its_account(closed_app: Application, event: Json):
    await make_account(closed_app, "ada")
    await make_account(closed_app, "eve")
    key = {"Idempotency-Key": "one"}
    async with (
        signed_in(closed_app, "ada") as ada,
        signed_in(closed_app, "eve") as eve,
        signed_in(closed_app, "ada") as elsewhere,
    ):
        first = (await ada.post("/v1/holds", json=order(event), headers=key)).json()
        again = (await elsewhere.post("/v1/holds", json=order(event), headers=key)).json()
        other = (await eve.post("/v1/holds", json=order(event), headers=key)).json()
        assert first == again
        assert other["id"] != first["id"]


async def test_a_member_sells_to_any_buyer(closed_app: Application, event: Json, database_url: str):
    await make_member(closed_app, database_url, "olga", "box_office")
    async with signed_in(closed_app, "olga") as till:
        hold = (await till.post("/v1/holds", json=order(event, buyer="customer-81"))).json()
        assert hold["buyer"]["reference"] == "customer-81"
        assert (await till.get(f"/v1/holds/{hold['id']}")).status_code == 401


async def test_a_narrowed_token_does_not_act_as_the_buyer(
    closed_app: Application, guest: httpx2.AsyncClient, event: Json
):
    """It has the rights of a guest and those of its scopes. So it needs a hold's token, and gets one for its own."""
    await make_account(closed_app, "ada")
    whole = with_token(closed_app, await password_token(closed_app, "ada"))
    narrowed = with_token(closed_app, await password_token(closed_app, "ada", scope="read sell"))
    async with whole, narrowed:
        booked = (await whole.post("/v1/holds", json=order(event))).json()
        booking = (await whole.post("/v1/bookings", json={"hold": booked["id"]})).json()["id"]
        hold = (await whole.post("/v1/holds", json=order(event))).json()
        assert await moves(narrowed, hold["id"]) == [403] * 5
        path = f"/v1/bookings/{booking}"
        for method, ending in (
            ("GET", ""),
            ("POST", "/cancel"),
            ("GET", "/tickets"),
            ("POST", "/tickets/1/reissue"),
        ):
            refused = await narrowed.request(method, path + ending)
            assert refused.status_code == 403, ending
            assert 'error="insufficient_scope", scope="account"' in refused.headers["www-authenticate"]
        assert (await whole.get(path)).json()["status"] == "confirmed"
        own = (await narrowed.post("/v1/holds", json=order(event, buyer={"reference": "A-1815"}))).json()
        assert own["buyer"]["reference"] == "A-1815", "it names its buyer, as a guest does"
        token = {"Hold-Token": own["hold_token"]}
        assert (await guest.post(f"/v1/holds/{own['id']}/release", headers=token)).status_code == 200
