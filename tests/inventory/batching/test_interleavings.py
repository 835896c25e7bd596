"""Commands of one batch on the same hold: each sees the result of the ones before it, once."""

from __future__ import annotations

import pytest

from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking, BookingStatus
from support.selling import a_confirm, in_one_batch, new_event, place, quantity, sql


@pytest.mark.parametrize("seated", [False, True])
async def test_a_confirm_and_a_cancel_in_one_batch_return_admissions_once(
    inventory: Inventory, database_url: str, seated: bool
) -> None:
    """Both commands load the claims of the same hold. Admissions of other bookings stay booked."""
    number = await new_event(inventory, areas={"floor": 10}, widths=(4,))
    lines: list[c.Line] = [quantity(2, "floor"), quantity(2, "floor")]
    if seated:
        lines = [c.SeatsLine(labels=("A-1-1", "A-1-2")), c.SeatsLine(labels=("A-1-3", "A-1-4"))]
    kept, sold = [await place(inventory, number, line) for line in lines]
    for hold in (kept, sold):
        booking = await inventory.execute(number, a_confirm(inventory, number, hold))
    again, cancelled = await in_one_batch(
        inventory,
        number,
        a_confirm(inventory, number, sold),
        c.CancelBooking(booking_id=booking.id, authority=c.STAFF),
    )
    assert isinstance(again, Booking)
    assert again.lines == cancelled.lines == booking.lines
    assert cancelled.status is BookingStatus.CANCELLED
    assert sql(database_url, "SELECT sum(booked) FROM areas") == [(2,)]
