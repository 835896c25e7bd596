"""Sessions: sign in and out with a cookie."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from holdfast.access.permissions import Permission
from holdfast.api.attempts import one_attempt
from holdfast.api.request import Request
from holdfast.api.v1.people import (
    ME_EXAMPLE,
    MeOut,
    OrganisationNumber,
    Password,
    SecondFactor,
    actor_of,
    own_account,
    refuse_foreign_page,
    signed_in,
    signed_out_headers,
)
from holdfast.api.values import Email
from holdfast.errors import (
    CredentialsRequired,
    Forbidden,
    InvalidInput,
    SecondFactorRequired,
    TooManyRequests,
)
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import In
from holdfast.identity import identity_of

__all__ = ["routes"]

routes = Routes(tag="accounts")


class CredentialsIn(In):
    """An address and its password. A member of several organisations names the one to act for; default: the first."""

    email: Email
    password: Password
    organisation: OrganisationNumber | None = None
    second_factor: SecondFactor | None = None


class EndedSessionOut(BaseModel):
    """The browser's cookie is gone."""

    status: Literal["signed_out"]


@routes.post(
    "/v1/sessions",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=201,
    response=MeOut,
    errors=[CredentialsRequired, SecondFactorRequired, Forbidden, InvalidInput, TooManyRequests],
    examples={"an account": {"email": "ada@example.org", "password": "analytical engine"}},
    answers={201: ME_EXAMPLE},
)
async def sign_in(request: Request, body: CredentialsIn) -> Reply:
    """Sign in. The answer sets the session's cookie.

    An unknown address and a wrong password get the same answer. After ten failures in a quarter of an hour, each
    further try of the account or the address waits longer.
    """
    refuse_foreign_page(request)
    async with one_attempt(request, "sign-in", account=identity_of(body.email)):
        opened, me = await request.access.sign_in.with_password(
            body.email,
            body.password,
            organisation=body.organisation,
            second_factor=body.second_factor,
            by=actor_of(request),
        )
    return signed_in(request, opened, me)


@routes.route(
    "DELETE",
    "/v1/sessions/current",
    policy=Permission.PUBLIC,
    response=EndedSessionOut,
    errors=[CredentialsRequired, Forbidden],
    answers={200: {"status": "signed_out"}},
)
async def sign_out(request: Request) -> Reply:
    """Sign out in this browser."""
    if request.principal.session_id is None:
        raise CredentialsRequired(CredentialsRequired.SIGN_IN_NEEDED)
    await request.access.sessions.end(request.principal.session_id, request.session_token)
    return _without_cookie(request)


@routes.route(
    "DELETE",
    "/v1/sessions",
    policy=Permission.PUBLIC,
    response=EndedSessionOut,
    errors=[CredentialsRequired, Forbidden],
    answers={200: {"status": "signed_out"}},
)
async def sign_out_everywhere(request: Request) -> Reply:
    """End every session of the account. Each stops working within a second."""
    await request.access.sessions.end_all(own_account(request))
    session = request.principal.session_id
    if session is not None:
        await request.access.sessions.end(session, request.session_token)
    return _without_cookie(request)


def _without_cookie(request: Request) -> Reply:
    return Reply(body=encode({"status": "signed_out"}), headers=signed_out_headers(request))
