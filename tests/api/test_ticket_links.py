"""The link of one ticket: its bearer has the ticket, and learns nothing of its buyer and of the other tickets.

The kind: a credential that opens more than it should, or for longer.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import httpx2
import pytest

from support.http_sales import SEATS, Json, ask_booking, make_event, outcome_of, place, token_of

INVALID = (410, "link_not_valid")


async def bought(client: httpx2.AsyncClient, **event: object) -> tuple[Json, Json, list[Json]]:
    """Buy two seats as Ada. Return the hold, the booking and its tickets."""
    made = await make_event(client, seat_map=SEATS, venue="Harbour hall", **event)
    hold = await place(client, made, {"seats": ["A-1-1", "A-1-2"]})
    buyer = {"name": "Ada Lovelace", "email": "ada@example.org"}
    booking = (await ask_booking(client, hold, buyer=buyer, metadata={"note": "private words"})).json()
    listed = await client.get(f"/v1/bookings/{booking['id']}/tickets", headers=token_of(hold))
    return hold, booking, listed.json()["items"]


async def use(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/v1/ticket-links/use", json={"token": token})


def token_in(ticket: Json) -> str:
    page, _, token = ticket["link"].partition("#")
    assert page == "my/ticket"
    return str(token)


async def test_a_link_shows_one_ticket_and_nothing_of_its_buyer(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient
) -> None:
    _, booking, tickets = await bought(client)
    for ticket in tickets:
        answer = await use(guest, token_in(ticket))
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["reference"], found["code"]) == (ticket["reference"], ticket["code"])
        assert (found["seat"], found["venue"]) == (ticket["seat"], "Harbour hall")
        for private in ("Ada", "ada@example.org", "private words", booking["id"], "of"):
            assert private not in (answer.text if private != "of" else found)
    assert (await use(guest, token_in(tickets[0]))).status_code == 200, "it works again"


async def test_a_new_code_ends_the_link_of_its_ticket_alone(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient
) -> None:
    hold, booking, tickets = await bought(client)
    path = f"/v1/bookings/{booking['id']}/tickets/1/reissue"
    reissued = (await client.post(path, headers=token_of(hold))).json()
    assert outcome_of(await use(guest, token_in(tickets[0]))) == INVALID
    assert (await use(guest, token_in(reissued))).json()["code"] == reissued["code"]
    assert (await use(guest, token_in(tickets[1]))).status_code == 200


async def test_the_link_of_a_cancelled_booking_shows_a_void_ticket(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient
) -> None:
    hold, booking, tickets = await bought(client)
    cancelled = await client.post(f"/v1/bookings/{booking['id']}/cancel", headers=token_of(hold))
    assert cancelled.status_code == 200, cancelled.text
    found = (await use(guest, token_in(tickets[0]))).json()
    assert (found["status"], found["code"]) == ("void", None)
    listed = await client.get(f"/v1/bookings/{booking['id']}/tickets", headers=token_of(hold))
    assert {one["link"] for one in listed.json()["items"]} == {None}


async def test_the_link_of_a_returned_ticket_is_over(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient
) -> None:
    hold, booking, tickets = await bought(client)
    body = {"lines": [{"seats": ["A-1-1"]}]}
    returned = await client.post(f"/v1/bookings/{booking['id']}/cancel", headers=token_of(hold), json=body)
    assert returned.status_code == 200, returned.text
    assert outcome_of(await use(guest, token_in(tickets[0]))) == INVALID
    assert (await use(guest, token_in(tickets[1]))).status_code == 200


@pytest.mark.parametrize(
    "name", ["another number", "another revision", "another booking", "another signature"]
)
async def test_a_token_that_was_changed_opens_nothing(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient, name: str
) -> None:
    _, _, tickets = await bought(client)
    content = bytearray(urlsafe_b64decode(token_in(tickets[0])))
    places = {"another number": 21, "another revision": 25, "another booking": 18, "another signature": 60}
    content[places[name]] ^= 3
    assert outcome_of(await use(guest, urlsafe_b64encode(content).decode())) == INVALID


@pytest.mark.parametrize(
    "change", [str.lower, lambda one: one + "A", lambda one: one[:-4], lambda one: "=" + one[1:]]
)
async def test_another_spelling_opens_nothing(
    client: httpx2.AsyncClient, guest: httpx2.AsyncClient, change: object
) -> None:
    _, _, tickets = await bought(client)
    assert callable(change)
    assert outcome_of(await use(guest, change(token_in(tickets[0])))) == INVALID
