"""Limits on live holds, over HTTP: by address, by account, and by the buyer of a key.

The kind: every route that places a hold, and every way in which a hold ends. The routes are those whose functions call
`count_hold`, found by `PlaceHold(` in the sources: `/v1/holds`, dialect 2's `/holds`, and the seats of dialects 1 and
3, which only a key may use.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from holdfast.access.principals import make_api_key
from holdfast.http.application import Application
from support.http_app import access_of, client_of, running_app
from support.http_sales import Json, act, ask_hold, confirm, make_event, place

GUEST, OTHER = "203.0.113.7", "203.0.113.8"
KEY = "0a6ff4ed-2a5c-4c4b-94a7-0c2c7f2f6a61"


@pytest.fixture
async def limited(database_url: str) -> AsyncIterator[Application]:
    async with running_app(
        database_url, open=False, limit_live_admissions=4, limit_unbooked_holds=0, limit_holds_per_minute=0
    ) as layer:
        yield layer


@pytest.fixture
async def event(client: httpx2.AsyncClient) -> Json:
    return await make_event(client, capacity=1_000)


async def test_a_guest_holds_no_more_than_the_cap_over_all_events(
    limited: Application, client: httpx2.AsyncClient, event: Json
):
    other = await make_event(client)
    async with client_of(limited, peer=GUEST) as guest:
        await place(guest, event, {"quantity": 3}, ttl_seconds=300)
        first = await place(guest, other, {"quantity": 1}, ttl_seconds=200)
        refused = await ask_hold(guest, event)
        assert refused.status_code == 429
        assert refused.json()["code"] == "rate_limited"
        assert "4 admissions" in refused.json()["detail"]
        assert 190 < int(refused.headers["retry-after"]) <= 200
        assert refused.headers["ratelimit-policy"] == '"live-admissions";q=4'
        assert refused.headers["ratelimit"].startswith('"live-admissions";r=0;t=')
        assert (await act(guest, first, "release")).status_code == 200
        await place(guest, event)
    async with client_of(limited, peer=OTHER) as neighbour:
        await place(neighbour, event, {"quantity": 4})


async def test_more_than_the_cap_at_once_never_fits(limited: Application, event: Json):
    async with client_of(limited, peer=GUEST) as guest:
        refused = await ask_hold(guest, event, {"quantity": 5})
        assert (refused.status_code, refused.json()["code"]) == (422, "quantity_over_limit")
        refused = await ask_hold(guest, event, {"quantity": 3}, {"quantity": 2})
        assert refused.status_code == 422


@pytest.mark.parametrize("end", ["release", "confirm", "confirm elsewhere"])
async def test_the_end_of_a_hold_frees_its_admissions(limited: Application, event: Json, end: str):
    """A lapse frees them too (tests/limits/test_live_holds.py, where the test has the clock)."""
    async with client_of(limited, peer=GUEST) as guest, client_of(limited, peer=OTHER) as elsewhere:
        hold = await place(guest, event, {"quantity": 4})
        assert (await ask_hold(guest, event)).status_code == 429
        match end:
            case "release":
                await act(guest, hold, "release")
            case "confirm":
                await confirm(guest, hold)
            case "confirm elsewhere":
                await confirm(elsewhere, hold)
        await place(guest, event, {"quantity": 4})


async def test_a_hold_that_fails_is_not_counted(limited: Application, client: httpx2.AsyncClient):
    small = await make_event(client, capacity=1)
    async with client_of(limited, peer=GUEST) as guest:
        for _ in range(10):
            assert (await ask_hold(guest, small, {"quantity": 3})).json()["code"] == "sold_out"
        partial = await place(guest, small, {"quantity": 4}, allow_partial=True)
        assert partial["quantity"] == 1
        assert (await ask_hold(guest, small, {"quantity": 3})).json()["code"] == "sold_out"
        assert (await ask_hold(guest, small, {"quantity": 4})).status_code == 429


async def test_a_retry_gets_its_answer_although_the_buyer_has_too_much(limited: Application, event: Json):
    """The first answer was lost, and the buyer has what it asked for."""
    async with client_of(limited, peer=GUEST) as guest:
        first = await ask_hold(guest, event, {"quantity": 4}, key=KEY)
        again = await ask_hold(guest, event, {"quantity": 4}, key=KEY)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["location"] == first.headers["location"]
        other = await ask_hold(guest, event, {"quantity": 1}, key=KEY)
        assert other.json()["code"] == "idempotency_key_reused"
        assert (await ask_hold(guest, event, key=KEY.replace("0a", "0b"))).status_code == 429


async def test_replays_count_once(limited: Application, event: Json):
    async with client_of(limited, peer=GUEST) as guest:
        for _ in range(5):
            assert (await ask_hold(guest, event, {"quantity": 2}, key=KEY)).status_code == 201
        await place(guest, event, {"quantity": 2})


async def test_a_dialects_hold_counts(limited: Application, event: Json):
    async with client_of(limited, peer=GUEST) as guest:
        await place(guest, event, {"quantity": 3})
        body = {"event_id": event["number"], "qty": 1}
        assert (await guest.post("/holds", json=body)).status_code == 201
        assert (await guest.post("/holds", json=body)).status_code == 429


async def test_a_key_is_limited_only_for_a_buyer_whose_address_it_names(limited: Application, event: Json):
    text, secret_hash = make_api_key("shop", "s" * 43)
    await access_of(limited).insert_key(
        id="shop", secret_hash=secret_hash, name="shop", scopes=["sell"], expires_at=None
    )
    async with client_of(limited, peer=GUEST, authorization=f"Bearer {text}") as shop:
        for _ in range(3):
            await place(shop, event, {"quantity": 4}, buyer="ada")
        headers = {"Buyer-Address": "198.51.100.1"}
        body = {"event": event["number"], "lines": [{"quantity": 4}], "buyer": "Ada"}
        assert (await shop.post("/v1/holds", json=body, headers=headers)).status_code == 201
        assert (
            await shop.post("/v1/holds", json={**body, "buyer": "bob"}, headers=headers)
        ).status_code == 429
        headers = {"Buyer-Address": "198.51.100.2"}
        assert (
            await shop.post("/v1/holds", json={**body, "buyer": "ADA "}, headers=headers)
        ).status_code == 429
        assert (
            await shop.post("/v1/holds", json={**body, "buyer": "bob"}, headers=headers)
        ).status_code == 201


async def test_workers_of_a_server_share_the_cap(
    database_url: str, event: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    settings: dict[str, Any] = {"open": False, "limit_live_admissions": 4, "limit_holds_per_minute": 0}
    async with (
        running_app(database_url, **settings) as one,
        running_app(database_url, **settings) as two,
        client_of(one, peer=GUEST) as first,
        client_of(two, peer=GUEST) as second,
    ):
        hold = await place(first, event, {"quantity": 4})
        assert (await ask_hold(second, event)).status_code == 429
        await confirm(second, hold)
        await place(first, event, {"quantity": 4})


async def test_a_buyer_with_many_holds_for_nothing_is_asked_to_wait(database_url: str, event: Json):
    settings: dict[str, Any] = {"open": False, "limit_unbooked_holds": 3, "limit_holds_per_minute": 0}
    async with running_app(database_url, **settings) as layer, client_of(layer, peer=GUEST) as guest:
        for _ in range(3):
            await act(guest, await place(guest, event), "release")
        refused = await ask_hold(guest, event)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "120"
        assert refused.json()["retry_after_seconds"] == 120
        assert "without a booking" in refused.json()["detail"]
        assert refused.headers["ratelimit-policy"] == '"unbooked-holds";q=3'


async def test_open_mode_has_no_cap(database_url: str, event: Json):
    async with running_app(database_url, limit_live_admissions=4) as layer, client_of(layer) as staff:
        for _ in range(3):
            await place(staff, event, {"quantity": 4})
