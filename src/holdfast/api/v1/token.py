"""Token: access tokens for programs (RFC 6749), and the public keys that verify them."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any, Literal
from urllib.parse import unquote_plus

import orjson
from pydantic import BaseModel, Field

from holdfast.access.access_tokens import ALGORITHM, LIFETIME_SECONDS
from holdfast.access.permissions import Permission
from holdfast.access.token_grants import Granted, checked_key
from holdfast.api.attempts import one_attempt
from holdfast.api.request import Request
from holdfast.api.v1.people import actor_of
from holdfast.errors import ClientRefused, Fault, HoldfastError, TokenRefused, TooManyRequests
from holdfast.http.forms import Form
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.identity import identity_of

_UNSPEAKABLE = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""Characters that RFC 6749 does not allow in a description."""


def render_error(error: HoldfastError) -> tuple[int, Any]:
    """Return the form of RFC 6749, section 5.2. The server's own failures stay problems.

    The standard has no word for too many attempts. `temporarily_unavailable` is its word for "try again later".
    """
    if isinstance(error, Fault):
        return error.status, None
    status = error.status if isinstance(error, (TokenRefused, TooManyRequests)) else 400
    if isinstance(error, TooManyRequests):
        default = "temporarily_unavailable"
    else:
        default = "invalid_client" if isinstance(error, ClientRefused) else "invalid_request"
    word = error.facts.get("oauth_error", default)
    return status, {"error": word, "error_description": _UNSPEAKABLE.sub("?", error.detail)}


routes = Routes(tag="service")


class TokenForm(Form):
    """A request for a token. An API key proves itself by HTTP Basic, with its id and its secret."""

    grant_type: str | None = Field(
        None, description="`client_credentials` of an API key, `password` of an account, or `refresh_token`."
    )
    scope: str | None = Field(
        None,
        description="Scopes with blanks between them. Default: all of the key, or `account`, which is all that the "
        "account may do.",
    )
    username: str | None = Field(None, description="The account's e-mail address.")
    password: str | None = None
    refresh_token: str | None = None
    second_factor: str | None = Field(None, description="A code of the account's app, or a recovery code.")


class TokenOut(BaseModel):
    """A token, for `Authorization: Bearer …`."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds.")
    scope: str = Field(description="The scopes of the token, with blanks between them.")
    refresh_token: str | None = Field(None, description="Gives the next token, once. Only accounts get one.")


class PublicKeyOut(BaseModel):
    """A JSON Web Key (RFC 7517)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class PublicKeysOut(BaseModel):
    """The keys that verify access tokens."""

    keys: list[PublicKeyOut]


@routes.post(
    "/v1/token",
    policy=Permission.PUBLIC,
    anonymous=True,
    render_error=render_error,
    response=TokenOut,
    errors=[TokenRefused, ClientRefused, TooManyRequests],
    answers={
        200: {
            "access_token": "eyJ…",
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "scope": "read sell",
        }
    },
)
async def issue_token(request: Request, form: TokenForm) -> Reply:
    """Give out an access token, which acts like the API key or the account until it expires or the session ends.

    A refresh token works once, and the answer has the next one. If one comes twice, its session ends. Errors have the
    form of RFC 6749: `{"error": "invalid_client", "error_description": "…"}`.
    """
    if form.grant_type is None:
        raise TokenRefused(TokenRefused.GRANT_MISSING, oauth_error="invalid_request")
    if form.grant_type not in request.grants.offered:
        known = TokenRefused.GRANT_UNKNOWN.format(grants=", ".join(request.grants.offered))
        raise TokenRefused(known, oauth_error="unsupported_grant_type")
    granted = await _grant(request, form)
    answer: dict[str, Any] = {
        "access_token": granted.access_token,
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "scope": " ".join(sorted(granted.scopes)),
    }
    if granted.refresh_token is not None:
        answer["refresh_token"] = granted.refresh_token
    return Reply(body=encode(answer), headers=((b"pragma", b"no-cache"),))


async def _grant(request: Request, form: TokenForm) -> Granted:
    """Give out the token of a grant. Each guess of a secret counts.

    A key and a refresh token count by address alone: their secrets are random, and an attacker's guesses must not
    keep a shop out of its own key.
    """
    grants, by = request.grants, actor_of(request)
    match form.grant_type:
        case "password":
            username, password = _given(form, "username"), _given(form, "password")
            async with one_attempt(request, "sign-in", account=identity_of(username)):
                return await grants.of_password(
                    username, password, form.scope, second_factor=form.second_factor, by=by
                )
        case "refresh_token":
            token = _given(form, "refresh_token")
            async with one_attempt(request, "refresh-token", account=None):
                return await grants.of_refresh_token(token, form.scope, by=by)
    key_id, secret = _basic(request)
    found = await grants.find_key(key_id)
    async with one_attempt(
        request, "client", account=None
    ):  # short, so that a shop's many workers pass at once
        key = checked_key(found, secret)
    return await grants.of_key(key, secret, form.scope)


def _given(form: TokenForm, name: str) -> str:
    value: str | None = getattr(form, name)
    if value is None:
        raise TokenRefused(TokenRefused.FIELD_MISSING.format(name=name), oauth_error="invalid_request")
    return value


@routes.get(
    "/.well-known/jwks.json",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=PublicKeysOut,
    answers={
        200: {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                    "use": "sig",
                    "alg": ALGORITHM,
                }
            ]
        }
    },
)
async def get_public_keys(request: Request) -> Reply:
    """Return the public keys of the access tokens (RFC 7517)."""
    body = orjson.dumps(request.access_tokens.public_keys())
    return Reply(body=body, headers=((b"cache-control", b"public, max-age=3600"),))


def _basic(request: Request) -> tuple[str, str]:
    """Return the id and the secret of HTTP Basic (RFC 6749, section 2.3.1). Raises ClientRefused."""
    scheme, _, encoded = (request.header(b"authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        raise ClientRefused(oauth_error="invalid_client")
    try:
        text = b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise ClientRefused(oauth_error="invalid_client") from None
    client, _, secret = text.partition(":")
    return unquote_plus(client), unquote_plus(secret)
