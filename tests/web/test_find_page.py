"""Find my booking: the form, the mail, and the link that opens the booking in another browser."""

from __future__ import annotations

from uuid import UUID

import httpx2

from holdfast.http.application import Application
from holdfast.inventory.inventory import Inventory
from support.delivering import run_due, runner_of
from support.http_app import client_of, delivery_of
from support.people import mails_to, token_for
from support.selling import new_event
from web.test_booking_page import buy
from web.visitor import Page, press, visit

ADA = "ada@example.org"


async def sought(client: httpx2.AsyncClient, **typed: str) -> httpx2.Response:
    page = await visit(client, "/find")
    return await press(client, "/find", page.form("find"), **typed)


async def test_a_lost_booking_is_found_and_opened_on_another_phone(
    app: Application, client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    booked = await buy(client, number)
    (booking,) = await inventory.queries.list_bookings(number, limit=1)
    answer = await sought(client, reference=booking.reference.lower(), email=ADA)
    assert answer.status_code == 200
    assert "Look into your mailbox" in Page(answer.text).text
    await run_due(runner_of(delivery_of(app)))
    token = await token_for(app, ADA)
    async with client_of(app) as phone:
        assert (await phone.get(booked.url.path)).status_code == 404
        page = await visit(phone, "/my/open")
        opened = await press(phone, "/my/open", page.form("open"), token=token)
        assert opened.status_code == 200
        assert opened.url.path == booked.url.path
        assert "Ticket 1 of 2" in Page(opened.text).text
        assert token not in opened.text
        again = await press(phone, "/my/open", page.form("open"), token=token)
        assert again.status_code == 410
        assert "Ask for another one." in Page(again.text).text


async def test_a_link_of_a_confirmation_opens_the_booking_for_good(
    app: Application, client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    """It has the booking and its token behind `#`. With any other booking or token it opens nothing."""
    booked = await buy(client, await new_event(inventory, areas={"standing": 5}))
    other = await buy(client, await new_event(inventory, areas={"standing": 5}))
    id, other_id = (page.url.path.rpartition("/")[2] for page in (booked, other))
    token = client.cookies[f"hold-{UUID(id).hex}"]
    async with client_of(app) as phone:
        form = (await visit(phone, "/my/open")).form("open")
        for secret in (
            f"{other_id}.{token}",
            f"{id}.{token}x",
            f"{id}.",
            f"x.{token}",
            ".",
            f"{id}.hfh_1_" + "A" * 43,
        ):
            assert (await press(phone, "/my/open", form, token=secret)).status_code == 410, secret
        for _ in range(2):
            opened = await press(phone, "/my/open", form, token=f"{id}.{token}")
            assert opened.url.path == booked.url.path


async def test_a_right_and_a_wrong_guess_get_the_same_page(
    app: Application, client: httpx2.AsyncClient, inventory: Inventory
) -> None:
    number = await new_event(inventory, areas={"standing": 5})
    await buy(client, number)
    (booking,) = await inventory.queries.list_bookings(number, limit=1)
    right = await sought(client, reference=booking.reference, email=ADA)
    wrong = await sought(client, reference="ZZZZZZZZ", email=ADA)
    assert right.status_code == wrong.status_code == 200
    assert right.text.replace(booking.reference, "ZZZZZZZZ") == wrong.text
    await run_due(runner_of(delivery_of(app)))
    assert len(await mails_to(app, ADA)) == 1


async def test_a_mistake_is_named_at_its_field_and_the_rest_is_kept(client: httpx2.AsyncClient) -> None:
    refused = await sought(client, reference="4K2M", email=ADA)
    page = Page(refused.text)
    assert refused.status_code == 422
    assert "It has eight letters and digits" in page.text
    assert ("email", ADA) in page.form("find").fields
    refused = await sought(client, reference="4K2M-9Q7T", email="nowhere")
    assert "Write an address like name@example.org." in Page(refused.text).text


async def test_too_many_guesses_are_refused_in_words(client: httpx2.AsyncClient) -> None:
    for _ in range(11):
        answer = await sought(client, reference="ZZZZZZZZ", email=ADA)
    assert answer.status_code == 429
    page = Page(answer.text)
    assert "Wait a minute, then try again." in page.text
    assert ("email", ADA) in page.form("find").fields


async def test_a_form_of_another_site_opens_and_finds_nothing(client: httpx2.AsyncClient) -> None:
    """A foreign page must not put somebody else's booking into this browser."""
    for path, body in (("/my/open", "token=x"), ("/find", "reference=ZZZZZZZZ&email=a@b.example")):
        kind = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site"}
        assert (await client.post(path, content=body, headers=kind)).status_code == 403


async def test_every_page_leads_to_it(client: httpx2.AsyncClient) -> None:
    assert "./find" in (await visit(client, "/whats-on")).links
