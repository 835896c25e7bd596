"""Callers: who asks in a run beside guests, each with its credentials. Keys of every scope, members, buyers, tokens.

`make_callers` makes them in a deployment that is closed from the start. A few keys are made to be revoked during the
run. The checker judges each answer by the caller's own rights, which `checker/entitled.py` lists by hand.
"""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg

from proof.system import Deployment

__all__ = ["DOOMED", "Caller", "make_callers"]

DOOMED = 4
"""Keys that are revoked during a run."""
STAFF = ("owner", "manager", "box_office", "door", "reports")
SCOPES = ("read", "sell", "organise", "door")
TOKEN_SECONDS = 500
"""Used no longer than this, of ten minutes."""
LIMITED_TO = list(range(2, 20_000, 2))
"""The numbers of the events that the limited member may see: every second one."""
OWN_PAGE = ("Sec-Fetch-Site", "same-origin")
_PASSWORD = "a long passphrase of the proof"  # noqa: S105 - of a throwaway deployment

Headers = list[tuple[str, str]]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Someone who asks. `role` is a scope of a key, a role of a member, or `buyer`."""

    name: str
    principal: str
    """As the journal names it."""
    role: str
    headers: Headers
    organisation: int = 1
    events: list[int] | None = None
    """The numbers of the only events that it may see; None: all."""
    until: int | None = None
    """When its token ends, on the clock of the logs."""

    @property
    def is_buyer(self) -> bool:
        return self.role == "buyer"

    def as_dict(self) -> Json:
        return asdict(self)


def make_callers(deployment: Deployment) -> list[Caller]:
    """Make them through the API, and give accounts their roles in the database. Raises RuntimeError."""
    desk = _Desk(deployment.direct_urls[0], deployment.staff_key)
    people = {name: desk.account(name) for name in (*STAFF, "limited", "stranger", "ada", "grace")}
    with psycopg.connect(deployment.sql_url, autocommit=True) as connection:
        connection.execute("INSERT INTO organisations VALUES (2, 'others', 'Others', now())")
        for name, (account, _) in people.items():
            if name in ("ada", "grace"):
                continue
            role = {"limited": "manager", "stranger": "owner"}.get(name, name)
            connection.execute(
                "INSERT INTO memberships (organisation_number, account_id, role, events, created_at)"
                " VALUES (%s, %s, %s, %s, now())",
                (2 if name == "stranger" else 1, account, role, LIMITED_TO if name == "limited" else None),
            )
    callers = []
    for name, (account, email) in people.items():
        principal, session = f"account:{account}", desk.session(email)
        role = {"limited": "manager", "stranger": "owner", "ada": "buyer", "grace": "buyer"}.get(name, name)
        more: Json = {"organisation": 2} if name == "stranger" else {}
        more |= {"events": LIMITED_TO} if name == "limited" else {}
        callers.append(Caller(name=name, principal=principal, role=role, headers=session, **more))
    owner = next(one.headers for one in callers if one.name == "owner")
    stranger = next(one.headers for one in callers if one.name == "stranger")
    keys = {f"key-{scope}": desk.key(owner, scope) for scope in SCOPES}
    keys |= {f"doomed-{number}": desk.key(owner, "organise") for number in range(1, DOOMED + 1)}
    callers += [_keyed(name, *made) for name, made in keys.items()]
    callers.append(_keyed("key-stranger", *desk.key(stranger, "organise"), organisation=2))
    ends = time.monotonic_ns() + TOKEN_SECONDS * 1_000_000_000
    text = keys["key-sell"][0]
    callers.append(
        Caller(
            name="token-sell",
            principal=_principal_of(text),
            role="sell",
            headers=desk.token_of_key(text),
            until=ends,
        )
    )
    account, email = people["ada"]
    callers.append(
        Caller(
            name="token-ada",
            principal=f"account:{account}",
            role="buyer",
            headers=desk.token_of_account(email),
            until=ends,
        )
    )
    return callers


def _keyed(name: str, text: str, scope: str, *, organisation: int = 1) -> Caller:
    return Caller(
        name=name,
        principal=_principal_of(text),
        role=scope,
        headers=[("Authorization", f"Bearer {text}")],
        organisation=organisation,
    )


def _principal_of(key: str) -> str:
    return f"key:{key.split('_')[1]}"


class _Desk:
    """Requests while nothing is broken yet. Each must succeed."""

    def __init__(self, url: str, staff_key: str) -> None:
        self._place = urlsplit(url)
        self._staff: Headers = [("Authorization", f"Bearer {staff_key}")]

    def account(self, name: str) -> tuple[int, str]:
        """Return the id and the address of a new account."""
        email = f"{name}-{secrets.token_hex(4)}@example.org"
        body = {"name": name, "phone_number": "0", "email": email, "password": _PASSWORD}
        return int(self._post("/users/", body, self._staff)[0]["id"]), email

    def session(self, email: str) -> Headers:
        _, cookie = self._post("/v1/sessions", {"email": email, "password": _PASSWORD}, [OWN_PAGE])
        return [("Cookie", cookie.partition(";")[0]), OWN_PAGE]

    def key(self, maker: Headers, scope: str) -> tuple[str, str]:
        """Return a new key and its scope."""
        made, _ = self._post("/v1/keys", {"name": f"proof {scope}", "scopes": [scope]}, maker)
        return str(made["key"]), scope

    def token_of_key(self, key: str) -> Headers:
        _, id, secret = key.split("_", 2)
        basic = base64.b64encode(f"{id}:{secret}".encode()).decode()
        return self._token({"grant_type": "client_credentials"}, [("Authorization", f"Basic {basic}")])

    def token_of_account(self, email: str) -> Headers:
        return self._token({"grant_type": "password", "username": email, "password": _PASSWORD}, [])

    def _token(self, form: dict[str, str], headers: Headers) -> Headers:
        kind = ("Content-Type", "application/x-www-form-urlencoded")
        made, _ = self._send("/v1/token", urlencode(form), [*headers, kind])
        return [("Authorization", f"Bearer {made['access_token']}")]

    def _post(self, path: str, body: Json, headers: Headers) -> tuple[Json, str]:
        return self._send(path, json.dumps(body), [*headers, ("Content-Type", "application/json")])

    def _send(self, path: str, content: str, headers: Headers) -> tuple[Json, str]:
        """Return the answer and its cookie."""
        connection = http.client.HTTPConnection(self._place.hostname or "", self._place.port, timeout=60)
        try:
            connection.request("POST", path, content, dict(headers))
            answer = connection.getresponse()
            made: Json = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status not in (200, 201):
            raise RuntimeError(f"POST {path} was answered {answer.status}: {made}")
        return made, answer.getheader("Set-Cookie") or ""
