"""The booking page: tickets with codes that a door can scan, void ones in grey, and what a buyer does with them."""

from __future__ import annotations

import re

import httpx2
import pytest

from holdfast.api.request import Request
from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.commands import STAFF
from holdfast.tickets.pdf import PdfMaker
from holdfast.tickets.qr_code import qr_code
from holdfast.tickets.tickets import Tickets
from support.http_app import client_of, engine_of, running_app
from support.printed import pages_of
from support.selling import new_event
from support.wallet_files import wallet_settings
from web.visitor import Page, press, visit


@pytest.fixture
def tickets(app: Application) -> Tickets:
    """The tickets of the running application."""
    assert issubclass(app.request_class, Request)
    return app.request_class.tickets


async def buy(client: httpx2.AsyncClient, number: int, quantity: int = 2) -> httpx2.Response:
    """Buy places as a visitor. Return the booking's page."""
    page = await visit(client, f"/e/{number}")
    held = await press(client, f"/e/{number}", page.form("/hold"), quantity=str(quantity))
    booked = await press(
        client, held.url.path, Page(held.text).form("/confirm"), name="Ada", email="ada@example.org"
    )
    assert booked.status_code == 200
    return booked


async def codes_of(inventory: Inventory, tickets: Tickets, number: int) -> list[str | None]:
    (booking,) = await inventory.queries.list_bookings(number, limit=2)
    return [one.code for one in (await tickets.read(booking.id, STAFF, limit=500)).tickets]


def pictures(page: str) -> list[str]:
    return re.findall(r'<path d="([^"]+)"/>', page)


async def test_a_buyer_sees_a_code_for_each_person(
    client: httpx2.AsyncClient, inventory: Inventory, tickets: Tickets
) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    booked = await buy(client, number)
    codes = await codes_of(inventory, tickets, number)
    assert pictures(booked.text) == [qr_code(code or "").path for code in codes]
    text = Page(booked.text).text
    assert "2 tickets" in text
    assert "Ticket 1 of 2" in text
    assert "standing" in text


async def test_a_ticket_is_passed_on_with_another_code(
    client: httpx2.AsyncClient, inventory: Inventory, tickets: Tickets
) -> None:
    """A double press makes one code: both answers show the same one."""
    number = await new_event(inventory, areas={"standing": 5})
    booked = await buy(client, number)
    before = await codes_of(inventory, tickets, number)
    form = Page(booked.text).form("/tickets/2/reissue")
    for _ in range(2):
        after = await press(client, booked.url.path, form)
        assert after.status_code == 200
        assert str(after.url).endswith("#ticket-2")
    codes = await codes_of(inventory, tickets, number)
    assert codes[0] == before[0]
    assert codes[1] != before[1]
    assert pictures(after.text) == [qr_code(code or "").path for code in codes]
    assert "code 2" in Page(after.text).text
    assert (await tickets.check(number, before[1] or "")).reason == "reissued"


async def test_a_cancelled_booking_shows_no_code(client: httpx2.AsyncClient, inventory: Inventory) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    booked = await buy(client, number)
    form = Page(booked.text).form("/tickets/1/reissue")
    (booking,) = await inventory.queries.list_bookings(number, limit=2)
    assert (await client.post(f"/v1/bookings/{booking.id}/cancel")).status_code == 200
    page = await client.get(booked.url.path)
    assert page.text.count("ticket is-void") == 2
    assert pictures(page.text) == []
    assert "This ticket is void: the booking was cancelled." in Page(page.text).text
    assert "tickets.pdf" not in page.text
    refused = await press(client, booked.url.path, form)
    assert refused.status_code == 409
    assert "its tickets are void" in Page(refused.text).text
    assert (await client.get(f"{booked.url.path}/tickets.pdf")).status_code == 409


async def test_a_cancelled_event_shows_no_code(client: httpx2.AsyncClient, inventory: Inventory) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    booked = await buy(client, number)
    await client.post(f"/v1/events/{number}/cancel")
    page = await client.get(booked.url.path)
    assert pictures(page.text) == []
    assert "the event was cancelled" in Page(page.text).text


async def test_only_the_buyers_browser_opens_it(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient, inventory: Inventory
) -> None:
    booked = await buy(client, await new_event(inventory, areas={"standing": 5}))
    for ending in ("", "/tickets.pdf", "/calendar.ics"):
        foreign = await guest.get(booked.url.path + ending)
        assert foreign.status_code == 404, ending
        assert "This browser has no such booking." in Page(foreign.text).text
    form = Page(booked.text).form("/tickets/1/reissue")
    assert (await press(guest, booked.url.path, form)).status_code == 404


async def test_another_site_voids_no_code(client: httpx2.AsyncClient, inventory: Inventory) -> None:
    booked = await buy(client, await new_event(inventory, areas={"standing": 5}))
    form = Page(booked.text).form("/tickets/1/reissue")
    refused = await client.post(
        f"{booked.url.path}/tickets/1/reissue",
        content=str(httpx2.QueryParams(form.fields)),
        headers={"content-type": "application/x-www-form-urlencoded", "origin": "https://evil.example"},
    )
    assert refused.status_code == 403


async def test_a_large_booking_has_several_pages(
    client: httpx2.AsyncClient, inventory: Inventory, tickets: Tickets
) -> None:
    number = await new_event(inventory, areas={"standing": 50})
    booked = await buy(client, number, 43)
    page, seen = booked, list(pictures(booked.text))
    for first in (21, 41):
        link = next(link for link in Page(page.text).links if link.endswith(f"?first={first}"))
        page = await client.get(httpx2.URL(f"http://localhost{booked.url.path}").join(link))
        seen += pictures(page.text)
    assert seen == [qr_code(code or "").path for code in await codes_of(inventory, tickets, number)]
    assert "More tickets" not in Page(page.text).text
    beyond = await client.get(f"{booked.url.path}?first=44")
    assert beyond.status_code == 404


async def test_the_tickets_are_printed(
    client: httpx2.AsyncClient, inventory: Inventory, tickets: Tickets
) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    booked = await buy(client, number)
    printed = await client.get(f"{booked.url.path}/tickets.pdf")
    assert printed.headers["content-type"] == "application/pdf"
    assert "attachment" in printed.headers["content-disposition"]
    assert printed.headers["cache-control"] == "no-store"
    codes = [page.codes for page in pages_of(printed.content)]
    assert codes == [[code] for code in await codes_of(inventory, tickets, number)]


async def test_a_pdf_that_fails_leaves_the_tickets(
    client: httpx2.AsyncClient, inventory: Inventory, tickets: Tickets
) -> None:
    booked = await buy(client, await new_event(inventory, areas={"standing": 5}))
    tickets._pdf = PdfMaker(program=("false",))
    failed = await client.get(f"{booked.url.path}/tickets.pdf")
    assert failed.status_code == 503
    assert len(pictures(failed.text)) == 2
    assert "The PDF could not be made" in Page(failed.text).text


async def test_the_event_goes_to_a_calendar(client: httpx2.AsyncClient) -> None:
    made = await client.post(
        "/v1/events", json={"name": "Play", "capacity": 5, "starts_at": "2099-01-01T20:00:00Z"}
    )
    booked = await buy(client, made.json()["number"])
    assert "Add to calendar" in Page(booked.text).text
    found = await client.get(f"{booked.url.path}/calendar.ics")
    assert found.headers["content-type"] == "text/calendar; charset=utf-8"
    assert b"SUMMARY:Play" in found.content
    undated = await buy(
        client, (await client.post("/v1/events", json={"name": "Play", "capacity": 5})).json()["number"]
    )
    assert "Add to calendar" not in Page(undated.text).text
    assert (await client.get(f"{undated.url.path}/calendar.ics")).status_code == 404


async def test_a_ticket_has_buttons_for_the_wallets_of_the_server(database_url: str) -> None:
    """They lead to the pass, and to Google, for the browser that has the booking."""
    async with running_app(database_url, **wallet_settings()) as layer, client_of(layer) as shop:
        booked = await buy(shop, await new_event(engine_of(layer), areas={"standing": 5}))
        for name in ("Apple", "Google"):
            assert Page(booked.text).text.count(f"Add to {name} Wallet") == 2, "one for each ticket"
        path = f"{booked.url.path}/tickets/2"
        given = await shop.get(f"{path}/apple-wallet.pkpass")
        assert given.headers["content-type"] == "application/vnd.apple.pkpass"
        assert "attachment" in given.headers["content-disposition"]
        sent = await shop.get(f"{path}/google-wallet")
        assert sent.status_code == 303
        assert sent.headers["location"].startswith("https://pay.google.com/gp/v/save/ey")
        async with client_of(layer) as stranger:
            assert (await stranger.get(f"{path}/apple-wallet.pkpass")).status_code == 404
            assert (await stranger.get(f"{path}/google-wallet")).status_code == 404


async def test_without_wallets_there_are_no_buttons(client: httpx2.AsyncClient, inventory: Inventory) -> None:
    booked = await buy(client, await new_event(inventory, areas={"standing": 5}))
    assert "Wallet" not in Page(booked.text).text
