"""`holdfast watch`: an event's live counts in the terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli._tables import tab_separated, table_lines, text_of
from holdfast.cli.output import AsJson, Column

if TYPE_CHECKING:
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

    The counts include sales of every server on the database. Each change is one line of JSON with --json, and one
    tab-separated line if the output is not a terminal.
    """
    from holdfast.cli._database import resolve, use_engine

    async def follow(inventory: Inventory) -> None:
        number = await resolve(inventory, event)
        if as_json:
            async for availability in _changes(inventory, number, interval / 1000, once=once):
                _print_line(availability)
            return
        if not sys.stdout.isatty():
            is_first = True
            async for availability in _changes(inventory, number, interval / 1000, once=once):
                _print_tabs(availability, with_header=is_first)
                is_first = False
            return
        from rich.live import Live
        from rich.text import Text

        with Live(auto_refresh=False, vertical_overflow="crop") as live:
            async for availability in _changes(inventory, number, interval / 1000, once=once):
                lines = _lines(availability, width=live.console.width)
                live.update(Text("\n".join(lines), no_wrap=True, overflow="crop"), refresh=True)

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


def _print_tabs(availability: Availability, *, with_header: bool) -> None:
    from holdfast.cli._availability import COUNTS, availability_json

    columns = [Column(name=name) for name in ("as_of", "version", "event_number", "name", "status")]
    lines = tab_separated([availability_json(availability)], [*columns, *COUNTS]).splitlines(keepends=True)
    sys.stdout.writelines(lines if with_header else lines[1:])
    sys.stdout.flush()


def _lines(availability: Availability, *, width: int) -> list[str]:
    """Return the counts of each area for a terminal."""
    from holdfast.cli._availability import COUNTS, availability_rows
    from holdfast.cli._times import local

    event = availability.event
    kind = f"{event.status.value}, rehearsal" if event.rules.rehearsal else event.status.value
    columns = (Column(name="name", is_text=True), *COUNTS)
    lines, _ = table_lines(availability_rows(availability), columns, width=width)
    return [
        f"{event.name} (event {event.number}, {kind})",
        *lines,
        f"version {availability.version}, {text_of(local(availability.as_of, event.time_zone))}",
    ]
