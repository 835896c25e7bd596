"""Occupancy: its size depends on the map, not on the sales, and it is never wrong about live holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from holdfast.inventory.rules import commands as c
from inventory.rules.ledger import START, Ledger, an_id
from inventory.rules.sales import rows_of


def a_ledger() -> Ledger:
    return Ledger(areas={"floor": 100_000}, seats=list(rows_of((4,), ("gold",))))


@pytest.mark.parametrize("chosen", [False, True], ids=["by name", "by the picker"])
def test_released_holds_leave_nothing_in_the_occupancy(chosen: bool) -> None:
    """Thousands are placed and end before the first of them would have lapsed."""
    ledger = a_ledger()
    line = c.BestAvailableLine(quantity=1) if chosen else c.SeatsLine(labels=("A-1-1",))
    for n in range(1, 2_500):
        ledger.holds.clear()
        ledger.claims.clear()
        place = c.PlaceHold(hold_id=an_id(n), lines=(line,), ttl_seconds=1800)
        ledger.run(place, c.ReleaseHold(hold_id=an_id(n), authority=c.STAFF), at=START)
    assert ledger.occupancy is not None
    assert ledger.occupancy.by_id == {}
    assert len(ledger.occupancy._expiries) <= 1_001
    assert ledger.occupancy._seen_free == set()


def test_the_occupancy_ignores_bookings_of_counted_areas() -> None:
    ledger = a_ledger()
    for n in range(1, 40, 2):
        line = c.QuantityLine(quantity=1, area="floor")
        ledger.run(c.PlaceHold(hold_id=an_id(n), lines=(line,)), at=START)
        confirm = c.ConfirmHold(hold_id=an_id(n), booking_id=an_id(n + 1), authority=c.STAFF)
        ledger.run(confirm, at=START)
    assert ledger.occupancy is not None
    assert ledger.occupancy.by_id == {}
    outcome = ledger.run(c.CancelBooking(booking_id=an_id(2), authority=c.STAFF), at=START)[0]
    assert outcome.status == "cancelled"


def test_a_hold_extended_by_an_earlier_clock_keeps_its_seat() -> None:
    """The picker saw it lapsed. Then the clock was set back, another process extended it, and time continued."""
    ledger = a_ledger()
    mine = c.PlaceHold(hold_id=an_id(1), lines=(c.SeatsLine(labels=("A-1-2",)),), ttl_seconds=60)
    ledger.run(mine, at=START)
    occupancy = ledger.occupancy
    assert occupancy is not None
    assert occupancy.picker(START + timedelta(minutes=5)).free_count() == 4
    until = START + timedelta(minutes=20)
    extended = {"change": "extended", "hold": str(an_id(1)), "until": until.isoformat(), "by": "another"}
    occupancy.follow(occupancy.version + 1, START + timedelta(seconds=30), [extended])
    assert occupancy.picker(until - timedelta(seconds=1)).free_count() == 3
    assert occupancy.picker(until).free_count() == 4
