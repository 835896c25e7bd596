"""Refusals: every code of `/v1` over HTTP, as a problem with its status, declared by its route."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import psycopg
import pytest

from holdfast.api.catalogue import all_endpoints
from holdfast.errors import all_errors
from holdfast.http.openapi import errors_of
from support.ageing import lapse_hold
from support.http_app import client_of, running_app
from support.http_sales import SEATS, act, ask_booking, ask_hold, confirm, make_event, outcome_of, place

NO_ID = "00000000-0119-84fa-8c96-00264f0ce97a"

Case = Callable[[httpx2.AsyncClient, str], Awaitable[httpx2.Response]]
CASES: dict[str, tuple[int, str, Case]] = {}
"""Code -> status, declared route, and a function that causes the refusal."""


def case(code: str, status: int, route: str) -> Callable[[Case], Case]:
    def keep(function: Case) -> Case:
        CASES[code] = (status, route, function)
        return function

    return keep


@case("event_not_found", 404, "GET /v1/events/{event}")
async def _no_event(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await client.get("/v1/events/9")


@case("hold_not_found", 404, "GET /v1/holds/{hold}")
async def _no_hold(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await client.get(f"/v1/holds/{NO_ID}", headers={"Hold-Token": "hfh_1_" + "x" * 43})


@case("booking_not_found", 404, "GET /v1/bookings/{booking}")
async def _no_booking(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await client.get(f"/v1/bookings/{NO_ID}")


@case("block_not_found", 404, "POST /v1/events/{event}/blocks/{block}/lift")
async def _no_block(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    await make_event(client)
    return await client.post(f"/v1/events/1/blocks/{NO_ID}/lift")


@case("event_not_on_sale", 409, "POST /v1/holds")
async def _not_on_sale(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await ask_hold(client, await make_event(client, on_sale_at="2099-01-01T00:00:00Z"))


@case("sales_stopped", 409, "POST /v1/holds")
async def _stopped(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    event = await make_event(client)
    await client.post("/v1/events/1/stop")
    return await ask_hold(client, event)


@case("seat_taken", 409, "POST /v1/holds")
async def _taken(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    event = await make_event(client, seat_map=SEATS)
    await place(client, event, {"seats": ["A-1-1"]})
    return await ask_hold(client, event, {"seats": ["A-1-1"]})


@case("seat_blocked", 409, "POST /v1/holds")
async def _blocked(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    event = await make_event(client, seat_map=SEATS)
    await client.post("/v1/events/1/blocks", json={"seats": ["A-1-1"]})
    return await ask_hold(client, event, {"seats": ["A-1-1"]})


@case("sold_out", 409, "POST /v1/holds")
async def _sold_out(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await ask_hold(client, await make_event(client, capacity=0))


@case("not_together", 409, "POST /v1/holds")
async def _apart(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await ask_hold(client, await make_event(client, seat_map=SEATS), {"best_available": 6})


@case("hold_already_confirmed", 409, "POST /v1/holds/{hold}/release")
async def _confirmed(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    hold = await place(client, await make_event(client))
    await confirm(client, hold)
    return await act(client, hold, "release")


@case("booking_already_cancelled", 409, "POST /v1/bookings")
async def _cancelled(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    hold = await place(client, await make_event(client))
    booking = await confirm(client, hold)
    await client.post(f"/v1/bookings/{booking['id']}/cancel")
    return await ask_booking(client, hold)


@case("duplicate_seat", 409, "POST /v1/holds")
async def _duplicate(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await ask_hold(client, await make_event(client, seat_map=SEATS), {"seats": ["A-1-1", "a-1-1"]})


@case("capacity_taken", 409, "PATCH /v1/events/{event}")
async def _capacity(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    await place(client, await make_event(client))
    return await client.patch("/v1/events/1", json={"capacity": 0})


@case("in_progress", 409, "POST /v1/events")
async def _in_progress(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    ask = [client.post("/v1/events", json={"name": "A"}, headers={"Idempotency-Key": "k"}) for _ in range(4)]
    return next(answer for answer in await asyncio.gather(*ask) if answer.status_code != 201)


@case("hold_expired", 410, "POST /v1/bookings")
async def _expired(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    hold = await place(client, await make_event(client))
    lapse_hold(url, hold["id"])
    return await ask_booking(client, hold)


@case("hold_released", 410, "POST /v1/bookings")
async def _released(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    hold = await place(client, await make_event(client))
    await act(client, hold, "release")
    return await ask_booking(client, hold)


@case("event_cancelled", 410, "POST /v1/holds")
async def _event_cancelled(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    event = await make_event(client)
    await client.post("/v1/events/1/cancel")
    return await ask_hold(client, event)


@case("invalid_input", 422, "POST /v1/events")
async def _invalid(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await client.post("/v1/events", json={"name": "A", "capacity": -1})


@case("seat_unknown", 422, "POST /v1/holds")
async def _no_seat(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await ask_hold(client, await make_event(client, seat_map=SEATS), {"seats": ["Z-1"]})


@case("area_unknown", 422, "POST /v1/holds")
async def _no_area(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await ask_hold(client, await make_event(client), {"quantity": 1, "area": "nowhere"})


@case("area_required", 422, "POST /v1/holds")
async def _which_area(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    areas = [{"name": "pit", "capacity": 5}, {"name": "bar", "capacity": 5}]
    return await ask_hold(client, await make_event(client, areas=areas))


@case("buyer_required", 422, "POST /v1/holds")
async def _who_buys(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await ask_hold(client, await make_event(client, max_per_buyer=1))


@case("quantity_over_limit", 422, "POST /v1/holds")
async def _over_limit(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await ask_hold(client, await make_event(client, max_per_hold=1), {"quantity": 2})


@case("idempotency_key_reused", 422, "POST /v1/holds")
async def _key_reused(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    event = await make_event(client)
    await ask_hold(client, event, key="5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11")
    return await ask_hold(client, event, {"quantity": 2}, key="5f0c1c9e-8f6c-4f0a-9d7a-0d5a2a6c1b11")


@case("malformed_json", 400, "POST /v1/holds")
async def _malformed(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await client.post("/v1/holds", content=b"{", headers={"Content-Type": "application/json"})


@case("credentials_required", 401, "GET /v1/holds/{hold}")
async def _who(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    return await client.get(f"/v1/holds/{NO_ID}")


@case("busy", 503, "POST /v1/holds")
async def _busy(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    """One command more than the lane's limit, while another process has the lock."""
    event = await make_event(client)
    async with running_app(url, queue_limit=1) as app, client_of(app) as other:
        with psycopg.connect(url) as process:
            process.execute("SELECT FROM inventories FOR NO KEY UPDATE")
            asking = [asyncio.create_task(ask_hold(other, event)) for _ in range(5)]
            done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        answers = await asyncio.gather(*asking)
        assert {answer.status_code for answer in answers} == {201, 503}
        return done.pop().result()


@case("unavailable", 503, "POST /v1/holds")
async def _unavailable(client: httpx2.AsyncClient, url: str) -> httpx2.Response:
    nowhere = "postgresql://holdfast@127.0.0.1:1/holdfast"
    async with running_app(nowhere, wait_limit_seconds=0.2) as app, client_of(app) as other:
        return await ask_hold(other, {"number": 1})


@pytest.mark.parametrize("code", CASES)
async def test_each_refusal_has_status_body_and_documentation(
    client: httpx2.AsyncClient, database_url: str, code: str
):
    status, route, ask = CASES[code]
    answer = await ask(client, database_url)
    body: dict[str, Any] = answer.json()
    assert outcome_of(answer) == (status, code), body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    assert body["type"].endswith(f"/{code}")
    assert body["title"] == all_errors()[code].title
    assert body["error"] == body["detail"]
    assert body["instance"] == answer.headers["x-request-id"]
    assert ("retry-after" in answer.headers) == (status == 503 or code == "in_progress")
    assert ("www-authenticate" in answer.headers) == (status == 401)
    (endpoint,) = [one for one in all_endpoints() if f"{one.method} {one.path}" == route]
    assert code in {error.code for error in errors_of(endpoint)}


ELSEWHERE = {
    "bad_request",
    "body_too_large",
    "client_refused",
    "delivery_not_found",
    "duplicate_email",
    "expectation_failed",
    "forbidden",
    "headers_too_large",
    "invalid_transition",
    "key_ended",
    "key_not_found",
    "last_owner",
    "link_not_valid",
    "member_not_found",
    "passkey_not_found",
    "method_not_allowed",
    "not_found",
    "organisation_not_found",
    "outcome_unknown",
    "precondition_failed",
    "not_in_booking",
    "rate_limited",
    "request_timeout",
    "seat_map_not_found",
    "seat_not_found",
    "second_factor_required",
    "second_factor_state",
    "session_not_found",
    "ticket_not_found",
    "token_refused",
    "unsupported_media_type",
    "uri_too_long",
    "user_not_found",
    "webhook_not_found",
}
"""Codes of the handler, of changed bookings, of reads, of dialects, of tickets, of routes that no key may call, of
tokens, and of faults during a commit; other tests try them."""


def test_every_code_has_a_case():
    assert set(CASES) | ELSEWHERE == {error.code for error in all_errors().values()}
    assert not set(CASES) & ELSEWHERE
