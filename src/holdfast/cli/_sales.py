"""Sales: holds, bookings and blocks as the commands name and print them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from holdfast.api.v1.hold_answers import booking_json, hold_json
from holdfast.cli._consent import ask
from holdfast.cli._times import with_local_times
from holdfast.cli.output import count_of
from holdfast.errors import BookingNotFound, HoldNotFound
from holdfast.http.values import parse_id
from holdfast.ids import parse_reference
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.booking import Block, Booking
from holdfast.inventory.rules.commands import STAFF
from holdfast.inventory.rules.event import FullEvent
from holdfast.inventory.rules.hold import HeldLine, Hold

__all__ = [
    "ask_to_end",
    "booking_record",
    "booking_rows",
    "find_booking",
    "find_hold",
    "hold_record",
    "hold_rows",
    "lines_text",
]

_NO_HOLD = "There is no hold {}: `holdfast hold list` shows those of an event."


async def find_booking(inventory: Inventory, text: str) -> Booking:
    """Return the booking of a reference or an id. Raises BookingNotFound."""
    reference, id = parse_reference(text), parse_id(text)
    found: Sequence[Booking] = ()
    if reference is not None:
        found = await inventory.queries.find_bookings(reference)
    elif id is not None:
        with suppress(BookingNotFound):
            found = [await inventory.queries.get_booking(id, STAFF)]
    if not found:
        raise BookingNotFound(f"There is no booking {text[:80]}: `holdfast booking list` shows all.")
    if len(found) > 1:
        ids = ", ".join(str(booking.id) for booking in found)
        raise BookingNotFound(f"Several bookings have the reference {reference}: name one by its id, {ids}.")
    return found[0]


async def booking_record(inventory: Inventory, booking: Booking, *, as_json: bool) -> dict[str, Any]:
    """Return the booking as the API answers it, or for people."""
    if as_json:
        return booking_json(booking)
    event = await inventory.queries.get_event(booking.event_number)
    kinds = [" (cancelled)"] if event.status == "cancelled" else []
    if event.rules.rehearsal:
        kinds.append(" (rehearsal)")
    record = {
        "reference": booking.reference,
        "status": booking.status.value,
        "event": f"{event.number}, {event.name}{''.join(kinds)}",
        "starts_at": event.starts_at,
        **_about(booking),
        "confirmed_at": booking.confirmed_at,
        "cancelled_at": booking.cancelled_at,
        "metadata": booking.metadata,
        "id": booking.id,
    }
    return with_local_times(record, event.time_zone)


async def booking_rows(inventory: Inventory, bookings: Iterable[Booking]) -> list[dict[str, Any]]:
    """Return the bookings for a table, each with the times of its event's clock."""
    events: dict[int, FullEvent] = {}
    rows = []
    for booking in bookings:
        number = booking.event_number
        if number not in events:
            events[number] = await inventory.queries.get_event(number)
        row = {
            "reference": booking.reference,
            "event": number,
            "rehearsal": events[number].rules.rehearsal,
            **_row(booking),
            "confirmed_at": booking.confirmed_at,
            "cancelled_at": booking.cancelled_at,
            "id": booking.id,
        }
        rows.append(with_local_times(row, events[number].time_zone))
    return rows


async def find_hold(inventory: Inventory, text: str) -> Hold:
    """Return the hold of an id. Raises HoldNotFound."""
    id = parse_id(text)
    if id is None:
        raise HoldNotFound(_NO_HOLD.format(text[:80]))
    try:
        return await inventory.queries.get_hold(id, STAFF)
    except HoldNotFound:
        raise HoldNotFound(_NO_HOLD.format(text)) from None


async def hold_record(inventory: Inventory, hold: Hold, *, as_json: bool) -> dict[str, Any]:
    """Return the hold as the API answers it, or for people."""
    if as_json:
        return hold_json(hold)
    event = await inventory.queries.get_event(hold.event_number)
    record = {
        "status": hold.status.value,
        "event": f"{event.number}, {event.name}",
        **_about(hold),
        "placed_at": hold.placed_at,
        "expires_at": hold.expires_at,
        "metadata": hold.metadata,
        "booking": hold.booking_id,
        "id": hold.id,
    }
    return with_local_times(record, event.time_zone)


async def hold_rows(inventory: Inventory, holds: Sequence[Hold]) -> list[dict[str, Any]]:
    """Return the holds of one event for a table, with the times of its clock."""
    if not holds:
        return []
    event = await inventory.queries.get_event(holds[0].event_number)
    return [
        with_local_times(
            {
                **_row(hold),
                "placed_at": hold.placed_at,
                "expires_at": hold.expires_at,
                "id": hold.id,
            },
            event.time_zone,
        )
        for hold in holds
    ]


def ask_to_end(sale: Hold | Booking, name: str, act: str, *, yes: bool) -> None:
    """Ask before a hold is released or a booking is cancelled. Raises typer.Exit without an agreement."""
    what = f"{count_of(sale.quantity, 'admission')} of event {sale.event_number}"
    buyer = sale.buyer_name or sale.buyer
    of_buyer = f", of {buyer}" if buyer else ""
    ask(f"{name} has {what}{of_buyer}: {lines_text(sale.lines)[:200]}. {act} it?", yes=yes)


def _about(sale: Hold | Booking) -> dict[str, Any]:
    return {
        "quantity": sale.quantity,
        "admissions": lines_text(sale.lines),
        "buyer": sale.buyer,
        "buyer_name": sale.buyer_name,
        "buyer_email": sale.buyer_email,
    }


def _row(sale: Hold | Booking) -> dict[str, Any]:
    return {
        "status": sale.status.value,
        "quantity": sale.quantity,
        "admissions": lines_text(sale.lines),
        "buyer": sale.buyer_name or sale.buyer,
        "email": sale.buyer_email,
    }


def lines_text(lines: Iterable[HeldLine | Block]) -> str:
    """Return admissions in words: seats by label, and quantities with their area."""
    return ", ".join(
        ", ".join(line.seats) if line.area is None else f"{line.quantity} × {line.area}" for line in lines
    )
