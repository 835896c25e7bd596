"""`holdfast hold`: list, show and release holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli._consent import Yes
from holdfast.cli.output import AsCsv, AsJson, Column, print_record, print_table
from holdfast.inventory.rules.hold import HoldStatus

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory

__all__ = ["app"]

app = typer.Typer(help="List, show and release holds.", no_args_is_help=True, add_completion=False)

HoldRef = Annotated[str, typer.Argument(metavar="HOLD", help="The hold's id.")]


@app.command("list")
def list_holds(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")],
    *,
    status: Annotated[HoldStatus | None, typer.Option(help="Only holds with this status.")] = None,
    buyer: Annotated[str | None, typer.Option(help="Only holds of this buyer.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Max number of holds.")] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the holds of an event, newest first."""
    from holdfast.api.v1.hold_answers import hold_json
    from holdfast.cli._database import resolve, use_engine
    from holdfast.cli._sales import hold_rows

    async def find(inventory: Inventory) -> list[dict[str, Any]]:
        found = await inventory.queries.list_holds(
            await resolve(inventory, event),
            status=None if status is None else status.value,
            buyer=buyer,
            limit=limit,
        )
        return [hold_json(one) for one in found] if as_json else await hold_rows(inventory, found)

    columns = (
        Column(name="status", rank=2),
        Column(name="quantity"),
        Column(name="admissions", is_text=True),
        Column(name="buyer", is_text=True),
        Column(name="email", rank=5, is_text=True, is_optional=True),
        Column(name="placed_at", rank=4),
        Column(name="expires_at", rank=3),
        Column(name="id", rank=1),
    )
    print_table(use_engine(find), columns=columns, none="There are no holds.", as_json=as_json, as_csv=as_csv)


@app.command()
def show(hold: HoldRef, as_json: AsJson = False) -> None:
    """Show a hold: its event, its admissions, its buyer and its end."""
    from holdfast.cli._database import use_engine
    from holdfast.cli._sales import find_hold, hold_record

    async def read(inventory: Inventory) -> dict[str, Any]:
        return await hold_record(inventory, await find_hold(inventory, hold), as_json=as_json)

    print_record(use_engine(read), as_json=as_json)


@app.command()
def release(hold: HoldRef, yes: Yes = False, as_json: AsJson = False) -> None:
    """Release a hold. Its admissions are on sale at once. It asks first."""
    from holdfast.cli._database import BY, use_engine
    from holdfast.cli._sales import ask_to_end, find_hold, hold_record
    from holdfast.inventory.rules.commands import STAFF, ReleaseHold

    async def end(inventory: Inventory) -> dict[str, Any]:
        found = await find_hold(inventory, hold)
        if found.status is HoldStatus.ACTIVE:
            ask_to_end(found, "The hold", "Release", yes=yes)
        command = ReleaseHold(by=BY, hold_id=found.id, authority=STAFF)
        released = await inventory.execute(found.event_number, command)
        return await hold_record(inventory, released, as_json=as_json)

    print_record(use_engine(end), as_json=as_json)
