"""Mailbox: the mail that this server has sent or kept. It has secret links, so only open mode shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.access.principals import OPEN
from holdfast.api.request import Request
from holdfast.api.v1.paging import Page, opened, page
from holdfast.delivery.mail.mailer import Mail
from holdfast.errors import Forbidden
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor, Limit

routes = Routes(tag="service")


class MailOut(BaseModel):
    """A mail. Without a mail server it is kept, and counts as done."""

    id: UUID
    to: str
    subject: str
    text: str
    html: str
    created_at: datetime
    status: Literal["due", "done", "parked"] = Field(description="`parked`: it is tried again only by hand.")
    last_answer: str | None = Field(description="What the mail server said, or why there was none.")


_EXAMPLE = {
    "id": "00000000-071c-8f3a-a4d5-5b1d6a2f9c10",
    "to": "ada@example.org",
    "subject": "Your booking",
    "text": "Your booking is confirmed.\n",
    "html": "<p>Your booking is confirmed.</p>",
    "created_at": "2026-11-05T18:31:00.123456Z",
    "status": "done",
    "last_answer": "Kept: there is no mail server (HOLDFAST_SMTP_URL).",
}


def mail_json(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "created_at": mail.created_at,
        "status": mail.status,
        "last_answer": mail.last_answer,
    }


@routes.get(
    "/v1/mailbox",
    policy=Permission.STAFF_WRITE,
    response=Page[MailOut],
    errors=[Forbidden],
    answers={200: {"items": [_EXAMPLE], "next": None}},
)
async def list_mail(request: Request, *, limit: Limit = 50, cursor: Cursor | None = None) -> dict[str, Any]:
    """Return mail, newest first, in open mode only. Without a mail server, invitations and links are read here."""
    if request.principal is not OPEN:
        raise Forbidden(Forbidden.OPEN_MODE_ONLY)
    position = opened(request, cursor, {})
    before = None if position is None else (datetime.fromisoformat(position[0]), UUID(position[1]))
    found = await request.delivery.mailer.list_mail(before=before, limit=limit + 1)
    return page(
        request,
        found,
        limit=limit,
        filters={},
        position=lambda mail: (mail.created_at.isoformat(), str(mail.id)),
        render=mail_json,
    )
