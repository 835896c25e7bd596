"""Attendees over `/v1`: every admission once, in pages of any size and in files, with what the reader may know.

The kind of fault: a name or an address that a role may not see, an admission that falls between two pages, and a place
that a booking returned.
"""

from __future__ import annotations

import csv
from io import BytesIO, StringIO
from zipfile import ZipFile

import httpx2
import pytest

from holdfast.http.application import Application
from support.http_app import KeyedClient
from support.http_sales import SEATS, Json, confirm, make_event, outcome_of, place
from support.people import make_member, signed_in

ADA = {"name": "Ada Lovelace", "email": "ada@example.org"}
AREAS = [{"name": "floor", "capacity": 900, "category": "standing"}]


async def sold(client: httpx2.AsyncClient) -> tuple[Json, list[Json]]:
    """Make three bookings of a new event: one that was changed, a large one, and one that was cancelled."""
    event = await make_event(client, areas=AREAS, seat_map=SEATS, max_per_hold=None)
    sales: list[list[Json]] = [
        [{"seats": ["A-1-1", "A-1-2", "A-1-3"]}],
        [{"quantity": 7, "area": "floor"}],
        [{"seats": ["A-2-1"]}, {"quantity": 1, "area": "floor"}],
    ]
    booked = [await confirm(client, await place(client, event, *lines), buyer=ADA) for lines in sales]
    at = f"/v1/bookings/{booked[0]['id']}"
    exchange = {"lines": [{"seats": ["A-2-5"]}], "returns": [{"seats": ["A-1-2"]}]}
    assert (await client.post(f"{at}/exchange", json=exchange)).status_code == 200
    assert (await client.post(f"/v1/bookings/{booked[2]['id']}/cancel")).status_code == 200
    return event, booked


async def all_of(client: httpx2.AsyncClient, event: Json, query: str = "limit=200") -> list[Json]:
    """Return the list, page by page."""
    found: list[Json] = []
    cursor = ""
    while True:
        answer = await client.get(f"/v1/events/{event['number']}/attendees?{query}{cursor}")
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = f"&cursor={answer.json()['next']}"


@pytest.mark.parametrize("limit", [1, 2, 5, 200])
async def test_each_admission_is_there_once(client: httpx2.AsyncClient, limit: int):
    event, (changed, large, cancelled) = await sold(client)
    found = await all_of(client, event, f"limit={limit}")
    assert [(one["ticket"], one["status"]) for one in found] == [
        *((f"{cancelled['reference']}-{number}", "cancelled") for number in (1, 2)),
        *((f"{large['reference']}-{number}", "confirmed") for number in range(1, 8)),
        *((f"{changed['reference']}-{number}", "confirmed") for number in (1, 3, 4)),
    ]
    assert [(one["seat"] or {}).get("label") for one in found][-3:] == ["A-1-1", "A-1-3", "A-2-5"]
    assert (found[2]["area"], found[2]["category"], found[2]["seat"]) == ("floor", "standing", None)
    assert {(one["name"], one["email"]) for one in found} == {(ADA["name"], ADA["email"])}
    assert found[0]["booking"] == cancelled["id"]
    assert found[0]["confirmed_at"] == cancelled["confirmed_at"]


@pytest.mark.parametrize(("status", "count"), [("confirmed", 10), ("cancelled", 2)])
async def test_a_status_is_a_filter_on_every_page(client: httpx2.AsyncClient, status: str, count: int):
    event, _ = await sold(client)
    found = await all_of(client, event, f"status={status}&limit=3")
    assert [one["status"] for one in found] == [status] * count


async def test_the_files_have_the_same_lines(client: httpx2.AsyncClient):
    event, _ = await sold(client)
    tickets = [one["ticket"] for one in await all_of(client, event)]
    answer = await client.get(
        f"/v1/events/{event['number']}/attendees.csv", headers={"Accept-Language": "de"}
    )
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-language"] == "de"
    rows = list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["Ticket"] for row in rows] == tickets
    book = await client.get(f"/v1/events/{event['number']}/attendees.xlsx")
    with ZipFile(BytesIO(book.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert all(ticket in sheet for ticket in tickets)


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("owner", ("Ada Lovelace", "ada@example.org")),
        ("box_office", ("Ada Lovelace", "ada@example.org")),
        ("door", ("Ada Lovelace", None)),
        ("reports", (None, None)),
    ],
)
async def test_a_role_sees_what_it_may_know(
    app: Application,
    client: httpx2.AsyncClient,
    database_url: str,
    role: str,
    sees: tuple[str | None, str | None],
):
    event, _ = await sold(client)
    await make_member(app, database_url, "olga", role)
    async with signed_in(app, "olga") as member:
        found = await all_of(member, event)
        files = [
            (await member.get(f"/v1/events/{event['number']}/attendees.csv")).text,
            (await member.get(f"/organise/events/{event['number']}/attendees.csv")).text,
        ]
    assert {(one["name"], one["email"]) for one in found} == {sees}
    for text in files:
        assert ("Lovelace" in text, "ada@example.org" in text) == (sees[0] is not None, sees[1] is not None)


async def test_guests_and_other_keys_read_none(guest: httpx2.AsyncClient, keyed_client: KeyedClient):
    event, _ = await sold(await keyed_client("organise"))
    for ending in ("", ".csv", ".xlsx"):
        at = f"/v1/events/{event['number']}/attendees{ending}"
        assert outcome_of(await guest.get(at)) == (401, "credentials_required")
        assert (await (await keyed_client("sell")).get(at)).status_code == 403
