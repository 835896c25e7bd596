"""Sales over HTTP: create an event, place a hold or confirm it in one call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx2

SEATS = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 5, "category": "stalls"}]}
"""Ten seats, A-1-1 to A-2-5."""

Json = dict[str, Any]


async def make_event(client: httpx2.AsyncClient, **given: Any) -> Json:
    """Create an event of ten admissions, or with the given fields."""
    if not given.keys() & {"capacity", "areas", "seat_map"}:
        given["capacity"] = 10
    answer = await client.post("/v1/events", json={"name": "Concert", **given})
    assert answer.status_code == 201, answer.text
    event: Json = answer.json()
    return event


async def ask_hold(
    client: httpx2.AsyncClient, event: Json, *lines: Json, key: str | None = None, **given: Any
) -> httpx2.Response:
    """Request a hold of one admission, or of the given lines. Return the response."""
    body = {"event": event["number"], "lines": list(lines) or [{"quantity": 1}], **given}
    return await client.post("/v1/holds", json=body, headers={"Idempotency-Key": key} if key else {})


async def place(client: httpx2.AsyncClient, event: Json, *lines: Json, **given: Any) -> Json:
    answer = await ask_hold(client, event, *lines, **given)
    assert answer.status_code == 201, answer.text
    hold: Json = answer.json()
    return hold


async def act(client: httpx2.AsyncClient, hold: Json, verb: str, body: Json | None = None) -> httpx2.Response:
    """Extend or release a hold, with its token in the header. Return the response."""
    return await client.post(f"/v1/holds/{hold['id']}/{verb}", json=body or {}, headers=token_of(hold))


async def ask_booking(client: httpx2.AsyncClient, hold: Json, **given: Any) -> httpx2.Response:
    body = {"hold": hold["id"], "hold_token": hold["hold_token"], **given}
    return await client.post("/v1/bookings", json=body)


async def confirm(client: httpx2.AsyncClient, hold: Json, **given: Any) -> Json:
    answer = await ask_booking(client, hold, **given)
    assert answer.status_code == 201, answer.text
    booking: Json = answer.json()
    return booking


async def read_hold(client: httpx2.AsyncClient, hold: Json) -> Json:
    answer = await client.get(f"/v1/holds/{hold['id']}", headers=token_of(hold))
    assert answer.status_code == 200, answer.text
    read: Json = answer.json()
    return read


def token_of(hold: Json) -> dict[str, str]:
    return {"Hold-Token": hold["hold_token"]}


def outcome_of(answer: httpx2.Response) -> tuple[int, str]:
    """Return status and code of an answer. The code of a success is empty."""
    return answer.status_code, answer.json().get("code", "")


def pointers(answer: httpx2.Response) -> list[tuple[str, str]]:
    """Return pointer and code of each wrong part."""
    return [(error["pointer"], error["code"]) for error in answer.json().get("errors", [])]


def seconds_left(hold: Json) -> float:
    return (when(hold["expires_at"]) - when(hold["server_time"])).total_seconds()


def when(text: str) -> datetime:
    return datetime.fromisoformat(text)
