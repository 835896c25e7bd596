"""API keys: the list, a key of its own page, and the buttons that make, rotate and revoke. A secret is shown once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints, ValidationError

from holdfast.access.permissions import Permission, Scope
from holdfast.access.principals import OPEN
from holdfast.api.request import Request
from holdfast.api.v1.keys import (
    CreateKeyIn,
    RotateKeyIn,
    create_key,
    get_key,
    list_keys,
    revoke_key,
    rotate_key,
)
from holdfast.api.values import KeyPath
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor
from holdfast.languages import mark
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import (
    RefusedCommand,
    StaffForm,
    done_text,
    from_staff,
    organiser_page,
    run,
)
from holdfast.web.organise.webhooks import as_list
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import redirect
from holdfast.web.sentences import Sentence

__all__ = ["routes"]

routes: Routes = PageRoutes()

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_SCOPES = {
    Scope.READ: mark("See events and buyers"),
    Scope.SELL: mark("Sell for any buyer"),
    Scope.ORGANISE: mark("Change events, and read and change bookings"),
    Scope.DOOR: mark("Check tickets in"),
    Scope.MONEY: mark("Read and change prices and payments"),
}
_OVERLAPS = {
    0: mark("ends now"),
    3_600: mark("works for an hour more"),
    86_400: mark("works for a day more"),
    7 * 86_400: mark("works for a week more"),
}
_DONE = {"revoke": lambda: gettext("The key is revoked. Every server refuses it within a second.")}


class NewKeyIn(StaffForm):
    """What the key is for, what it may do, and the last day on which it works: none for ever."""

    name: _Line = ""
    scopes: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    last_day: _Line = ""


class RotateForm(StaffForm):
    overlap: _Line = ""


@routes.get("/organise/keys", policy=Permission.KEYS_WRITE)
async def show_keys(request: Request, cursor: Cursor | None = None) -> Reply:
    """Show the organisation's keys, newest first, and the form that makes one."""
    return await _list_page(request, cursor=cursor)


@routes.post("/organise/keys", policy=Permission.KEYS_WRITE)
@from_staff
async def add_key(request: Request, form: NewKeyIn) -> Reply:
    """Make a key, and show its secret. A repeated press shows the same one."""
    try:
        asked = CreateKeyIn.model_validate(
            {"name": form.name, "scopes": list(form.scopes), "expires_at": _end_of(form.last_day)}
        )
    except (ValueError, OverflowError) as failed:
        fields = {each["loc"][0] for each in failed.errors()} if isinstance(failed, ValidationError) else {""}
        if fields & {"", "expires_at"}:
            return await _not_made(request, form, gettext("Write the last day as 2031-05-04."))
        return await _not_made(request, form, gettext("Write what it is for, and tick what it may do."))
    made = await run(request, create_key(request, asked))
    if isinstance(made, RefusedCommand):
        if made.members["code"] == "invalid_input":
            return await _not_made(request, form, gettext("The last day is over. Write a later one."))
        return await _list_page(request, message=made.message, typed=form, status=made.status)
    return await _key_page(request, str(made["id"]), secret=str(made["key"]))


@routes.get("/organise/keys/{key}", policy=Permission.KEYS_WRITE)
async def show_key(request: Request, key: KeyPath) -> Reply:
    """Show a key without its secret."""
    return await _key_page(request, key, message=done_text(request, _DONE))


@routes.post("/organise/keys/{key}/rotate", policy=Permission.KEYS_WRITE)
@from_staff
async def renew_key(request: Request, key: KeyPath, form: RotateForm) -> Reply:
    """Give a key another secret, and show it. A repeated press shows the same one."""
    overlap = int(form.overlap) if form.overlap in map(str, _OVERLAPS) else 86_400
    made = await run(request, rotate_key(request, key, RotateKeyIn(overlap_seconds=overlap)))
    if isinstance(made, RefusedCommand):
        return await _key_page(request, key, message=made.message, status=made.status)
    return await _key_page(request, key, secret=str(made["key"]))


@routes.post("/organise/keys/{key}/revoke", policy=Permission.KEYS_WRITE)
@from_staff
async def end_key(request: Request, key: KeyPath, form: StaffForm) -> Reply:
    """Revoke a key for good."""
    del form  # its button says all
    await revoke_key(request, key)
    return redirect(request, f"organise/keys/{key}?done=revoke")


def _end_of(day: str) -> str | None:
    """Return the end of a day in UTC; None for no day. Raises ValueError for what is no date."""
    if not day:
        return None
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), UTC).isoformat()


async def _not_made(request: Request, form: NewKeyIn, says: str) -> Reply:
    message = Sentence(title=gettext("No key is made"), says=says)
    return await _list_page(request, message=message, typed=form, status=422)


def _state_of(key: dict[str, Any]) -> str:
    if key["revoked_at"] is not None:
        return "revoked"
    return "expired" if key["expires_at"] is not None and key["expires_at"] <= datetime.now(UTC) else "works"


async def _list_page(
    request: Request,
    *,
    cursor: str | None = None,
    message: Sentence | None = None,
    typed: NewKeyIn | None = None,
    status: int = 200,
) -> Reply:
    found = await list_keys(request, cursor=cursor)
    return await organiser_page(
        request,
        "organise_keys.html",
        here="organise/keys",
        tab="settings",
        status=status,
        message=message,
        keys=[(key, _state_of(key)) for key in found["items"]],
        older=found["next"],
        scopes=[(scope.value, gettext(says)) for scope, says in _SCOPES.items()],
        ends_open_mode=request.principal is OPEN,
        typed={} if typed is None else typed.model_dump(),
    )


async def _key_page(
    request: Request,
    id: str,
    *,
    secret: str | None = None,
    message: Sentence | None = None,
    status: int = 200,
) -> Reply:
    key = await get_key(request, id)
    return await organiser_page(
        request,
        "organise_key.html",
        here=f"organise/keys/{id}",
        tab="settings",
        status=status,
        message=message,
        key=key,
        state=_state_of(key),
        secret=secret,
        scopes=[gettext(_SCOPES[Scope(name)]) for name in key["scopes"] if name in frozenset(Scope)],
        overlaps=[(seconds, gettext(says)) for seconds, says in _OVERLAPS.items()],
    )
