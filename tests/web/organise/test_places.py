"""Blocks in words: rows, seats and places go off sale, all of them or none, and come back.

The kind of fault: words that block other seats than they name, and a refusal that does not say which seats are taken.
"""

from __future__ import annotations

import httpx2
import pytest

from holdfast.http.application import Application
from holdfast.inventory.seating.forms import parse_seat_map
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.web.organise.seat_words import labels_of_words, sections_of
from support.http_sales import make_event, place
from web.organise.staff import ROLES, at_work, send, send_page
from web.visitor import Page, press, visit

HALL = {
    "sections": [
        {"name": "A", "rows": 12, "seats_per_row": 10},
        {"name": "B", "rows": 2, "seats_per_row": 4},
    ]
}


def hall() -> SeatMap:
    layout = parse_seat_map(HALL)
    return SeatMap.build(layout.seats, 1, categories=layout.categories)


@pytest.mark.parametrize(
    ("rows", "places", "first", "last", "count"),
    [
        ("3-5", "", "A-3-1", "A-5-10", 30),
        ("3–5", "1-4", "A-3-1", "A-5-4", 12),
        ("9 to 11", "", "A-9-1", "A-11-10", 30),
        ("2, 12", "10", "A-2-10", "A-12-10", 2),
        ("5-3", "2", "A-3-2", "A-5-2", 3),
        ("", "1", "A-1-1", "A-12-1", 12),
        ("", "", "A-1-1", "A-12-10", 120),
    ],
)
def test_words_name_these_seats(rows: str, places: str, first: str, last: str, count: int) -> None:
    found = labels_of_words(hall(), "A", rows, places)
    assert (found[0], found[-1], len(found)) == (first, last, count)


@pytest.mark.parametrize(("rows", "places"), [("13", ""), ("x", ""), ("3-99", ""), ("1", "77"), (",", "")])
def test_words_that_name_nothing_block_nothing(rows: str, places: str) -> None:
    assert labels_of_words(hall(), "A", rows, places) == []
    assert labels_of_words(hall(), "C", "", "") == []
    assert sections_of(hall()) == ["A", "B"]


def test_a_row_of_letters_is_named_by_its_letters() -> None:
    layout = parse_seat_map({"labels": ["A1", "A2", "B1", "C1"]})
    seats = SeatMap.build(layout.seats, 1, categories=layout.categories)
    assert labels_of_words(seats, sections_of(seats)[0], "a-b", "") == ["A1", "A2", "B1"]


async def test_rows_are_blocked_and_lifted(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, seat_map=HALL)
    at = f"/organise/events/{event['number']}/seats"
    page = await send_page(client, at, "/block/rows", section="A", rows="3-5", reason="camera")
    assert "The places are off sale" in page.text
    assert "30 camera" in page.text
    known = (await client.get(f"/v1/events/{event['number']}/availability")).json()
    assert known["blocked"] == 30
    lifted = await send_page(client, at, "/lift")
    assert "No blocks." in lifted.text
    assert (await client.get(f"/v1/events/{event['number']}/availability")).json()["blocked"] == 0


async def test_places_of_an_area_are_blocked(client: httpx2.AsyncClient) -> None:
    event = await make_event(
        client, areas=[{"name": "hall", "capacity": 10}, {"name": "lawn", "capacity": 5}]
    )
    at = f"/organise/events/{event['number']}/seats"
    assert "lawn 3" in (await send_page(client, at, "/block/area", area="lawn", quantity="3")).text
    refused = await send(client, at, "/block/area", area="lawn", quantity="3")
    assert (refused.status_code, "There are 2 left." in Page(refused.text).text) == (409, True)
    assert (await send(client, at, "/block/area", area="lawn", quantity="many")).status_code == 422


async def test_a_refusal_names_what_is_taken_and_keeps_the_words(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, seat_map=HALL)
    await place(client, event, {"seats": ["A-3-7"]})
    at = f"/organise/events/{event['number']}/seats"
    refused = await send(client, at, "/block/rows", section="A", rows="3", reason="camera")
    page = Page(refused.text)
    assert refused.status_code == 409
    assert "Somebody holds or has booked: A-3-7." in page.text
    assert ("rows", "3") in page.form("/block/rows").fields
    assert (await client.get(f"/v1/events/{event['number']}/availability")).json()["blocked"] == 0


async def test_labels_block_and_wrong_ones_are_named(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, seat_map=HALL)
    at = f"/organise/events/{event['number']}/seats"
    form = (await visit(client, at)).form("/block/seats")
    blocked = await press(client, at, form, ("labels", "A-1-1, b-2-4"))
    assert "A-1-1, B-2-4" in Page(blocked.text).text
    for labels, status, says in (
        ("A-1-1", 409, "Blocked already: A-1-1."),
        ("Z-9-9", 422, "The event has no such seat: Z-9-9."),
        ("A-2-1, A-2-1", 409, "A seat is named twice."),
        ("", 422, "There are no such seats."),
        ("?!", 422, "These are not labels of seats: ?!"),
    ):
        form = (await visit(client, at)).form("/block/seats")
        refused = await press(client, at, form, ("labels", labels))
        assert (refused.status_code, says in Page(refused.text).text) == (status, True), (
            labels,
            Page(refused.text).text,
        )


async def test_several_blocks_are_lifted_and_those_of_others_are_said(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, seat_map=HALL)
    blocks = [
        (await client.post(f"/v1/events/{event['number']}/blocks", json={"seats": [seat]})).json()["id"]
        for seat in ("A-1-1", "A-1-2", "A-1-3")
    ]
    base = f"/organise/events/{event['number']}"
    form = {"form_key": "00000000-0000-4000-8000-000000000001", "blocks": ";".join(blocks[:2])}
    lifted = await client.post(f"{base}/lift", data=form)
    assert lifted.headers["location"].endswith("seats?done=lift")
    again = await client.post(f"{base}/lift", data=form | {"blocks": ";".join(blocks)})
    assert again.headers["location"].endswith("seats?done=lifted")
    assert (await client.get(f"/v1/events/{event['number']}/availability")).json()["blocked"] == 0
    for wrong in ("", "7"):
        assert (await client.post(f"{base}/lift", data=form | {"blocks": wrong})).status_code == 422


async def test_a_block_takes_a_thousand_seats(client: httpx2.AsyncClient) -> None:
    """Their labels fit into one form, as a browser sends it."""
    hall = {"sections": [{"name": "UPPER BALCONY LEFT", "rows": 10, "seats_per_row": 100}]}
    event = await make_event(client, seat_map=hall)
    labels = ";".join(f"UPPER BALCONY LEFT-{row}-{seat}" for row in range(1, 11) for seat in range(1, 101))
    form = {"form_key": "00000000-0000-4000-8000-000000000001", "labels": labels}
    blocked = await client.post(f"/organise/events/{event['number']}/block/seats", data=form)
    assert blocked.status_code == 303, Page(blocked.text).text
    assert (await client.get(f"/v1/events/{event['number']}/availability")).json()["blocked"] == 1_000


@pytest.mark.parametrize("role", ROLES)
async def test_only_managers_block(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    event = await make_event(client, seat_map=HALL)
    await client.post(f"/v1/events/{event['number']}/blocks", json={"seats": ["A-1-1"]})
    block = (await client.get(f"/v1/events/{event['number']}/blocks")).json()["items"][0]["id"]
    may = role in ("owner", "manager")
    base = f"/organise/events/{event['number']}"
    form = {"form_key": "00000000-0000-4000-8000-000000000001", "section": "B", "labels": "B-1-1"}
    async with at_work(app, database_url, role) as browser:
        page = await visit(browser, f"{base}/seats")
        assert bool([each for each in page.forms if "/block" in each.action]) is may
        form["blocks"] = block
        for path in ("block/seats", f"blocks/{block}/lift", "lift"):
            assert (await browser.post(f"{base}/{path}", data=form)).status_code == (303 if may else 403), (
                path
            )
        assert (await browser.post(f"{base}/block/area", data=form)).status_code == (422 if may else 403)
