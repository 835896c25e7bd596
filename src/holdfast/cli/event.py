"""`holdfast event`: make, list, show, stop, resume and import events."""

from __future__ import annotations

import json
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from holdfast.cli.output import AsJson, fail, print_json, print_record, print_table

__all__ = ["app"]

app = typer.Typer(
    help="Make, list, show, stop, resume and import events.", no_args_is_help=True, add_completion=False
)

EventRef = Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")]
SeatMapFile = Annotated[
    Path | None,
    typer.Option(
        "--seat-map",
        help="JSON file of the numbered seats: sections of equal rows, labels, or a plan in pretix's schema.",
    ),
]


class Status(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


@app.command()
def create(  # noqa: PLR0917 - typer passes them by name
    name: Annotated[str, typer.Argument(metavar="NAME", help="The event's name.")],
    capacity: Annotated[int | None, typer.Option(help="Admissions of one area, `general`.")] = None,
    area: Annotated[
        list[str] | None, typer.Option(help="A counted area, as NAME=CAPACITY. Repeat it for several areas.")
    ] = None,
    seat_map: SeatMapFile = None,
    venue: Annotated[str | None, typer.Option(help="The venue's name.")] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="The venue's time zone, for example Europe/Berlin.")
    ] = None,
    starts_at: Annotated[
        str | None, typer.Option(help="Start of the event, for example 2027-05-01T19:00:00Z.")
    ] = None,
    on_sale_at: Annotated[str | None, typer.Option(help="Start of sales.")] = None,
    off_sale_at: Annotated[str | None, typer.Option(help="End of sales.")] = None,
    hold_ttl_seconds: Annotated[int | None, typer.Option(help="Default lifetime of a hold; 600.")] = None,
    max_hold_ttl_seconds: Annotated[int | None, typer.Option(help="Max lifetime of a hold.")] = None,
    max_per_hold: Annotated[
        int | None, typer.Option(min=0, help="Max admissions in one hold; 20 by default, 0 for no limit.")
    ] = None,
    max_per_buyer: Annotated[
        int | None, typer.Option(help="Max admissions of one buyer in this event.")
    ] = None,
    allow_partial: Annotated[
        bool, typer.Option(help="Grant fewer admissions if not all are available.")
    ] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Do not publish it yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make an event with its inventory, and publish it unless it is a draft."""
    from holdfast.cli._database import BY, plain_errors, use_engine
    from holdfast.cli._files import new_event, read_seat_map
    from holdfast.inventory.inventory import Inventory

    given = {
        "name": name,
        "capacity": capacity,
        "areas": [_area(text) for text in area] if area else None,
        "venue": venue,
        "time_zone": time_zone,
        "starts_at": starts_at,
        "on_sale_at": on_sale_at,
        "off_sale_at": off_sale_at,
        "hold_ttl_seconds": hold_ttl_seconds,
        "max_hold_ttl_seconds": max_hold_ttl_seconds,
        "max_per_hold": max_per_hold,
        "max_per_buyer": max_per_buyer,
        "allow_partial": allow_partial,
        "status": "draft" if draft else "published",
    }
    fields: dict[str, Any] = {field: value for field, value in given.items() if value is not None}
    if max_per_hold == 0:
        fields["max_per_hold"] = None
    with plain_errors():
        new = new_event(fields, read_seat_map(seat_map))

    async def make(inventory: Inventory) -> dict[str, Any]:
        event = await inventory.create_event(new, by=BY)
        assert event is not None
        return _event_record(event)

    record = use_engine(make)
    print_record(record if as_json else _shortened(record), as_json=as_json)


@app.command("list")
def list_events(
    status: Annotated[Status | None, typer.Option(help="Only events with this status.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Only events with this text in their name or venue.")
    ] = None,
    on_sale: Annotated[bool, typer.Option("--on-sale", help="Only events that are on sale now.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Max number of events.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List events, newest first, with their capacity and sales."""
    from holdfast.cli._database import use_engine
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.queries import EventFilter

    wanted = EventFilter(
        status=status.value if status else None, text=text, on_sale=True if on_sale else None
    )

    async def find(inventory: Inventory) -> list[dict[str, Any]]:
        return [
            {
                "number": event.number,
                "id": event.id,
                "name": event.name,
                "status": event.status.value,
                "starts_at": event.starts_at,
                "capacity": counts.capacity,
                "available": counts.available,
                "held": counts.held,
                "booked": counts.booked,
                "blocked": counts.blocked,
            }
            for event, counts, _ in await inventory.queries.list_events(wanted, before=None, limit=limit)
        ]

    columns = ("number", "name", "status", "starts_at", "capacity", "available", "held", "booked", "blocked")
    print_table(use_engine(find), columns=columns, as_json=as_json)


@app.command()
def show(event: EventRef, as_json: AsJson = False) -> None:
    """Show an event, its rules, and its current availability by area."""
    from holdfast.cli._availability import availability_json
    from holdfast.cli._database import resolve, use_engine
    from holdfast.inventory.inventory import Inventory

    async def read(inventory: Inventory) -> dict[str, Any]:
        number = await resolve(inventory, event)
        availability = await inventory.queries.get_availability(number)
        return {
            **_event_record(await inventory.queries.get_event(number)),
            "availability": availability_json(availability),
        }

    record = use_engine(read)
    if as_json:
        print_json(record)
        return
    availability = record.pop("availability")
    print_record(_shortened(record))
    typer.echo()
    total = {"name": "all", **{count: availability[count] for count in _COUNTS}}
    print_table([*availability["areas"], total], columns=("name", "category", *_COUNTS))


@app.command()
def stop(event: EventRef, as_json: AsJson = False) -> None:
    """Stop sales of an event: no hold can be placed or extended. Live holds can still be confirmed."""
    from holdfast.inventory.rules.commands import StopSales

    _move(event, StopSales, as_json=as_json)


@app.command()
def resume(event: EventRef, as_json: AsJson = False) -> None:
    """Resume sales of an event that the organiser or the live check stopped."""
    from holdfast.inventory.rules.commands import ResumeSales

    _move(event, ResumeSales, as_json=as_json)


@app.command("import")
def import_events(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSON: a list of events with the fields of POST /v1/events. CSV: those fields as columns; "
            "areas as `hall=800; garden=200`.",
        ),
    ],
    seat_map: SeatMapFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the events of a file. A file with a mistake makes none.

    With --seat-map, each event without its own seats gets these. Run an interrupted import again: for three days, the
    same entry of the same file makes no second event.
    """
    from holdfast.cli._database import BY, plain_errors, use_engine
    from holdfast.cli._files import read_events, read_seat_map
    from holdfast.cli._progress import progress_bar
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.rules.commands import RetryKey, StoredAnswer
    from holdfast.inventory.rules.decide import Answered

    with plain_errors():
        news = read_events(file, read_seat_map(seat_map))
        seats = seat_map.read_bytes() if seat_map is not None else b""
        content = sha256(file.read_bytes() + seats).digest()

    def render(event: Any) -> StoredAnswer:
        return StoredAnswer(
            status=201, body=json.dumps({"number": event.number, "id": str(event.id)}).encode()
        )

    async def make(inventory: Inventory) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        with progress_bar(total=len(news), quiet=as_json) as bar:
            for at, new in enumerate(news):
                bar.say(new.name)
                key = RetryKey(
                    scope=sha256(b"import %d " % at + content).digest(), body=content, render=render
                )
                kept = await inventory.create_event_keyed(new, by=BY, key=key)
                made.append(
                    {
                        **json.loads(kept.answer.body),
                        "name": new.name,
                        "is_new": isinstance(kept, Answered),
                    }
                )
                bar.step()
        return made

    made = use_engine(make)
    print_table(made, columns=("number", "name", "is_new"), as_json=as_json)


def _move(event: str, command: type[Any], *, as_json: bool) -> None:
    from holdfast.cli._database import BY, resolve, use_engine
    from holdfast.inventory.inventory import Inventory

    async def move(inventory: Inventory) -> dict[str, Any]:
        number = await resolve(inventory, event)
        return _event_record(await inventory.execute(number, command(by=BY)))

    record = use_engine(move)
    print_record(record if as_json else _shortened(record), as_json=as_json)


_COUNTS = ("capacity", "available", "held", "booked", "blocked")


def _event_record(event: Any) -> dict[str, Any]:
    from holdfast.api.v1.event_answers import event_json

    record = event_json(event)
    return {**record, "status": str(record["status"])}


def _shortened(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record for people: areas and categories on one line each."""
    lists = {
        field: [f"{each['name']} ({each['capacity']})" for each in record[field]]
        for field in ("areas", "categories")
    }
    return {**record, **lists}


def _area(text: str) -> dict[str, Any]:
    name, separator, size = text.rpartition("=")
    if not separator or not (size.isascii() and size.isdigit()):
        raise fail(f"--area is NAME=CAPACITY, for example hall=800; {text[:80]} is not.", code=2)
    return {"name": name, "capacity": int(size)}
