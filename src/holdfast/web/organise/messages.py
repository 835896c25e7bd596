"""Messages: what the organiser writes to everybody who has booked: a preview first, then one mail for each address."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.event_messages import message_name
from holdfast.api.request import Request
from holdfast.api.v1.messages import WriteMessageIn, list_messages, preview_message, send_message
from holdfast.api.values import EventPath
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.inventory.rules.event import FullEvent
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import (
    RefusedCommand,
    StaffForm,
    done_text,
    from_staff,
    organiser_page,
    own_event,
    run,
)
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60_000)]
_DONE = {
    "send": lambda: gettext(
        "The message is on its way. Each address gets it once, however often you send it."
    ),
}


class WordsForm(StaffForm):
    """A message. A blank line begins another paragraph; `act` is what the pressed button does.

    `seen` names the words that the preview showed. Other words are shown before they are sent.
    """

    subject: _Line = ""
    text: _Text = ""
    act: Literal["preview", "send"] = "preview"
    seen: _Line = ""


@routes.get("/organise/events/{event}/messages", policy=Permission.EVENTS_WRITE)
async def show_messages(request: Request, event: EventPath) -> Reply:
    """Show what was sent, and the form that writes."""
    found = await own_event(request, event)
    return await _messages_page(request, found, message=done_text(request, _DONE))


@routes.post("/organise/events/{event}/messages", policy=Permission.EVENTS_WRITE)
@from_staff
async def write_message(request: Request, event: EventPath, form: WordsForm) -> Reply:
    """Show what everybody would read, or send it."""
    found = await own_event(request, event)
    try:
        asked = WriteMessageIn.model_validate({"subject": form.subject, "paragraphs": _paragraphs(form.text)})
    except ValidationError:
        message = Sentence(
            title=gettext("Nothing is sent"),
            says=gettext(
                "Write a subject, and paragraphs of up to 2,000 letters with blank lines between them."
            ),
        )
        return await _messages_page(request, found, typed=form, message=message, status=422)
    name = message_name(found.number, asked.subject, asked.paragraphs)
    if form.act == "preview" or form.seen != name:
        preview = await preview_message(request, found.number, asked)
        return await _messages_page(request, found, typed=form, preview=preview | {"name": name})
    sent = await run(request, send_message(request, found.number, asked))
    if isinstance(sent, RefusedCommand):
        return await _messages_page(request, found, typed=form, message=sent.message, status=sent.status)
    return redirect(request, f"organise/events/{found.number}/messages?done=send")


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs. A single line break is a blank, as it is in a mail's layout."""
    parts = re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    return [" ".join(part.split()) for part in parts if part.strip()]


async def _messages_page(
    request: Request,
    event: FullEvent,
    *,
    typed: WordsForm | None = None,
    preview: dict[str, Any] | None = None,
    message: Sentence | None = None,
    status: int = 200,
) -> Reply:
    sent = (await list_messages(request, event.number))["items"]
    return await organiser_page(
        request,
        "organise_messages.html",
        here=f"organise/events/{event.number}/messages",
        tab="messages",
        event=event,
        status=status,
        message=message,
        typed={} if typed is None else typed.model_dump(),
        preview=preview,
        sent=[(each, in_zone(each["sent_at"], event.time_zone)) for each in sent],
    )
