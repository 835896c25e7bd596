"""A user, a show and reservations of dialect 3."""

from __future__ import annotations

import httpx2

from support.http_sales import Json

USER = {
    "name": "Ada Byron",
    "phone_number": "+44 20 7946 0000",
    "email": "ada@example.org",
    "password": "analytical engine",
}
SHOW = {"title": "Hamlet", "venue": "Globe Theatre", "starts_at": "2026-11-05T19:30:00Z"}


async def make_user(client: httpx2.AsyncClient, email: str = "ada@example.org") -> int:
    answer = await client.post("/users/", json={**USER, "email": email})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def make_show(client: httpx2.AsyncClient, *labels: str) -> int:
    show = (await client.post("/shows/", json=SHOW)).json()
    answer = await client.post(f"/shows/{show['id']}/seats", json=list(labels or ("A1", "A2", " c5 ")))
    assert answer.status_code == 201, answer.text
    return int(show["id"])


async def hold(
    client: httpx2.AsyncClient, user: int, show: int, label: str = "A1", minutes: int = 10
) -> httpx2.Response:
    body = {"show_id": show, "seat_number": label, "hold_minutes": minutes}
    return await client.post(f"/reservations/{user}/hold", json=body)


async def act(client: httpx2.AsyncClient, reservation: Json, what: str) -> httpx2.Response:
    return await client.post(f"/reservations/{reservation['id']}/{what}")


async def availability(client: httpx2.AsyncClient, show: int, query: str = "") -> dict[str, str]:
    answer = await client.get(f"/shows/{show}/availability{query}")
    assert answer.status_code == 200, answer.text
    return {seat["seat_number"]: seat["status"] for seat in answer.json()}
