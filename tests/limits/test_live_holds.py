"""Live holds: what one buyer keeps off sale over all events, and a wait after many holds for nothing."""

from __future__ import annotations

import itertools
from pathlib import Path
from uuid import UUID

import pytest

from holdfast.ids import make_id
from holdfast.limits.live_holds import LiveHolds, Refused

SERVER_KEY = b"k" * 32
bits = itertools.count(1)


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def holds_of(
    clock: Clock, folder: Path | None = None, *, admissions: int = 20, unbooked: int = 0
) -> LiveHolds:
    return LiveHolds(
        folder,
        max_admissions=admissions,
        max_unbooked=unbooked,
        server_key=SERVER_KEY,
        clock=clock,
    )


def new_id() -> UUID:
    return make_id(7, unix_ms=0, random_bits=next(bits) * 7919)


def reserve(holds: LiveHolds, buyers: list[int], id: UUID, admissions: int, seconds: float) -> Refused | None:
    return holds.reserve(buyers, id, admissions, seconds)


def place(holds: LiveHolds, buyer: int = 1, admissions: int = 1, seconds: float = 120.0) -> UUID | Refused:
    """Place a hold as a request does."""
    id = new_id()
    refused = reserve(holds, [buyer], id, admissions, seconds)
    if refused is not None:
        return refused
    holds.keep(id, admissions, seconds)
    holds.settle(id)
    return id


def placed(holds: LiveHolds, buyer: int = 1, admissions: int = 1, seconds: float = 120.0) -> UUID:
    id = place(holds, buyer, admissions, seconds)
    assert isinstance(id, UUID)
    return id


def test_a_buyer_holds_up_to_the_cap(clock: Clock):
    holds = holds_of(clock)
    for admissions in (8, 8, 4):
        placed(holds, admissions=admissions)
    assert place(holds) == Refused(120.0, cools_down=False)
    assert isinstance(place(holds, buyer=2), UUID)


@pytest.mark.parametrize("booked", [True, False])
def test_a_hold_that_ends_frees_its_admissions(clock: Clock, booked: bool):
    holds = holds_of(clock)
    first = placed(holds, admissions=20)
    holds.end(first, booked=booked)
    holds.end(first, booked=booked)
    second = placed(holds, admissions=20)
    assert isinstance(place(holds), Refused)
    holds.end(first, booked=booked)
    assert isinstance(place(holds), Refused)
    holds.end(second, booked=booked)
    placed(holds, admissions=20)


def test_a_lapse_frees_its_admissions(clock: Clock):
    holds = holds_of(clock)
    placed(holds, admissions=15, seconds=60)
    placed(holds, admissions=5, seconds=90)
    assert place(holds) == Refused(60.0, cools_down=False)
    clock.now += 60
    placed(holds, admissions=15)
    assert place(holds) == Refused(30.0, cools_down=False)


def test_an_extension_keeps_its_admissions(clock: Clock):
    holds = holds_of(clock)
    hold = placed(holds, admissions=20, seconds=60)
    clock.now += 50
    holds.extend(hold, 60)
    clock.now += 50
    assert place(holds) == Refused(10.0, cools_down=False)


def test_a_refused_hold_counts_no_longer(clock: Clock):
    """A hold that is sold out, or replayed, has no commit. One with an unknown outcome counts until it lapses."""
    holds = holds_of(clock)
    id = new_id()
    assert reserve(holds, [1], id, 20, 60) is None
    assert isinstance(place(holds), Refused)
    holds.settle(id)
    unknown = new_id()
    assert reserve(holds, [1], unknown, 20, 60) is None
    holds.settle(unknown, is_known=False)
    assert isinstance(place(holds), Refused)
    holds.keep(unknown, 20, 600)  # it was placed after all
    clock.now += 60
    assert place(holds) == Refused(540.0, cools_down=False)


def test_fewer_admissions_than_requested_count(clock: Clock):
    """Partial fulfilment grants what is left."""
    holds = holds_of(clock)
    id = new_id()
    assert reserve(holds, [1], id, 20, 60) is None
    holds.keep(id, 3, 60)
    holds.settle(id)
    placed(holds, admissions=17)
    assert isinstance(place(holds), Refused)


def test_a_buyer_with_two_names_is_limited_by_each(clock: Clock):
    holds = holds_of(clock)
    for address in (1, 2):
        id = new_id()
        assert reserve(holds, [address, 50], id, 10, 60) is None
        holds.keep(id, 10, 60)
    refused = new_id()
    assert reserve(holds, [3, 50], refused, 1, 60) == Refused(60.0, cools_down=False)
    for _ in range(20):
        placed(holds, buyer=3)
    holds.end(id, booked=True)
    assert reserve(holds, [2, 50], new_id(), 10, 60) is None


def test_workers_share_the_count(clock: Clock, tmp_path: Path):
    """A hold is placed in one worker and confirmed in another."""
    one, other = (holds_of(clock, tmp_path) for _ in range(2))
    first, _ = placed(one, admissions=10), placed(other, admissions=10)
    assert isinstance(place(one), Refused)
    assert isinstance(place(other), Refused)
    other.end(first, booked=True)
    placed(other, admissions=10)


def test_the_memory_cannot_grow(clock: Clock):
    """A full row first gives up lapsed holds. Then further holds are placed without a count."""
    holds = holds_of(clock)
    buyers = [1 + 8_192 * number for number in range(32)]
    for buyer in buyers:
        placed(holds, buyer=buyer, seconds=60)
    placed(holds, buyer=buyers[-1] + 8_192, admissions=20, seconds=600)
    placed(holds, buyer=buyers[-1] + 8_192, admissions=20, seconds=600)
    clock.now += 60
    placed(holds, buyer=5 * 8_192 + 1, admissions=20)
    assert isinstance(place(holds, buyer=5 * 8_192 + 1), Refused)


def test_after_many_holds_for_nothing_a_buyer_waits(clock: Clock):
    """Released or lapsed, in any event. Each further one doubles the wait, up to an hour."""
    holds = holds_of(clock, unbooked=3)
    waits = []
    for _ in range(9):
        hold = place(holds, seconds=1)
        if isinstance(hold, Refused):
            waits.append(hold)
            clock.now += hold.wait_seconds
            hold = placed(holds, seconds=1)
        holds.end(hold, booked=False)
    assert waits[:3] == [Refused(seconds, cools_down=True) for seconds in (120.0, 240.0, 480.0)]
    assert waits[-1].wait_seconds <= 3_600
    assert isinstance(place(holds, buyer=2), UUID)


def test_a_lapse_that_nobody_reclaimed_counts_as_unbooked(clock: Clock):
    holds = holds_of(clock, unbooked=3)
    for _ in range(3):
        placed(holds, seconds=1)
        clock.now += 1
    assert place(holds) == Refused(120.0, cools_down=True)


def test_a_booking_clears_the_holds_for_nothing(clock: Clock):
    holds = holds_of(clock, unbooked=3)
    for _ in range(5):
        for _ in range(2):
            holds.end(placed(holds), booked=False)
        holds.end(placed(holds), booked=True)
    placed(holds)


def test_holds_for_nothing_are_forgotten(clock: Clock):
    holds = holds_of(clock, unbooked=3)
    for _ in range(9):
        holds.end(placed(holds), booked=False)
        clock.now += 600
    placed(holds)
