"""`holdfast organisation`: several organisers on one server. One organiser needs no command of these."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from holdfast.cli.output import AsCsv, AsJson, Column, fail, print_record, print_table

__all__ = ["app"]

app = typer.Typer(help="Create and list organisations.", no_args_is_help=True, add_completion=False)

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_COLUMNS = (
    Column(name="number"),
    Column(name="slug"),
    Column(name="name", is_text=True),
    Column(name="created_at", rank=1),
)


@app.command()
def create(
    slug: Annotated[
        str, typer.Argument(metavar="SLUG", help="Its short name: lower-case letters, digits and hyphens.")
    ],
    name: Annotated[str | None, typer.Option(help="Its name. Default: the short name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create an organisation. Its events, keys and seat maps do not exist for other organisations.

    Update every server first: from then on a server that knows only one organisation does not start.
    """
    from holdfast.access.access import Access
    from holdfast.access.audit import OPERATOR
    from holdfast.access.organisations import Organisation
    from holdfast.cli._database import plain_errors, use_contexts
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.seating.label import normalise_name

    if not _SLUG.fullmatch(slug):
        raise fail("SLUG must have 1 to 40 lower-case letters, digits and hyphens between them.", code=2)
    with plain_errors():
        label = normalise_name(name or slug, pointer="/name", limit=100)

    async def insert(_: Inventory, access: Access) -> Organisation:
        return await access.organisations.create(slug, label, by=OPERATOR)

    made = use_contexts(insert)
    print_record(_record(made), as_json=as_json)


@app.command("list")
def list_organisations(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the organisations."""
    from holdfast.access.access import Access
    from holdfast.cli._database import use_contexts
    from holdfast.inventory.inventory import Inventory

    async def find(_: Inventory, access: Access) -> list[dict[str, Any]]:
        return [_record(one) for one in await access.organisations.list_all()]

    print_table(
        use_contexts(find),
        columns=_COLUMNS,
        none="There are no organisations.",
        as_json=as_json,
        as_csv=as_csv,
    )


def _record(organisation: Any) -> dict[str, Any]:
    return {column.name: getattr(organisation, column.name) for column in _COLUMNS}
