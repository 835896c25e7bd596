"""`holdfast audit`: what members, keys and the operator did."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from holdfast.cli._organisation import MAIN_SLUG, ForOrganisation
from holdfast.cli.output import AsCsv, AsJson, Column, print_table

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_COLUMNS = (
    Column(name="id", rank=3),
    Column(name="at"),
    Column(name="principal"),
    Column(name="action"),
    Column(name="object"),
    Column(name="request_id", rank=4),
    Column(name="address", rank=5),
    Column(name="detail", rank=2),
)


@app.command()
def audit(
    *,
    principal: Annotated[str | None, typer.Option(help="Only the acts of this principal.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this act, such as `key.created`.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Max number of entries.")] = 50,
    organisation: ForOrganisation = MAIN_SLUG,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show what was done to keys, members and organisations, newest first. The journal has the events' changes."""
    from holdfast.access.access import Access
    from holdfast.access.audit import AuditFilter
    from holdfast.cli._database import use_contexts
    from holdfast.cli._organisation import organisation_number
    from holdfast.inventory.inventory import Inventory

    async def find(_: Inventory, access: Access) -> list[dict[str, Any]]:
        number = await organisation_number(access, organisation)
        wanted = AuditFilter(principal=principal, action=action)
        found = await access.audit.list(number, wanted, before=None, limit=limit)
        return [{column.name: getattr(entry, column.name) for column in _COLUMNS} for entry in found]

    print_table(
        use_contexts(find), columns=_COLUMNS, none="There are no entries.", as_json=as_json, as_csv=as_csv
    )
