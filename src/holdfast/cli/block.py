"""`holdfast block`: take admissions off sale, list blocks, and put them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli._values import whole_number
from holdfast.cli.output import AsCsv, AsJson, Column, print_record, print_table

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.rules.booking import Block

__all__ = ["app"]

app = typer.Typer(
    help="Take admissions off sale, list blocks, and put them back.",
    no_args_is_help=True,
    add_completion=False,
)

EventRef = Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")]


@app.command()
def add(  # noqa: PLR0917 - typer passes them by name
    event: EventRef,
    seats: Annotated[list[str] | None, typer.Argument(metavar="[SEAT]...", help="Seats by label.")] = None,
    quantity: Annotated[
        int | None,
        typer.Option(parser=whole_number, metavar="NUMBER", help="Instead of seats: admissions of an area."),
    ] = None,
    area: Annotated[
        str | None, typer.Option(help="With --quantity: the area, unless the event has only one.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why, as the list shows it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take available admissions off sale: all of them or none."""
    from holdfast.api.v1.blocks import BlockAdmissionsIn
    from holdfast.cli._bodies import given, validated
    from holdfast.cli._database import BY, resolve, use_engine
    from holdfast.inventory.rules.commands import BlockAdmissions

    async def block(inventory: Inventory) -> dict[str, Any]:
        fields = given(seats=seats, quantity=quantity, area=area, reason=reason)
        body = validated(BlockAdmissionsIn, fields)
        number = await resolve(inventory, event)
        command = BlockAdmissions(
            by=BY,
            block_id=inventory.new_id(number),
            labels=tuple(body.seats or ()),
            area=body.area,
            quantity=body.quantity,
            reason=body.reason,
        )
        return await _record(inventory, await inventory.block(number, command), as_json=as_json)

    print_record(use_engine(block), as_json=as_json)


@app.command("list")
def list_blocks(
    event: EventRef,
    lifted: Annotated[
        bool | None, typer.Option("--lifted/--active", help="Only lifted or only active blocks.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Max number of blocks.")] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List an event's blocks, newest first."""
    from holdfast.cli._database import resolve, use_engine

    async def find(inventory: Inventory) -> list[dict[str, Any]]:
        number = await resolve(inventory, event)
        found = await inventory.queries.list_blocks(
            number, live=None if lifted is None else not lifted, limit=limit
        )
        return [await _record(inventory, one, as_json=as_json) for one in found]

    columns = (
        Column(name="id"),
        Column(name="quantity"),
        Column(name="admissions", is_text=True),
        Column(name="reason", is_text=True, is_optional=True),
        Column(name="blocked_at", rank=2),
        Column(name="lifted_at", rank=1, is_optional=True),
    )
    print_table(
        use_engine(find), columns=columns, none="There are no blocks.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def lift(
    event: EventRef,
    block: Annotated[str, typer.Argument(metavar="BLOCK", help="The block's id, as the list shows it.")],
    as_json: AsJson = False,
) -> None:
    """Put a block's admissions back on sale. Lifting it again changes nothing."""
    from holdfast.cli._database import BY, resolve, use_engine
    from holdfast.errors import BlockNotFound
    from holdfast.http.values import parse_id
    from holdfast.inventory.rules.commands import LiftBlock

    async def end(inventory: Inventory) -> dict[str, Any]:
        number = await resolve(inventory, event)
        id = parse_id(block)
        if id is None:
            raise BlockNotFound(f"Event {number} has no block {block[:80]}: `holdfast block list` shows all.")
        lifted = await inventory.execute(number, LiftBlock(by=BY, block_id=id))
        return await _record(inventory, lifted, as_json=as_json)

    print_record(use_engine(end), as_json=as_json)


async def _record(inventory: Inventory, block: Block, *, as_json: bool) -> dict[str, Any]:
    """Return the block as the API answers it, or for people."""
    from holdfast.api.v1.blocks import block_json
    from holdfast.cli._sales import lines_text
    from holdfast.cli._times import with_local_times

    if as_json:
        return block_json(block)
    event = await inventory.queries.get_event(block.event_number)
    record = {
        "id": block.id,
        "event": block.event_number,
        "quantity": block.quantity,
        "admissions": lines_text([block]),
        "reason": block.reason,
        "blocked_at": block.blocked_at,
        "lifted_at": block.lifted_at,
    }
    return with_local_times(record, event.time_zone)
