"""What members of staff see of buyers: the door no contact, and reports no name, wherever a buyer is shown.

The kind: every answer to staff with a buyer in it, found by `buyer_json(` in the sources: the list of bookings, one
booking, and an event's holds. A token shows its own buyer to anyone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from holdfast.access.permissions import Role
from holdfast.http.application import Application
from support.http_app import KeyedClient
from support.http_sales import Json, confirm, make_event, place, token_of
from support.people import make_member, signed_in

BUYER = {"reference": "customer-81", "name": "Ada Lovelace", "email": "ada@example.org"}
HIDDEN = {"reference": None, "name": None, "email": None}
SEEN = {
    Role.OWNER: BUYER,
    Role.MANAGER: BUYER,
    Role.BOX_OFFICE: BUYER,
    Role.DOOR: {**HIDDEN, "name": "Ada Lovelace"},
    Role.REPORTS: HIDDEN,
}
SECRETS = ("Ada", "ada@", "customer-81", "A-1")


@pytest.fixture
async def event(keyed_client: KeyedClient) -> Json:
    return await make_event(await keyed_client("organise"), capacity=9)


@pytest.fixture
async def hold(guest: httpx2.AsyncClient, event: Json) -> Json:
    return await place(guest, event, buyer=BUYER, metadata={"order": "A-1"})


@pytest.fixture
async def booking(guest: httpx2.AsyncClient, hold: Json) -> Json:
    return await confirm(guest, hold)


@pytest.fixture(params=list(Role))
async def member(
    request: pytest.FixtureRequest, closed_app: Application, database_url: str, event: Json
) -> AsyncIterator[tuple[Role, httpx2.AsyncClient]]:
    """A member of the event's organisation, who may see this event only."""
    await make_member(closed_app, database_url, "mia", request.param, events=[event["number"]])
    async with signed_in(closed_app, "mia") as browser:
        yield request.param, browser


async def test_a_role_sees_its_part_of_a_buyer(
    member: tuple[Role, httpx2.AsyncClient], event: Json, booking: Json
):
    role, browser = member
    answers = [
        await browser.get(f"/v1/bookings?event={event['number']}"),
        await browser.get(f"/v1/bookings/{booking['id']}"),
        await browser.get(f"/v1/events/{event['number']}/holds"),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        shown = answer.json().get("items", [answer.json()])[0]
        assert shown["buyer"] == SEEN[role]
        assert shown["metadata"] == ({"order": "A-1"} if SEEN[role] == BUYER else {})
        if role is Role.REPORTS:
            assert not [secret for secret in SECRETS if secret in answer.text]


async def test_nobody_searches_by_what_is_hidden(
    member: tuple[Role, httpx2.AsyncClient], event: Json, booking: Json
):
    """An answer to a guess would show it."""
    role, browser = member
    for path in (
        f"/v1/bookings?event={event['number']}&metadata[order]=A-1",
        f"/v1/events/{event['number']}/holds?buyer=customer-81",
    ):
        answer = await browser.get(path)
        assert (answer.status_code == 403) is (SEEN[role] != BUYER), path
        if answer.status_code == 403:
            assert answer.json()["permission"] == "contacts:read"


async def test_tickets_are_for_sellers_and_the_token(
    member: tuple[Role, httpx2.AsyncClient], hold: Json, booking: Json
):
    """A ticket's code lets somebody in, so reports and the door do not read them."""
    role, browser = member
    for path in (f"/v1/bookings/{booking['id']}/tickets", f"/v1/bookings/{booking['id']}/tickets.pdf"):
        assert ((await browser.get(path)).status_code == 403) is (SEEN[role] != BUYER)
    answer = await browser.get(f"/v1/bookings/{booking['id']}", headers=token_of(hold))
    assert answer.json()["buyer"] == BUYER
