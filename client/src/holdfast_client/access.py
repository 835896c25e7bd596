"""Calls about who calls, and about accounts."""

from __future__ import annotations

from urllib.parse import urlencode

from holdfast_client.calls import Answer, Call, form, get, given, one, post, spoken
from holdfast_client.models import Me, Tokens


def get_me() -> Call[Me]:
    """Read who this client is for the server, and what it may do."""
    return get("/v1/me", one(Me))


def sign_up(
    name: str,
    email: str,
    password: str,
    *,
    language: str | None = None,
    idempotency_key: str | None = None,
) -> Call[None]:
    """Send a link to the address, which makes an account. Who has one gets a note instead.

    Raises: InvalidInput for a password that is easy to guess.
    """
    body = {"name": name, "email": email, "password": password}
    return post("/v1/accounts", _nothing, body=body, key=idempotency_key, headers=spoken(language))


def sign_in(
    email: str, password: str, *, second_factor: str | None = None, scope: str | None = None
) -> Call[Tokens]:
    """Sign an account in, and return its tokens. `Client(api_key=tokens.access_token)` acts as the account.

    `second_factor`: a code of its app, or a recovery code. `scope` narrows what the token may do, as `read sell`.

    Raises: Refused for a wrong password or code.
    """
    members = given(username=email, password=password, second_factor=second_factor, scope=scope)
    return form("/v1/token", one(Tokens), urlencode({"grant_type": "password", **members}))


def renew_tokens(refresh_token: str) -> Call[Tokens]:
    """Return the next tokens of an account. Its refresh token works once, so the call is sent once.

    Raises: Refused once the session has ended.
    """
    members = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return form("/v1/token", one(Tokens), urlencode(members), repeatable=False)


def _nothing(_: Answer) -> None:
    return None
