"""Commands that meet in one batch: each is decided on what the ones before it left, once."""

from __future__ import annotations

import pytest

from engine.selling import a_confirm, in_one_batch, new_event, place, quantity, sql
from holdfast.inventory.inventory import Engine
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking, BookingStatus


@pytest.mark.parametrize("seated", [False, True])
async def test_a_booking_that_is_asked_for_again_while_it_is_cancelled_returns_once(
    engine: Engine, database_url: str, seated: bool
) -> None:
    """Both commands load the claims of the same hold; what others have booked stays booked."""
    number = await new_event(engine, areas={"floor": 10}, widths=(4,))
    lines: list[c.Line] = [quantity(2, "floor"), quantity(2, "floor")]
    if seated:
        lines = [c.SeatsLine(labels=("A-1-1", "A-1-2")), c.SeatsLine(labels=("A-1-3", "A-1-4"))]
    kept, sold = [await place(engine, number, line) for line in lines]
    for hold in (kept, sold):
        booking = await engine.execute(number, a_confirm(engine, number, hold))
    again, cancelled = await in_one_batch(
        engine,
        number,
        a_confirm(engine, number, sold),
        c.CancelBooking(booking_id=booking.id, authority=c.STAFF),
    )
    assert isinstance(again, Booking)
    assert again.lines == cancelled.lines == booking.lines
    assert cancelled.status is BookingStatus.CANCELLED
    assert sql(database_url, "SELECT sum(booked) FROM areas") == [(2,)]
