"""Transfer: a booking goes to another person, and nothing that the person before has of it works any more.

The kind of fault is "a way in that is left": a ticket's code, the hold's token, the link of a mail, a link that was
asked for but not used, the account that bought it, and a mail that leaves late. Another kind is a repeat that voids the
tickets of the new person.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest

from api.test_booking_links import request as ask_for_link
from api.test_booking_links import send_mail, use
from api.test_booking_mail import ADA, book, mailing, mails_of, shop, tickets_of
from api.test_check_in_list import hash_of, list_of
from api.test_partial_cancel import counts, sold
from api.test_tickets import check
from api.test_tickets import tickets_of as list_tickets
from holdfast.http.application import Application
from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from support.http_app import KeyedClient, delivery_of
from support.http_sales import SEATS, Json, confirm, make_event, outcome_of, place, token_of
from support.people import mails_to, make_account, signed_in, token_for
from support.selling import what_is_wrong

__all__ = ["mailing", "shop"]

MARY: Json = {"name": "Mary Somerville", "email": "mary@example.org"}


async def transfer(
    client: httpx2.AsyncClient, booking: Json, buyer: Json = MARY, *, key: str = "", **given: Any
) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"buyer": buyer, **given}
    return await client.post(f"/v1/bookings/{booking['id']}/transfer", json=body, headers=headers)


async def codes_of(client: httpx2.AsyncClient, booking: Json) -> list[str]:
    """Return the codes as staff read them."""
    answer = await client.get(f"/v1/bookings/{booking['id']}/tickets")
    return [one["code"] for one in answer.json()["items"]]


async def test_the_codes_of_before_let_nobody_in(client: httpx2.AsyncClient, database_url: str):
    event, hold, booking = await sold(client, {"seats": ["A-1-1"]}, {"quantity": 1, "area": "floor"})
    before = [one["code"] for one in (await list_tickets(client, hold, booking))["items"]]
    was = await counts(client, event)
    answer = await transfer(client, booking)
    assert answer.status_code == 200, answer.text
    now = answer.json()
    assert now["buyer"] == {"reference": None, **MARY}
    assert {**now, "buyer": None} == {**booking, "buyer": None}
    read = await client.get(f"/v1/bookings/{booking['id']}")
    assert read.json() == now
    found = (await client.get(f"/v1/bookings/{booking['id']}/tickets")).json()["items"]
    assert [one["revision"] for one in found] == [1, 1]
    assert all(one["reissued_at"] for one in found)
    for old, new in zip(before, [one["code"] for one in found], strict=True):
        assert (await check(client, event["number"], old))[:2] == ("void", "reissued")
        assert (await check(client, event["number"], new))[0] == "valid"
    listed = {one["code_hash"]: one["why"] for one in await list_of(client, event)}
    assert {listed[hash_of(code)] for code in before} == {"reissued"}
    assert {listed[hash_of(one["code"])] for one in found} == {None}
    assert await counts(client, event) == was
    assert what_is_wrong(database_url) == []


async def test_the_token_of_before_opens_nothing_and_the_new_one_does(
    app: Application, client: httpx2.AsyncClient, guest: httpx2.AsyncClient, inventory: Inventory
):
    _, hold, booking = await sold(client, {"quantity": 1, "area": "floor"})
    at, old = f"/v1/bookings/{booking['id']}", token_of(hold)
    assert (await client.get(at, headers=old)).status_code == 200
    await transfer(client, booking)
    asked = [
        await client.get(at, headers=old),
        await client.get(f"{at}/tickets", headers=old),
        await client.post(f"{at}/cancel", headers=old),
        await client.post(f"{at}/exchange", headers=old, json={"lines": [{"quantity": 1, "area": "floor"}]}),
        await client.post(f"{at}/tickets/1/reissue", headers=old),
    ]
    assert {outcome_of(answer) for answer in asked} == {(404, "booking_not_found")}
    assert outcome_of(
        await client.post("/v1/bookings", json={"hold": hold["id"], "hold_token": hold["hold_token"]})
    ) == (404, "hold_not_found")
    tokens = {inventory.hold_tokens.hold_token(UUID(hold["id"]), count) for count in range(3)}
    assert len(tokens) == 3
    new = {"Hold-Token": inventory.hold_tokens.hold_token(UUID(hold["id"]), 1)}
    assert (await client.get(f"{at}/tickets", headers=new)).status_code == 200
    await transfer(client, booking, {"name": "Ada", "email": "ada@example.org"})
    assert (await client.get(f"{at}/tickets", headers=new)).status_code == 404


async def test_the_account_that_bought_it_reads_it_no_more_and_it_still_counts(
    app: Application, client: httpx2.AsyncClient
):
    event = await make_event(client, capacity=9, max_per_buyer=2)
    await make_account(app, "grace")
    async with signed_in(app, "grace") as grace:
        line = {"event": event["number"], "lines": [{"quantity": 2}]}
        hold = (await grace.post("/v1/holds", json=line)).json()
        booking = (await grace.post("/v1/bookings", json={"hold": hold["id"]})).json()
        at = f"/v1/bookings/{booking['id']}"
        assert (await grace.get(at)).status_code == 200
        assert (await transfer(client, booking)).status_code == 200
        assert (await grace.get(at)).status_code == 404
        assert (await grace.post(f"{at}/cancel")).status_code == 404
        assert outcome_of(await grace.post("/v1/holds", json=line)) == (422, "quantity_over_limit")


async def test_a_repeat_voids_no_ticket(client: httpx2.AsyncClient):
    """Neither one under its key, nor one without, in another spelling of the address."""
    _, _, booking = await sold(client, {"quantity": 1, "area": "floor"})
    first = await transfer(client, booking, key="5d0c33f2-0a53-4f4c-9f5b-7a1a8de1c8ab")
    codes = await codes_of(client, booking)
    again = await transfer(client, booking, key="5d0c33f2-0a53-4f4c-9f5b-7a1a8de1c8ab")
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    spelt = await transfer(client, booking, {**MARY, "email": "MARY@example.org"})
    assert spelt.json()["buyer"]["email"] == MARY["email"]
    assert await codes_of(client, booking) == codes
    other = await transfer(client, booking, ADA, key="5d0c33f2-0a53-4f4c-9f5b-7a1a8de1c8ab")
    assert outcome_of(other) == (422, "idempotency_key_reused")


async def test_transfers_at_once_all_count(client: httpx2.AsyncClient, database_url: str):
    event, _, booking = await sold(client, {"quantity": 2, "area": "floor"})
    people = [{"name": f"Person {n}", "email": f"p{n}@example.org"} for n in range(6)]
    answers = await asyncio.gather(*(transfer(client, booking, person) for person in people))
    assert {answer.status_code for answer in answers} == {200}
    found = (await client.get(f"/v1/bookings/{booking['id']}/tickets")).json()["items"]
    assert [one["revision"] for one in found] == [6, 6]
    await client.post(f"/v1/bookings/{booking['id']}/tickets/1/reissue")
    again = (await client.get(f"/v1/bookings/{booking['id']}/tickets")).json()["items"]
    assert [one["revision"] for one in again] == [7, 6]
    assert (await check(client, event["number"], found[0]["code"]))[1] == "reissued"
    assert (await check(client, event["number"], again[0]["code"]))[0] == "valid"
    assert what_is_wrong(database_url) == []


async def test_what_is_over_goes_to_nobody(client: httpx2.AsyncClient):
    _, _, booking = await sold(client, {"quantity": 1, "area": "floor"})
    await client.post(f"/v1/bookings/{booking['id']}/cancel")
    assert outcome_of(await transfer(client, booking)) == (409, "booking_already_cancelled")
    event, _, other = await sold(client, {"quantity": 1, "area": "floor"})
    await client.post(f"/v1/events/{event['number']}/cancel")
    assert outcome_of(await transfer(client, other)) == (410, "event_cancelled")


async def test_only_staff_give_a_booking_away(guest: httpx2.AsyncClient, keyed_client: KeyedClient):
    staff = await keyed_client("organise", "sell", "read")
    _, hold, booking = await sold(staff, {"quantity": 1, "area": "floor"})
    body = {"buyer": MARY}
    answer = await guest.post(f"/v1/bookings/{booking['id']}/transfer", json=body, headers=token_of(hold))
    assert answer.status_code == 401
    assert (await transfer(await keyed_client("read"), booking)).status_code == 403


async def test_the_journal_names_the_booking_and_no_person(client: httpx2.AsyncClient, inventory: Inventory):
    event, hold, booking = await sold(client, {"seats": ["A-1-1"]})
    await transfer(client, booking)
    notices, _, _ = await inventory.queries.list_notices(event["number"], since=-1, max_versions=100)
    last = notices[-1]
    assert (last.kind, last.data) == (
        "booking.transferred",
        {"hold": hold["id"], "booking": booking["id"], "reference": booking["reference"]},
    )
    history = await client.get(f"/v1/events/{event['number']}/seats/A-1-1/history")
    assert [item["change"] for item in history.json()["items"]] == ["held", "booked"]


async def test_a_search_finds_the_new_name_only(client: httpx2.AsyncClient):
    """The name of the hold is the one of the person before."""
    event = await make_event(client, capacity=9)
    booking = await confirm(client, await place(client, event, buyer=ADA))
    await transfer(client, booking)
    for words, found in (("somerville", [booking["id"]]), ("lovelace", []), ("ada@", [])):
        answer = await client.get("/v1/bookings", params={"q": words, "event": event["number"]})
        assert [one["id"] for one in answer.json()["items"]] == found
    hold = await client.get(f"/v1/events/{event['number']}/holds")
    assert "Lovelace" not in hold.text


class TestMail:
    async def test_both_people_are_mailed_and_only_the_new_one_gets_a_link(
        self, mailing: Application, shop: httpx2.AsyncClient
    ):
        booking = await book(shop, await make_event(shop, seat_map=SEATS), {"seats": ["A-1-1"]})
        await transfer(shop, booking, language="de")
        first, *rest = await mails_of(mailing)
        assert first.to == "ada@example.org"
        by_person = {mail.to: mail for mail in rest}
        assert set(by_person) == {"ada@example.org", "mary@example.org"}
        given = by_person["ada@example.org"]
        assert given.subject == "Your booking has gone to another person: Concert"
        assert "Mary" not in given.text
        new = by_person["mary@example.org"]
        assert "Diese Buchung gehört jetzt Ihnen." in new.text
        assert "Mary Somerville" in new.text
        kept = (await shop.get(f"/v1/bookings/{booking['id']}")).json()
        assert kept["metadata"] == {"mail_language": "de"}

    async def test_a_link_of_before_opens_nothing(
        self, app: Application, client: httpx2.AsyncClient, guest: httpx2.AsyncClient
    ):
        """The person before asked for it and did not use it. The new one asks, and gets in."""
        event = await make_event(client)
        booking = await confirm(client, await place(client, event), buyer=ADA)
        await ask_for_link(client, booking["reference"], ADA["email"])
        await send_mail(app)
        old = await token_for(app, ADA["email"])
        await transfer(client, booking)
        assert outcome_of(await use(client, old)) == (410, "link_not_valid")
        await ask_for_link(client, booking["reference"], ADA["email"])
        await send_mail(app)
        assert len(await mails_to(app, ADA["email"])) == 1
        await ask_for_link(client, booking["reference"], MARY["email"])
        await send_mail(app)
        opened = (await use(client, await token_for(app, MARY["email"]))).json()
        assert opened["buyer"]["name"] == MARY["name"]
        assert (await codes_of_token(guest, opened)) != []

    async def test_a_mail_that_leaves_late_has_no_ticket(self, app: Application, client: httpx2.AsyncClient):
        booking = await confirm(client, await place(client, await make_event(client)), buyer=ADA)
        tickets, id = tickets_of(app), UUID(booking["id"])
        assert await tickets.links_for_mail(id, "en", 0) != ()
        await transfer(client, booking)
        assert await tickets.links_for_mail(id, "en", 0) == ()
        assert await tickets.make_pdf_for_mail(id, "en", 0) is None
        assert len(await tickets.links_for_mail(id, "en", 1)) == 1

    @pytest.mark.parametrize("count", [0, 1])
    def test_the_mail_derives_the_token_that_opens(self, app: Application, inventory: Inventory, count: int):
        hold, mailer = inventory.new_id(7), delivery_of(app).mailer
        tokens: HoldTokens = inventory.hold_tokens
        assert mailer.hold_token_hash(hold, count) == tokens.hold_token_hash(hold, count)


async def codes_of_token(guest: httpx2.AsyncClient, opened: Json) -> list[str]:
    answer = await guest.get(f"/v1/bookings/{opened['id']}/tickets", headers=token_of(opened))
    return [one["code"] for one in answer.json()["items"]]
