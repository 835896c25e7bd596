"""Alike answers have the same bytes as answers that are written one by one.

The kind: whatever an answer to a new hold or a new booking can contain, in the objects that share all but their ids.
Which objects do is the rules' decision (`tests/inventory/rules/test_at_hand.py`).
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from holdfast.api.v1.hold_answers import booking_json, bookings, hold_json, placed_holds
from holdfast.http.reply import encode
from holdfast.ids import make_id
from holdfast.inventory.rules.booking import Booking, BookingStatus, like_booking
from holdfast.inventory.rules.hold import HeldLine, Hold, HoldStatus, Shared, like_hold

_NOW = datetime(2026, 11, 5, 18, 31, 0, 123456, tzinfo=UTC)
_EVENT_ID = make_id(7, unix_ms=1_700_000_000_000, random_bits=1)

_HOLD = Hold(
    id=make_id(7, unix_ms=1_700_000_000_000, random_bits=2),
    event_number=7,
    event_id=_EVENT_ID,
    status=HoldStatus.ACTIVE,
    lines=(HeldLine(area="general", quantity=3),),
    quantity=3,
    requested=3,
    placed_at=_NOW,
    expires_at=_NOW,
    server_time=_NOW,
)

ids = st.builds(
    make_id, st.just(7), unix_ms=st.just(1_700_000_000_000), random_bits=st.integers(0, 2**41 - 1)
)
texts = st.sampled_from((None, "", "b", "%b", '%s"\\', "%%", "ж", "{}"))
metadata = st.sampled_from((None, {}, {"a": "1", "b": "%b"}, {"b": "%b", "a": "1"}))
moments = st.sampled_from((_NOW, _NOW + timedelta(microseconds=1), _NOW.replace(microsecond=0)))
lines = st.sampled_from(
    (
        (HeldLine(area="general", quantity=1),),
        (HeldLine(area="100 % stand", quantity=1),),
        (HeldLine(seats=("A-1-1", "A-1-2"), category="stalls", quantity=2),),
    )
)
holds = st.builds(
    Hold,
    id=ids,
    event_number=st.just(7),
    event_id=st.just(_EVENT_ID),
    status=st.sampled_from(HoldStatus),
    lines=lines,
    quantity=st.sampled_from((1, 2)),
    requested=st.just(2),
    placed_at=moments,
    expires_at=moments,
    server_time=st.just(_NOW),
    buyer=texts,
    buyer_name=texts,
    buyer_email=texts,
    metadata=metadata,
    booking_id=st.none() | ids,
)
sales = st.builds(
    Booking,
    id=ids,
    event_number=st.just(7),
    event_id=st.just(_EVENT_ID),
    event_status=st.just("published"),
    hold_id=ids,
    status=st.sampled_from(BookingStatus),
    lines=lines,
    quantity=st.just(1),
    confirmed_at=moments,
    cancelled_at=st.none() | moments,
    buyer=texts,
    metadata=metadata,
    created=st.booleans(),
)


@given(holds, st.lists(ids, min_size=1, max_size=4))
def test_holds_are_written_as_one_by_one(first: Hold, others: list[UUID]) -> None:
    shared = Shared()
    for hold in (first, *(like_hold(first, id, shared) for id in others)):
        assert replace(hold, id=first.id) == first
        assert placed_holds.encode(hold) == encode({**hold_json(hold), "hold_token": None})


@given(sales, st.lists(st.tuples(ids, ids), min_size=1, max_size=4))
def test_bookings_are_written_as_one_by_one(first: Booking, others: list[tuple[UUID, UUID]]) -> None:
    shared = Shared()
    for booking in (first, *(like_booking(first, *pair, shared) for pair in others)):
        assert replace(booking, id=first.id, hold_id=first.hold_id) == first
        assert bookings.encode(booking) == encode(booking_json(booking))


@given(holds, sales)
def test_a_copy_has_each_other_field(hold: Hold, booking: Booking) -> None:
    def others(one: Any, *own: str) -> list[object]:
        return [getattr(one, field.name) for field in fields(one) if field.name not in own]

    assert others(like_hold(hold, _EVENT_ID, None), "id") == others(hold, "id")
    copy = like_booking(booking, _EVENT_ID, _EVENT_ID, None)
    assert others(copy, "id", "hold_id") == others(booking, "id", "hold_id")


def test_a_run_of_alike_holds_is_rendered_once(monkeypatch: Any) -> None:
    rendered = []
    render = placed_holds._render
    monkeypatch.setattr(placed_holds, "_render", lambda hold: (rendered.append(hold), render(hold))[1])
    shared = Shared()
    for bits in range(20):
        placed_holds.encode(like_hold(_HOLD, make_id(7, unix_ms=1_700_000_000_000, random_bits=bits), shared))
    assert len(rendered) == 1
