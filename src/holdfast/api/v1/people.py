"""People: what the routes about accounts and members share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from holdfast.access.audit import Actor
from holdfast.access.authorisation import whole_account_needed
from holdfast.access.passwords import MAX_PASSWORD_LENGTH
from holdfast.access.permissions import permissions_of
from holdfast.access.principals import ACCOUNT_PREFIX
from holdfast.access.sessions import OpenedSession, csrf_of
from holdfast.access.sign_in import Me, Membership
from holdfast.api.request import Request
from holdfast.errors import CredentialsRequired, Forbidden
from holdfast.http.cookies import SESSION, is_own_page
from holdfast.http.reply import Headers, Reply, encode
from holdfast.http.values import In

__all__ = [
    "BUYER_EXAMPLE",
    "CHANGED",
    "LINK_TOKEN",
    "ME_EXAMPLE",
    "PERSON",
    "SENT",
    "ChangedOut",
    "LinkIn",
    "MeOut",
    "OrganisationNumber",
    "Password",
    "SecondFactor",
    "SentOut",
    "Token",
    "actor_of",
    "browser_account",
    "me_json",
    "own_account",
    "refuse_foreign_page",
    "session_cookie",
    "sign_in_reply",
    "signed_in",
    "signed_out_headers",
]

Password = Annotated[str, Field(min_length=1, max_length=MAX_PASSWORD_LENGTH)]
SecondFactor = Annotated[
    str, Field(min_length=1, max_length=40, description="A code of the account's app, or a recovery code.")
]
OrganisationNumber = Annotated[int, Field(ge=1, lt=2**63)]
Token = Field(min_length=1, max_length=200, description="What follows `#` in the link.")


class LinkIn(In):
    """The token of a link in a mail."""

    token: str = Token


class AccountOut(BaseModel):
    """A person who can sign in."""

    id: int
    name: str
    email: str
    created_at: datetime
    language: str | None = Field(
        description="In which the account reads pages and mails; null: in that of its browser."
    )


class MembershipOut(BaseModel):
    """A role in an organisation. `events`: the numbers of the only events that the member may see; null: all."""

    number: int
    slug: str
    name: str
    role: str
    events: list[int] | None


class MeOut(BaseModel):
    """Who calls. `current` is the membership that counts; without one, a signed-in account acts as a buyer."""

    principal: str = Field(description="As the history of events and the audit name it.")
    permissions: list[str]
    account: AccountOut | None = Field(description="Null for an API key, and in open mode.")
    current: MembershipOut | None
    memberships: list[MembershipOut]
    csrf: str | None = Field(description="What forms of the server's pages send along.")


class SentOut(BaseModel):
    """A mail is on its way, if the address is one that may have it. Nobody else learns whether it is."""

    status: Literal["sent"]


class ChangedOut(BaseModel):
    status: Literal["changed"]


SENT = {"status": "sent"}
CHANGED = {"status": "changed"}
LINK_TOKEN = "Zm9yIHRoZSBwZXJzb24gd2hvIHJlYWRzIHRoaXMgbWFpbA"  # noqa: S105 - an example
PERSON = {"name": "Ada Byron", "email": "ada@example.org", "password": "analytical engine"}
ME_EXAMPLE = {
    "principal": "account:17",
    "permissions": ["bookings:cancel", "bookings:read", "events:read", "public", "sales:write"],
    "account": {
        "id": 17,
        "name": "Ada Byron",
        "email": "ada@example.org",
        "created_at": "2026-11-05T18:31:00.123456Z",
        "language": None,
    },
    "current": {"number": 1, "slug": "main", "name": "Main", "role": "box_office", "events": None},
    "memberships": [{"number": 1, "slug": "main", "name": "Main", "role": "box_office", "events": None}],
    "csrf": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
BUYER_EXAMPLE = {**ME_EXAMPLE, "permissions": ["public"], "current": None, "memberships": []}


def actor_of(request: Request) -> Actor:
    """Return who acts, for the audit."""
    return Actor(
        principal=request.principal.id, request_id=request.request_id, address=request.client_address
    )


def refuse_foreign_page(request: Request) -> None:
    """Raise Forbidden if a page of another origin sent the request: it must not sign anybody in."""
    if is_own_page(request.scope, request.headers, request.public_url) is False:
        raise Forbidden(Forbidden.FOREIGN_PAGE)


def signed_in(request: Request, opened: OpenedSession, me: Me, *, status: int = 201) -> Reply:
    """Return the answer that gives a browser its session."""
    headers = (session_cookie(request, opened),)
    return Reply(status=status, body=encode(me_json(me, opened.token)), headers=headers)


def session_cookie(request: Request, opened: OpenedSession) -> tuple[bytes, bytes]:
    """Return the header that gives a browser its session."""
    max_age = int(opened.lifetime.absolute.total_seconds())
    return request.cookie_header(SESSION, opened.token, max_age=max_age)


def signed_out_headers(request: Request) -> Headers:
    """Return what takes the session, and all that its pages have kept, out of the browser."""
    return request.cookie_header(SESSION), (b"clear-site-data", b'"storage"')


async def sign_in_reply(request: Request, account: int, organisation: int | None) -> Reply:
    """Open a session of an account that has just proved itself by a link, and return the answer."""
    sign_in = request.access.sign_in
    opened, me = await sign_in.open(account, organisation=organisation, by=actor_of(request))
    return signed_in(request, opened, me)


def me_json(me: Me, token: str | None) -> dict[str, Any]:
    account, current = me.account, me.current
    role, is_limited = (None, False) if current is None else (current.role, current.events is not None)
    return {
        "principal": f"{ACCOUNT_PREFIX}{account.id}",
        "permissions": sorted(permissions_of(role, is_limited=is_limited)),
        "account": {
            "id": account.id,
            "name": account.name,
            "email": account.email,
            "created_at": account.created_at,
            "language": account.language,
        },
        "current": None if me.current is None else _membership_json(me.current),
        "memberships": [_membership_json(each) for each in me.memberships],
        "csrf": None if token is None else csrf_of(token),
    }


def own_account(request: Request) -> int:
    """Return the account of the caller, for what only its owner may do.

    Raises CredentialsRequired without one, and ScopeTooNarrow for a token that asked for less than the account.
    """
    principal = request.principal
    if principal.account_id is None:
        raise CredentialsRequired(CredentialsRequired.SIGN_IN_NEEDED)
    if principal.is_narrowed:
        raise whole_account_needed()
    return principal.account_id


def browser_account(request: Request) -> int:
    """Return the account of a browser, for what a person does there: a program has no app and no passkey.

    Raises CredentialsRequired without one, and for an access token.
    """
    principal = request.principal
    if principal.account_id is None or principal.by_token:
        raise CredentialsRequired(CredentialsRequired.SIGN_IN_NEEDED)
    return principal.account_id


def _membership_json(membership: Membership) -> dict[str, Any]:
    return {
        "number": membership.number,
        "slug": membership.slug,
        "name": membership.name,
        "role": membership.role,
        "events": None if membership.events is None else list(membership.events),
    }
