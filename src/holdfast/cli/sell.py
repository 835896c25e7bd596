"""`holdfast sell`: place a hold and confirm it at once, as a box office does."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from holdfast.cli._languages import InLanguage, language_of
from holdfast.cli._values import Metadata, metadata_of, whole_number
from holdfast.cli.output import AsJson, fail, print_record

if TYPE_CHECKING:
    from holdfast.errors import Refusal
    from holdfast.inventory.inventory import Inventory
    from holdfast.inventory.rules.commands import PlaceHold, StoredAnswer
    from holdfast.inventory.rules.hold import Hold

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_TTL_SECONDS = 60
"""Life of the hold between its two steps."""


@app.command()
def sell(  # noqa: PLR0917 - typer passes them by name
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's number or id.")],
    seats: Annotated[list[str] | None, typer.Argument(metavar="[SEAT]...", help="Seats by label.")] = None,
    quantity: Annotated[
        int | None, typer.Option(parser=whole_number, metavar="NUMBER", help="Admissions of an area.")
    ] = None,
    area: Annotated[
        str | None, typer.Option(help="With --quantity: the area, unless the event has only one.")
    ] = None,
    best_available: Annotated[
        int | None,
        typer.Option(parser=whole_number, metavar="NUMBER", help="Seats together, chosen by Holdfast."),
    ] = None,
    category: Annotated[str | None, typer.Option(help="With --best-available: the category.")] = None,
    buyer: Annotated[
        str | None, typer.Option(help="Your own reference of the buyer; `max_per_buyer` counts by it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The buyer's name.")] = None,
    email: Annotated[str | None, typer.Option(help="The buyer's e-mail address.")] = None,
    language: InLanguage = None,
    metadata: Metadata = None,
    retry_key: Annotated[
        str | None,
        typer.Option(help="Your own key of this sale: the same sale under the same key is made once."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sell admissions: book them all at once, or nothing. Prints the booking with its reference.

    The rules of the sale hold here too: the event must be on sale, and its limits apply. Exits with 0 after a
    booking, and with 1 if it was refused. A script that got no answer repeats the command with the same --retry-key.
    """
    from holdfast.api.v1.hold_bodies import PlaceHoldIn
    from holdfast.cli._bodies import given, validated
    from holdfast.cli._database import BY, resolve, use_engine
    from holdfast.cli._sales import booking_record
    from holdfast.errors import HoldfastError, Refusal
    from holdfast.inventory.rules.commands import STAFF, ConfirmHold, PlaceHold, ReleaseHold
    from holdfast.inventory.rules.metadata import merged

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
    spoken = None if language is None else language_of(language).code

    async def book(inventory: Inventory) -> dict[str, Any]:
        number = await resolve(inventory, event)
        who = given(reference=buyer, name=name, email=email)
        fields = given(event=number, lines=lines, buyer=who, metadata=metadata_of(metadata))
        body = validated(PlaceHoldIn, fields)
        place = PlaceHold(
            by=BY,
            hold_id=inventory.new_id(number),
            lines=body.requested,
            ttl_seconds=_TTL_SECONDS,
            allow_partial=False,
            buyer=body.buyer.reference if body.buyer else None,
            buyer_name=body.buyer.name if body.buyer else None,
            buyer_email=body.buyer.email if body.buyer else None,
            metadata=merged(None, body.metadata),
        )
        hold_id = await _place(inventory, number, place, retry_key, fields)
        confirm = ConfirmHold(
            by=BY,
            hold_id=hold_id,
            booking_id=inventory.new_id(number),
            authority=STAFF,
            language=spoken,
        )
        try:
            booking = await inventory.execute(number, confirm)
        except Refusal:
            with suppress(HoldfastError):
                await inventory.execute(number, ReleaseHold(by=BY, hold_id=hold_id, authority=STAFF))
            raise
        return await booking_record(inventory, booking, as_json=as_json)

    print_record(use_engine(book), as_json=as_json)


async def _place(
    inventory: Inventory, number: int, place: PlaceHold, retry_key: str | None, fields: dict[str, Any]
) -> UUID:
    """Return the id of the hold: a new one, or the one that this retry key has placed."""
    from holdfast.errors import IdempotencyKeyReused
    from holdfast.inventory.rules.commands import RetryKey

    if retry_key is None:
        return (await inventory.execute(number, place)).id
    scope = sha256(f"sell {retry_key}".encode()).digest()
    body = sha256(json.dumps(fields, sort_keys=True).encode()).digest()
    key: RetryKey[Hold] = RetryKey(scope=scope, body=body, render=_rendered)
    try:
        kept = await inventory.execute_keyed(number, replace(place, key=key))
    except IdempotencyKeyReused:
        raise fail(f"The retry key {retry_key[:80]} belongs to another sale: take a new key.") from None
    answer = json.loads(kept.answer.body)
    if "hold" not in answer:
        raise fail(answer["detail"])
    return UUID(answer["hold"])


def _rendered(outcome: Hold | Refusal) -> StoredAnswer:
    """Return what a retry gets: the hold's id, or why there is none."""
    from holdfast.errors import Refusal
    from holdfast.inventory.rules.commands import StoredAnswer

    if isinstance(outcome, Refusal):
        return StoredAnswer(status=outcome.status, body=json.dumps({"detail": outcome.detail}).encode())
    return StoredAnswer(status=201, body=json.dumps({"hold": str(outcome.id)}).encode())
