"""`holdfast map`: seat maps of venues, stored once and reused by many events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.output import AsCsv, AsJson, Column, print_json, print_record, print_table

if TYPE_CHECKING:
    from uuid import UUID

    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.venue_maps import VenueMap

__all__ = ["app"]

app = typer.Typer(
    help="Store, list, show and change seat maps of venues.", no_args_is_help=True, add_completion=False
)

MapRef = Annotated[str, typer.Argument(metavar="MAP", help="The seat map's id.")]
MapFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="JSON file of the map, in any form of an event's; - is standard input."
    ),
]
_COLUMNS = (
    Column(name="name", is_text=True),
    Column(name="version"),
    Column(name="capacity"),
    Column(name="created_at", rank=2),
    Column(name="id"),
)


@app.command()
def store(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The map's name, for example the venue's.")],
    file: MapFile,
    as_json: AsJson = False,
) -> None:
    """Store a new seat map. `holdfast event create --stored-map` uses it."""
    from holdfast.cli._database import BY, use_engine

    label, document, capacity = _read(name, file)

    async def insert(inventory: Inventory) -> VenueMap:
        return await inventory.venue_maps.create(label, document, capacity=capacity, by=BY, scope=None)

    print_record(_record(use_engine(insert)), as_json=as_json)


@app.command()
def change(
    seat_map: MapRef,
    file: MapFile,
    name: Annotated[str | None, typer.Option(help="A new name. Default: the name stays.")] = None,
    as_json: AsJson = False,
) -> None:
    """Store the next version of a seat map. Events keep the version that they copied.

    A map that equals the newest version adds nothing.
    """
    from holdfast.cli._database import BY, use_engine

    label, document, capacity = _read(name, file)

    async def add(inventory: Inventory) -> VenueMap:
        id = _parse(seat_map)
        kept = label or (await inventory.venue_maps.get(id)).name
        return await inventory.venue_maps.add_version(id, kept, document, capacity=capacity, by=BY)

    print_record(_record(use_engine(add)), as_json=as_json)


@app.command("list")
def list_maps(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Max number of maps.")] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the newest version of each seat map."""
    from holdfast.cli._database import use_engine

    async def find(inventory: Inventory) -> list[dict[str, Any]]:
        return [_record(one) for one in await inventory.venue_maps.list(after=None, limit=limit)]

    print_table(
        use_engine(find), columns=_COLUMNS, none="There are no seat maps.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def show(
    seat_map: MapRef,
    version: Annotated[int | None, typer.Option(min=1, max=1_000_000, help="Default: the newest.")] = None,
    document: Annotated[bool, typer.Option("--document", help="Print the map itself, as JSON.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a version of a seat map."""
    from holdfast.cli._database import use_engine

    async def read(inventory: Inventory) -> VenueMap:
        return await inventory.venue_maps.get(_parse(seat_map), version=version)

    found = use_engine(read)
    if document:
        print_json(found.seat_map)
    else:
        print_record(_record(found), as_json=as_json)


def _parse(text: str) -> UUID:
    """Return the id that the command line names. Raises SeatMapNotFound."""
    from holdfast.errors import SeatMapNotFound
    from holdfast.http.values import parse_id

    id = parse_id(text)
    if id is None:
        raise SeatMapNotFound
    return id


def _read(name: str | None, file: Path) -> tuple[str, Any, int]:
    """Return the name (empty for none), the document and its capacity. Raises typer.Exit for a wrong one."""
    from holdfast.cli._database import plain_errors
    from holdfast.cli._event_files import read_json
    from holdfast.inventory.seating.forms import parse_seat_map
    from holdfast.inventory.seating.label import normalise_name

    with plain_errors():
        label = "" if name is None else normalise_name(name, pointer="/name")
        document = read_json(file)
        layout = parse_seat_map(document)
    return label, document, len(layout.seats) + sum(area.capacity for area in layout.areas)


def _record(venue_map: VenueMap) -> dict[str, Any]:
    return {column.name: getattr(venue_map, column.name) for column in _COLUMNS}
