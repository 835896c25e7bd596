"""Organisations: the one that the caller acts for, and its members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from holdfast.access.organisations import Organisation, StaffMember
from holdfast.access.permissions import Permission, Role
from holdfast.access.principals import MAIN
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page
from holdfast.api.v1.people import actor_of
from holdfast.api.values import MemberPath, OrganisationPath
from holdfast.errors import (
    EventNotFound,
    FieldError,
    InvalidInput,
    LastOwner,
    MemberNotFound,
    OrganisationNotFound,
)
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import In
from holdfast.ids import MAX_EVENT_NUMBER

__all__ = ["EventNumbers", "RoleName", "check_events", "own_organisation", "routes"]

routes = Routes(tag="accounts")

RoleName = Annotated[Role, Field(strict=False)]
EventNumbers = Annotated[
    list[Annotated[int, Field(ge=1, le=MAX_EVENT_NUMBER)]], Field(min_length=1, max_length=500)
]


class ChangeMemberIn(In):
    """Only the members that are given change. `events: null` lifts the limit."""

    role: RoleName | None = None
    events: EventNumbers | None = None


class ChangeOrganisationIn(In):
    """The settings of the organisation."""

    requires_second_factor: bool


class OrganisationOut(BaseModel):
    """Who sells."""

    number: int
    slug: str
    name: str
    created_at: datetime
    requires_second_factor: bool = Field(
        description="Whether a member acts as one only with a second factor."
    )


class MemberOut(BaseModel):
    """An account with a role. `events`: the numbers of the only events that it may see; null: all."""

    account: int
    email: str
    name: str
    role: str
    events: list[int] | None
    created_at: datetime


_ORGANISATION = {
    "number": 1,
    "slug": "main",
    "name": "Main",
    "created_at": "2026-11-05T18:31:00.123456Z",
    "requires_second_factor": False,
}
_MEMBER = {
    "account": 17,
    "email": "ada@example.org",
    "name": "Ada Byron",
    "role": "box_office",
    "events": None,
    "created_at": "2026-11-05T18:31:00.123456Z",
}


def _organisation_json(found: Organisation) -> dict[str, Any]:
    return {
        "number": found.number,
        "slug": found.slug,
        "name": found.name,
        "created_at": found.created_at,
        "requires_second_factor": found.requires_second_factor,
    }


def _member_json(member: StaffMember) -> dict[str, Any]:
    return {
        "account": member.account_id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "events": None if member.events is None else list(member.events),
        "created_at": member.created_at,
    }


def own_organisation(request: Request, organisation: int) -> int:
    """Return the caller's organisation. Raises OrganisationNotFound for any other, whether it exists or not."""
    if organisation != request.principal.organisation:
        raise OrganisationNotFound
    return organisation


async def check_events(
    request: Request, organisation: int, role: Role | None, events: Sequence[int] | None
) -> None:
    """Raise InvalidInput for an event of another organisation, and for an owner who would not see all of its own."""
    if events is None:
        return
    if role is Role.OWNER:
        raise InvalidInput.in_field("/events", "not_allowed", FieldError.OWNER_SEES_ALL)
    for at, number in enumerate(events):
        try:
            await request.inventory.resolve_own(number, organisation)
        except EventNotFound:
            raise InvalidInput.in_field(f"/events/{at}", "not_allowed", FieldError.NO_EVENT) from None


@routes.get(
    "/v1/organisations",
    policy=Permission.EVENTS_READ,
    response=Page[OrganisationOut],
    answers={200: {"items": [_ORGANISATION], "next": None}},
)
async def list_organisations(request: Request) -> dict[str, Any]:
    """Return the organisation that the caller acts for. `/v1/me` names the others of a member."""
    found = await request.access.organisations.find(request.principal.organisation or MAIN)
    return {"items": [_organisation_json(found)], "next": None}


@routes.get(
    "/v1/organisations/{organisation}",
    policy=Permission.EVENTS_READ,
    response=OrganisationOut,
    errors=[OrganisationNotFound],
    answers={200: _ORGANISATION},
)
async def get_organisation(request: Request, organisation: OrganisationPath) -> dict[str, Any]:
    """Return the organisation that the caller acts for. Another one is absent."""
    return _organisation_json(
        await request.access.organisations.find(own_organisation(request, organisation))
    )


@routes.patch(
    "/v1/organisations/{organisation}",
    policy=Permission.SETTINGS_WRITE,
    response=OrganisationOut,
    errors=[OrganisationNotFound, InvalidInput],
    examples={"apps for all": {"requires_second_factor": True}},
    answers={200: _ORGANISATION | {"requires_second_factor": True}},
)
async def change_organisation(
    request: Request, organisation: OrganisationPath, body: ChangeOrganisationIn
) -> dict[str, Any]:
    """Change the settings. A member without a required second factor is a buyer until it has enrolled an app."""
    changed = await request.access.organisations.change(
        own_organisation(request, organisation),
        requires_second_factor=body.requires_second_factor,
        by=actor_of(request),
    )
    return _organisation_json(changed)


@routes.get(
    "/v1/organisations/{organisation}/members",
    policy=Permission.STAFF_WRITE,
    response=Page[MemberOut],
    errors=[OrganisationNotFound],
    answers={200: {"items": [_MEMBER], "next": None}},
)
async def list_members(request: Request, organisation: OrganisationPath) -> dict[str, Any]:
    """Return the members, by their e-mail addresses."""
    found = await request.access.organisations.list_members(own_organisation(request, organisation))
    return {"items": [_member_json(each) for each in found], "next": None}


@routes.patch(
    "/v1/organisations/{organisation}/members/{member}",
    policy=Permission.STAFF_WRITE,
    response=MemberOut,
    errors=[OrganisationNotFound, MemberNotFound, LastOwner, InvalidInput],
    examples={"another role": {"role": "manager"}, "two events": {"events": [7, 9]}},
    answers={200: _MEMBER | {"role": "manager"}},
)
async def change_member(
    request: Request, organisation: OrganisationPath, member: MemberPath, body: ChangeMemberIn
) -> dict[str, Any]:
    """Change a member's role or events. Its sessions end within a second, and it signs in again."""
    own_organisation(request, organisation)
    await check_events(request, organisation, body.role, body.events)
    changed = await request.access.organisations.change_member(
        organisation,
        member,
        body.role,
        events=body.events if "events" in body.model_fields_set else "same",
        by=actor_of(request),
    )
    return _member_json(changed)


@routes.route(
    "DELETE",
    "/v1/organisations/{organisation}/members/{member}",
    policy=Permission.STAFF_WRITE,
    status=204,
    errors=[OrganisationNotFound, MemberNotFound, LastOwner],
)
async def remove_member(request: Request, organisation: OrganisationPath, member: MemberPath) -> Reply:
    """End a membership. The account stays, as a buyer. The last owner cannot be removed."""
    await request.access.organisations.remove_member(
        own_organisation(request, organisation), member, by=actor_of(request)
    )
    return Reply(status=204)
