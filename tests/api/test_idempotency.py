"""Idempotency-Key over HTTP: a repeated request gets the same answer and runs once."""

from __future__ import annotations

import asyncio
from secrets import token_hex, token_urlsafe
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest

from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from support.house_of import age, fetch
from support.http_app import KeyedClient, client_of, running_app
from support.http_sales import (
    SEATS,
    Json,
    act,
    ask_booking,
    ask_hold,
    confirm,
    make_event,
    outcome_of,
    place,
    pointers,
    token_of,
)
from support.people import make_account, signed_in

KEY = "5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11"


async def _post(
    client: httpx2.AsyncClient, path: str, key: str, body: Json | None = None, **headers: str
) -> httpx2.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": key, **headers})


def assert_replayed(first: httpx2.Response, again: httpx2.Response) -> None:
    """The answers are equal in each byte, and the second is marked as a replay."""
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("content-type", "location", "cache-control"):
        assert again.headers.get(name) == first.headers.get(name)


async def _prepared(client: httpx2.AsyncClient, what: str) -> tuple[str, Json | None, Json]:
    """Return path, body and headers of a POST of `/v1` that will succeed."""
    match what:
        case "create_event":
            return "/v1/events", {"name": "Concert", "capacity": 3}, {}
        case "publish" | "cancel" | "stop" | "resume":
            await make_event(client, status="draft")
            return f"/v1/events/1/{what}", None, {}
    event = await make_event(client, capacity=5, seat_map=SEATS)
    match what:
        case "block":
            return "/v1/events/1/blocks", {"seats": ["A-1-1"], "reason": "camera"}, {}
        case "lift":
            block = (await client.post("/v1/events/1/blocks", json={"quantity": 1})).json()
            return f"/v1/events/1/blocks/{block['id']}/lift", {}, {}
        case "place_hold":
            return "/v1/holds", {"event": 1, "lines": [{"quantity": 1}, {"seats": ["A-1-1"]}]}, {}
    hold = await place(client, event, {"seats": ["A-2-2"]}, {"quantity": 2})
    match what:
        case "extend":
            return f"/v1/holds/{hold['id']}/extend", {"ttl_seconds": 900}, token_of(hold)
        case "release":
            return f"/v1/holds/{hold['id']}/release", None, token_of(hold)
        case "staff_release":
            return f"/v1/events/1/holds/{hold['id']}/release", None, {}
        case "confirm":
            return "/v1/bookings", {"hold": hold["id"], "hold_token": hold["hold_token"]}, {}
    booking = await confirm(client, hold)
    if what == "cancel_part":
        return f"/v1/bookings/{booking['id']}/cancel", {"lines": [{"quantity": 1}]}, {}
    if what == "exchange":
        body = {"lines": [{"best_available": 1}], "returns": [{"quantity": 1}]}
        return f"/v1/bookings/{booking['id']}/exchange", body, {}
    return f"/v1/bookings/{booking['id']}/cancel", None, {}


@pytest.mark.parametrize(
    "what",
    [
        "create_event",
        "publish",
        "cancel",
        "stop",
        "resume",
        "block",
        "lift",
        "place_hold",
        "extend",
        "release",
        "staff_release",
        "confirm",
        "cancel_booking",
        "cancel_part",
        "exchange",
    ],
)
async def test_every_post_is_replayed_byte_for_byte(
    client: httpx2.AsyncClient, inventory: Inventory, what: str
):
    path, body, headers = await _prepared(client, what)
    first = await _post(client, path, KEY, body, **headers)
    assert first.status_code in (200, 201), first.text
    version = (await inventory.queries.get_availability(1)).version
    for _ in range(2):
        assert_replayed(first, await _post(client, path, KEY, body, **headers))
    assert (await inventory.queries.get_availability(1)).version == version
    assert len((await client.get("/v1/events")).json()["items"]) == 1
    other = await _post(client, path, KEY, {**(body or {}), "quantity": 7}, **headers)
    assert other.status_code == 422  # members unknown to the model are refused before the key is checked


async def test_a_replayed_hold_has_its_token(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(client)
    first = await ask_hold(client, event, {"quantity": 4}, key=KEY)
    again = await ask_hold(client, event, {"quantity": 4}, key=KEY)
    assert_replayed(first, again)
    assert again.json()["hold_token"] == first.json()["hold_token"]
    assert (await inventory.queries.get_availability(1)).counts.held == 4
    await confirm(client, again.json())


async def test_stored_answers_contain_no_token(client: httpx2.AsyncClient, database_url: str):
    event = await make_event(client)
    hold = (await ask_hold(client, event, key=KEY)).json()
    with psycopg.connect(database_url) as connection:
        stored = connection.execute("SELECT convert_from(answer, 'UTF8') FROM idempotency").fetchall()
    ((text,),) = stored
    assert hold["id"] in text
    assert "hfh_" not in text


async def test_a_replay_is_not_updated(client: httpx2.AsyncClient):
    """A replay has the old state, even of a hold that was released since."""
    event = await make_event(client)
    first = await ask_hold(client, event, key=KEY)
    await act(client, first.json(), "release")
    assert_replayed(first, await ask_hold(client, event, key=KEY))


async def test_a_key_with_another_body_is_refused(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(client)
    await ask_hold(client, event, {"quantity": 1}, key=KEY)
    answer = await ask_hold(client, event, {"quantity": 2}, key=KEY)
    assert outcome_of(answer) == (422, "idempotency_key_reused")
    assert "idempotency-replayed" not in answer.headers
    assert (await inventory.queries.get_availability(1)).counts.held == 1
    for body in ({"name": "A", "capacity": 1}, {"name": "B", "capacity": 1}):
        answer = await _post(client, "/v1/events", KEY, body)
    assert outcome_of(answer) == (422, "idempotency_key_reused")
    assert len((await client.get("/v1/events")).json()["items"]) == 2


async def test_the_order_of_members_does_not_matter_for_a_replay(client: httpx2.AsyncClient):
    await make_event(client)
    texts = (
        '{"event": 1, "lines": [{"quantity": 1}], "buyer": "a"}',
        '{"buyer":"a",\n"lines":[{"quantity":1}],"event":1}',
    )
    headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}
    first, again = [await client.post("/v1/holds", content=text, headers=headers) for text in texts]
    assert_replayed(first, again)


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ({"quantity": 11}, 409, "sold_out"),
        ({"quantity": 1, "area": "bar"}, 422, "area_unknown"),
        ({"seats": ["A1"]}, 422, "seat_unknown"),
    ],
)
async def test_refusals_are_replayed(client: httpx2.AsyncClient, line: Json, status: int, code: str):
    """A capacity added later does not change the stored answer."""
    event = await make_event(client)
    first = await ask_hold(client, event, line, key=KEY)
    assert outcome_of(first) == (status, code)
    areas = [{"name": "general", "capacity": 100}, {"name": "bar", "capacity": 5, "add": True}]
    more = {"areas": areas, "seat_map": {"labels": ["A1"]}}
    assert (await client.patch("/v1/events/1", json=more)).status_code == 200
    again = await ask_hold(client, event, line, key=KEY)
    assert_replayed(first, again)
    assert again.headers["content-type"] == "application/problem+json"


async def test_an_undecided_request_does_not_use_up_its_key(client: httpx2.AsyncClient):
    """An invalid request, or one for a missing event, does not use up the key."""
    assert outcome_of(await _post(client, "/v1/holds", KEY, {"event": 1, "lines": []})) == (
        422,
        "invalid_input",
    )
    body = {"event": 1, "lines": [{"quantity": 1}]}
    assert outcome_of(await _post(client, "/v1/holds", KEY, body)) == (404, "event_not_found")
    await make_event(client)
    answer = await _post(client, "/v1/holds", KEY, body)
    assert answer.status_code == 201
    assert "idempotency-replayed" not in answer.headers
    assert outcome_of(await _post(client, "/v1/events", KEY, {"name": ""})) == (422, "invalid_input")
    assert (await _post(client, "/v1/events", KEY, {"name": "A"})).status_code == 201


async def test_concurrent_requests_with_one_key_run_once(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(client)
    answers = await asyncio.gather(*(ask_hold(client, event, {"quantity": 2}, key=KEY) for _ in range(20)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert [answer.status_code for answer in answers] == [201] * 20
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert (await inventory.queries.get_availability(1)).counts.held == 2


async def test_one_key_over_two_servers_runs_once(client: httpx2.AsyncClient, database_url: str):
    event = await make_event(client)
    async with running_app(database_url) as second, client_of(second) as other:
        answers = await asyncio.gather(
            *(ask_hold(one, event, {"quantity": 2}, key=KEY) for one in (client, other) * 10)
        )
    assert {answer.content for answer in answers} == {answers[0].content}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1


async def test_concurrent_creations_with_one_key_make_one_event(client: httpx2.AsyncClient):
    """All but one get a 409 to retry, and then the same answer."""
    body = {"name": "Concert", "seat_map": SEATS}
    answers = await asyncio.gather(*(_post(client, "/v1/events", KEY, body) for _ in range(8)))
    made = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code != 201]
    assert len({answer.content for answer in made}) == 1
    assert waiting
    for answer in waiting:
        assert (outcome_of(answer), answer.headers["retry-after"]) == ((409, "in_progress"), "1")
    again = await _post(client, "/v1/events", KEY, body)
    assert_replayed(made[0], again)
    assert len((await client.get("/v1/events")).json()["items"]) == 1


async def test_a_creation_with_a_lost_answer_is_not_repeated(client: httpx2.AsyncClient, database_url: str):
    """As if the server had crashed between the creation and the storing of its answer."""
    body = {"name": "Concert", "capacity": 5}
    first = await _post(client, "/v1/events", KEY, body)
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE event_creations SET status = NULL, answer = NULL")
    again = await _post(client, "/v1/events", KEY, body)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len((await client.get("/v1/events")).json()["items"]) == 1


class TestScope:
    """A key is scoped to its principal, method, route and event."""

    async def test_a_key_is_scoped_to_its_principal(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient
    ):
        one, two = await keyed_client("organise"), await keyed_client("sell")
        event = await make_event(one)
        holds = [await ask_hold(who, event, key=KEY) for who in (one, two, guest)]
        assert len({hold.json()["id"] for hold in holds}) == 3
        assert all("idempotency-replayed" not in hold.headers for hold in holds)
        for who, hold in zip((one, two, guest), holds, strict=True):
            assert_replayed(hold, await ask_hold(who, event, key=KEY))

    async def test_a_key_is_scoped_to_its_event_and_route(self, client: httpx2.AsyncClient):
        events = [await make_event(client) for _ in range(2)]
        holds = [(await ask_hold(client, event, key=KEY)).json() for event in events]
        assert holds[0]["id"] != holds[1]["id"]
        for hold in holds:
            answer = await _post(client, f"/v1/holds/{hold['id']}/extend", KEY, {}, **token_of(hold))
            assert answer.status_code == 200
            answer = await _post(
                client, "/v1/bookings", KEY, {"hold": hold["id"], "hold_token": hold["hold_token"]}
            )
            assert answer.status_code == 201

    async def test_a_retry_must_repeat_the_path(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        one, two = [f"/v1/events/1/holds/{(await place(client, event))['id']}/release" for _ in range(2)]
        assert (await _post(client, one, KEY)).status_code == 200
        assert outcome_of(await _post(client, two, KEY)) == (422, "idempotency_key_reused")

    async def test_a_wrong_token_gets_no_replay(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        hold, other = await place(client, event), await place(client, event)
        path = f"/v1/holds/{hold['id']}/extend"
        assert (await _post(client, path, KEY, {}, **token_of(hold))).status_code == 200
        answer = await _post(client, path, KEY, {}, **token_of(other))
        assert outcome_of(answer)[0] in (404, 422)
        assert "idempotency-replayed" not in answer.headers


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ключ".encode()])
async def test_an_invalid_key_is_refused(client: httpx2.AsyncClient, key: Any):
    await make_event(client)
    answer = await client.post(
        "/v1/holds", json={"event": 1, "lines": [{"quantity": 1}]}, headers={"Idempotency-Key": key}
    )
    assert outcome_of(answer) == (400, "bad_request")


async def test_a_guest_key_must_be_unguessable(guest: httpx2.AsyncClient, keyed_client: KeyedClient):
    """Guests share one scope: the stored answer of a guessed key would give the hold's token away."""
    event = await make_event(await keyed_client("organise"))
    asked = await ask_hold(guest, event, key="order-2026-11-28-000001")
    assert outcome_of(asked) == (400, "bad_request")
    assert "uuid4" in asked.json()["detail"]
    for key in (str(uuid4()), token_urlsafe(16), token_hex(16)):
        first = await ask_hold(guest, event, key=key)
        assert first.status_code == 201
        assert_replayed(first, await ask_hold(guest, event, key=key))


async def test_a_repeated_confirm_is_a_replay_only_with_a_key(client: httpx2.AsyncClient):
    hold = await place(client, await make_event(client))
    body = {"hold": hold["id"], "hold_token": hold["hold_token"]}
    first = await _post(client, "/v1/bookings", KEY, body)
    assert_replayed(first, await _post(client, "/v1/bookings", KEY, body))
    again = await ask_booking(client, hold)
    assert (again.status_code, again.json()) == (200, first.json())
    assert pointers(again) == []


async def test_refusals_of_guests_and_buyers_are_kept_for_minutes_only(
    guest: httpx2.AsyncClient,
    keyed_client: KeyedClient,
    closed_app: Application,
    inventory: Inventory,
    database_url: str,
):
    """Anyone can cause any number of them, and anyone can make an account. Sales, and refusals of sellers, are kept for
    hours. The callers are the kinds of `Principal`."""
    staff = await keyed_client("organise")
    event = await make_event(staff, capacity=1)
    sold, refused, of_buyer, of_staff = (str(uuid4()) for _ in range(4))
    await make_account(closed_app, "ada")
    async with signed_in(closed_app, "ada") as buyer:
        assert (await ask_hold(guest, event, key=sold)).status_code == 201
        assert (await ask_hold(guest, event, key=refused)).status_code == 409
        assert (await ask_hold(buyer, event, key=of_buyer)).status_code == 409
        assert (await ask_hold(staff, event, key=of_staff)).status_code == 409
    for more_minutes, left in ((14, 4), (2, 2)):
        age(database_url, "idempotency", f"{more_minutes} minutes")
        await inventory.operations.delete_old_rows(answer_hours=72, attempt_days=90, max_rows=100)
        assert fetch(database_url, "SELECT count(*) FROM idempotency") == [(left,)]
    assert fetch(database_url, "SELECT bool_or(brief) FROM idempotency") == [(False,)]
