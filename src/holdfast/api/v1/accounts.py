"""Accounts: sign-up of buyers, and the first owner of a fresh server."""

from __future__ import annotations

from holdfast.access.permissions import Permission
from holdfast.access.principals import MAIN
from holdfast.api.attempts import count_attempt, one_attempt
from holdfast.api.request import Request
from holdfast.api.speaking_routes import SpeakingRoutes
from holdfast.api.v1.people import (
    BUYER_EXAMPLE,
    LINK_TOKEN,
    ME_EXAMPLE,
    PERSON,
    SENT,
    LinkIn,
    MeOut,
    Password,
    SentOut,
    Token,
    actor_of,
    refuse_foreign_page,
    sign_in_reply,
)
from holdfast.api.values import Email, Name
from holdfast.errors import DuplicateEmail, Forbidden, InvalidInput, LinkNotValid, TooManyRequests
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import In
from holdfast.identity import identity_of

__all__ = ["routes"]

routes: Routes = SpeakingRoutes(tag="accounts")


class SignUpIn(In):
    name: Name
    email: Email
    password: Password


class SetUpIn(In):
    """The first owner. `token` is what follows `#` in the line that the server has printed."""

    token: str = Token
    name: Name
    email: Email
    password: Password


@routes.post(
    "/v1/accounts",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=202,
    response=SentOut,
    errors=[Forbidden, InvalidInput, TooManyRequests],
    examples={"a buyer": PERSON},
    answers={202: SENT},
)
async def sign_up(request: Request, body: SignUpIn) -> dict[str, str]:
    """Send a link to the address. It makes the account. Who has one gets a note instead."""
    refuse_foreign_page(request)
    await count_attempt(request, "sign-up", account=identity_of(body.email))
    await request.access.recovery.request_sign_up(name=body.name, email=body.email, password=body.password)
    return SENT


@routes.post(
    "/v1/accounts/confirm",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=201,
    response=MeOut,
    errors=[DuplicateEmail, Forbidden, InvalidInput, LinkNotValid, TooManyRequests],
    examples={"the link's token": {"token": LINK_TOKEN}},
    answers={201: BUYER_EXAMPLE},
)
async def confirm_account(request: Request, body: LinkIn) -> Reply:
    """Make the account of a link, and sign it in."""
    refuse_foreign_page(request)
    async with one_attempt(request, "confirmation", account=body.token):
        account = await request.access.recovery.sign_up(body.token)
    return await sign_in_reply(request, account, None)


@routes.post(
    "/v1/setup",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=201,
    response=MeOut,
    errors=[DuplicateEmail, Forbidden, InvalidInput, LinkNotValid, TooManyRequests],
    examples={"the first owner": {"token": "hfu_" + LINK_TOKEN[:43], **PERSON}},
    answers={201: ME_EXAMPLE},
)
async def set_up(request: Request, body: SetUpIn) -> Reply:
    """Make the first owner of a fresh server, and sign it in. Open mode ends."""
    refuse_foreign_page(request)
    async with one_attempt(request, "setup", account=None):
        account = await request.access.setup.make_owner(
            body.token,
            name=body.name,
            email=body.email,
            password=body.password,
            organisation=MAIN,
            by=actor_of(request),
        )
    return await sign_in_reply(request, account, MAIN)
