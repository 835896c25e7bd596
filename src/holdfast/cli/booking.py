"""`holdfast booking`: list, show, mail and cancel bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli._consent import Yes
from holdfast.cli.output import AsCsv, AsJson, Column, print_record, print_table
from holdfast.inventory.rules.booking import BookingStatus

if TYPE_CHECKING:
    from holdfast.api.booking_mail import BookingMail
    from holdfast.inventory.inventory import Inventory

__all__ = ["app"]

app = typer.Typer(help="List, show, mail and cancel bookings.", no_args_is_help=True, add_completion=False)

BookingRef = Annotated[str, typer.Argument(metavar="BOOKING", help="The booking's reference or id.")]


@app.command("list")
def list_bookings(
    event: Annotated[
        str | None, typer.Option(help="Only bookings of this event: its number or its id.")
    ] = None,
    status: Annotated[BookingStatus | None, typer.Option(help="Only bookings with this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Max number of bookings.")] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List bookings, newest first. Without --event, those of the newest event come first."""
    from holdfast.api.v1.hold_answers import booking_json
    from holdfast.cli._database import resolve, use_engine
    from holdfast.cli._sales import booking_rows

    async def find(inventory: Inventory) -> list[dict[str, Any]]:
        number = None if event is None else await resolve(inventory, event)
        found = await inventory.queries.list_bookings(
            number, status=None if status is None else status.value, limit=limit
        )
        return [booking_json(one) for one in found] if as_json else await booking_rows(inventory, found)

    columns = (
        Column(name="reference"),
        Column(name="event", rank=1),
        Column(name="rehearsal", is_optional=True),
        Column(name="status", rank=2),
        Column(name="quantity"),
        Column(name="admissions", is_text=True),
        Column(name="buyer", is_text=True),
        Column(name="email", rank=5, is_text=True, is_optional=True),
        Column(name="confirmed_at", rank=3),
        Column(name="cancelled_at", rank=4, is_optional=True),
        Column(name="id", rank=6),
    )
    print_table(
        use_engine(find), columns=columns, none="There are no bookings.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def show(booking: BookingRef, as_json: AsJson = False) -> None:
    """Show a booking: its event, its admissions and its buyer."""
    from holdfast.cli._database import use_engine
    from holdfast.cli._sales import booking_record, find_booking

    async def read(inventory: Inventory) -> dict[str, Any]:
        return await booking_record(inventory, await find_booking(inventory, booking), as_json=as_json)

    print_record(use_engine(read), as_json=as_json)


@app.command()
def mail(booking: BookingRef, as_json: AsJson = False) -> None:
    """Mail a booking to its buyer once more: its confirmation, or that it is cancelled. The server sends it."""
    from uuid import uuid4

    from holdfast.cli._database import use_booking_mail
    from holdfast.cli._sales import find_booking

    async def send(inventory: Inventory, booking_mail: BookingMail) -> dict[str, Any]:
        found = await find_booking(inventory, booking)
        event = await inventory.queries.get_event(found.event_number)
        letter = await booking_mail.send_again(found, event, inventory.queries, request=uuid4().hex)
        return {"to": letter.to, "subject": letter.subject}

    print_record(use_booking_mail(send), as_json=as_json)


@app.command()
def cancel(booking: BookingRef, yes: Yes = False, as_json: AsJson = False) -> None:
    """Cancel a booking. Its admissions are on sale at once. It asks first."""
    from holdfast.cli._database import BY, use_engine
    from holdfast.cli._sales import ask_to_end, booking_record, find_booking
    from holdfast.inventory.rules.commands import STAFF, CancelBooking

    async def end(inventory: Inventory) -> dict[str, Any]:
        found = await find_booking(inventory, booking)
        if found.status is BookingStatus.CONFIRMED:
            ask_to_end(found, f"Booking {found.reference}", "Cancel", yes=yes)
        command = CancelBooking(by=BY, booking_id=found.id, authority=STAFF)
        cancelled = await inventory.execute(found.event_number, command)
        return await booking_record(inventory, cancelled, as_json=as_json)

    print_record(use_engine(end), as_json=as_json)
