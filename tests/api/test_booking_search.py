"""Search for bookings by one text. The kind of fault: a booking that a person knows and does not find, one of another
organisation, a text that is run as a query, and a search that shows what its caller may not see."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_sales import SEATS, confirm, make_event, place
from support.people import make_member, signed_in

Json = dict[str, Any]
ADA = {"name": "Ada Lovelace", "email": "ada.king@example.org", "reference": "customer-81"}


async def sold(client: httpx2.AsyncClient, event: Json | None = None, **buyer: str) -> Json:
    event = event or await make_event(client)
    hold = await place(client, event, buyer=buyer or ADA)
    return await confirm(client, hold)


async def found(client: httpx2.AsyncClient, q: str, **query: Any) -> list[str]:
    answer = await client.get("/v1/bookings", params={"q": q, **query})
    assert answer.status_code == 200, answer.text
    return [booking["id"] for booking in answer.json()["items"]]


async def test_a_buyer_is_found_by_the_beginnings_of_words(client: httpx2.AsyncClient) -> None:
    booking = await sold(client)
    event = {"number": booking["event_number"]}
    await sold(client, event, name="Grace Hopper", email="grace@navy.example")
    for q in (
        *("Ada", "ada", "LOVELACE", "love", "ada love", "love ADA", "  ada  ", "ada_", "!ada"),
        *("ada.king@example.org", "ada.k", "king@exam", "example.org", "customer-81", "customer 8"),
    ):
        for query in ({}, {"event": event["number"]}):
            assert await found(client, q, **query) == [booking["id"]], q


async def test_a_text_that_names_nobody_finds_nobody_and_runs_nothing(client: httpx2.AsyncClient) -> None:
    await sold(client)
    for q in ("Grace", "velace", "ada hopper", "'", "&", "ada' | 'grace", "ada:*|grace", "\\", "%", "🎭"):
        assert await found(client, q) == [], q


async def test_a_name_in_any_letters_is_found(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    for name, q in (("Zoë Müller", "zoë mül"), ("O’Brien-Smith", "brien smi"), ("李 明", "李")):
        booking = await sold(client, event, name=name, email="x@example.org")
        assert await found(client, q) == [booking["id"]], q


async def test_a_name_that_came_with_the_booking_is_found(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    booking = await confirm(client, await place(client, event), buyer={"name": "Grace Hopper"})
    assert await found(client, "hopper", event=event["number"]) == [booking["id"]]


async def test_a_hold_that_nobody_booked_is_not_found(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    await place(client, event, buyer=ADA)
    assert await found(client, "ada") == []


async def test_a_reference_and_a_seat_name_one_booking(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, seat_map=SEATS)
    booking = await confirm(client, await place(client, event, {"seats": ["A-1-1"]}, buyer=ADA))
    await confirm(client, await place(client, event, {"seats": ["A-1-2"]}, buyer=ADA))
    reference = booking["reference"]
    for q in (reference, f"{reference[:4]}-{reference[4:]}".lower(), "A-1-1", "a-1-1"):
        assert await found(client, q, event=event["number"]) == [booking["id"]], q
    assert await found(client, "ada", reference=reference) == [booking["id"]]


async def test_filters_and_pages_hold_for_a_search(client: httpx2.AsyncClient) -> None:
    event = await make_event(client)
    ids = [(await sold(client, event))["id"] for _ in range(5)]
    await client.post(f"/v1/bookings/{ids[0]}/cancel")
    assert await found(client, "ada", status="cancelled") == ids[:1]
    for query in ({"event": event["number"]}, {}):
        seen: list[str] = []
        asked: Json = {"q": "ada", "limit": 2, **query}
        while True:
            page = (await client.get("/v1/bookings", params=asked)).json()
            seen += [booking["id"] for booking in page["items"]]
            if page["next"] is None:
                break
            asked["cursor"] = page["next"]
        assert seen == ids[::-1]


async def test_another_organisation_finds_nothing(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    booking = await sold(client)
    await make_member(app, database_url, "otto", "owner", organisation=2)
    async with signed_in(app, "otto") as other:
        for q in ("ada", booking["reference"]):
            assert await found(other, q) == []
        assert (await other.get(f"/v1/bookings?q=ada&event={booking['event_number']}")).status_code == 404


@pytest.mark.parametrize(("role", "status"), [("box_office", 200), ("door", 403), ("reports", 403)])
async def test_who_may_not_see_addresses_may_not_search_by_them(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str, status: int
) -> None:
    await sold(client)
    await make_member(app, database_url, "otto", role)
    async with signed_in(app, "otto") as colleague:
        assert (await colleague.get("/v1/bookings?q=ada")).status_code == status
