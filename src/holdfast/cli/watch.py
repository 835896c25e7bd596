"""`holdfast watch`: an event's live counts in the terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.output import AsJson

if TYPE_CHECKING:
    from rich.table import Table

    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.rules.availability import Availability

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def watch(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")],
    once: Annotated[bool, typer.Option("--once", help="Print the current counts, and end.")] = False,
    interval: Annotated[
        int, typer.Option(min=50, max=60_000, help="Milliseconds between two polls of the event's version.")
    ] = 200,
    as_json: AsJson = False,
) -> None:
    """Show an event's counts as they change, until interrupted.

    The counts include sales of every server on the database. With --json, each change is one line of JSON.
    """
    from holdfast.cli._database import resolve, use_engine

    async def follow(inventory: Inventory) -> None:
        number = await resolve(inventory, event)
        if as_json:
            async for availability in _changes(inventory, number, interval / 1000, once=once):
                _print_line(availability)
            return
        from rich.console import Console
        from rich.live import Live

        console = Console()
        if once:
            console.print(_table(await inventory.queries.get_availability(number)))
            return
        with Live(console=console, auto_refresh=False) as live:
            async for availability in _changes(inventory, number, interval / 1000, once=once):
                live.update(_table(availability), refresh=True)

    try:
        use_engine(follow)
    except KeyboardInterrupt:
        raise typer.Exit from None


async def _changes(
    inventory: Inventory, number: int, seconds: float, *, once: bool
) -> AsyncIterator[Availability]:
    """Yield the availability now, and after each commit and each expiry."""
    loop = asyncio.get_running_loop()
    with inventory.streams.subscribe(number) as watch:
        while True:
            availability = await inventory.queries.get_availability(number)
            watch.notify(availability.version)
            yield availability
            if once:
                return
            expiry = availability.next_expiry
            ahead = (expiry - availability.as_of).total_seconds() if expiry is not None else float("inf")
            lapses_at = loop.time() + ahead
            while watch.version <= availability.version and loop.time() < lapses_at:
                await asyncio.sleep(min(seconds, max(0.0, lapses_at - loop.time())))
                await inventory.streams.poll()


def _print_line(availability: Availability) -> None:
    from holdfast.cli._availability import availability_json

    record = {
        **availability_json(availability),
        "as_of": availability.as_of.isoformat().replace("+00:00", "Z"),
    }
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _table(availability: Availability) -> Table:
    from rich.table import Table
    from rich.text import Text

    event = availability.event
    table = Table(
        title=Text(f"{event.name} (event {event.number}, {event.status.value})"),
        caption=Text(f"version {availability.version}, {availability.as_of:%H:%M:%S} UTC"),
    )
    table.add_column("area")
    for column in ("capacity", "available", "held", "booked", "blocked"):
        table.add_column(column, justify="right")
    parts = [(area.name, area.counts) for area in availability.areas]
    if len(parts) != 1:
        parts.append(("all", availability.counts))
    for name, counts in parts:
        numbers = (counts.capacity, counts.available, counts.held, counts.booked, counts.blocked)
        table.add_row(
            Text(name), *(f"{number:,}" for number in numbers), style="bold" if name == "all" else None
        )
    return table
