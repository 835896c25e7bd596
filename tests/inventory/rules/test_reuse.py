"""Reuse: a further request for the same seat gets the same hold, but only once that is as safe as the first
answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from holdfast.errors import SeatTaken
from holdfast.ids import make_id
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.decide import decide
from holdfast.inventory.rules.event import Area, Event, EventStatus
from holdfast.inventory.rules.occupancy import Occupancy
from holdfast.inventory.seating.seat_map import SeatMap, SeatSpec

NOW = datetime(2026, 11, 5, 18, 30, tzinfo=UTC)
EVENT = Event(
    number=7,
    id=make_id(7, unix_ms=1_800_000_000_000, random_bits=1),
    name="Grand Arena",
    status=EventStatus.PUBLISHED,
    created_at=NOW,
    map_version=1,
)


class Sale:
    """Two seats, and batches of one command each."""

    def __init__(self) -> None:
        self.occupancy = Occupancy(SeatMap.build([SeatSpec("A1"), SeatSpec("A2")], 1), 0)
        self.held = 0

    def ask(self, buyer, *, later=0):
        """Return (outcome, changes) of a request for A1, after its commit."""
        area = Area(number=1, name="standard", category="standard", seated=True, capacity=2, held=self.held)
        now = NOW + timedelta(seconds=later)
        state = BatchState(
            event=EVENT, version=self.occupancy.version, now=now, areas=[area], occupancy=self.occupancy
        )
        hold_id = make_id(7, unix_ms=1_800_000_000_000 + later, random_bits=2)
        line = c.SeatsLine(labels=("A1",))
        command = c.PlaceHold(hold_id=hold_id, lines=(line,), ttl_seconds=300, buyer=buyer, reuse=True)
        (outcome,), changes = decide(state, [command])
        if changes.journal:
            self.held = area.held
            self.occupancy.follow(state.version + 1, now, changes.journal)
        return outcome, changes


def test_reuse_returns_the_same_hold_with_the_same_expiry():
    sale = Sale()
    first, _ = sale.ask("81")
    again, changes = sale.ask("81", later=200)
    assert (again.id, again.expires_at, again.placed_at) == (first.id, first.expires_at, first.placed_at)
    assert not changes.journal


def test_a_reused_hold_waits_for_the_standby():
    """The repetition is committed: the first answer may have been lost while it waited for its standby."""
    sale = Sale()
    sale.ask("81")
    assert not sale.ask("81", later=1)[1].is_empty


def test_reuse_refuses_another_buyer():
    sale = Sale()
    sale.ask("81")
    outcome, changes = sale.ask("82", later=1)
    assert isinstance(outcome, SeatTaken)
    assert changes.is_empty


def test_reuse_does_not_return_a_lapsed_hold():
    sale = Sale()
    first, _ = sale.ask("81")
    again, changes = sale.ask("81", later=300)
    assert again.id != first.id
    assert [entry["change"] for entry in changes.journal] == ["expired", "held"]
