"""Second factors over HTTP: enrolment, sign-in with a code, recovery codes, and organisations that require one.

The kind is "a way in without the code". Its members are every route that opens a session or gives out a token, a code
that comes twice, and a session from before the enrolment.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import psycopg
import pyotp
import pytest

from holdfast.access.second_factors import SecondFactors
from holdfast.http.application import Application
from support.http_app import access_of
from support.people import PASSWORD, browser_of, make_account, make_member, signed_in, token_for

RIGHT = {"email": "ada@example.org", "password": PASSWORD}
START = 1_800_000_000.0


class Clock:
    """A clock that a test moves."""

    now = START

    def __call__(self) -> float:
        return self.now


class App:
    """An authenticator app, whose clock is the server's."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._totp = pyotp.TOTP(secret)
        self._clock = clock

    def code(self, *, steps: int = 0) -> str:
        return self._totp.at(int(self._clock.now) + 30 * steps)

    def next_code(self) -> str:
        self._clock.now += 30
        return self.code()


@pytest.fixture
def clock(closed_app: Application) -> Clock:
    clock = Clock()
    factors = access_of(closed_app).second_factors
    assert isinstance(factors, SecondFactors)
    factors._clock = clock
    return clock


async def enrol(client: httpx2.AsyncClient, clock: Clock) -> tuple[App, list[str]]:
    answer = await client.post("/v1/me/second-factor", json={"password": PASSWORD})
    assert answer.status_code == 200, answer.text
    app = App(answer.json()["secret"], clock)
    confirmed = await client.post("/v1/me/second-factor/confirm", json={"second_factor": app.code()})
    assert confirmed.status_code == 200, confirmed.text
    return app, confirmed.json()["recovery_codes"]


@pytest.fixture
async def ada(closed_app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    await make_account(closed_app, "ada")
    async with signed_in(closed_app, "ada") as browser:
        yield browser


async def try_to_sign_in(app: Application, **more: Any) -> httpx2.Response:
    async with browser_of(app) as browser:
        return await browser.post("/v1/sessions", json=RIGHT | more)


async def test_an_app_counts_when_its_first_code_has_confirmed_it(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    assert (await ada.get("/v1/me/second-factor")).json() == {"enrolled": False, "recovery_codes": 0}
    answer = (await ada.post("/v1/me/second-factor", json={"password": PASSWORD})).json()
    assert answer["uri"].startswith("otpauth://totp/Holdfast:ada%40example.org?secret=" + answer["secret"])
    assert (await try_to_sign_in(closed_app)).status_code == 201
    _, codes = await enrol(ada, clock)
    assert len(set(codes)) == 10
    assert (await ada.get("/v1/me/second-factor")).json() == {"enrolled": True, "recovery_codes": 10}
    refused = await try_to_sign_in(closed_app)
    assert (refused.status_code, refused.json()["code"]) == (401, "second_factor_required")


async def test_each_code_works_once(closed_app: Application, ada: httpx2.AsyncClient, clock: Clock) -> None:
    app, codes = await enrol(ada, clock)
    assert (
        await try_to_sign_in(closed_app, second_factor=app.code())
    ).status_code == 401  # it has confirmed the app
    code = app.next_code()
    answers = await asyncio.gather(*(try_to_sign_in(closed_app, second_factor=code) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401]
    assert (await try_to_sign_in(closed_app, second_factor=codes[0])).status_code == 201
    assert (await try_to_sign_in(closed_app, second_factor=codes[0])).status_code == 401
    spoken = codes[1].upper().replace("-", " ")
    assert (await try_to_sign_in(closed_app, second_factor=spoken)).status_code == 201
    assert (await ada.get("/v1/me/second-factor")).json()["recovery_codes"] == 8


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 401), (1, 201), (2, 401)])
async def test_a_clock_may_be_a_step_away(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock, steps: int, status: int
) -> None:
    """A step before the last that was used is refused: it may be one that was seen."""
    app, _ = await enrol(ada, clock)
    assert (await try_to_sign_in(closed_app, second_factor=app.code(steps=steps))).status_code == status


@pytest.mark.parametrize(
    "code", ["000000", "12345", "1234567", "١٢٣٤٥٦", "aaaa-aaaa-aaaa-aaaa", "x", "é" * 6]
)
async def test_a_wrong_code_is_refused(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock, code: str
) -> None:
    await enrol(ada, clock)
    refused = await try_to_sign_in(closed_app, second_factor=code)
    assert (refused.status_code, refused.json()["code"]) == (401, "second_factor_required")
    for path in ("recovery-codes", "remove"):
        assert (
            await ada.post(f"/v1/me/second-factor/{path}", json={"second_factor": code})
        ).status_code == 401


async def test_a_wrong_password_says_nothing_of_the_app(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    app, _ = await enrol(ada, clock)
    wrong = await try_to_sign_in(closed_app, password="difference engine", second_factor=app.next_code())
    assert (wrong.status_code, wrong.json()["code"]) == (401, "credentials_required")


async def test_a_token_needs_the_code_too(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    app, _ = await enrol(ada, clock)
    form = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
    async with browser_of(closed_app) as client:
        refused = await client.post("/v1/token", data=form)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        granted = await client.post("/v1/token", data=form | {"second_factor": app.next_code()})
        assert granted.status_code == 200
        client.headers["authorization"] = f"Bearer {granted.json()['access_token']}"
        assert (await client.get("/v1/me/second-factor")).status_code == 401  # a program enrols no app


async def test_a_link_waits_for_the_code(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    """A person who forgets the code does not need another mail."""
    app, _ = await enrol(ada, clock)
    async with browser_of(closed_app) as browser:
        await browser.post("/v1/sign-in-links", json={"email": "ada@example.org"})
        link = {"token": await token_for(closed_app, "ada@example.org")}
        for code, status in ((None, 401), ("000000", 401), (app.next_code(), 201), (app.next_code(), 410)):
            more = {} if code is None else {"second_factor": code}
            assert (await browser.post("/v1/sign-in-links/use", json=link | more)).status_code == status


async def test_the_enrolment_ends_the_sessions_of_before(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    async with signed_in(closed_app, "ada") as other:
        await enrol(ada, clock)
        async with asyncio.timeout(10):
            while (await other.get("/v1/me")).status_code == 200:
                pass  # a session is remembered for a second
        assert (await ada.get("/v1/me")).status_code == 200


async def test_an_app_is_removed_with_a_code_only(
    closed_app: Application, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    app, _ = await enrol(ada, clock)
    again = await ada.post("/v1/me/second-factor", json={"password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (409, "second_factor_state")
    renewed = await ada.post("/v1/me/second-factor/recovery-codes", json={"second_factor": app.next_code()})
    code = renewed.json()["recovery_codes"][0]
    assert (await ada.post("/v1/me/second-factor/remove", json={"second_factor": code})).status_code == 200
    assert (await try_to_sign_in(closed_app)).status_code == 201
    absent = await ada.post("/v1/me/second-factor/remove", json={"second_factor": app.next_code()})
    assert (absent.status_code, absent.json()["code"]) == (409, "second_factor_state")


async def test_an_enrolment_needs_the_password(ada: httpx2.AsyncClient, clock: Clock) -> None:
    answer = await ada.post("/v1/me/second-factor", json={"password": "difference engine"})
    assert answer.status_code == 401
    assert (
        await ada.post("/v1/me/second-factor/confirm", json={"second_factor": "123456"})
    ).status_code == 409


async def test_an_organisation_may_require_it_of_its_members(
    closed_app: Application, database_url: str, clock: Clock
) -> None:
    await make_member(closed_app, database_url, "ada", "owner")
    async with signed_in(closed_app, "ada") as ada:
        app, _ = await enrol(ada, clock)
        await make_member(closed_app, database_url, "grace", "manager")
        async with signed_in(closed_app, "grace") as grace:
            assert (await grace.get("/v1/me")).json()["current"]["role"] == "manager"
            changed = await ada.patch("/v1/organisations/1", json={"requires_second_factor": True})
            assert (changed.status_code, changed.json()["requires_second_factor"]) == (200, True)
            async with asyncio.timeout(10):
                while (await grace.get("/v1/me")).status_code == 200:
                    pass  # a session is remembered for a second
        async with signed_in(closed_app, "grace") as grace:
            assert (await grace.get("/v1/me")).json()["current"] is None
            await enrol(grace, clock)
        assert (await ada.get("/v1/organisations/1")).status_code == 200
    again = await try_to_sign_in(closed_app, second_factor=app.next_code())
    assert again.json()["current"]["role"] == "owner"


async def test_the_database_has_no_secret_of_an_app(
    ada: httpx2.AsyncClient, clock: Clock, database_url: str
) -> None:
    secret = (await ada.post("/v1/me/second-factor", json={"password": PASSWORD})).json()["secret"]
    code = pyotp.TOTP(secret).at(int(clock.now))
    codes = (await ada.post("/v1/me/second-factor/confirm", json={"second_factor": code})).json()[
        "recovery_codes"
    ]
    with psycopg.connect(database_url) as connection:
        rows = [
            str(connection.execute(f"SELECT * FROM {table}").fetchall())
            for table in ("totp_apps", "recovery_codes", "audit_entries", "sessions")
        ]
    for text in (secret, *codes):
        assert text not in "".join(rows)


async def test_recovery_codes_are_too_long_to_guess(ada: httpx2.AsyncClient, clock: Clock) -> None:
    """From 112 random bits on, a hash without a salt keeps a code safe (ASVS 6.5.2). A letter of it has five bits."""
    _, codes = await enrol(ada, clock)
    letters = [code.replace("-", "") for code in codes]
    assert min(map(len, letters)) * 5 >= 112
    assert len({letter[:4] for letter in letters}) == len(codes), "they have no common beginning"


async def test_an_invitation_asks_for_the_code_before_it_joins(
    closed_app: Application, database_url: str, ada: httpx2.AsyncClient, clock: Clock
) -> None:
    """A password alone makes nobody a member, and a refusal leaves the link."""
    app, _ = await enrol(ada, clock)
    await make_member(closed_app, database_url, "olga", "owner")
    async with signed_in(closed_app, "olga") as owner, browser_of(closed_app) as colleague:
        await owner.post("/v1/organisations/1/invitations", json={"email": RIGHT["email"], "role": "manager"})
        given = {"token": await token_for(closed_app, RIGHT["email"]), "password": PASSWORD}
        for wrong in ({}, {"second_factor": "000000"}, {"second_factor": "aaaa-aaaa"}):
            refused = await colleague.post("/v1/invitations/accept", json=given | wrong)
            assert (refused.status_code, refused.json()["code"]) == (401, "second_factor_required")
        assert (await ada.get("/v1/me")).json()["memberships"] == []
        joined = await colleague.post(
            "/v1/invitations/accept", json=given | {"second_factor": app.next_code()}
        )
        assert (joined.status_code, joined.json()["current"]["role"]) == (201, "manager")


async def test_a_newcomer_enrols_where_a_factor_is_required(
    closed_app: Application, database_url: str, clock: Clock
) -> None:
    await make_member(closed_app, database_url, "olga", "owner")
    async with signed_in(closed_app, "olga") as owner, browser_of(closed_app) as colleague:
        await enrol(owner, clock)
        await owner.patch("/v1/organisations/1", json={"requires_second_factor": True})
        await owner.post(
            "/v1/organisations/1/invitations", json={"email": "grace@example.org", "role": "manager"}
        )
        token = await token_for(closed_app, "grace@example.org")
        given = {"token": token, "password": PASSWORD, "name": "Grace"}
        joined = await colleague.post("/v1/invitations/accept", json=given)
        assert (joined.status_code, joined.json()["current"]) == (201, None), joined.text
        assert [each["role"] for each in joined.json()["memberships"]] == ["manager"]
        assert (await colleague.get("/v1/bookings")).status_code == 403
        app, _ = await enrol(colleague, clock)
        body = {"email": "grace@example.org", "password": PASSWORD, "second_factor": app.next_code()}
        again = await colleague.post("/v1/sessions", json=body)
        assert again.json()["current"]["role"] == "manager"
