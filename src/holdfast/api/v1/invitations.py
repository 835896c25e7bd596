"""Invitations: how a colleague becomes a member of an organisation."""

from __future__ import annotations

from functools import partial

from holdfast.access.audit import Actor
from holdfast.access.invitations import Accepted
from holdfast.access.permissions import Permission
from holdfast.access.sessions import OpenedSession
from holdfast.access.sign_in import Me
from holdfast.api.attempts import one_attempt
from holdfast.api.request import Request
from holdfast.api.speaking_routes import SpeakingRoutes
from holdfast.api.v1.organisations import EventNumbers, RoleName, check_events, own_organisation
from holdfast.api.v1.people import (
    LINK_TOKEN,
    ME_EXAMPLE,
    SENT,
    MeOut,
    Password,
    SecondFactor,
    SentOut,
    Token,
    actor_of,
    refuse_foreign_page,
    signed_in,
)
from holdfast.api.values import Email, Name, OrganisationPath
from holdfast.errors import (
    CredentialsRequired,
    Forbidden,
    InvalidInput,
    LastOwner,
    LinkNotValid,
    OrganisationNotFound,
    SecondFactorRequired,
    TooManyRequests,
)
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import In

__all__ = ["routes"]

routes: Routes = SpeakingRoutes(tag="accounts")


class InviteIn(In):
    """`events`: the numbers of the only events that the member may see; default: all."""

    email: Email
    role: RoleName
    events: EventNumbers | None = None


class AcceptInvitationIn(In):
    """A person with an account gives its password; another one a name and a new password."""

    token: str = Token
    name: Name | None = None
    password: Password
    second_factor: SecondFactor | None = None


@routes.post(
    "/v1/organisations/{organisation}/invitations",
    policy=Permission.STAFF_WRITE,
    status=202,
    response=SentOut,
    errors=[OrganisationNotFound, InvalidInput],
    examples={"a colleague": {"email": "grace@example.org", "role": "box_office"}},
    answers={202: SENT},
)
async def invite_member(request: Request, organisation: OrganisationPath, body: InviteIn) -> dict[str, str]:
    """Send an invitation. Its link works once, within 24 hours."""
    own_organisation(request, organisation)
    await check_events(request, organisation, body.role, body.events)
    await request.access.invitations.invite(
        organisation, body.email, body.role, events=body.events, by=actor_of(request)
    )
    return SENT


@routes.post(
    "/v1/invitations/accept",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=201,
    response=MeOut,
    errors=[
        CredentialsRequired,
        Forbidden,
        InvalidInput,
        LastOwner,
        LinkNotValid,
        SecondFactorRequired,
        TooManyRequests,
    ],
    examples={
        "a new account": {
            "token": LINK_TOKEN,
            "name": "Grace Hopper",
            "password": "nanoseconds of wire",
        }
    },
    answers={201: ME_EXAMPLE},
)
async def accept_invitation(request: Request, body: AcceptInvitationIn) -> Reply:
    """Become a member, and sign in as one.

    If the organisation requires a second factor that the account lacks, the session is a buyer's, to enrol an app.
    """
    refuse_foreign_page(request)
    by = actor_of(request)
    async with one_attempt(request, "invitation", account=body.token):
        accepted = await request.access.invitations.accept(
            body.token, name=body.name, password=body.password, second_factor=body.second_factor, by=by
        )
    opened, me = await _open(request, accepted, by)
    return signed_in(request, opened, me)


async def _open(request: Request, accepted: Accepted, by: Actor) -> tuple[OpenedSession, Me]:
    """Open a session of the new member: as a buyer if the organisation requires a factor that is not there yet."""
    open_session = partial(
        request.access.sign_in.open, accepted.account, is_proved=accepted.has_second_factor, by=by
    )
    try:
        return await open_session(organisation=accepted.organisation)
    except SecondFactorRequired:
        return await open_session(as_buyer=True)
