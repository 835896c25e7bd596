"""Targets about people: a good request for every route about them that changes something."""

from __future__ import annotations

import pyotp

from scenarios.hostile.people import OWN_PAGE, PASSWORD, People
from scenarios.hostile.shop import Json
from scenarios.hostile.target import Target

__all__ = ["people_targets"]


def _link_targets(people: People) -> list[Target]:
    """Return a target for each route that takes a token of a link. A token of none is 410."""
    more: dict[str, tuple[Json, dict[str, str]]] = {
        "/v1/accounts/confirm": ({}, {}),
        "/v1/booking-links/use": ({}, {}),
        "/v1/ticket-links/use": ({}, {}),
        "/v1/address-changes/confirm": ({}, {}),
        "/v1/password-resets/confirm": ({"password": "difference engine"}, {"password": "password"}),
        "/v1/sign-in-links/use": ({"code": people.code}, {"code": "password", "second_factor": "password"}),
        "/v1/invitations/accept": (
            {"password": "difference engine", "name": "Dora"},
            {"password": "password", "name": "text", "second_factor": "password"},
        ),
        "/v1/setup": (
            {"name": "Olga", "email": "olga@people.example", "password": "difference engine"},
            {"name": "text", "email": "email", "password": "password"},
        ),
    }
    return [
        Target(
            route=f"POST {path}",
            path=path,
            body={"token": people.tokens.get(path, "x"), **body},
            fields={"token": "token", **fields},
            refusals=frozenset({410, 422}),
            anonymous=True,
        )
        for path, (body, fields) in more.items()
    ]


def _passkey_targets(people: People) -> list[Target]:
    ada, grace = ({"cookie": each, **OWN_PAGE} for each in (people.ada, people.grace))
    credential = {
        "credential": "browser_object",
        "credential/id": "base_64",
        "credential/rawId": "base_64",
        "credential/type": "word",
        "credential/response": "browser_object",
        "credential/response/clientDataJSON": "base_64",
    }
    used = ("authenticatorData", "signature", "userHandle")
    return [
        Target(
            route="POST /v1/me/passkey-options",
            path="/v1/me/passkey-options",
            headers=ada,
            body={"password": PASSWORD},
            fields={"password": "password"},
        ),
        Target(
            route="POST /v1/me/passkeys",
            path="/v1/me/passkeys",
            headers=ada,
            body={"name": "Phone", "credential": people.new_credential},
            fields={"name": "text", **credential, "credential/response/attestationObject": "base_64"},
        ),
        Target(
            route="PATCH /v1/me/passkeys/{passkey}",
            path=f"/v1/me/passkeys/{people.passkey}",
            names=(people.passkey,),
            headers=grace,
            body={"name": "Old phone"},
            fields={"name": "text"},
        ),
        Target(
            route="DELETE /v1/me/passkeys/{passkey}",
            path=f"/v1/me/passkeys/{people.passkey}",
            names=(people.passkey,),
            headers=grace,
        ),
        Target(
            route="POST /v1/sessions/passkey/options", path="/v1/sessions/passkey/options", anonymous=True
        ),
        Target(
            route="POST /v1/sessions/passkey",
            path="/v1/sessions/passkey",
            anonymous=True,
            headers={"cookie": people.signs_in},
            body={"credential": people.used_credential},
            fields={
                **credential,
                **{f"credential/response/{name}": "base_64" for name in used},
                "organisation": "count",
            },
            refusals=frozenset({401, 422}),
        ),
    ]


def _key_targets(people: People) -> list[Target]:
    olga = {"cookie": people.olga, **OWN_PAGE}
    return [
        Target(
            route="POST /v1/keys",
            path="/v1/keys",
            headers=olga,
            by_owner=True,
            body={"name": "Shop", "scopes": ["sell"], "expires_at": "2090-01-01T20:00:00Z"},
            fields={"name": "text", "scopes": "array", "scopes/0": "word", "expires_at": "time"},
        ),
        Target(
            route="POST /v1/keys/{key}/rotate",
            path=f"/v1/keys/{people.key}/rotate",
            names=(people.key,),
            headers=olga,
            by_owner=True,
            body={"overlap_seconds": 60},
            fields={"overlap_seconds": "capacity"},
        ),
        Target(
            route="POST /v1/keys/{key}/revoke",
            path=f"/v1/keys/{people.key}/revoke",
            names=(people.key,),
            headers=olga,
            by_owner=True,
        ),
    ]


def people_targets(people: People) -> list[Target]:
    """Return a target for every POST, PATCH and DELETE about people. A test compares all targets with the catalogue."""
    ada, grace, olga = ({"cookie": each, **OWN_PAGE} for each in (people.ada, people.grace, people.olga))
    dora = str(people.dora)
    return [
        Target(
            route="POST /v1/sessions",
            path="/v1/sessions",
            anonymous=True,
            body={"email": "ada@people.example", "password": PASSWORD},
            fields={
                "email": "email",
                "password": "password",
                "organisation": "count",
                "second_factor": "password",
            },
        ),
        Target(route="DELETE /v1/sessions", path="/v1/sessions", headers=ada),
        Target(route="DELETE /v1/sessions/current", path="/v1/sessions/current", headers=ada),
        Target(
            route="DELETE /v1/me/sessions/{session}",
            path=f"/v1/me/sessions/{people.session}",
            names=(people.session,),
            headers=ada,
        ),
        Target(
            route="POST /v1/token",
            path="/v1/token",
            anonymous=True,
            is_form=True,
            refusals=frozenset({400}),
            body={
                "grant_type": "password",
                "username": "ada@people.example",
                "password": PASSWORD,
                "scope": "sell",
            },
            fields={
                **dict.fromkeys(("grant_type", "username", "password", "scope"), "form"),
                **dict.fromkeys(("second_factor", "refresh_token", "unknown"), "unread_form"),
            },
        ),
        Target(
            route="POST /v1/accounts",
            path="/v1/accounts",
            anonymous=True,
            body={"name": "Eve", "email": "new@people.example", "password": "difference engine"},
            fields={"name": "text", "email": "email", "password": "password"},
        ),
        *_link_targets(people),
        *(
            Target(
                route=f"POST {path}",
                path=path,
                anonymous=True,
                body={"email": "ada@people.example"},
                fields={"email": "email"},
            )
            for path in ("/v1/password-resets", "/v1/sign-in-links")
        ),
        Target(
            route="PATCH /v1/me",
            path="/v1/me",
            headers=ada,
            body={
                "name": "Ada King",
                "email": "queen@people.example",
                "password": "difference engine",
                "present_password": PASSWORD,
                "language": "de",
            },
            fields={
                "name": "text",
                "email": "email",
                "password": "password",
                "present_password": "password",
                "language": "word",
            },
        ),
        Target(
            route="POST /v1/me/second-factor",
            path="/v1/me/second-factor",
            headers=ada,
            body={"password": PASSWORD},
            fields={"password": "password"},
        ),
        Target(
            route="POST /v1/me/second-factor/confirm",
            path="/v1/me/second-factor/confirm",
            headers=ada,
            body={"second_factor": pyotp.TOTP(people.app_secret).now()},
            fields={"second_factor": "password"},
        ),
        *(
            Target(
                route=f"POST /v1/me/second-factor/{act}",
                path=f"/v1/me/second-factor/{act}",
                headers=grace,
                body={"second_factor": people.recovery_codes[0]},
                fields={"second_factor": "password"},
            )
            for act in ("recovery-codes", "remove")
        ),
        *_passkey_targets(people),
        Target(
            route="PATCH /v1/organisations/{organisation}",
            path="/v1/organisations/1",
            names=("1",),
            staff=True,
            body={"requires_second_factor": True},
            fields={"requires_second_factor": "bool"},
        ),
        Target(
            route="POST /v1/organisations/{organisation}/invitations",
            path="/v1/organisations/1/invitations",
            names=("1",),
            staff=True,
            body={"email": "new@people.example", "role": "door"},
            fields={"email": "email", "role": "word", "events": "array"},
        ),
        *_key_targets(people),
        Target(
            route="PATCH /v1/organisations/{organisation}/members/{member}",
            path=f"/v1/organisations/1/members/{dora}",
            names=(dora,),
            headers=olga,
            by_owner=True,
            body={"role": "reports"},
            fields={"role": "word", "events": "array"},
        ),
        Target(
            route="DELETE /v1/organisations/{organisation}/members/{member}",
            path=f"/v1/organisations/1/members/{dora}",
            names=(dora,),
            headers=olga,
            by_owner=True,
        ),
    ]
