"""Find my booking: a link goes to the buyer's address, and nobody else learns whether a guess was right.

The kind is "an answer, or a time, that says what belongs to an address". A request writes one job, and looks at
nothing. So the test compares the answers and the statements of a right guess and of each wrong one.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from api.test_sessions import run
from holdfast.http.application import Application
from support.delivering import run_due, runner_of
from support.http_app import delivery_of
from support.http_sales import Json, ask_booking, make_event, outcome_of, place, token_of
from support.people import mails_to, token_for

ADA = "ada@example.org"
INVALID = (410, "link_not_valid")


@pytest.fixture
async def booking(client: httpx2.AsyncClient) -> Json:
    """A booking of Ada's."""
    event = await make_event(client, name="The Paper Lighthouse", venue="Saltmarsh Arena")
    answer = await ask_booking(client, await place(client, event), buyer={"name": "Ada", "email": ADA})
    made: Json = answer.json()
    return made


async def request(client: httpx2.AsyncClient, reference: str, email: str = ADA) -> httpx2.Response:
    return await client.post("/v1/booking-links", json={"reference": reference, "email": email})


async def send_mail(app: Application) -> None:
    """Let the server look for what was asked for, and send."""
    await run_due(runner_of(delivery_of(app)))


async def use(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/v1/booking-links/use", json={"token": token})


async def test_a_buyer_gets_a_link_that_opens_the_booking(
    app: Application,
    closed_app: Application,
    client: httpx2.AsyncClient,
    guest: httpx2.AsyncClient,
    booking: Json,
):
    answer = await request(guest, booking["reference"])
    assert (answer.status_code, answer.json()) == (202, {"status": "sent"})
    await send_mail(app)
    number = f"{booking['reference'][:4]}-{booking['reference'][4:]}"
    assert await mails_to(app, ADA) == [f"Your booking {number}"]
    (mail,) = await delivery_of(app).mailer.list_mail(limit=1)
    assert "The Paper Lighthouse" in mail.text
    assert "/my/open#" in mail.text
    opened = await use(guest, await token_for(app, ADA))
    assert opened.status_code == 200
    found = opened.json()
    assert found["id"] == booking["id"]
    again = await guest.get(f"/v1/bookings/{booking['id']}/tickets", headers=token_of(found))
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("reference", "email"),
    [
        (str.lower, ADA),
        (lambda text: f"{text[:4]}-{text[4:]}", ADA),
        (str, "ADA@EXAMPLE.ORG"),
    ],
    ids=["small letters", "hyphen", "capitals"],
)
async def test_people_type_as_they_like(
    app: Application, client: httpx2.AsyncClient, booking: Json, reference: Any, email: str
):
    """The mail goes to the address as it was booked."""
    assert (await request(client, reference(booking["reference"]), email)).status_code == 202
    await send_mail(app)
    assert len(await mails_to(app, ADA)) == 1


async def test_a_wrong_guess_gets_the_same_answer_after_the_same_work(
    app: Application, client: httpx2.AsyncClient, booking: Json, statements: list[str]
):
    answers, work = [], []
    guesses = [
        (booking["reference"], ADA),
        (booking["reference"], "eve@example.org"),
        ("ZZZZZZZZ", ADA),
        ("ZZZZZZZZ", "eve@example.org"),
    ]
    for reference, email in guesses:
        statements.clear()
        answer = await request(client, reference, email)
        answers.append((answer.status_code, answer.content))
        work.append(list(statements))
    assert len(set(answers)) == 1
    assert work[0] == work[1] == work[2] == work[3] != []
    await send_mail(app)
    assert len(await mails_to(app, ADA)) == 1
    assert await mails_to(app, "eve@example.org") == []


class TestLink:
    async def test_it_works_once(self, app: Application, client: httpx2.AsyncClient, booking: Json):
        await request(client, booking["reference"])
        await send_mail(app)
        token = await token_for(app, ADA)
        assert (await use(client, token)).status_code == 200
        assert outcome_of(await use(client, token)) == INVALID

    async def test_it_works_for_a_quarter_of_an_hour(
        self, app: Application, client: httpx2.AsyncClient, booking: Json, database_url: str
    ):
        await request(client, booking["reference"])
        await send_mail(app)
        await run(database_url, "UPDATE one_time_tokens SET expires_at = expires_at - interval '15 minutes'")
        assert outcome_of(await use(client, await token_for(app, ADA))) == INVALID

    async def test_it_does_nothing_else(self, app: Application, client: httpx2.AsyncClient, booking: Json):
        """A link to a booking signs nobody in, and a link of another purpose opens no booking."""
        await request(client, booking["reference"])
        await send_mail(app)
        token = await token_for(app, ADA)
        assert outcome_of(await client.post("/v1/accounts/confirm", json={"token": token})) == INVALID
        person = {"name": "Eve", "email": "eve@example.org", "password": "analytical engine"}
        assert (await client.post("/v1/accounts", json=person)).status_code == 202
        assert outcome_of(await use(client, await token_for(app, "eve@example.org"))) == INVALID
        assert (await use(client, token)).status_code == 200

    @pytest.mark.parametrize("token", ["x", "x" * 43, "#", "hfh_1_" + "A" * 43])
    async def test_other_texts_are_none(self, client: httpx2.AsyncClient, token: str):
        assert outcome_of(await use(client, token)) == INVALID

    async def test_a_cancelled_booking_is_found_too(
        self, app: Application, client: httpx2.AsyncClient, booking: Json
    ):
        await client.post(f"/v1/bookings/{booking['id']}/cancel")
        await request(client, booking["reference"])
        await send_mail(app)
        assert (await use(client, await token_for(app, ADA))).json()["status"] == "cancelled"


async def test_guesses_are_limited_by_address_and_by_account(client: httpx2.AsyncClient, booking: Json):
    answers = [await request(client, "ZZZZZZZZ", ADA) for _ in range(12)]
    assert {answer.status_code for answer in answers[:10]} == {202}
    refused = answers[-1]
    assert outcome_of(refused) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0


async def test_a_booking_that_no_token_opens_gets_no_link(
    app: Application, client: httpx2.AsyncClient, booking: Json, database_url: str
):
    """Its hold was placed under another server key, for example. A link that opens nothing would only confuse."""
    await run(database_url, "UPDATE holds SET token_hash = sha256('another')")
    await request(client, booking["reference"])
    await send_mail(app)
    assert await mails_to(app, ADA) == []
