"""Sign-up pages: a new account, and a forgotten password. Each sends a link to the address."""

from __future__ import annotations

from pydantic import ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.accounts import SignUpIn, sign_up
from holdfast.api.v1.links import AddressIn, request_password_reset
from holdfast.errors import HoldfastError
from holdfast.http.page_forms import refuse_foreign_form
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.web.account_forms import NOTHING_TYPED, AccountIn, RefusedForm, refused
from holdfast.web.languages import gettext
from holdfast.web.mailed import mailed
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import page

__all__ = ["routes"]

routes: Routes = PageRoutes()


@routes.get("/account/sign-up", policy=Permission.PUBLIC, anonymous=True)
async def show_sign_up(request: Request) -> Reply:
    """Show the form for a new account."""
    return _show(request, "sign_up.html", "account/sign-up", NOTHING_TYPED)


@routes.post("/account/sign-up", policy=Permission.PUBLIC, anonymous=True)
async def mail_account_link(request: Request, form: AccountIn) -> Reply:
    """Have a link mailed that makes the account. A known and an unknown address get the same page."""
    refuse_foreign_form(request)
    try:
        await sign_up(request, SignUpIn(name=form.name, email=form.email, password=form.password))
    except (HoldfastError, ValidationError) as error:
        return _show(request, "sign_up.html", "account/sign-up", form, refused(request, error))
    sent = _sent(
        request, gettext("A link to %(email)s is on its way. It makes your account.", email=form.email)
    )
    return _show(request, "sign_up.html", "account/sign-up", NOTHING_TYPED, sent)


@routes.get("/account/forgot", policy=Permission.PUBLIC, anonymous=True)
async def show_forgot(request: Request) -> Reply:
    """Show the form for a forgotten password."""
    return _show(request, "forgot.html", "account/forgot", NOTHING_TYPED)


@routes.post("/account/forgot", policy=Permission.PUBLIC, anonymous=True)
async def mail_password_link(request: Request, form: AccountIn) -> Reply:
    """Have a link mailed that sets another password. A known and an unknown address get the same page."""
    refuse_foreign_form(request)
    try:
        await request_password_reset(request, AddressIn(email=form.email))
    except (HoldfastError, ValidationError) as error:
        return _show(request, "forgot.html", "account/forgot", form, refused(request, error))
    sent = _sent(
        request,
        gettext(
            "If %(email)s has an account, a link to choose another password is on its way.", email=form.email
        ),
    )
    return _show(request, "forgot.html", "account/forgot", NOTHING_TYPED, sent)


def _sent(request: Request, says: str) -> RefusedForm:
    then = gettext("Nothing there? Look into the spam folder, or try another address.")
    return RefusedForm(message=mailed(request, says, then))


def _show(
    request: Request, template: str, here: str, typed: AccountIn, why: RefusedForm | None = None
) -> Reply:
    why = why or RefusedForm()
    return page(
        request,
        template,
        status=why.status,
        here=here,
        typed=typed,
        message=why.message,
        wrong=why.wrong,
    )
