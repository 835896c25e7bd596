"""Sign-in pages: a password and the code of an app, a passkey, or a link by mail."""

from __future__ import annotations

from pydantic import ValidationError

from holdfast.access.password_proofs import PROOF_SECONDS
from holdfast.access.permissions import Permission
from holdfast.api.attempts import count_attempt, one_attempt
from holdfast.api.request import Request
from holdfast.api.v1.links import LINK_SECONDS, AddressIn
from holdfast.api.v1.people import actor_of, session_cookie
from holdfast.api.v1.sessions import CredentialsIn
from holdfast.errors import CredentialsRequired, HoldfastError, SecondFactorRequired
from holdfast.http.cookies import LINK, PROOF
from holdfast.http.page_forms import refuse_foreign_form
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.identity import identity_of
from holdfast.web.account_forms import NOTHING_TYPED, AccountIn, RefusedForm, refused
from holdfast.web.languages import gettext
from holdfast.web.mailed import mailed
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import page, redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_HERE = "account/sign-in"
_CODE = "account/sign-in/code"


@routes.get("/account/sign-in", policy=Permission.PUBLIC, anonymous=True)
async def show_sign_in(request: Request) -> Reply:
    """Show the form for address and password."""
    return _sign_in_page(request, NOTHING_TYPED)


@routes.post("/account/sign-in", policy=Permission.PUBLIC, anonymous=True)
async def try_password(request: Request, form: AccountIn) -> Reply:
    """Open a session, or go on to the second step."""
    refuse_foreign_form(request)
    try:
        given = CredentialsIn(email=form.email, password=form.password)
        async with one_attempt(request, "sign-in", account=identity_of(given.email)):
            account = await request.access.sign_in.check_password(given.email, given.password)
    except CredentialsRequired as error:
        no_match = Sentence(
            title=gettext("That did not match"),
            says=gettext("The address or the password is wrong."),
            then=gettext("Try again, or get a link by e‑mail."),
            tone="bad",
        )
        return _sign_in_page(request, form, RefusedForm(status=error.status, message=no_match))
    except ValidationError as error:
        wrong = refused(request, error)
        if "password" in wrong.wrong:
            wrong = RefusedForm(
                status=wrong.status, wrong={**wrong.wrong, "password": gettext("Write your password.")}
            )
        return _sign_in_page(request, form, wrong)
    except HoldfastError as error:
        return _sign_in_page(request, form, refused(request, error))
    try:
        return await _open(request, account, None)
    except SecondFactorRequired:
        proof = request.access.password_proofs.issue(account)
        return redirect(request, _CODE, headers=(request.cookie_header(PROOF, proof, max_age=PROOF_SECONDS),))


@routes.get("/account/sign-in/code", policy=Permission.PUBLIC, anonymous=True)
async def show_code(request: Request) -> Reply:
    """Show the form for the code. Without the first step, begin with it."""
    try:
        request.access.password_proofs.check(request.cookie(PROOF))
    except CredentialsRequired:
        return redirect(request, _HERE)
    return _code_page(request)


@routes.post("/account/sign-in/code", policy=Permission.PUBLIC, anonymous=True)
async def try_code(request: Request, form: AccountIn) -> Reply:
    """Open the session of an account with an app. A recovery code works, too."""
    refuse_foreign_form(request)
    try:
        account = request.access.password_proofs.check(request.cookie(PROOF))
    except CredentialsRequired:
        return redirect(request, _HERE)
    try:
        async with one_attempt(request, "second-factor", account=str(account)):
            return await _open(request, account, form.second_factor or "0")
    except HoldfastError as error:
        return _code_page(request, refused(request, error))


@routes.post("/account/sign-in/link", policy=Permission.PUBLIC, anonymous=True)
async def mail_sign_in_link(request: Request, form: AccountIn) -> Reply:
    """Have a link mailed that signs in. A known and an unknown address get the same page."""
    refuse_foreign_form(request)
    try:
        address = AddressIn(email=form.email).email
        await count_attempt(request, "link", account=identity_of(address))
        browser, code = await request.access.recovery.request_link(address)
    except (HoldfastError, ValidationError) as error:
        return _sign_in_page(request, form, refused(request, error))
    message = mailed(
        request,
        gettext(
            "If %(email)s has an account, a link is on its way. It works once, for 15 minutes.", email=address
        ),
        gettext("In another browser it asks for this code: %(code)s.", code=f"{code[:3]} {code[3:]}"),
    )
    cookie = request.cookie_header(LINK, browser, max_age=LINK_SECONDS)
    return _sign_in_page(request, form, RefusedForm(message=message), cookie)


async def _open(request: Request, account: int, second_factor: str | None) -> Reply:
    """Open a session, and go on to the account. Raises SecondFactorRequired."""
    opened, _ = await request.access.sign_in.open(account, second_factor=second_factor, by=actor_of(request))
    headers = (session_cookie(request, opened), request.cookie_header(PROOF))
    return redirect(request, "account", headers=headers)


def _sign_in_page(
    request: Request, typed: AccountIn, why: RefusedForm | None = None, *headers: tuple[bytes, bytes]
) -> Reply:
    why = why or RefusedForm()
    return page(
        request,
        "sign_in.html",
        status=why.status,
        headers=headers,
        here=_HERE,
        typed=typed,
        message=why.message,
        wrong=why.wrong,
    )


def _code_page(request: Request, why: RefusedForm | None = None) -> Reply:
    why = why or RefusedForm()
    return page(
        request, "sign_in_code.html", status=why.status, here=_CODE, message=why.message, wrong=why.wrong
    )
