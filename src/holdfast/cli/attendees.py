"""`holdfast attendees`: the list of an event's attendees, as a file for a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli._languages import InLanguage, language_of
from holdfast.cli.output import fail

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory

__all__ = ["app"]

app = typer.Typer(help="Export the list of an event's attendees.", no_args_is_help=True, add_completion=False)


@app.callback()
def _group() -> None:
    """Export the list of an event's attendees."""


@app.command()
def export(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The file: .csv or .xlsx. `-` is a CSV to print."
        ),
    ] = Path("-"),
    language: InLanguage = None,
) -> None:
    """Export who has booked which place: a line for each admission, newest booking first."""
    import sys

    from holdfast.api.attendee_list import AttendeeList, csv_chunks, xlsx_chunks
    from holdfast.cli._database import resolve, use_engine
    from holdfast.languages import ENGLISH

    ending = output.suffix.lower()
    if str(output) != "-" and ending not in (".csv", ".xlsx"):
        raise fail("The file's name must end in .csv or .xlsx.", code=2)
    spoken = ENGLISH if language is None else language_of(language)

    async def write(inventory: Inventory) -> None:
        number = await resolve(inventory, event)
        found = await inventory.queries.get_event(number)
        attendees = AttendeeList(
            queries=inventory.queries,
            event=found,
            seats=await inventory.queries.get_seat_map(number, found.map_version),
        )
        chunks = xlsx_chunks(attendees, spoken) if ending == ".xlsx" else csv_chunks(attendees, spoken)
        if str(output) == "-":
            async for chunk in chunks:
                sys.stdout.buffer.write(chunk)
            return
        with output.open("wb") as file:
            async for chunk in chunks:
                file.write(chunk)

    use_engine(write)
