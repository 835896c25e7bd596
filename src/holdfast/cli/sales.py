"""`holdfast sales`: what an event sold, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.output import AsCsv, AsJson, Column, fail, print_record, print_table
from holdfast.inventory.sales_figures import SalesSpan

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def sales(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")],
    *,
    span: Annotated[
        SalesSpan,
        typer.Option(help="An hour in minutes, a day in quarters of an hour, or 30 days in six hours."),
    ] = SalesSpan.HOUR,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show how many holds, bookings and admissions each step had. Steps without any are left out.

    With --json it has every step, how holds ended, and what was refused.
    """
    from holdfast.api.v1.sales import sales_json
    from holdfast.cli._database import resolve, use_engine

    async def read(inventory: Inventory) -> dict[str, Any]:
        number = await resolve(inventory, event)
        return {"event_number": number, **sales_json(await inventory.queries.get_sales(number, span))}

    if as_json and as_csv:
        raise fail("--json and --csv exclude each other.", code=2)
    found = use_engine(read)
    if as_json:
        print_record(found, as_json=True)
        return
    steps = [step for step in found["steps"] if step["holds"] or step["bookings"]]
    columns = (Column(name="at"), Column(name="holds"), Column(name="bookings"), Column(name="admissions"))
    print_table(steps, columns=columns, none="Nothing was sold.", as_json=False, as_csv=as_csv)
