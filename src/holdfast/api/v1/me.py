"""Me: who calls, and changes of one's own account."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from holdfast.access.permissions import Permission
from holdfast.access.principals import GUEST
from holdfast.api.attempts import one_attempt
from holdfast.api.request import Request
from holdfast.api.speaking_routes import SpeakingRoutes
from holdfast.api.v1.people import ME_EXAMPLE, MeOut, Password, actor_of, me_json, own_account, signed_in
from holdfast.api.values import Email, Name, SpokenLanguage
from holdfast.errors import CredentialsRequired, FieldError, Forbidden, InvalidInput, TooManyRequests
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import In

__all__ = ["routes"]

routes: Routes = SpeakingRoutes(tag="accounts")


class ChangeMeIn(In):
    """Only the members that are given change. A new address or password needs the present password."""

    name: Name | None = None
    email: Email | None = None
    password: Password | None = None
    present_password: Password | None = None
    language: SpokenLanguage | None = Field(
        None, description="In which the account reads pages and mails; null: in that of its browser."
    )


@routes.get(
    "/v1/me",
    policy=Permission.PUBLIC,
    response=MeOut,
    errors=[CredentialsRequired],
    answers={200: ME_EXAMPLE},
)
async def get_me(request: Request) -> dict[str, Any]:
    """Return who calls, and what it may do. A guest is refused."""
    principal = request.principal
    if principal is GUEST:
        raise CredentialsRequired(CredentialsRequired.SIGN_IN_NEEDED)
    if principal.account_id is not None:
        me = me_json(await request.access.sign_in.me(principal), request.session_token)
        return me | {"permissions": sorted(principal.permissions)}
    return {
        "principal": principal.id,
        "permissions": sorted(principal.permissions),
        "account": None,
        "current": None,
        "memberships": [],
        "csrf": None,
    }


@routes.patch(
    "/v1/me",
    policy=Permission.PUBLIC,
    response=MeOut,
    errors=[CredentialsRequired, Forbidden, InvalidInput, TooManyRequests],
    examples={"a name": {"name": "Ada King"}},
    answers={200: ME_EXAMPLE},
)
async def change_me(request: Request, body: ChangeMeIn) -> Reply | dict[str, Any]:
    """Change one's name, language, password or address.

    A new password ends every session but a new one, which the answer sets. A new address gets a link, and the old one
    a note when the link was used.
    """
    account = own_account(request)
    if (body.email is not None or body.password is not None) and body.present_password is None:
        raise InvalidInput.in_field("/present_password", "required", FieldError.PRESENT_NEEDED)
    recovery, password_hash = request.access.recovery, None
    if body.present_password is not None:
        async with one_attempt(request, "password", account=str(account)):
            present_email = await recovery.check(account, body.present_password)
        if body.password is not None:
            password_hash = await recovery.hash_new(body.password, present_email)
    # From here on nothing is refused, so a refusal has changed nothing.
    if body.name is not None:
        await recovery.rename(account, body.name)
    if "language" in body.model_fields_set:
        await recovery.set_language(account, body.language)
        if request.principal.session_id is not None:
            request.access.sessions.forget(request.principal.session_id, request.session_token)
    if body.email is not None:
        await recovery.request_address(account, body.email)
    if password_hash is not None:
        await recovery.set_password(account, password_hash)
        return await _signed_in_again(request, account)
    return me_json(await request.access.sign_in.me(request.principal), request.session_token)


async def _signed_in_again(request: Request, account: int) -> Reply:
    opened, me = await request.access.sign_in.open(
        account,
        organisation=request.principal.organisation,
        is_proved=request.principal.has_second_factor,
        by=actor_of(request),
    )
    return signed_in(request, opened, me, status=200)
