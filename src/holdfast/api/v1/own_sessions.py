"""Own sessions: where an account is signed in, and how to end one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.access.sessions import ListedSession
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page
from holdfast.api.v1.people import own_account, signed_out_headers
from holdfast.api.values import SessionPath
from holdfast.errors import CredentialsRequired, Forbidden, SessionNotFound
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes

__all__ = ["routes"]

routes = Routes(tag="accounts")

_EXAMPLE = {
    "id": "3f1c2a60-5b0e-4d0a-9a35-8f4d3c2b1a00",
    "current": True,
    "program": False,
    "organisation": 1,
    "second_factor": True,
    "created_at": "2026-10-01T18:00:00Z",
    "last_used_at": "2026-10-01T18:20:00Z",
    "expires_at": "2026-10-02T06:00:00Z",
}


class SessionOut(BaseModel):
    """A browser or a program that is signed in."""

    id: UUID
    current: bool = Field(description="Whether the caller uses it.")
    program: bool = Field(description="Whether an access token began it, and not a browser.")
    organisation: int | None = Field(description="The organisation that it works for; null for a buyer's.")
    second_factor: bool = Field(description="Whether a second factor has proved it.")
    created_at: datetime
    last_used_at: datetime = Field(description="Exact to a minute.")
    expires_at: datetime = Field(description="It ends earlier without a use.")


def _session_json(session: ListedSession, current: UUID | None) -> dict[str, Any]:
    return {
        "id": session.id,
        "current": session.id == current,
        "program": session.is_of_program,
        "organisation": session.organisation,
        "second_factor": session.has_second_factor,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
    }


@routes.get(
    "/v1/me/sessions",
    policy=Permission.PUBLIC,
    response=Page[SessionOut],
    errors=[CredentialsRequired, Forbidden],
    answers={200: {"items": [_EXAMPLE], "next": None}},
)
async def list_sessions(request: Request) -> dict[str, Any]:
    """Return the account's sessions, newest first. There are at most 200 in the list."""
    found = await request.access.sessions.list(own_account(request))
    current = request.principal.session_id
    return {"items": [_session_json(each, current) for each in found], "next": None}


@routes.route(
    "DELETE",
    "/v1/me/sessions/{session}",
    policy=Permission.PUBLIC,
    status=204,
    errors=[CredentialsRequired, Forbidden, SessionNotFound],
)
async def end_session(request: Request, session: SessionPath) -> Reply:
    """End one of the account's sessions, within a second. Its access and refresh tokens end with it."""
    await request.access.sessions.end_own(session, own_account(request))
    is_current = session == request.principal.session_id
    if is_current and request.session_token is not None:
        await request.access.sessions.end(session, request.session_token)  # this process forgets it at once
    return Reply(status=204, headers=signed_out_headers(request) if is_current else ())
