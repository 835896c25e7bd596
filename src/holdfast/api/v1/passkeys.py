"""Passkeys: an account's keys in phones, laptops and sticks, and sign-in with them."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from holdfast.access.passkey_proofs import CHALLENGE_SECONDS, RelyingParty, text_of
from holdfast.access.passkeys import NewPasskeyOptions, Passkey
from holdfast.access.permissions import Permission
from holdfast.api.attempts import one_attempt
from holdfast.api.request import Request
from holdfast.api.speaking_routes import SpeakingRoutes
from holdfast.api.v1.paging import Page
from holdfast.api.v1.passkey_bodies import (
    CREATION_OPTIONS,
    NEW_CREDENTIAL,
    PASSKEY_EXAMPLE,
    REQUEST_OPTIONS,
    USED_CREDENTIAL,
    AddPasskeyIn,
    BeginPasskeyIn,
    PasskeyOut,
    RenamePasskeyIn,
    UsePasskeyIn,
)
from holdfast.api.v1.people import (
    ME_EXAMPLE,
    MeOut,
    actor_of,
    browser_account,
    refuse_foreign_page,
    signed_in,
)
from holdfast.api.values import PasskeyPath
from holdfast.errors import (
    BadRequest,
    CredentialsRequired,
    Forbidden,
    InvalidInput,
    PasskeyNotFound,
    SecondFactorState,
    TooManyRequests,
)
from holdfast.http.cookies import PASSKEY
from holdfast.http.reply import Reply, encode
from holdfast.http.routes import Routes

__all__ = ["routes"]

routes: Routes = SpeakingRoutes(tag="accounts")


def _passkey_json(passkey: Passkey) -> dict[str, Any]:
    return {
        "id": passkey.id,
        "name": passkey.name,
        "created_at": passkey.created_at,
        "last_used_at": passkey.last_used_at,
    }


def _creation_json(options: NewPasskeyOptions, party: RelyingParty) -> dict[str, Any]:
    user = {"id": text_of(options.handle), "name": options.email, "displayName": options.name}
    known = [{"type": "public-key", "id": text_of(each)} for each in options.known]
    return CREATION_OPTIONS | {
        "rp": {"id": party.id, "name": "Holdfast"},
        "user": user,
        "challenge": text_of(options.challenge),
        "excludeCredentials": known,
    }


def _party(request: Request) -> RelyingParty:
    """Return the host that passkeys belong to: that of the public address, or the one that the browser has called.

    Raises BadRequest for a host that no address can have.
    """
    here = f"{request.scope['scheme']}://{request.header(b'host') or ''}"
    try:
        parts = urlsplit((request.public_url or here).lower())
    except ValueError:
        raise BadRequest(BadRequest.HOST_FORM) from None
    return RelyingParty(id=parts.hostname or "", origin=f"{parts.scheme}://{parts.netloc}")


@routes.get(
    "/v1/me/passkeys",
    policy=Permission.PUBLIC,
    response=Page[PasskeyOut],
    errors=[CredentialsRequired],
    answers={200: {"items": [PASSKEY_EXAMPLE], "next": None}},
)
async def list_passkeys(request: Request) -> dict[str, Any]:
    """Return the account's passkeys, oldest first."""
    found = await request.access.passkeys.list(browser_account(request))
    return {"items": [_passkey_json(each) for each in found], "next": None}


@routes.post(
    "/v1/me/passkey-options",
    policy=Permission.PUBLIC,
    errors=[CredentialsRequired, Forbidden, SecondFactorState, TooManyRequests],
    examples={"with the password": {"password": "analytical engine"}},
    answers={200: CREATION_OPTIONS},
)
async def begin_passkey(request: Request, body: BeginPasskeyIn) -> dict[str, Any]:
    """Begin a passkey: return what `navigator.credentials.create()` needs. It counts for five minutes, once."""
    account = browser_account(request)
    async with one_attempt(request, "password", account=str(account)):
        await request.access.recovery.check(account, body.password)
    options = await request.access.passkeys.begin(account, request.principal.session_id)
    return _creation_json(options, _party(request))


@routes.post(
    "/v1/me/passkeys",
    policy=Permission.PUBLIC,
    status=201,
    response=PasskeyOut,
    errors=[CredentialsRequired, Forbidden, InvalidInput, SecondFactorState],
    examples={"a phone": {"name": "Phone", "credential": NEW_CREDENTIAL}},
    answers={201: PASSKEY_EXAMPLE},
)
async def add_passkey(request: Request, body: AddPasskeyIn) -> dict[str, Any]:
    """Add the passkey that the browser has made. It signs in without a password, and counts as a second factor."""
    account, principal = browser_account(request), request.principal
    added = await request.access.passkeys.add(
        account,
        principal.session_id,
        body.credential.model_dump(by_alias=True),
        _party(request),
        name=body.name,
        organisation=principal.organisation,
        by=actor_of(request),
    )
    return _passkey_json(added)


@routes.patch(
    "/v1/me/passkeys/{passkey}",
    policy=Permission.PUBLIC,
    response=PasskeyOut,
    errors=[CredentialsRequired, Forbidden, PasskeyNotFound],
    examples={"a name": {"name": "Old phone"}},
    answers={200: PASSKEY_EXAMPLE | {"name": "Old phone"}},
)
async def rename_passkey(request: Request, passkey: PasskeyPath, body: RenamePasskeyIn) -> dict[str, Any]:
    """Give a passkey another name."""
    renamed = await request.access.passkeys.rename(browser_account(request), passkey, body.name)
    return _passkey_json(renamed)


@routes.route(
    "DELETE",
    "/v1/me/passkeys/{passkey}",
    policy=Permission.PUBLIC,
    status=204,
    errors=[CredentialsRequired, Forbidden, PasskeyNotFound, SecondFactorState],
)
async def remove_passkey(request: Request, passkey: PasskeyPath) -> Reply:
    """Remove a passkey. The last second factor of a member stays if its organisation requires one."""
    await request.access.passkeys.remove(
        browser_account(request), passkey, organisation=request.principal.organisation, by=actor_of(request)
    )
    return Reply(status=204)


@routes.post(
    "/v1/sessions/passkey/options",
    policy=Permission.PUBLIC,
    anonymous=True,
    errors=[Forbidden],
    answers={200: REQUEST_OPTIONS},
)
async def begin_passkey_sign_in(request: Request) -> Reply:
    """Begin to sign in with a passkey: return what `navigator.credentials.get()` needs.

    It names no account, so it says nothing of one. It counts for five minutes, once, in the browser that gets the
    answer's cookie.
    """
    refuse_foreign_page(request)
    browser = f"hfl_{secrets.token_urlsafe(32)}"
    challenge = text_of(request.access.passkeys.begin_sign_in(browser))
    cookie = request.cookie_header(PASSKEY, browser, max_age=CHALLENGE_SECONDS)
    return Reply(
        body=encode(REQUEST_OPTIONS | {"challenge": challenge, "rpId": _party(request).id}), headers=(cookie,)
    )


@routes.post(
    "/v1/sessions/passkey",
    policy=Permission.PUBLIC,
    anonymous=True,
    status=201,
    response=MeOut,
    errors=[CredentialsRequired, Forbidden, InvalidInput, TooManyRequests],
    examples={"a passkey": {"credential": USED_CREDENTIAL}},
    answers={201: ME_EXAMPLE},
)
async def sign_in_with_passkey(request: Request, body: UsePasskeyIn) -> Reply:
    """Sign in with a passkey, without a password and without a code. The answer sets the session's cookie."""
    refuse_foreign_page(request)
    passkeys, credential = request.access.passkeys, body.credential.model_dump(by_alias=True)
    async with one_attempt(request, "passkey", account=None):
        opened, me = await request.access.sign_in.open(
            await passkeys.find_account(credential),
            organisation=body.organisation,
            is_proved=True,
            uses=partial(
                passkeys.use, credential=credential, browser=request.cookie(PASSKEY), party=_party(request)
            ),
            by=actor_of(request),
        )
    return signed_in(request, opened, me)
