"""Frame of the organiser's pages: who works here, what they may do, and the rail with its words.

A page has no rule of its own. Each route names the permission that its command needs, and the template asks the same
table whether it shows a button.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any
from uuid import UUID, uuid4

import orjson

from holdfast.access.authorisation import authorise
from holdfast.access.permissions import Permission
from holdfast.access.principals import OPEN
from holdfast.api.request import Request
from holdfast.api.v1.rights import own_number
from holdfast.errors import HoldfastError
from holdfast.http.page_forms import PageForm, refuse_foreign_form
from holdfast.http.problems import problem_members
from holdfast.http.reply import Reply
from holdfast.inventory.inventory import EventRef
from holdfast.inventory.rules.event import Event, FullEvent
from holdfast.web.languages import gettext
from holdfast.web.mailed import mailed
from holdfast.web.pages import in_zone, page
from holdfast.web.sentences import Sentence, sentence_for

__all__ = [
    "RefusedCommand",
    "StaffForm",
    "done_text",
    "from_staff",
    "may_do",
    "organiser_page",
    "own_event",
    "run",
]

_Function = Callable[..., Awaitable[Any]]
SETTINGS: tuple[tuple[str, Permission], ...] = (
    ("team", Permission.STAFF_WRITE),
    ("keys", Permission.KEYS_WRITE),
    ("webhooks", Permission.WEBHOOKS_WRITE),
    ("audit", Permission.AUDIT_READ),
    ("mailbox", Permission.STAFF_WRITE),
)
"""The pages about the organisation as a whole, and what each needs."""


class StaffForm(PageForm):
    """A button of a page. Its key makes a repeated press one press."""

    form_key: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCommand:
    """A command that was refused: what the page says."""

    status: int
    members: Mapping[str, Any]
    """The problem, as a program reads it."""

    @property
    def message(self) -> Sentence:
        return sentence_for(self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Who is at work, as the rail names them."""

    name: str
    initials: str


def from_staff(function: _Function) -> _Function:
    """Accept a form of our own pages only, and let its key be the retry key of the command."""

    @wraps(function)
    async def enter(request: Request, *, form: PageForm, **arguments: Any) -> Any:
        refuse_foreign_form(request)
        if isinstance(form, StaffForm):
            request.idempotency_key = str(form.form_key)
        return await function(request, form=form, **arguments)

    return enter


async def run(
    request: Request, command: Awaitable[Any], *, raises: tuple[type[HoldfastError], ...] = ()
) -> RefusedCommand | Any:
    """Return the answer of a command of `/v1`, or what the page says of its refusal.

    An answer that was stored for the same press may be a refusal, too. What is missing and what is down is raised,
    and so is what `raises` names.
    """
    try:
        answer = await command
    except HoldfastError as error:
        if error.status in (404, 503) or isinstance(error, raises):
            raise
        members = problem_members(error, request.request_id, pages="")
        return RefusedCommand(status=error.status, members=members)
    if isinstance(answer, Reply):
        members = orjson.loads(answer.body) if answer.body else {}
        if answer.status >= 400:
            return RefusedCommand(status=answer.status, members=members)
        return members
    return answer


async def own_event(request: Request, event: EventRef, permission: Permission | None = None) -> FullEvent:
    """Return an event of the caller's organisation. Raises EventNotFound for any other."""
    number = await own_number(request, event, permission)
    return await request.inventory.queries.get_event(number)


def may_do(request: Request, event: Event | None, permission: str) -> bool:
    """Return whether the caller has the permission, for this event if there is one."""
    principal = request.principal
    number = None if event is None else event.number
    return authorise(principal, Permission(permission), principal.organisation, number) is None


def done_text(
    request: Request, texts: Mapping[str, Callable[[], str]], *, mails: Collection[str] = ()
) -> Sentence | None:
    """Return what a page says after a change, by the `done` of its address. `mails`: those that send a mail."""
    done = str(request.query.get("done", ""))
    text = texts.get(done)
    if text is None:
        return None
    if done in mails:
        return mailed(request, text(), title=gettext("Done"))
    return Sentence(title=gettext("Done"), says=text(), tone="good")


async def organiser_page(
    request: Request,
    template: str,
    *,
    here: str,
    tab: str,
    event: Event | None = None,
    message: Sentence | None = None,
    status: int = 200,
    **values: Any,
) -> Reply:
    """Return a page in the organiser's frame. `tab` is the word of the rail that the page belongs to."""
    starts = None if event is None or event.starts_at is None else in_zone(event.starts_at, event.time_zone)
    return page(
        request,
        template,
        status=status,
        here=here,
        tab=tab,
        event=event,
        event_starts=starts,
        message=message,
        colleague=await _colleague(request),
        may=partial(may_do, request, event),
        settings=_settings(request),
        form_key=uuid4(),
        **values,
    )


def _settings(request: Request) -> list[str]:
    """Return the pages of the organisation that the caller may open. Only open mode shows the mailbox."""
    principal = request.principal
    names = [name for name, needed in SETTINGS if needed in principal.permissions]
    return [name for name in names if name != "mailbox" or principal is OPEN]


async def _colleague(request: Request) -> Colleague | None:
    """Return who is signed in; None in open mode."""
    if request.principal.account_id is None:
        return None
    me = await request.access.sign_in.me(request.principal)
    words = me.account.name.split()
    return Colleague(
        name=me.account.name, initials="".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    )
