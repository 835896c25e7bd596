"""Guesses of secrets: each route that compares one slows a guesser down, and never shuts anybody out.

The kind is "a secret that may be guessed without end". I looked for its members in the models of all routes: every
member of a body or form whose name is that of a secret is in SECRETS, or in UNGUESSABLE with a reason. Credentials of
headers (an API key, an access token, a cookie, a hold's token) have 128 random bits or more, so nobody finds one by
guessing; they are looked up on the hot path, which counts nothing for them.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from api.test_token import SECRET, make_key
from holdfast.api.catalogue import all_endpoints
from holdfast.http.application import Application
from holdfast.http.routes import Endpoint
from support.http_app import client_of
from support.people import PASSWORD, after_the_wait, browser_of, make_account, signed_in

NAMES = frozenset(
    {"token", "password", "present_password", "second_factor", "code", "refresh_token", "credential"}
)
"""Names of members that carry a secret."""
AT_ONCE = 10
TOKEN = "A" * 43


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A wrong guess of one secret. `refusal`: the status and the code, or the form's error."""

    members: frozenset[str]
    """The secrets that the guess is about."""
    body: dict[str, Any]
    refusal: tuple[int, str]
    headers: dict[str, str] = field(default_factory=dict)
    is_form: bool = False
    signs_in: bool = False
    """Only a signed-in account may guess."""


def _basic(id: str, secret: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{id}:{secret}".encode()).decode()}


_LINK = (410, "link_not_valid")
_WRONG = "difference engine"
SECRETS: dict[str, list[Guess]] = {
    "POST /v1/sessions": [
        Guess(
            members=frozenset({"password", "second_factor"}),
            body={"email": "ada@example.org", "password": _WRONG},
            refusal=(401, "credentials_required"),
        )
    ],
    "POST /v1/token": [
        Guess(
            members=frozenset({"password", "second_factor"}),
            body={"grant_type": "password", "username": "ada@example.org", "password": _WRONG},
            refusal=(400, "invalid_grant"),
            is_form=True,
        ),
        Guess(
            members=frozenset({"refresh_token"}),
            body={"grant_type": "refresh_token", "refresh_token": "hfr_" + TOKEN},
            refusal=(400, "invalid_grant"),
            is_form=True,
        ),
        Guess(
            members=frozenset(),
            body={"grant_type": "client_credentials"},
            headers=_basic("shop", "t" * 43),
            refusal=(401, "invalid_client"),
            is_form=True,
        ),
    ],
    **{
        f"POST {path}": [
            Guess(members=frozenset({"token", *more}), body={"token": TOKEN, **more}, refusal=_LINK)
        ]
        for path, more in {
            "/v1/accounts/confirm": {},
            "/v1/booking-links/use": {},
            "/v1/address-changes/confirm": {},
            "/v1/password-resets/confirm": {"password": "another engine of mine"},
            "/v1/sign-in-links/use": {"code": "123456", "second_factor": "123456"},
            "/v1/invitations/accept": {"password": _WRONG, "second_factor": "123456"},
            "/v1/setup": {"password": _WRONG, "name": "Eve", "email": "eve@example.org"},
        }.items()
    },
    "PATCH /v1/me": [
        Guess(
            members=frozenset({"present_password", "password"}),
            body={"password": "another engine of mine", "present_password": _WRONG},
            refusal=(401, "credentials_required"),
            signs_in=True,
        )
    ],
    "POST /v1/me/second-factor": [
        Guess(
            members=frozenset({"password"}),
            body={"password": _WRONG},
            refusal=(401, "credentials_required"),
            signs_in=True,
        )
    ],
    "POST /v1/me/passkey-options": [
        Guess(
            members=frozenset({"password"}),
            body={"password": _WRONG},
            refusal=(401, "credentials_required"),
            signs_in=True,
        )
    ],
    "POST /v1/sessions/passkey": [
        Guess(
            members=frozenset({"credential"}),
            body={
                "credential": {
                    "id": "AAAA",
                    "rawId": "AAAA",
                    "type": "public-key",
                    "response": {"clientDataJSON": "AAAA", "authenticatorData": "AAAA", "signature": "AAAA"},
                }
            },
            refusal=(401, "credentials_required"),
        )
    ],
    **{
        f"POST /v1/me/second-factor/{act}": [
            Guess(
                members=frozenset({"second_factor"}),
                body={"second_factor": "123456"},
                refusal=(409, "second_factor_state"),
                signs_in=True,
            )
        ]
        for act in ("confirm", "recovery-codes", "remove")
    },
}
UNGUESSABLE = {
    "POST /v1/events/{event}/check-ins": ("code", "of a ticket, a signature that only a door may send"),
    "POST /v1/events/{event}/tickets/check": ("code", "of a ticket, a signature that only a door may send"),
    "POST /v1/ticket-links/use": ("token", "of a ticket, a signature of 64 bytes"),
    "POST /v1/accounts": ("password", "of a new account, which is compared with nothing"),
    "POST /users": ("password", "of a new account, which is compared with nothing"),
    "POST /v1/me/passkeys": ("credential", "of a new passkey, which its owner's session has asked for"),
}
"""The secret of each other route, and why nobody guesses it."""


def _secrets_of(endpoint: Endpoint) -> frozenset[str]:
    """Return the names of the members of the body, or of the form, that carry a secret."""
    if endpoint.form is not None:
        return NAMES & endpoint.form.model_fields.keys()
    if endpoint.body is None:
        return frozenset()
    schema = endpoint.body.json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return NAMES & {name for part in parts for name in part.get("properties", {})}


def test_every_route_with_a_secret_is_tried() -> None:
    found = {
        f"{one.method} {one.path}".rstrip("/"): secrets
        for one in all_endpoints()
        if (secrets := _secrets_of(one))
    }
    tried = {
        route: frozenset().union(*(guess.members & NAMES for guess in guesses))
        for route, guesses in SECRETS.items()
    }
    assert found == tried | {route: frozenset({name}) for route, (name, _) in UNGUESSABLE.items()}


CASES = [
    pytest.param(route, guess, id=f"{route} {n}")
    for route, all_of in SECRETS.items()
    for n, guess in enumerate(all_of)
]


@pytest.mark.parametrize(("route", "guess"), CASES)
async def test_guesses_wait(closed_app: Application, route: str, guess: Guess) -> None:
    """Ten of many guesses at once are compared. After the wait the next one is."""
    await make_account(closed_app, "ada")
    await make_key(closed_app)
    async with browser_of(closed_app) as stranger, signed_in(closed_app, "ada") as ada:
        ask = _asking(ada if guess.signs_in else stranger, route, guess)
        answers = await asyncio.gather(*(ask() for _ in range(3 * AT_ONCE)))
        compared = [one for one in answers if one.status_code != 429]
        assert len(compared) == AT_ONCE
        for answer in compared:
            found = answer.json()
            assert (answer.status_code, found["error"] if guess.is_form else found["code"]) == guess.refusal
        refused = [one for one in answers if one.status_code == 429]
        for answer in refused:
            _check_refusal(answer, is_form=guess.is_form)
        after_the_wait(closed_app, seconds=max(int(one.headers["retry-after"]) for one in refused))
        assert (await ask()).status_code == guess.refusal[0]


def _asking(client: httpx2.AsyncClient, route: str, guess: Guess) -> Callable[[], Any]:
    method, _, path = route.partition(" ")
    given = {"data": guess.body} if guess.is_form else {"json": guess.body}
    return lambda: client.request(method, path, headers=guess.headers, **given)


def _check_refusal(answer: httpx2.Response, *, is_form: bool) -> None:
    assert int(answer.headers["retry-after"]) > 0
    if is_form:
        assert answer.headers["content-type"] == "application/json"
        assert sorted(answer.json()) == ["error", "error_description"]
        assert answer.json()["error"] == "temporarily_unavailable"
    else:
        assert answer.json()["code"] == "rate_limited"


async def test_guesses_of_a_key_do_not_keep_its_owner_out(closed_app: Application) -> None:
    """Who knows the id of a key guesses from one address. The shop gets its tokens from another."""
    await make_key(closed_app)
    form = {"grant_type": "client_credentials"}
    async with (
        client_of(closed_app, peer="203.0.113.66") as attacker,
        client_of(closed_app, peer="203.0.113.7") as shop,
    ):
        for _ in range(2 * AT_ONCE):
            await attacker.post("/v1/token", data=form, headers=_basic("shop", "t" * 43))
        right = _basic("shop", SECRET)
        assert (await attacker.post("/v1/token", data=form, headers=right)).status_code == 429
        answers = await asyncio.gather(
            *(shop.post("/v1/token", data=form, headers=right) for _ in range(5 * AT_ONCE))
        )
        assert {one.status_code for one in answers} == {200}, "many workers of a shop start at once"


async def test_a_right_secret_is_no_guess(closed_app: Application) -> None:
    await make_account(closed_app, "ada")
    async with browser_of(closed_app) as client:
        form = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
        tokens = (await client.post("/v1/token", data=form)).json()
        for _ in range(2 * AT_ONCE):
            again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
            answer = await client.post("/v1/token", data=again)
            assert answer.status_code == 200
            tokens = answer.json()
