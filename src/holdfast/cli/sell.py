"""`holdfast sell`: place a hold and confirm it at once, as a box office does."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli.output import AsJson, fail, print_record

if TYPE_CHECKING:
    from holdfast.inventory.inventory import Inventory

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_TTL_SECONDS = 60
"""Life of the hold between its two steps."""


@app.command()
def sell(  # noqa: PLR0917 - typer passes them by name
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")],
    seats: Annotated[list[str] | None, typer.Argument(metavar="[SEAT]...", help="Seats by label.")] = None,
    quantity: Annotated[int | None, typer.Option(help="Admissions of an area.")] = None,
    area: Annotated[
        str | None, typer.Option(help="With --quantity: the area, unless the event has only one.")
    ] = None,
    best_available: Annotated[int | None, typer.Option(help="Seats together, chosen by Holdfast.")] = None,
    category: Annotated[str | None, typer.Option(help="With --best-available: the category.")] = None,
    buyer: Annotated[
        str | None, typer.Option(help="Your own reference of the buyer; `max_per_buyer` counts by it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The buyer's name.")] = None,
    email: Annotated[str | None, typer.Option(help="The buyer's e-mail address.")] = None,
    as_json: AsJson = False,
) -> None:
    """Sell admissions: book them all at once, or nothing. Prints the booking with its reference.

    The rules of the sale hold here too: the event must be on sale, and its limits apply. Exits with 0 after a
    booking, and with 1 if it was refused.
    """
    from holdfast.api.v1.hold_bodies import PlaceHoldIn
    from holdfast.cli._bodies import given, validated
    from holdfast.cli._database import BY, resolve, use_engine
    from holdfast.cli._sales import booking_record
    from holdfast.errors import HoldfastError
    from holdfast.inventory.rules.commands import STAFF, ConfirmHold, PlaceHold, ReleaseHold

    if area is not None and quantity is None:
        raise fail("--area goes with --quantity.", code=2)
    if category is not None and best_available is None:
        raise fail("--category goes with --best-available.", code=2)
    wanted = [
        given(seats=seats),
        given(quantity=quantity, area=area),
        given(best_available=best_available, category=category),
    ]
    lines = [line for line in wanted if line]
    if not lines:
        raise fail("Name seats, --quantity or --best-available.", code=2)

    async def book(inventory: Inventory) -> dict[str, Any]:
        number = await resolve(inventory, event)
        who = given(reference=buyer, name=name, email=email)
        body = validated(PlaceHoldIn, given(event=number, lines=lines, buyer=who))
        hold_id = inventory.new_id(number)
        place = PlaceHold(
            by=BY,
            hold_id=hold_id,
            lines=body.requested,
            ttl_seconds=_TTL_SECONDS,
            allow_partial=False,
            buyer=body.buyer.reference if body.buyer else None,
            buyer_name=body.buyer.name if body.buyer else None,
            buyer_email=body.buyer.email if body.buyer else None,
        )
        await inventory.execute(number, place)
        confirm = ConfirmHold(by=BY, hold_id=hold_id, booking_id=inventory.new_id(number), authority=STAFF)
        try:
            booking = await inventory.execute(number, confirm)
        except HoldfastError:
            with suppress(HoldfastError):  # a booking that was made after all refuses this
                await inventory.execute(number, ReleaseHold(by=BY, hold_id=hold_id, authority=STAFF))
            raise
        return await booking_record(inventory, booking, as_json=as_json)

    print_record(use_engine(book), as_json=as_json)
