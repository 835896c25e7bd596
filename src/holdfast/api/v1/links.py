"""Links: resets of passwords, sign-in without one, and new addresses, each by a link in a mail."""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.attempts import count_attempt, one_attempt
from holdfast.api.request import Request
from holdfast.api.speaking_routes import SpeakingRoutes
from holdfast.api.v1.people import (
    BUYER_EXAMPLE,
    CHANGED,
    LINK_TOKEN,
    SENT,
    ChangedOut,
    LinkIn,
    MeOut,
    Password,
    SecondFactor,
    SentOut,
    Token,
    actor_of,
    refuse_foreign_page,
    signed_in,
)
from holdfast.api.values import Email
from holdfast.errors import (
    DuplicateEmail,
    Forbidden,
    InvalidInput,
    LinkNotValid,
    SecondFactorRequired,
    TooManyRequests,
)
from holdfast.http.cookies import LINK
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes
from holdfast.http.values import In
from holdfast.identity import identity_of

__all__ = ["LINK_SECONDS", "AddressIn", "request_password_reset", "routes"]

routes: Routes = SpeakingRoutes(tag="accounts")

LINK_SECONDS = 15 * 60


class AddressIn(In):
    email: Email


class ResetPasswordIn(In):
    token: str = Token
    password: Password


class UseLinkIn(In):
    """`code`: what the browser shows that asked for the link. That browser itself needs none."""

    token: str = Token
    code: str | None = Field(None, min_length=1, max_length=20)
    second_factor: SecondFactor | None = None


class LinkSentOut(BaseModel):
    """`code`: another browser needs it to use the link."""

    status: Literal["sent"]
    code: str


@routes.post(
    "/v1/address-changes/confirm",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=ChangedOut,
    errors=[DuplicateEmail, Forbidden, InvalidInput, LinkNotValid, TooManyRequests],
    examples={"the link's token": {"token": LINK_TOKEN}},
    answers={200: CHANGED},
)
async def confirm_address(request: Request, body: LinkIn) -> dict[str, str]:
    """Change an account's address to the one that the link was sent to. The old address gets a note."""
    refuse_foreign_page(request)
    async with one_attempt(request, "confirmation", account=body.token):
        await request.access.recovery.change_address(body.token)
    return CHANGED


@routes.post(
    "/v1/password-resets",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=202,
    response=SentOut,
    errors=[Forbidden, InvalidInput, TooManyRequests],
    examples={"an address": {"email": "ada@example.org"}},
    answers={202: SENT},
)
async def request_password_reset(request: Request, body: AddressIn) -> dict[str, str]:
    """Send a link to reset the password. An unknown address gets the same answer, and no mail."""
    refuse_foreign_page(request)
    await count_attempt(request, "reset", account=identity_of(body.email))
    await request.access.recovery.request_reset(body.email)
    return SENT


@routes.post(
    "/v1/password-resets/confirm",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=ChangedOut,
    errors=[Forbidden, InvalidInput, LinkNotValid, TooManyRequests],
    examples={"another password": {"token": LINK_TOKEN, "password": "difference engine"}},
    answers={200: CHANGED},
)
async def reset_password(request: Request, body: ResetPasswordIn) -> dict[str, str]:
    """Set another password, and end every session of the account."""
    refuse_foreign_page(request)
    async with one_attempt(request, "confirmation", account=body.token):
        await request.access.recovery.reset(body.token, body.password)
    return CHANGED


@routes.post(
    "/v1/sign-in-links",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=202,
    response=LinkSentOut,
    errors=[Forbidden, InvalidInput, TooManyRequests],
    examples={"an address": {"email": "ada@example.org"}},
    answers={202: {"status": "sent", "code": "181544"}},
)
async def request_sign_in_link(request: Request, body: AddressIn) -> Reply:
    """Send a link that signs in as a buyer: once, within 15 minutes, in this browser or with the code."""
    refuse_foreign_page(request)
    await count_attempt(request, "link", account=identity_of(body.email))
    browser, code = await request.access.recovery.request_link(body.email)
    cookie = request.cookie_header(LINK, browser, max_age=LINK_SECONDS)
    return Reply(status=202, body=encode({**SENT, "code": code}), headers=(cookie,))


@routes.post(
    "/v1/sign-in-links/use",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=201,
    response=MeOut,
    errors=[Forbidden, InvalidInput, LinkNotValid, SecondFactorRequired, TooManyRequests],
    examples={
        "in the same browser": {"token": LINK_TOKEN},
        "in another": {"token": LINK_TOKEN, "code": "181544"},
    },
    answers={201: BUYER_EXAMPLE},
)
async def use_sign_in_link(request: Request, body: UseLinkIn) -> Reply:
    """Sign in as a buyer. Work for an organisation needs the password."""
    refuse_foreign_page(request)
    async with one_attempt(request, "code", account=body.token):
        recovery = request.access.recovery
        account = await recovery.check_link(body.token, browser=request.cookie(LINK), code=body.code)
        opened, me = await request.access.sign_in.open(
            account,
            as_buyer=True,
            second_factor=body.second_factor,
            uses=partial(recovery.take_link, token=body.token),
            by=actor_of(request),
        )
    return signed_in(request, opened, me)
