"""`holdfast message`: write to everybody who has booked an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli._consent import Yes, ask
from holdfast.cli.output import AsCsv, AsJson, Column, count_of, print_record, print_table

if TYPE_CHECKING:
    from holdfast.api.booking_mail import BookingMail
    from holdfast.inventory.inventory import Inventory

__all__ = ["app"]

app = typer.Typer(
    help="Write to everybody who has booked an event.", no_args_is_help=True, add_completion=False
)

EventRef = Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="The subject of the mail.")]
Paragraphs = Annotated[list[str], typer.Argument(metavar="PARAGRAPH...", help="What it says.")]


@app.command()
def send(
    event: EventRef, subject: Subject, paragraphs: Paragraphs, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Mail a message to everybody who has a confirmed booking. It asks first. The server sends it.

    The same words to one event are one message: each address gets it once, however often you send it.
    """
    from holdfast.access.audit import Actor
    from holdfast.api.event_messages import EventMessages
    from holdfast.api.v1.messages import WriteMessageIn
    from holdfast.cli._bodies import validated
    from holdfast.cli._database import BY, resolve, use_booking_mail

    body = validated(WriteMessageIn, {"subject": subject, "paragraphs": paragraphs})

    async def write(inventory: Inventory, booking_mail: BookingMail) -> dict[str, Any]:
        number = await resolve(inventory, event)
        found, messages = await inventory.queries.get_event(number), EventMessages(booking_mail)
        people, _ = await messages.count_readers(number, inventory.queries)
        ask(f"Mail {body.subject!r} to {count_of(people, 'reader')} of event {number}?", yes=yes)
        by = Actor(principal=BY, request_id=None, address=None)
        name = await messages.send(found, body.subject, body.paragraphs, by=by)
        return {"message": name, "subject": body.subject, "readers": people}

    print_record(use_booking_mail(write), as_json=as_json)


@app.command()
def preview(event: EventRef, subject: Subject, paragraphs: Paragraphs, as_json: AsJson = False) -> None:
    """Show what a message would say, and how many people would read it. Nobody is written to."""
    from holdfast.api.event_messages import EventMessages
    from holdfast.api.v1.messages import WriteMessageIn
    from holdfast.cli._bodies import validated
    from holdfast.cli._database import resolve, use_booking_mail

    body = validated(WriteMessageIn, {"subject": subject, "paragraphs": paragraphs})

    async def read(inventory: Inventory, booking_mail: BookingMail) -> dict[str, Any]:
        number = await resolve(inventory, event)
        found, messages = await inventory.queries.get_event(number), EventMessages(booking_mail)
        people, without = await messages.count_readers(number, inventory.queries)
        letter = messages.letter_for_nobody(found, body.subject, body.paragraphs)
        return {
            "readers": people,
            "without_address": without,
            "subject": body.subject,
            "text": letter.text,
        }

    print_record(use_booking_mail(read), as_json=as_json)


@app.command("list")
def list_messages(event: EventRef, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the messages of an event, newest first, with how many of their mails are sent."""
    from holdfast.api.event_messages import EventMessages
    from holdfast.cli._database import resolve, use_booking_mail

    async def find(inventory: Inventory, booking_mail: BookingMail) -> list[dict[str, Any]]:
        number = await resolve(inventory, event)
        return [
            {
                "message": each.name,
                "subject": each.subject,
                "sent": each.sent,
                "waiting": each.waiting,
                "parked": each.parked,
                "sent_at": each.sent_at,
                "sent_by": each.sent_by,
            }
            for each in await EventMessages(booking_mail).list_messages(number, limit=50)
        ]

    columns = (
        Column(name="message"),
        Column(name="subject", is_text=True),
        Column(name="sent"),
        Column(name="waiting"),
        Column(name="parked"),
        Column(name="sent_at", rank=1),
        Column(name="sent_by", rank=2),
    )
    print_table(
        use_booking_mail(find), columns=columns, none="There are no messages.", as_json=as_json, as_csv=as_csv
    )
