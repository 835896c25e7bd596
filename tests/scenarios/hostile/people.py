"""People: accounts, members, links and sessions, for the routes about them that change something.

They are made for these requests only: each password that is hashed costs as much time as a whole other test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pyotp

from holdfast.access.sessions import SQL
from holdfast.access.setup_token import setup_token
from holdfast.http.application import Application
from holdfast.tickets.booking_links import KIND as BOOKING_LINK
from scenarios.hostile.shop import Json
from support.authenticator import Authenticator
from support.http_app import SECRET_KEY, access_of, delivery_of
from support.http_sales import ask_booking, make_event, place
from support.people import token_for

__all__ = ["OWN_PAGE", "PASSWORD", "People", "make_owner", "meet"]

OWN_PAGE = {"sec-fetch-site": "same-origin"}
PASSWORD = "analytical engine"
_BLANK_OPTIONS: Json = {"rp": {"id": "a"}, "rpId": "a", "user": {"id": "AAAA"}, "challenge": "AAAA"}


@dataclass(slots=True)
class People:
    """Ada is a buyer who has begun to enrol an app, Grace has one. Olga owns the organisation, and Dora works there."""

    ada: str = ""
    """The cookie of a session. The others have one, too."""
    grace: str = ""
    olga: str = ""
    dora: int = 1
    """The account."""
    app_secret: str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    """What Ada's app has, which she has not confirmed."""
    recovery_codes: list[str] = field(default_factory=lambda: ["", ""])
    new_credential: Json = field(default_factory=lambda: _device().create(_BLANK_OPTIONS))
    """A passkey that Ada's browser has just made."""
    passkey: str = ""
    """The id of Grace's."""
    key: str = "k3v9x0q2m7ab"
    """The id of an API key that Olga has made."""
    session: str = ""
    """The id of Ada's."""
    used_credential: Json = field(default_factory=lambda: _device().get(_BLANK_OPTIONS))
    """How it answers the challenge of the browser `signs_in`."""
    signs_in: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    """The token of a link, by the path of the route that takes it."""
    code: str = "1"
    """What the browser shows that has asked for a link to sign in."""


async def meet(app: Application, client: httpx2.AsyncClient) -> People:
    """Make the people, in open mode, without an owner."""
    people = People()
    people.ada = await _sign_up(client, "ada")
    people.grace = await _sign_up(client, "grace")
    enrolment = await _post(client, "/v1/me/second-factor", {"password": PASSWORD}, people.ada)
    people.app_secret = enrolment["secret"]
    enrolment = await _post(client, "/v1/me/second-factor", {"password": PASSWORD}, people.grace)
    code = {"second_factor": pyotp.TOTP(enrolment["secret"]).now()}
    confirmed = await _post(client, "/v1/me/second-factor/confirm", code, people.grace)
    people.recovery_codes = confirmed["recovery_codes"]
    await _make_passkeys(client, people)
    found = (await client.get("/v1/me/sessions", headers={"cookie": people.ada})).json()
    people.session = found["items"][0]["id"]
    for path, ask, body in _LINKS:
        answer = await ask(client, body, people)
        people.code = answer.get("code", people.code)
        newest = (await client.get("/v1/mailbox?limit=1")).json()["items"][0]
        people.tokens[path] = newest["text"].partition("#")[2].split()[0]
    people.tokens["/v1/booking-links/use"] = await _booking_token(app, client)
    people.tokens["/v1/ticket-links/use"] = await _ticket_token(client)
    people.tokens["/v1/setup"] = await _setup_token(app)
    client.cookies.clear()
    return people


async def make_owner(client: httpx2.AsyncClient, people: People) -> None:
    """Make Olga the owner, and Dora a member. Open mode ends."""
    person = {"name": "Olga", "email": "olga@example.org", "password": PASSWORD}
    made = await client.post("/v1/setup", json={"token": people.tokens["/v1/setup"], **person})
    people.olga = made.headers["set-cookie"].partition(";")[0]
    client.cookies.clear()
    joined = await _post(
        client,
        "/v1/invitations/accept",
        {"token": people.tokens["/v1/invitations/accept"], "name": "Dora", "password": PASSWORD},
    )
    people.dora = joined["account"]["id"]
    client.cookies.clear()
    made = await _post(client, "/v1/keys", {"name": "Shop", "scopes": ["sell"]}, people.olga)
    people.key = made["id"]


async def _make_passkeys(client: httpx2.AsyncClient, people: People) -> None:
    password = {"password": PASSWORD}
    people.new_credential = _device().create(
        await _post(client, "/v1/me/passkey-options", password, people.ada)
    )
    device = Authenticator()
    made = device.create(await _post(client, "/v1/me/passkey-options", password, people.grace))
    added = await _post(client, "/v1/me/passkeys", {"name": "Phone", "credential": made}, people.grace)
    people.passkey = added["id"]
    options = await client.post("/v1/sessions/passkey/options")
    people.used_credential = device.get(options.json())
    people.signs_in = options.headers["set-cookie"].partition(";")[0]
    client.cookies.clear()


def _device() -> Authenticator:
    device = Authenticator()
    device.create(_BLANK_OPTIONS)
    return device


async def _sign_up(client: httpx2.AsyncClient, name: str) -> str:
    """Make an account, and return the cookie of its session."""
    email = f"{name}@people.example"
    await _post(client, "/users/", {"name": name, "phone_number": "1", "email": email, "password": PASSWORD})
    signed_in = await client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
    client.cookies.clear()
    return signed_in.headers["set-cookie"].partition(";")[0]


async def _post(client: httpx2.AsyncClient, path: str, body: Json, cookie: str = "") -> Json:
    headers = {"cookie": cookie, **OWN_PAGE} if cookie else {}
    answer = await client.post(path, json=body, headers=headers)
    assert answer.status_code < 300, answer.text
    found: Json = answer.json()
    return found


def _asking(path: str) -> Callable[[httpx2.AsyncClient, Json, People], Any]:
    async def ask(client: httpx2.AsyncClient, body: Json, people: People) -> Json:
        return await _post(client, path, body)

    return ask


async def _ask_for_address(client: httpx2.AsyncClient, body: Json, people: People) -> Json:
    answer = await client.patch("/v1/me", json=body, headers={"cookie": people.ada, **OWN_PAGE})
    assert answer.status_code == 200, answer.text
    return {}


_LINKS = (
    (
        "/v1/accounts/confirm",
        _asking("/v1/accounts"),
        {"name": "Eve", "email": "eve@people.example", "password": "nanoseconds of wire"},
    ),
    ("/v1/password-resets/confirm", _asking("/v1/password-resets"), {"email": "ada@people.example"}),
    ("/v1/sign-in-links/use", _asking("/v1/sign-in-links"), {"email": "ada@people.example"}),
    (
        "/v1/invitations/accept",
        _asking("/v1/organisations/1/invitations"),
        {"email": "dora@people.example", "role": "door"},
    ),
    (
        "/v1/address-changes/confirm",
        _ask_for_address,
        {"email": "king@people.example", "present_password": PASSWORD},
    ),
)
"""The route that takes a link's token, how one asks for the link, and with which body."""


async def _booking_token(app: Application, client: httpx2.AsyncClient) -> str:
    """Return the token of a link to a booking of Ada's."""
    hold = await place(client, await make_event(client))
    booked = await ask_booking(client, hold, buyer={"email": "found@people.example"})
    sought = {"reference": booked.json()["reference"], "email": "found@people.example"}
    await _post(client, "/v1/booking-links", sought)
    wanted = {"busy": [], "max_of_subject": 1, "max_rows": 1, "lease_seconds": 60.0}
    (job,) = await delivery_of(app).jobs.claim([BOOKING_LINK], **wanted)
    await delivery_of(app).acts[BOOKING_LINK](job)
    return await token_for(app, "found@people.example")


async def _ticket_token(client: httpx2.AsyncClient) -> str:
    """Return the token of the link of a ticket."""
    hold = await place(client, await make_event(client))
    booked = (await ask_booking(client, hold)).json()
    path, headers = f"/v1/bookings/{booked['id']}/tickets", {"hold-token": hold["hold_token"]}
    (ticket,) = (await client.get(path, headers=headers)).json()["items"]
    token: str = ticket["link"].partition("#")[2]
    return token


async def _setup_token(app: Application) -> str:
    """Return the token of the line that the server prints at its first start."""
    connections = access_of(app).setup._connections
    (epoch,) = (await connections.ask_pool(connections.control(), SQL["read_setup"])).column("epoch")
    return setup_token(SECRET_KEY.encode(), epoch)
