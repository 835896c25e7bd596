"""`holdfast tickets`: list the tickets of a booking, print them, add one to a wallet, issue one again, check a code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli._consent import Yes, ask
from holdfast.cli._languages import InLanguage
from holdfast.cli.output import AsCsv, AsJson, Column, fail, print_record, print_table

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory
    from holdfast.tickets.ticket import Ticket
    from holdfast.tickets.tickets import Tickets
    from holdfast.tickets.wallets.wallets import Wallets

__all__ = ["app"]

app = typer.Typer(
    help="List and print the tickets of a booking, add one to a wallet, issue one again, and check a code.",
    no_args_is_help=True,
    add_completion=False,
)

BookingRef = Annotated[str, typer.Argument(metavar="BOOKING", help="The booking's reference or id.")]


@app.command("list")
def list_tickets(
    booking: BookingRef,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Max number of tickets.")] = 200,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List the tickets of a booking. Only JSON has their codes: a code lets its bearer in."""
    from holdfast.api.v1.tickets import ticket_json
    from holdfast.cli._database import use_tickets
    from holdfast.cli._sales import find_booking
    from holdfast.inventory.rules.commands import STAFF

    async def find(inventory: Inventory, tickets: Tickets) -> list[dict[str, Any]]:
        found = await tickets.read((await find_booking(inventory, booking)).id, STAFF, limit=limit)
        return [ticket_json(one) if as_json else _row(one) for one in found.tickets]

    columns = (
        Column(name="reference"),
        Column(name="status", rank=1),
        Column(name="admission", is_text=True),
        Column(name="category", is_text=True, rank=2, is_optional=True),
        Column(name="revision", rank=3),
        Column(name="reissued_at", rank=4, is_optional=True),
        Column(name="reissued_by", rank=5, is_optional=True),
    )
    print_table(
        use_tickets(find), columns=columns, none="There are no tickets.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def reissue(
    booking: BookingRef,
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The number of the ticket.")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Issue a ticket again, with another code. The code before lets nobody in any more. It asks first."""
    from holdfast.access.audit import Actor
    from holdfast.api.v1.tickets import listed_ticket_json
    from holdfast.cli._database import BY, use_tickets
    from holdfast.cli._sales import find_booking
    from holdfast.inventory.rules.commands import STAFF

    async def issue(inventory: Inventory, tickets: Tickets) -> dict[str, Any]:
        found = await find_booking(inventory, booking)
        ticket = await tickets.get(found.id, number, STAFF)
        ask(
            f"Ticket {ticket.reference} is for {_admission(ticket)}. Void its code, and make another?",
            yes=yes,
        )
        reissued = await tickets.reissue(found.id, number, STAFF, by=Actor(principal=BY))
        return listed_ticket_json(reissued) if as_json else _row(reissued)

    print_record(use_tickets(issue), as_json=as_json)


@app.command()
def pdf(
    booking: BookingRef,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the PDF goes.")],
    first: Annotated[int, typer.Option(min=1, help="The number of the first ticket.")] = 1,
    language: InLanguage = None,
) -> None:
    """Write the tickets of a booking as a PDF, a page for each, max 100. The file lets its bearer in."""
    from holdfast.cli._database import use_tickets
    from holdfast.cli._languages import language_of
    from holdfast.cli._sales import find_booking
    from holdfast.inventory.rules.commands import STAFF

    spoken = language_of(language)

    async def make(inventory: Inventory, tickets: Tickets) -> bytes:
        found = await find_booking(inventory, booking)
        return await tickets.make_pdf(found.id, STAFF, first=first, language=spoken)

    _write(file, use_tickets(make))


@app.command()
def wallet(
    booking: BookingRef,
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The number of the ticket.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where the pass for Apple Wallet goes.")
    ] = None,
    google: Annotated[
        bool, typer.Option("--google", help="Print the link that adds the ticket to Google Wallet.")
    ] = False,
) -> None:
    """Write a ticket as a pass for Apple Wallet, or print its link for Google Wallet. Both let their bearer in."""
    from holdfast.cli._database import use_wallets
    from holdfast.cli._sales import find_booking
    from holdfast.inventory.rules.commands import STAFF

    if google is (file is not None):
        raise fail("Give a FILE for the pass of Apple Wallet, or --google.")

    async def make(inventory: Inventory, wallets: Wallets) -> bytes | str:
        found = (await find_booking(inventory, booking)).id
        if google:
            return await wallets.make_google_link(found, number, STAFF)
        return await wallets.make_apple_pass(found, number, STAFF)

    made = use_wallets(make)
    if isinstance(made, str):
        print(made)
    elif file is not None:
        _write(file, made)


@app.command()
def check(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or its id.")],
    code: Annotated[str, typer.Argument(metavar="CODE", help="What a scanner has read, in quotes.")],
    as_json: AsJson = False,
) -> None:
    """Check a code at the door of an event. Nothing is recorded. Exits with 1 unless the code lets somebody in."""
    from holdfast.api.v1.tickets import checked_ticket_json
    from holdfast.cli._database import resolve, use_tickets
    from holdfast.tickets.tickets import CheckedTicket, DoorVerdict

    async def look(inventory: Inventory, tickets: Tickets) -> CheckedTicket:
        return await tickets.check(await resolve(inventory, event), code)

    checked = use_tickets(look)
    if as_json:
        print_record(checked_ticket_json(checked), as_json=True)
    else:
        of_ticket = {} if checked.ticket is None else _row(checked.ticket)
        print_record({"verdict": checked.verdict.value, "reason": checked.reason, **of_ticket})
    if checked.verdict is not DoorVerdict.VALID:
        raise typer.Exit(1)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise fail(f"Cannot write {file}: {error.strerror}.") from None


def _row(ticket: Ticket) -> dict[str, Any]:
    return {
        "reference": ticket.reference,
        "status": ticket.status.value,
        "admission": _admission(ticket),
        "category": ticket.admission.category,
        "revision": ticket.revision,
        "reissued_at": ticket.reissued_at,
        "reissued_by": ticket.reissued_by,
    }


def _admission(ticket: Ticket) -> str:
    seat = ticket.admission.seat
    return ticket.admission.area or "" if seat is None else seat.label
