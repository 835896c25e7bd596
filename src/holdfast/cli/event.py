"""`holdfast event`: make, list, show, change, present, publish, stop, resume, cancel, reset and import events."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli import _event_options as options
from holdfast.cli._consent import Yes, ask
from holdfast.cli._event_options import EventRef, SeatMapFile, fields_of
from holdfast.cli._present import present
from holdfast.cli.output import AsCsv, AsJson, Column, count_of, fail, print_json, print_record, print_table
from holdfast.inventory.rules.event import EventStatus

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.rules.commands import Command
    from holdfast.inventory.rules.event import FullEvent

__all__ = ["app"]

app = typer.Typer(
    help="Make, list, show, change, present, publish, stop, resume, cancel, reset and import events.",
    no_args_is_help=True,
    add_completion=False,
)


app.command()(present)


class Clearable(StrEnum):
    """Fields that `event change --clear` can empty."""

    VENUE = "venue"
    TIME_ZONE = "time_zone"
    STARTS_AT = "starts_at"
    ON_SALE_AT = "on_sale_at"
    OFF_SALE_AT = "off_sale_at"
    MAX_PER_HOLD = "max_per_hold"
    MAX_PER_BUYER = "max_per_buyer"


@app.command()
def create(  # noqa: PLR0917 - typer passes them by name
    name: Annotated[str, typer.Argument(metavar="NAME", help="The event's name.")],
    capacity: options.Capacity = None,
    area: options.Areas = None,
    seat_map: SeatMapFile = None,
    stored_map: options.StoredMap = None,
    venue: options.Venue = None,
    time_zone: options.TimeZone = None,
    starts_at: options.StartsAt = None,
    on_sale_at: options.OnSaleAt = None,
    off_sale_at: options.OffSaleAt = None,
    hold_ttl_seconds: options.HoldTtl = None,
    max_hold_ttl_seconds: options.MaxHoldTtl = None,
    max_per_hold: options.MaxPerHold = None,
    max_per_buyer: options.MaxPerBuyer = None,
    allow_partial: options.AllowPartial = None,
    metadata: options.Metadata = None,
    draft: Annotated[bool, typer.Option("--draft", help="Do not publish it yet.")] = False,
    rehearsal: Annotated[
        bool,
        typer.Option(
            "--rehearsal",
            help="Make it for practice: `holdfast rush` sells it without a question, and `holdfast event reset` "
            "returns its sales.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make an event with its inventory, and publish it unless it is a draft."""
    from holdfast.api.v1.event_bodies import CreateEventIn
    from holdfast.cli._bodies import validated
    from holdfast.cli._database import BY, plain_errors, use_engine
    from holdfast.cli._event_files import new_event, read_seat_map
    from holdfast.cli._event_records import print_event
    from holdfast.cli._times import with_offsets

    fields = fields_of(
        area,
        metadata,
        name=name,
        capacity=capacity,
        venue=venue,
        time_zone=time_zone,
        starts_at=starts_at,
        on_sale_at=on_sale_at,
        off_sale_at=off_sale_at,
        hold_ttl_seconds=hold_ttl_seconds,
        max_hold_ttl_seconds=max_hold_ttl_seconds,
        max_per_hold=max_per_hold,
        max_per_buyer=max_per_buyer,
        allow_partial=allow_partial,
        status="draft" if draft else "published",
        rehearsal=rehearsal or None,
    )
    with plain_errors():
        fields = with_offsets(fields)
        reference = options.stored_map(stored_map, seat_map)
        new = None if reference else new_event(fields, read_seat_map(seat_map))

    async def make(inventory: Inventory) -> FullEvent:
        made = new or await validated(CreateEventIn, fields | reference).new_event(inventory.venue_maps)
        event = await inventory.create_event(made, by=BY)
        assert event is not None
        return event

    print_event(use_engine(make), as_json=as_json)


@app.command("list")
def list_events(  # noqa: PLR0917 - typer passes them by name
    status: Annotated[EventStatus | None, typer.Option(help="Only events with this status.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Only events with this text in their name or venue.")
    ] = None,
    on_sale: Annotated[bool, typer.Option("--on-sale", help="Only events that are on sale now.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Max number of events.")] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List events, newest first, with their capacity and sales."""
    from holdfast.cli._availability import COUNTS, counts_json
    from holdfast.cli._database import use_engine
    from holdfast.cli._event_records import local_members
    from holdfast.cli._times import local
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
                "rehearsal": event.rules.rehearsal,
                "venue": event.venue,
                "starts_at": event.starts_at if as_json else local(event.starts_at, event.time_zone),
                **counts_json(counts, event.status),
                **local_members(event),
            }
            for event, counts, _ in await inventory.queries.list_events(wanted, before=None, limit=limit)
        ]

    columns = (
        Column(name="number"),
        Column(name="name", is_text=True),
        Column(name="status", rank=2),
        Column(name="rehearsal", is_optional=True),
        Column(name="starts_at", rank=4, is_optional=True),
        *COUNTS,
        Column(name="venue", rank=7, is_text=True, is_optional=True),
        Column(name="id", rank=8),
    )
    print_table(
        use_engine(find), columns=columns, none="There are no events.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def show(event: EventRef, as_json: AsJson = False) -> None:
    """Show an event, its rules, and its current availability by area."""
    from holdfast.cli._availability import COUNTS, availability_json, availability_rows
    from holdfast.cli._database import resolve, use_engine
    from holdfast.cli._event_records import event_record, for_people
    from holdfast.inventory.rules.availability import Availability

    async def read(inventory: Inventory) -> tuple[FullEvent, Availability]:
        number = await resolve(inventory, event)
        availability = await inventory.queries.get_availability(number)
        return await inventory.queries.get_event(number), availability

    found, availability = use_engine(read)
    record = event_record(found)
    if as_json:
        print_json({**record, "availability": availability_json(availability)})
        return
    print_record(for_people(record))
    typer.echo()
    category = Column(name="category", rank=4, is_text=True, is_optional=True)
    columns = (Column(name="name", is_text=True), category, *COUNTS)
    print_table(availability_rows(availability), columns=columns)


@app.command()
def change(  # noqa: PLR0917 - typer passes them by name
    event: EventRef,
    name: Annotated[str | None, typer.Option(help="The event's name.")] = None,
    capacity: options.Capacity = None,
    area: options.Areas = None,
    add_area: options.NewAreas = None,
    add_category: options.NewCategories = None,
    seat_map: SeatMapFile = None,
    stored_map: options.StoredMap = None,
    venue: options.Venue = None,
    time_zone: options.TimeZone = None,
    starts_at: options.StartsAt = None,
    on_sale_at: options.OnSaleAt = None,
    off_sale_at: options.OffSaleAt = None,
    hold_ttl_seconds: options.HoldTtl = None,
    max_hold_ttl_seconds: options.MaxHoldTtl = None,
    max_per_hold: options.MaxPerHold = None,
    max_per_buyer: options.MaxPerBuyer = None,
    allow_partial: options.AllowPartial = None,
    metadata: options.Metadata = None,
    clear: Annotated[
        list[Clearable] | None, typer.Option(help="A field to empty. Repeat it for several fields.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named of an event. A --seat-map adds its seats.

    Capacity may grow, or shrink to what is not taken. A local time is one of the new --time-zone, or else of the
    event's own.
    """
    from holdfast.api.v1.event_bodies import ChangeEventIn
    from holdfast.cli._bodies import validated
    from holdfast.cli._database import BY, resolve, use_engine
    from holdfast.cli._event_files import read_json
    from holdfast.cli._event_records import print_event
    from holdfast.cli._times import with_offsets

    fields = fields_of(
        area,
        metadata,
        name=name,
        capacity=capacity,
        venue=venue,
        time_zone=time_zone,
        starts_at=starts_at,
        on_sale_at=on_sale_at,
        off_sale_at=off_sale_at,
        hold_ttl_seconds=hold_ttl_seconds,
        max_hold_ttl_seconds=max_hold_ttl_seconds,
        max_per_hold=max_per_hold,
        max_per_buyer=max_per_buyer,
        allow_partial=allow_partial,
    )
    for each in clear or ():
        if fields.setdefault(each.value, None) is not None:
            raise fail(f"--clear {each.value} and its new value exclude each other.", code=2)
    fields |= options.additions(fields.get("areas"), add_area, add_category)
    fields |= options.stored_map(stored_map, seat_map)
    if seat_map is not None:
        fields["seat_map"] = read_json(seat_map)
    if not fields:
        raise fail("Name at least one change; `holdfast event change --help` lists them.", code=2)

    async def alter(inventory: Inventory) -> FullEvent:
        number = await resolve(inventory, event)
        zone = (await inventory.queries.get_event(number)).time_zone
        body = validated(ChangeEventIn, with_offsets(fields, zone))
        return await inventory.execute(number, await body.change(inventory.venue_maps, by=BY))

    print_event(use_engine(alter), as_json=as_json)


@app.command()
def publish(event: EventRef, as_json: AsJson = False) -> None:
    """Publish a draft, so that it can be sold."""
    from holdfast.inventory.rules.commands import PublishEvent

    _move(event, PublishEvent, as_json=as_json)


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


@app.command()
def cancel(event: EventRef, yes: Yes = False, as_json: AsJson = False) -> None:
    """Cancel an event for good. Nothing is available afterwards, live holds end, and bookings stay.

    It asks first.
    """
    from holdfast.inventory.rules.commands import CancelEvent

    _move(event, CancelEvent, as_json=as_json, asks=not yes)


@app.command()
def reset(event: EventRef, as_json: AsJson = False) -> None:
    """Return everything of a rehearsal: release its holds, cancel its bookings, and lift its blocks.

    An event is a rehearsal only if `holdfast event create --rehearsal` made it.
    """
    from holdfast.cli._database import resolve, use_engine
    from holdfast.cli._rehearsal import return_everything

    async def run(inventory: Inventory) -> dict[str, Any]:
        number = await resolve(inventory, event)
        return await return_everything(inventory, number, quiet=as_json)

    print_record(use_engine(run), as_json=as_json)


@app.command("import")
def import_events(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSON: a list of events with the fields of POST /v1/events. CSV, with commas, semicolons, tabs or "
            "bars: those fields as columns; areas as `hall=800; garden=200`.",
        ),
    ],
    seat_map: SeatMapFile = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Make the events of a file. A file with a mistake makes none, and every mistake is reported.

    With --seat-map, each event without its own seats gets these. Importing again makes no second event: an event with
    the same name, venue and start is left as it is.
    """
    from holdfast.cli._database import plain_errors, use_engine
    from holdfast.cli._event_files import read_events, read_seat_map
    from holdfast.cli._import import Import

    with plain_errors():
        run = Import(read_events(file, read_seat_map(seat_map)), quiet=as_json or as_csv)
    columns = (
        Column(name="number"),
        Column(name="name", is_text=True),
        Column(name="is_new"),
        Column(name="id", rank=1),
    )
    try:
        use_engine(run.make_events)
    finally:
        if run.made:
            print_table(run.made, columns=columns, as_json=as_json, as_csv=as_csv)
        if run.remaining:
            made = f"{len(run.made):,} of {count_of(len(run.news), 'event')}"
            typer.echo(f"{made} of the file exist now. Import it again to make the others.", err=True)


def _move(event: str, command: type[Command[FullEvent]], *, as_json: bool, asks: bool = False) -> None:
    from holdfast.cli._database import BY, resolve, use_engine
    from holdfast.cli._event_records import print_event

    async def move(inventory: Inventory) -> FullEvent:
        number = await resolve(inventory, event)
        if asks:
            await _ask_to_cancel(inventory, number)
        return await inventory.execute(number, command(by=BY))

    print_event(use_engine(move), as_json=as_json)


async def _ask_to_cancel(inventory: Inventory, number: int) -> None:
    availability = await inventory.queries.get_availability(number)
    event, counts = availability.event, availability.counts
    if event.status is not EventStatus.CANCELLED:
        ask(
            f"Event {number}, {event.name}, has {counts.booked:,} booked and {counts.held:,} held admissions. "
            "A cancellation is final. Cancel the event?",
            yes=False,
        )
