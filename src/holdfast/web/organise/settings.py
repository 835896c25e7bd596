"""Settings: the team, the audit, and the mailbox of a server in open mode. Webhooks have a module of their own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints, ValidationError

from holdfast.access.permissions import Permission, Role
from holdfast.access.principals import MAIN
from holdfast.api.request import Request
from holdfast.api.v1.audit import list_audit_entries
from holdfast.api.v1.invitations import InviteIn, invite_member
from holdfast.api.v1.mailbox import list_mail
from holdfast.api.v1.organisations import ChangeMemberIn, change_member, list_members, remove_member
from holdfast.api.values import MemberPath
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor
from holdfast.web.account_page import ROLES
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import (
    RefusedCommand,
    StaffForm,
    done_text,
    from_staff,
    organiser_page,
    run,
)
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_DONE = {
    "invite": lambda: gettext("The invitation is on its way. Its link works once, within 24 hours."),
    "change": lambda: gettext("The role is changed. The colleague signs in again."),
    "remove": lambda: gettext("The colleague is no longer in the team."),
}


class ColleagueIn(StaffForm):
    """Who is invited, or which role a member gets."""

    email: _Line = ""
    role: _Line = ""


@routes.get("/organise/team", policy=Permission.STAFF_WRITE)
async def show_team(request: Request) -> Reply:
    """Show the members, and the form that invites one."""
    return await _team_page(request, message=done_text(request, _DONE, mails=("invite",)))


@routes.post("/organise/team/invite", policy=Permission.STAFF_WRITE)
@from_staff
async def invite(request: Request, form: ColleagueIn) -> Reply:
    """Send an invitation."""
    try:
        asked = InviteIn(email=form.email, role=Role(form.role))
    except (ValidationError, ValueError):
        message = Sentence(
            title=gettext("Nobody is invited"), says=gettext("Write an address like name@example.org.")
        )
        return await _team_page(request, message=message, typed=form, status=422)
    return await _after(request, invite_member(request, _organisation(request), asked), "invite", typed=form)


@routes.post("/organise/team/{member}/role", policy=Permission.STAFF_WRITE)
@from_staff
async def set_role(request: Request, member: MemberPath, form: ColleagueIn) -> Reply:
    """Give a member another role."""
    try:
        asked = ChangeMemberIn(role=Role(form.role))
    except ValueError:
        return redirect(request, "organise/team")
    return await _after(request, change_member(request, _organisation(request), member, asked), "change")


@routes.post("/organise/team/{member}/remove", policy=Permission.STAFF_WRITE)
@from_staff
async def remove_from_team(request: Request, member: MemberPath, form: StaffForm) -> Reply:
    """End a membership."""
    del form  # its button says all
    return await _after(request, remove_member(request, _organisation(request), member), "remove")


@routes.get("/organise/audit", policy=Permission.AUDIT_READ)
async def show_audit(request: Request, cursor: Cursor | None = None) -> Reply:
    """Show what members, keys and the operator did, newest first."""
    found = await list_audit_entries(request, cursor=cursor)
    return await organiser_page(
        request,
        "organise_audit.html",
        here="organise/audit",
        tab="settings",
        entries=found["items"],
        older=found["next"],
    )


@routes.get("/organise/mailbox", policy=Permission.STAFF_WRITE)
async def show_mailbox(request: Request, cursor: Cursor | None = None) -> Reply:
    """Show the mail that a server in open mode has sent or kept. Anywhere else it is refused."""
    found = await list_mail(request, cursor=cursor)
    return await organiser_page(
        request,
        "organise_mailbox.html",
        here="organise/mailbox",
        tab="settings",
        mails=found["items"],
        older=found["next"],
    )


def _organisation(request: Request) -> int:
    return request.principal.organisation or MAIN


async def _after(request: Request, command: Any, done: str, *, typed: ColleagueIn | None = None) -> Reply:
    result = await run(request, command)
    if isinstance(result, RefusedCommand):
        return await _team_page(request, message=result.message, typed=typed, status=result.status)
    return redirect(request, f"organise/team?done={done}")


async def _team_page(
    request: Request, *, message: Sentence | None, typed: ColleagueIn | None = None, status: int = 200
) -> Reply:
    found = await list_members(request, _organisation(request))
    return await organiser_page(
        request,
        "organise_team.html",
        here="organise/team",
        tab="settings",
        status=status,
        message=message,
        members=found["items"],
        roles=[(name, gettext(says)) for name, says in ROLES.items()],
        own=request.principal.account_id,
        typed_email="" if typed is None else typed.email,
    )
