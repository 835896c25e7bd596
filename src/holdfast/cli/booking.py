"""`holdfast booking`: list, show, mail, exchange, transfer and cancel bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli._consent import Yes
from holdfast.cli._languages import InLanguage, language_of
from holdfast.cli.output import AsCsv, AsJson, Column, print_record, print_table
from holdfast.inventory.rules.booking import BookingStatus

if TYPE_CHECKING:
    from holdfast.api.booking_mail import BookingMail
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.rules.commands import QuantityLine, SeatsLine

__all__ = ["app"]

app = typer.Typer(
    help="List, show, mail, exchange, transfer and cancel bookings.",
    no_args_is_help=True,
    add_completion=False,
)

ReturnedSeats = Annotated[
    list[str] | None, typer.Option("--returned-seat", help="A seat that it returns; once for each.")
]
ReturnedQuantity = Annotated[
    int, typer.Option("--returned-quantity", min=0, help="Admissions of an area that it returns.")
]
ReturnedArea = Annotated[
    str | None, typer.Option("--returned-area", help="The area of --returned-quantity, if there are several.")
]
BookingRef = Annotated[str, typer.Argument(metavar="BOOKING", help="The booking's reference or id.")]


@app.command("list")
def list_bookings(
    *,
    event: Annotated[
        str | None, typer.Option(help="Only bookings of this event: its number or its id.")
    ] = None,
    status: Annotated[BookingStatus | None, typer.Option(help="Only bookings with this status.")] = None,
    search: Annotated[
        str | None,
        typer.Option(
            help="Only what this names: a reference, a seat of --event, or a buyer's name or address."
        ),
    ] = None,
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
        queries, state = inventory.queries, None if status is None else status.value
        if search is None:
            found = await queries.list_bookings(number, status=state, limit=limit)
        else:
            found = await inventory.booking_search.find(search, number, status=state, limit=limit)
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
def exchange(
    booking: BookingRef,
    *,
    seats: Annotated[
        list[str] | None, typer.Option("--seat", help="A seat that it gets; once for each.")
    ] = None,
    quantity: Annotated[int, typer.Option(min=0, help="Admissions of an area that it gets.")] = 0,
    area: Annotated[str | None, typer.Option(help="The area of --quantity, if there are several.")] = None,
    best: Annotated[int, typer.Option(min=0, help="Seats that Holdfast picks for it.")] = 0,
    returned_seats: ReturnedSeats = None,
    returned_quantity: ReturnedQuantity = 0,
    returned_area: ReturnedArea = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give a booking other admissions of its event, all or none. What it had is on sale at once. It asks first.

    Without --returned-seat and --returned-quantity it returns all that it has.
    """
    from holdfast.cli._database import BY, use_engine
    from holdfast.cli._sales import ask_to_end, booking_record, find_booking
    from holdfast.inventory.rules.commands import STAFF, BestAvailableLine, ExchangeAdmissions

    new = [*_lines(seats, quantity, area), *([BestAvailableLine(quantity=best)] if best else [])]
    if not new:
        raise typer.BadParameter("Say what it gets: --seat, --quantity or --best.")
    returns = _lines(returned_seats, returned_quantity, returned_area)

    async def change(inventory: Inventory) -> dict[str, Any]:
        found = await find_booking(inventory, booking)
        ask_to_end(found, f"Booking {found.reference}", "Exchange", yes=yes)
        command = ExchangeAdmissions(
            by=BY, booking_id=found.id, authority=STAFF, lines=tuple(new), returns=tuple(returns)
        )
        return await booking_record(
            inventory, await inventory.execute(found.event_number, command), as_json=as_json
        )

    print_record(use_engine(change), as_json=as_json)


@app.command()
def transfer(
    booking: BookingRef,
    *,
    name: Annotated[str, typer.Option(help="The name of the other person.")],
    email: Annotated[str, typer.Option(help="The mail address of the other person.")],
    language: InLanguage = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give a booking to another person. The tickets and links of before let nobody in. It asks first."""
    from holdfast.api.v1.booking_transfers import TransferBookingIn
    from holdfast.cli._bodies import validated
    from holdfast.cli._database import BY, use_booking_mail
    from holdfast.cli._sales import ask_to_end, booking_record, find_booking
    from holdfast.inventory.rules.commands import STAFF, TransferBooking

    spoken = None if language is None else language_of(language).code

    async def give(inventory: Inventory, _: BookingMail) -> dict[str, Any]:
        given = {"buyer": {"name": name, "email": email}, "language": spoken}
        asked = validated(TransferBookingIn, given)
        found = await find_booking(inventory, booking)
        ask_to_end(
            found,
            f"Booking {found.reference}",
            "Void its tickets, and transfer",
            yes=yes,
        )
        command = TransferBooking(
            by=BY,
            booking_id=found.id,
            authority=STAFF,
            name=asked.buyer.name,
            email=asked.buyer.email,
            token_hash_of=inventory.hold_tokens.hold_token_hash,
            language=asked.language,
        )
        transferred = await inventory.execute(found.event_number, command)
        return await booking_record(inventory, transferred, as_json=as_json)

    print_record(use_booking_mail(give), as_json=as_json)


@app.command()
def cancel(
    booking: BookingRef,
    *,
    seats: Annotated[
        list[str] | None, typer.Option("--seat", help="Only this seat of it; once for each.")
    ] = None,
    quantity: Annotated[int, typer.Option(min=0, help="Only this number of admissions of an area.")] = 0,
    area: Annotated[str | None, typer.Option(help="The area of --quantity, if it has several.")] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Cancel a booking, or a part of it. The admissions are on sale at once. It asks first."""
    from holdfast.cli._database import BY, use_engine
    from holdfast.cli._sales import ask_to_end, booking_record, find_booking
    from holdfast.inventory.rules.commands import STAFF, CancelAdmissions, CancelBooking

    part = tuple(_lines(seats, quantity, area))

    async def end(inventory: Inventory) -> dict[str, Any]:
        found = await find_booking(inventory, booking)
        if found.status is BookingStatus.CONFIRMED:
            act = "Cancel what you named of" if part else "Cancel"
            ask_to_end(found, f"Booking {found.reference}", act, yes=yes)
        if part:
            cancelled = await inventory.execute(
                found.event_number,
                CancelAdmissions(by=BY, booking_id=found.id, authority=STAFF, lines=part),
            )
        else:
            cancelled = await inventory.execute(
                found.event_number, CancelBooking(by=BY, booking_id=found.id, authority=STAFF)
            )
        return await booking_record(inventory, cancelled, as_json=as_json)

    print_record(use_engine(end), as_json=as_json)


def _lines(seats: list[str] | None, quantity: int, area: str | None) -> list[SeatsLine | QuantityLine]:
    """Return the lines of options. Raises HoldfastError for a seat that no event can have."""
    from holdfast.inventory.rules.commands import QuantityLine, SeatsLine
    from holdfast.inventory.seating.label import normalise_label

    lines: list[SeatsLine | QuantityLine] = []
    if seats:
        lines.append(SeatsLine(labels=tuple(normalise_label(seat) for seat in seats)))
    if quantity:
        lines.append(QuantityLine(quantity=quantity, area=area))
    return lines
