"""Alike answers have the same bytes as answers that are written one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.api.v1.hold_answers import booking_json, bookings, hold_json, placed_holds
from holdfast.http.reply import encode
from holdfast.ids import make_id
from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.hold import HeldLine, Hold, HoldStatus

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


def _runs(one: st.SearchStrategy[Any], *own: str) -> st.SearchStrategy[list[Any]]:
    """Runs of objects: some repeat the one before with other ids, others are new."""

    @st.composite
    def draw(draw: st.DrawFn) -> list[Any]:
        run = [draw(one)]
        for _ in range(draw(st.integers(1, 8))):
            if draw(st.booleans()):
                run.append(replace(run[-1], **{name: draw(ids) for name in own}))
            else:
                run.append(draw(one))
        return run

    return draw()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_runs(holds, "id"))
def test_holds_are_written_as_one_by_one(run: list[Hold]) -> None:
    for hold in run:
        assert placed_holds.encode(hold) == encode({**hold_json(hold), "hold_token": None})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_runs(sales, "id", "hold_id"))
def test_bookings_are_written_as_one_by_one(run: list[Booking]) -> None:
    for booking in run:
        assert bookings.encode(booking) == encode(booking_json(booking))


def test_metadata_keeps_its_order() -> None:
    """Two mappings are equal in any order of their keys, and the text is not."""
    hold = replace(_HOLD, metadata={"a": "1", "b": "2"})
    other = replace(hold, metadata={"b": "2", "a": "1"})
    texts = [placed_holds.encode(each) for each in (hold, hold, other)]
    assert texts[0] == texts[1] == encode({**hold_json(hold), "hold_token": None})
    assert texts[2] == encode({**hold_json(other), "hold_token": None})


def test_a_run_of_like_holds_is_rendered_twice(monkeypatch: Any) -> None:
    rendered = []
    render = placed_holds._render
    monkeypatch.setattr(placed_holds, "_render", lambda hold: (rendered.append(hold), render(hold))[1])
    for bits in range(20):
        placed_holds.encode(replace(_HOLD, id=make_id(7, unix_ms=1_700_000_000_000, random_bits=bits)))
    assert len(rendered) == 2
