"""Account page: who is signed in, where they work, and how to change name, address and password."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.me import ChangeMeIn, change_me
from holdfast.api.v1.people import own_account, signed_out_headers
from holdfast.errors import HoldfastError
from holdfast.http.page_forms import PageForm
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.languages import mark
from holdfast.web.account_forms import NOTHING_TYPED, AccountIn, RefusedForm, for_account, refused
from holdfast.web.languages import gettext, no_language_cookie
from holdfast.web.mailed import mailed
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import page, redirect
from holdfast.web.sentences import Sentence

__all__ = ["ROLES", "done", "routes"]

routes: Routes = PageRoutes()

_HERE = "account"
ROLES = {
    "owner": mark("Owner"),
    "manager": mark("Manager"),
    "box_office": mark("Box office"),
    "door": mark("Door"),
    "reports": mark("Reports"),
}
_DONE = {
    "language": lambda: gettext("Your language is kept."),
    "name": lambda: gettext("Your name is changed."),
    "password": lambda: gettext("Your password is changed, and every other session has ended."),
}


@routes.get("/account", policy=Permission.PUBLIC)
@for_account
async def show_account(request: Request) -> Reply:
    """Show the account of who is signed in. Anybody else signs in first."""
    return await _account_page(request, message=done(request, _DONE))


@routes.post("/account/name", policy=Permission.PUBLIC)
@for_account
async def set_name(request: Request, form: AccountIn) -> Reply:
    """Change the name."""
    try:
        await change_me(request, ChangeMeIn(name=form.name))
    except (HoldfastError, ValidationError) as error:
        return await _account_page(request, form, refused(request, error))
    return redirect(request, f"{_HERE}?done=name")


@routes.post("/account/language", policy=Permission.PUBLIC)
@for_account
async def set_language(request: Request, form: AccountIn) -> Reply:
    """Keep a language with the account, or let the browser choose again."""
    try:
        await change_me(request, ChangeMeIn(language=form.language or None))
    except (HoldfastError, ValidationError) as error:
        return await _account_page(request, form, refused(request, error), at="language")
    if form.language:
        return redirect(request, f"{_HERE}?done=language&lang={form.language}")
    return redirect(request, f"{_HERE}?done=language", headers=(no_language_cookie(request),))


@routes.post("/account/address", policy=Permission.PUBLIC)
@for_account
async def set_address(request: Request, form: AccountIn) -> Reply:
    """Have a link mailed to the new address. It changes the account's."""
    try:
        await change_me(request, ChangeMeIn(email=form.email, present_password=form.present))
    except (HoldfastError, ValidationError) as error:
        return await _account_page(request, form, refused(request, error), at="address")
    sent = mailed(
        request,
        gettext("A link to %(email)s is on its way.", email=form.email),
        gettext("The address changes when you open it."),
    )
    return await _account_page(request, message=sent)


@routes.post("/account/password", policy=Permission.PUBLIC)
@for_account
async def set_password(request: Request, form: AccountIn) -> Reply:
    """Change the password. Every other session ends."""
    try:
        changed = await change_me(
            request,
            ChangeMeIn(password=form.password, present_password=form.present),
        )
    except (HoldfastError, ValidationError) as error:
        return await _account_page(request, form, refused(request, error), at="password")
    assert isinstance(changed, Reply)  # it has the cookie of the new session
    return redirect(request, f"{_HERE}?done=password", headers=changed.headers)


@routes.post("/account/sign-out", policy=Permission.PUBLIC)
@for_account
async def leave(request: Request, form: PageForm) -> Reply:
    """Sign out in this browser."""
    del form  # its button says all
    assert request.principal.session_id is not None
    await request.access.sessions.end(request.principal.session_id, request.session_token)
    return redirect(request, "account/sign-in", headers=signed_out_headers(request))


@routes.post("/account/sign-out-everywhere", policy=Permission.PUBLIC)
@for_account
async def leave_everywhere(request: Request, form: PageForm) -> Reply:
    """End every session of the account."""
    del form
    assert request.principal.session_id is not None
    await request.access.sessions.end_all(own_account(request))
    await request.access.sessions.end(request.principal.session_id, request.session_token)
    return redirect(request, "account/sign-in", headers=signed_out_headers(request))


def done(request: Request, texts: dict[str, Callable[[], str]]) -> Sentence | None:
    """Return what a page says after a change, by the `done` of its address."""
    text = texts.get(str(request.query.get("done", "")))
    return None if text is None else Sentence(title=gettext("Done"), says=text(), tone="good")


async def _account_page(
    request: Request,
    typed: AccountIn = NOTHING_TYPED,
    why: RefusedForm | None = None,
    *,
    at: str = "name",
    message: Sentence | None = None,
) -> Reply:
    """Return the page. `at` names the form that was refused."""
    why = why or RefusedForm(message=message)
    me = await request.access.sign_in.me(request.principal)
    work = [(each, gettext(ROLES.get(each.role, each.role)), each == me.current) for each in me.memberships]
    return page(
        request,
        "account.html",
        status=why.status,
        here=_HERE,
        me=me,
        work=work,
        typed=typed,
        at=at,
        message=why.message,
        wrong=why.wrong,
    )
