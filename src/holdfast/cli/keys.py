"""`holdfast keys`: API keys, shown once and stored as hashes."""

from __future__ import annotations

import re
import secrets
import string
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from holdfast.access.permissions import Scope
from holdfast.cli._organisation import MAIN_SLUG, ForOrganisation
from holdfast.cli.output import AsCsv, AsJson, Column, fail, print_record, print_table

__all__ = ["app"]

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True, add_completion=False)

_ID_LENGTH = 12
_COLUMNS = (
    Column(name="id"),
    Column(name="name", is_text=True),
    Column(name="scopes", rank=1),
    Column(name="created_at", rank=4),
    Column(name="expires_at", rank=2),
    Column(name="revoked_at", rank=1),
    Column(name="last_used_at", rank=3),
    Column(name="previous_until", rank=5),
)
_FOR = re.compile(r"([1-9][0-9]{0,4})([hd])")
_OVERLAP = re.compile(r"0|([1-9][0-9]{0,3})([mhd])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_KEY_ID = re.compile(r"[A-Za-z0-9]{4,40}")
_UNITS = {"h": "hours", "d": "days"}


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The key's purpose, as the list shows it.")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            help="What the key may do. Repeat it for several scopes. read: see drafts, holds, blocks and metrics; "
            "sell: also hold and book for buyers; organise: also events, blocks and bookings; door: check tickets in; "
            "money: prices, refunds and postings."
        ),
    ],
    expires: Annotated[
        str | None,
        typer.Option(
            help="End of validity: after a duration (`12h`, `90d`) or at a time (`2027-01-01T00:00:00Z`)."
        ),
    ] = None,
    organisation: ForOrganisation = MAIN_SLUG,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it once. Holdfast stores only its hash.

    The first key ends open mode: from then on all callers need a key, also on this machine.
    """
    from holdfast.access.access import Access
    from holdfast.access.principals import make_api_key
    from holdfast.cli._database import plain_errors, use_contexts
    from holdfast.cli._organisation import organisation_number
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.seating.label import normalise_name

    with plain_errors():
        label = normalise_name(name, pointer="/name", limit=100)
        expires_at = _end(expires)
        id = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(_ID_LENGTH))
        key, secret_hash = make_api_key(id, secrets.token_urlsafe(32))
        scopes = sorted({each.value for each in scope})

    async def insert(_: Inventory, access: Access) -> datetime | None:
        return await access.insert_key(
            id=id,
            secret_hash=secret_hash,
            name=label,
            scopes=scopes,
            expires_at=expires_at,
            organisation=await organisation_number(access, organisation),
        )

    created_at = use_contexts(insert)
    record: dict[str, Any] = {"id": id, "name": label, "scopes": scopes, "key": key}
    print_record({**record, "created_at": created_at, "expires_at": expires_at}, as_json=as_json)
    if not as_json:
        typer.echo(
            "\nThis is the only time that Holdfast shows the key. Send it as `Authorization: Bearer KEY`.",
            err=True,
        )


@app.command("list")
def list_keys(
    organisation: ForOrganisation = MAIN_SLUG, as_json: AsJson = False, as_csv: AsCsv = False
) -> None:
    """List all keys of an organisation, also revoked and expired ones, without their secrets."""
    from holdfast.access.access import Access
    from holdfast.cli._database import use_contexts
    from holdfast.cli._organisation import organisation_number
    from holdfast.inventory.inventory import Inventory

    async def find(_: Inventory, access: Access) -> list[dict[str, Any]]:
        return [
            {
                "id": key.id,
                "name": key.name,
                "scopes": list(key.scopes),
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "last_used_at": key.last_used_at,
                "previous_until": key.previous_until,
            }
            for key in await access.list_keys(await organisation_number(access, organisation))
        ]

    print_table(
        use_contexts(find), columns=_COLUMNS, none="There are no API keys.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `holdfast keys list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a key. Within a second, every server refuses it. Revoking it again changes nothing."""
    from holdfast.access.access import Access
    from holdfast.cli._database import use_contexts
    from holdfast.inventory.inventory import Inventory

    async def end(_: Inventory, access: Access) -> bool:
        return await access.revoke_key(id)

    if not use_contexts(end):
        raise fail(f"There is no key {id[:80]}: `holdfast keys list` shows all.")
    print_record({"id": id, "revoked": True}, as_json=as_json)


@app.command()
def rotate(
    id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `holdfast keys list` shows it.")],
    overlap: Annotated[
        str,
        typer.Option(
            help="How long the present secret still works: `30m`, `12h`, `7d`, or `0` to end it now."
        ),
    ] = "24h",
    as_json: AsJson = False,
) -> None:
    """Give a key another secret and show it once. Scopes and expiry stay.

    Both secrets work until the overlap ends, so that programs can change in the meantime. If an earlier secret still
    works, it ends now.
    """
    from holdfast.access.access import Access
    from holdfast.access.principals import RotatedKey, make_api_key
    from holdfast.cli._database import plain_errors, use_contexts
    from holdfast.inventory.inventory import Inventory

    match = _OVERLAP.fullmatch(overlap)
    if match is None:
        raise fail("--overlap must be a duration: 30m, 12h, 7d, or 0.", code=2)
    seconds = int(match[1] or 0) * _SECONDS[match[2] or "m"]
    if not _KEY_ID.fullmatch(id):
        raise fail(f"There is no valid key {id[:80]}: `holdfast keys list` shows all.")
    with plain_errors():
        key, secret_hash = make_api_key(id, secrets.token_urlsafe(32))

    async def change(_: Inventory, access: Access) -> RotatedKey | None:
        return await access.rotate_key(id, secret_hash, overlap_seconds=seconds)

    rotated = use_contexts(change)
    if rotated is None:
        raise fail(f"There is no valid key {id[:80]}: `holdfast keys list` shows all.")
    record = {"id": id, "name": rotated.name, "scopes": list(rotated.scopes), "key": key}
    print_record(
        {**record, "expires_at": rotated.expires_at, "previous_until": rotated.previous_until},
        as_json=as_json,
    )
    if not as_json:
        typer.echo("\nThis is the only time that Holdfast shows the new key.", err=True)


def _end(text: str | None) -> datetime | None:
    from holdfast.http.values import parse_time

    if text is None:
        return None
    match = _FOR.fullmatch(text)
    if match is not None:
        return datetime.now(UTC) + timedelta(**{_UNITS[match[2]]: int(match[1])})
    moment = parse_time(text)
    if moment is None:
        raise fail("--expires must be a duration (12h, 90d) or an RFC 3339 time.", code=2)
    if moment <= datetime.now(UTC):
        raise fail("--expires is in the past: give a time to come.", code=2)
    return moment
