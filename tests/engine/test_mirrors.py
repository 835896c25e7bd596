"""Mirrors: bounded, and never in anyone's way."""

from __future__ import annotations

from engine.selling import all_at_once, an_engine, new_event, place
from holdfast.domain import commands as c
from holdfast.domain.hold import Hold


async def test_more_events_than_mirrors_fit_all_sell(database_url: str) -> None:
    """Room for one map of twelve: while one is loaded another is dropped, also in the middle of its loading."""
    async with an_engine(database_url, mirrored_seats=12) as engine:
        numbers = [await new_event(engine, widths=(10,)) for _ in range(6)]
        for _ in range(5):
            outcomes = await all_at_once(
                *[place(engine, number, c.BestAvailableLine(quantity=1)) for number in numbers],
                *[engine.reading.list_seats(number) for number in numbers],
            )
            assert [each for each in outcomes if isinstance(each, Exception)] == []
            assert all(isinstance(each, Hold) for each in outcomes[:6])
        assert len(engine.mirrors._maps) == 1
