"""Security page: the second step, passkeys, and where an account is signed in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.own_sessions import end_session
from holdfast.api.v1.passkey_bodies import RenamePasskeyIn
from holdfast.api.v1.passkeys import remove_passkey, rename_passkey
from holdfast.api.v1.people import browser_account
from holdfast.api.v1.second_factors import (
    EnrolIn,
    SecondFactorCodeIn,
    confirm_second_factor,
    enrol_second_factor,
    remove_second_factor,
    renew_recovery_codes,
)
from holdfast.api.values import PasskeyPath, SessionPath
from holdfast.errors import HoldfastError, SecondFactorRequired
from holdfast.http.page_forms import PageForm
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.tickets.qr_code import QrCode, draw_qr_code
from holdfast.web.account_forms import AccountIn, RefusedForm, for_account, refused
from holdfast.web.account_page import done
from holdfast.web.languages import gettext
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import in_zone, page, redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_HERE = "account/security"
_DONE = {
    "app": lambda: gettext("The app is removed. Your password alone signs you in again."),
    "passkey": lambda: gettext("The passkey is added. It signs you in without a password."),
    "passkey-name": lambda: gettext("The passkey has another name."),
    "no-passkey": lambda: gettext("The passkey is removed."),
    "session": lambda: gettext("That session has ended."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSession:
    """A session as the page shows it."""

    id: str
    name: str
    is_current: bool
    used_at: datetime


@routes.get("/account/security", policy=Permission.PUBLIC)
@for_account
async def show_security(request: Request) -> Reply:
    """Show what keeps the account safe."""
    return await _security_page(request, RefusedForm(message=done(request, _DONE)))


@routes.post("/account/app", policy=Permission.PUBLIC)
@for_account
async def begin_app(request: Request, form: AccountIn) -> Reply:
    """Show the code that an authenticator app scans. It counts once a code of the app has come back."""
    try:
        begun = await enrol_second_factor(request, EnrolIn(password=form.present))
    except HoldfastError as error:
        return await _security_page(request, refused(request, error))
    picture = await asyncio.to_thread(draw_qr_code, begun["uri"])
    return _app_page(request, RefusedForm(), picture=picture, secret=_grouped(begun["secret"]))


@routes.post("/account/app/confirm", policy=Permission.PUBLIC)
@for_account
async def confirm_app(request: Request, form: AccountIn) -> Reply:
    """Count the app from now on, and show the recovery codes, once."""
    try:
        made = await confirm_second_factor(request, _code(form))
    except SecondFactorRequired as error:
        return _app_page(request, refused(request, error))
    except HoldfastError as error:
        return await _security_page(request, refused(request, error))
    return _codes_page(request, made["recovery_codes"])


@routes.post("/account/app/codes", policy=Permission.PUBLIC)
@for_account
async def renew_codes(request: Request, form: AccountIn) -> Reply:
    """Replace the recovery codes, and show the new ones, once."""
    try:
        made = await renew_recovery_codes(request, _code(form))
    except HoldfastError as error:
        return await _security_page(request, refused(request, error))
    return _codes_page(request, made["recovery_codes"])


@routes.post("/account/app/remove", policy=Permission.PUBLIC)
@for_account
async def remove_app(request: Request, form: AccountIn) -> Reply:
    """Remove the app and its recovery codes."""
    try:
        await remove_second_factor(request, _code(form))
    except HoldfastError as error:
        return await _security_page(request, refused(request, error))
    return redirect(request, f"{_HERE}?done=app")


@routes.post("/account/passkeys/{passkey}/name", policy=Permission.PUBLIC)
@for_account
async def name_passkey(request: Request, passkey: PasskeyPath, form: AccountIn) -> Reply:
    """Give a passkey another name."""
    try:
        await rename_passkey(request, passkey, RenamePasskeyIn(name=form.name))
    except (HoldfastError, ValidationError) as error:
        return await _security_page(request, refused(request, error))
    return redirect(request, f"{_HERE}?done=passkey-name")


@routes.post("/account/passkeys/{passkey}/remove", policy=Permission.PUBLIC)
@for_account
async def forget_passkey(request: Request, passkey: PasskeyPath, form: PageForm) -> Reply:
    """Remove a passkey."""
    del form  # its button says all
    try:
        await remove_passkey(request, passkey)
    except HoldfastError as error:
        return await _security_page(request, refused(request, error))
    return redirect(request, f"{_HERE}?done=no-passkey")


@routes.post("/account/sessions/{session}/end", policy=Permission.PUBLIC)
@for_account
async def end_listed_session(request: Request, session: SessionPath, form: PageForm) -> Reply:
    """End one session of the account."""
    del form
    try:
        ended = await end_session(request, session)
    except HoldfastError as error:
        return await _security_page(request, refused(request, error))
    if session == request.principal.session_id:
        return redirect(request, "account/sign-in", headers=ended.headers)
    return redirect(request, f"{_HERE}?done=session")


def _code(form: AccountIn) -> SecondFactorCodeIn:
    return SecondFactorCodeIn(second_factor=form.second_factor[:40] or "0")


def _grouped(secret: str) -> str:
    """Return a secret in groups that a person can type."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _app_page(
    request: Request, why: RefusedForm, *, picture: QrCode | None = None, secret: str = ""
) -> Reply:
    return page(
        request,
        "app.html",
        status=why.status,
        here=_HERE,
        message=why.message,
        wrong=why.wrong,
        picture=picture,
        secret=secret,
    )


def _codes_page(request: Request, codes: Sequence[str]) -> Reply:
    return page(request, "recovery_codes.html", here=_HERE, codes=codes, message=None)


async def _security_page(request: Request, why: RefusedForm) -> Reply:
    account, current = browser_account(request), request.principal.session_id
    access = request.access
    sessions = [
        ShownSession(
            id=str(each.id),
            name=_name_of(each.is_of_program, each.organisation is not None),
            is_current=each.id == current,
            used_at=in_zone(each.last_used_at, None),
        )
        for each in await access.sessions.list(account)
    ]
    message: Sentence | None = why.message
    return page(
        request,
        "security.html",
        status=why.status,
        here=_HERE,
        codes_left=await access.second_factors.left(account),
        passkeys=await access.passkeys.list(account),
        sessions=sessions,
        message=message,
        wrong=why.wrong,
    )


def _name_of(is_program: bool, is_work: bool) -> str:
    if is_program:
        return gettext("A program")
    return gettext("A browser, for work") if is_work else gettext("A browser")
