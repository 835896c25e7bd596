"""Bookings for the people at work: they find one, see what they may, and cancel, mail and reissue.

The kind of fault: a name or an address that a role may not see, a search that is a way around that, a spreadsheet
that runs what a buyer typed, and a press that counts twice.
"""

from __future__ import annotations

import csv
from io import BytesIO, StringIO
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import httpx2
import pytest

from holdfast.api.attendee_list import safe_cell
from holdfast.http.application import Application
from support.http_sales import SEATS, confirm, make_event, place
from web.organise.staff import ROLES, at_work, filled_in, send_page
from web.visitor import Page, press, visit

ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "reference": "customer-81"}
SELLERS = ("owner", "manager", "box_office")
NAMES = (*SELLERS, "door")


async def sold(client: httpx2.AsyncClient, **given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sell two seats to Ada. Return the event and the booking."""
    event = await make_event(client, seat_map=SEATS, areas=[{"name": "lawn", "capacity": 9}])
    hold = await place(client, event, {"seats": ["A-1-1", "A-1-2"]}, buyer=ADA | given)
    return event, await confirm(client, hold, metadata={"order": "17"})


def bookings_of(event: dict[str, Any]) -> str:
    return f"/organise/events/{event['number']}/bookings"


@pytest.mark.parametrize(
    "typed",
    [
        "{reference}",
        "{reference_in_small}",
        "A-1-2",
        "a-1-2",
        "order=17",
        "customer-81",
        "LOVEL",
        "ada lo",
        "ada@exam",
    ],
)
async def test_a_booking_is_found(client: httpx2.AsyncClient, typed: str) -> None:
    event, booking = await sold(client)
    other = await confirm(client, await place(client, event, {"area": "lawn", "quantity": 1}))
    reference = booking["reference"]
    text = typed.format(reference=reference, reference_in_small=f"{reference[:4]}-{reference[4:]}".lower())
    page = await visit(client, f"{bookings_of(event)}?q={text.replace('=', '%3D')}")
    assert f"bookings/{booking['id']}" in str(page.links)
    assert f"bookings/{other['id']}" not in str(page.links)


async def test_a_search_without_a_match_says_so(client: httpx2.AsyncClient) -> None:
    event, _ = await sold(client)
    for text in ("nobody", "B-1-1", "order%3D18", "01234567"):
        assert "No booking fits." in (await visit(client, f"{bookings_of(event)}?q={text}")).text, text
    assert "No booking fits." in (await visit(client, f"{bookings_of(event)}?state=cancelled")).text


async def test_a_booking_shows_its_history(client: httpx2.AsyncClient) -> None:
    _, booking = await sold(client)
    at = f"/organise/bookings/{booking['id']}"
    text = (await visit(client, at)).text
    for says in ("Ada Lovelace", "ada@example.org", "order 17", "Seats A-1-1, A-1-2", "Held", "Booked"):
        assert says in text
    await send_page(client, at, "/cancel")
    assert "Booking cancelled" in (await visit(client, at)).text


async def test_a_cancelled_booking_frees_its_seats_once(client: httpx2.AsyncClient) -> None:
    event, booking = await sold(client)
    at = f"/organise/bookings/{booking['id']}"
    old = await visit(client, at)
    for _ in range(2):
        done = Page((await press(client, at, old.form("/cancel"))).text)
        assert "The booking is cancelled" in done.text
    assert not [form for form in done.forms if form.action.endswith("/cancel")]
    known = (await client.get(f"/v1/events/{event['number']}/availability")).json()
    assert (known["available"], known["booked"]) == (19, 0)


async def test_a_mail_is_sent_again_once_for_a_press(client: httpx2.AsyncClient) -> None:
    _, booking = await sold(client)
    at = f"/organise/bookings/{booking['id']}"
    old = await visit(client, at)
    before = len((await client.get("/v1/mailbox")).json()["items"])
    for _ in range(2):
        assert "The mail is on its way." in Page((await press(client, at, old.form("/mail"))).text).text
    assert len((await client.get("/v1/mailbox")).json()["items"]) == before + 1


async def test_a_ticket_is_issued_again_once_for_a_press(client: httpx2.AsyncClient) -> None:
    _, booking = await sold(client)
    at = f"/organise/bookings/{booking['id']}"
    old = await visit(client, at)
    for _ in range(2):
        page = Page((await press(client, at, old.form("/tickets/2/reissue"))).text)
        assert "Ticket 2 issued again" in page.text
    tickets = (await client.get(f"/v1/bookings/{booking['id']}/tickets")).json()["items"]
    assert [ticket["revision"] for ticket in tickets] == [0, 1]


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_sees_what_it_may(
    app: Application, client: httpx2.AsyncClient, database_url: str, role: str
) -> None:
    event, booking = await sold(client)
    at = f"/organise/bookings/{booking['id']}"
    key = filled_in(await visit(client, at), "/cancel", "form_key")
    async with at_work(app, database_url, role) as browser:
        listed, shown = await visit(browser, bookings_of(event)), await visit(browser, at)
        export = (await browser.get(f"/organise/events/{event['number']}/attendees.csv")).text
        assert [("Ada Lovelace" in text) for text in (listed.text, shown.text, export)] == [role in NAMES] * 3
        assert [("ada@example.org" in text) for text in (shown.text, export)] == [role in SELLERS] * 2
        assert ("order" in shown.text) is (role in SELLERS)
        assert (await browser.get(f"{bookings_of(event)}?q=order%3D17")).status_code == (
            200 if role in SELLERS else 403
        )
        found = await visit(browser, f"{bookings_of(event)}?q=customer-81")
        assert (f"bookings/{booking['id']}" in str(found.links)) is (role in SELLERS)
        verbs = {"mail", "tickets/1/reissue", "cancel"}
        assert {form.action.partition(f"{booking['id']}/")[2] for form in shown.forms} >= (
            verbs if role in SELLERS else set()
        )
        for verb in ("mail", "tickets/1/reissue", "cancel"):
            answer = await browser.post(f"{at}/{verb}", data={"form_key": key})
            assert answer.status_code == (303 if role in SELLERS else 403), verb


async def test_another_organisation_finds_no_booking(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    event, booking = await sold(client)
    form = {"form_key": "00000000-0000-4000-8000-000000000001"}
    async with at_work(app, database_url, "owner", organisation=2) as browser:
        for path in (f"events/{event['number']}/bookings", f"events/{event['number']}/attendees.csv"):
            assert (await browser.get(f"/organise/{path}")).status_code == 404
        assert (await browser.get(f"/organise/bookings/{booking['id']}")).status_code == 404
        for verb in ("mail", "tickets/1/reissue", "cancel"):
            answer = await browser.post(f"/organise/bookings/{booking['id']}/{verb}", data=form)
            assert answer.status_code == 404, verb
    assert (await client.get(f"/v1/events/{event['number']}/availability")).json()["booked"] == 2


async def test_the_export_has_a_line_for_each_admission(client: httpx2.AsyncClient) -> None:
    event, booking = await sold(client, name='=HYPERLINK("http://x")')
    await confirm(client, await place(client, event, {"area": "lawn", "quantity": 3}))
    answer = await client.get(f"/organise/events/{event['number']}/attendees.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="attendees-{event["number"]}.csv"'
    assert answer.text[0] == "\ufeff"
    rows = list(csv.DictReader(StringIO(answer.text[1:])))
    assert [row["Area"] for row in rows] == ["lawn", "lawn", "lawn", "", ""]
    assert [row["Ticket"] for row in rows[3:]] == [f"{booking['reference']}-{number}" for number in (1, 2)]
    assert {row["Name"] for row in rows[3:]} == {'\'=HYPERLINK("http://x")'}


def cells_of(workbook: bytes) -> list[list[str]]:
    """Return the texts of a workbook's first sheet. A cell that is no text, such as a formula, is a fault."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with ZipFile(BytesIO(workbook)) as parts:
        sheet = ET.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in sheet.iter(f"{space}row"):
        cells = {str(cell.get("r")).rstrip("0123456789"): cell for cell in row}
        assert {cell.get("t") for cell in cells.values()} <= {"inlineStr"}
        assert not list(row.iter(f"{space}f"))
        texts = {name: "".join(cell.itertext()) for name, cell in cells.items()}
        rows.append([texts.get(name, "") for name in "ABCDEFGHIJK"])
    return rows


async def test_the_workbook_has_the_same_lines_as_texts(client: httpx2.AsyncClient) -> None:
    event, _ = await sold(client, name='=HYPERLINK("http://x")')
    await confirm(client, await place(client, event, {"area": "lawn", "quantity": 3}))
    at = f"/organise/events/{event['number']}/attendees"
    answer = await client.get(f"{at}.xlsx")
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    assert answer.headers["content-disposition"] == f'attachment; filename="attendees-{event["number"]}.xlsx"'
    listed = list(csv.reader(StringIO((await client.get(f"{at}.csv")).text[1:])))
    assert cells_of(answer.content) == [[cell.removeprefix("'") for cell in row] for row in listed]
    assert '=HYPERLINK("http://x")' in str(cells_of(answer.content))


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(f"a{text}") == f"a{text}"


async def test_a_long_export_is_read_page_by_page(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, capacity=500)
    for _ in range(201):
        await confirm(client, await place(client, event))
    answer = await client.get(f"/organise/events/{event['number']}/attendees.csv")
    rows = list(csv.DictReader(StringIO(answer.text[1:])))
    assert len({row["Ticket"] for row in rows}) == len(rows) == 201


async def test_a_booking_goes_to_another_person(client: httpx2.AsyncClient) -> None:
    """What is wrong with the form stays in it, and two presses give it away once."""
    _, booking = await sold(client)
    at = f"/organise/bookings/{booking['id']}"
    form = (await visit(client, at)).form("/transfer")
    wrong = await press(client, at, form, name="Mary Somerville", email="nowhere")
    assert wrong.status_code == 422
    assert dict(Page(wrong.text).form("/transfer").fields)["name"] == "Mary Somerville"
    typed = {"name": "Mary Somerville", "email": "mary@example.org", "language": "de"}
    for _ in range(2):
        page = Page((await press(client, at, form, **typed)).text)
        assert "The booking is the other person's." in page.text
    assert "Given to another person" in page.text
    assert "code 2" in page.text
    now = (await client.get(f"/v1/bookings/{booking['id']}")).json()
    assert (now["buyer"]["name"], now["buyer"]["email"]) == ("Mary Somerville", "mary@example.org")
    assert now["metadata"] == {"order": "17", "mail_language": "de"}
