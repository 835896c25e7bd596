"""The page of one ticket: what a friend gets by its link, with the code, the PDF and the passes."""

from __future__ import annotations

import re
from uuid import UUID

import httpx2
import pytest

from holdfast.access.audit import Actor
from holdfast.http.application import Application
from holdfast.inventory.rules.commands import STAFF
from holdfast.tickets.qr_code import qr_code
from holdfast.tickets.tickets import Tickets
from support.http_app import client_of, engine_of, running_app
from support.printed import pages_of
from support.selling import new_event
from support.wallet_files import wallet_settings
from web.test_booking_page import buy, codes_of, tickets
from web.visitor import Page, press, visit

__all__ = ["tickets"]


async def link_of(client: httpx2.AsyncClient, app: Application, ticket: int = 2) -> str:
    """Buy two places as Ada. Return the secret of a ticket's link, as the booking's page shows it."""
    number = await new_event(engine_of(app), areas={"standing": 5})
    booked = await buy(client, number)
    found = re.findall(r'value="http://[^"]+/my/ticket#([\w-]+)"', booked.text)
    assert len(found) == 2
    return str(found[ticket - 1])


async def opened(friend: httpx2.AsyncClient, secret: str) -> httpx2.Response:
    """Open a link as its page's script does."""
    page = await visit(friend, "/my/ticket")
    return await press(friend, "/my/ticket", page.form("my/ticket"), token=secret)


async def test_a_friend_sees_the_ticket_and_nothing_else_of_the_booking(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient, app: Application, tickets: Tickets
) -> None:
    secret = await link_of(client, app)
    answer = await opened(guest, secret)
    assert answer.status_code == 200, Page(answer.text).text
    number = int(re.findall(r"/e/(\d+)", answer.text)[0])
    codes = await codes_of(engine_of(app), tickets, number)
    pictures = re.findall(r'<path d="([^"]+)"/>', answer.text)
    assert pictures == [qr_code(codes[1] or "").path]
    assert "Ada" not in answer.text
    assert secret not in answer.text
    assert "of 2" not in Page(answer.text).text
    booking = str(answer.url).rpartition("/my/tickets/")[2].partition("/")[0]
    assert (await guest.get(f"/my/bookings/{booking}")).status_code == 404
    assert (await guest.get(f"/my/tickets/{booking}/1")).status_code == 410


async def test_a_friend_prints_the_ticket_alone(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient, app: Application
) -> None:
    answer = await opened(guest, await link_of(client, app))
    sent = await guest.get(f"{answer.url.path}/ticket.pdf")
    assert sent.headers["content-type"] == "application/pdf"
    (page,) = pages_of(sent.content)
    assert "Ada" not in page.text
    assert "of 2" not in page.text


async def test_a_new_code_ends_the_page(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient, app: Application, tickets: Tickets
) -> None:
    answer = await opened(guest, await link_of(client, app))
    booking, ticket = answer.url.path.split("/")[-2:]
    await tickets.reissue(UUID(booking), int(ticket), STAFF, by=Actor(principal="test"))
    again = await guest.get(answer.url.path)
    assert again.status_code == 410
    assert "This link opens no ticket" in Page(again.text).text
    assert (await guest.get(f"{answer.url.path}/ticket.pdf")).status_code == 410


@pytest.mark.parametrize("secret", ["x", "A" * 120, "HF1", "ü"])
async def test_another_secret_opens_nothing(guest: httpx2.AsyncClient, secret: str) -> None:
    answer = await guest.post("/my/ticket", data={"token": secret})
    assert answer.status_code == 410
    assert "set-cookie" not in answer.headers
    assert "This link opens no ticket" in Page(answer.text).text


async def test_a_page_of_another_site_opens_no_ticket(client: httpx2.AsyncClient, app: Application) -> None:
    secret = await link_of(client, app)
    answer = await client.post("/my/ticket", data={"token": secret}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


async def test_a_friend_adds_the_ticket_to_a_wallet(database_url: str) -> None:
    async with running_app(database_url, **wallet_settings()) as layer, client_of(layer) as client:
        secret = await link_of(client, layer)
        answer = await opened(client, secret)
        path = answer.url.path
        assert f"{path.rpartition('/')[2]}/apple-wallet.pkpass" in answer.text
        sent = await client.get(f"{path}/apple-wallet.pkpass")
        assert sent.headers["content-type"] == "application/vnd.apple.pkpass"
        assert sent.content.startswith(b"PK")
        led = await client.get(f"{path}/google-wallet", follow_redirects=False)
        assert led.status_code == 303
        assert led.headers["location"].startswith("https://pay.google.com/gp/v/save/")
