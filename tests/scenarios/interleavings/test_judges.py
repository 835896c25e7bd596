"""The judges of the schedules find what is wrong, and the floor keeps the chosen order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from holdfast.errors import OutcomeUnknown, SoldOut, Unavailable
from scenarios.interleavings.floor import Trace
from scenarios.interleavings.oracle import Found, explain
from scenarios.interleavings.playing import Play
from scenarios.interleavings.scenes import Cast, Plot, Scene, quantity
from scenarios.interleavings.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _plot(cast: Cast) -> Plot:
    """Only the first of the two batches can get the remaining admissions."""
    return Plot(
        before=[cast.place("h", quantity(1))],
        batches={"a": [cast.place("x", quantity(2))], "b": [cast.place("y", quantity(3))]},
    )


SCENE = Scene(name="three of four are left", areas={"floor": 4}, plot=_plot)


async def _played(stage: Stage) -> tuple[Play, Trace, Found]:
    """Run the whole batch of `a` before `b` begins."""
    play = await Play.prepare(stage, SCENE)
    trace = await play.run(lambda _: 0)
    found = await stage.find(play.number)
    assert isinstance(trace.answers["b"][0], SoldOut)
    assert explain(play.model, play.plot.batches, trace, found).order == ("a", "b")
    return play, trace, found


def _both_sold(trace: Trace) -> None:
    trace.answers["b"] = trace.answers["a"]


def _nobody_sold(trace: Trace) -> None:
    trace.answers["a"] = trace.answers["b"]


def _not_done(trace: Trace) -> None:
    trace.answers["a"] = [Unavailable()]


def _reversed(trace: Trace) -> None:
    """Keep the answers, but let `b` end before `a` begins."""
    trace.began, trace.ended = {"b": 0, "a": 9}, {"b": 8, "a": 20}


@pytest.mark.parametrize("lie", [_both_sold, _nobody_sold, _not_done, _reversed])
async def test_answers_that_no_order_explains_are_reported(
    stage: Stage, lie: Callable[[Trace], None]
) -> None:
    play, trace, found = await _played(stage)
    lie(trace)
    verdict = explain(play.model, play.plot.batches, trace, found)
    assert verdict.order is None
    assert verdict.reasons


async def test_a_batch_with_unknown_outcome_happened_fully_or_not_at_all(stage: Stage) -> None:
    play, trace, found = await _played(stage)
    trace.answers["a"] = [OutcomeUnknown()]
    assert explain(play.model, play.plot.batches, trace, found).order is not None
    half = replace(found, claims=[claim for claim in found.claims if claim.quantity == 1])
    trace.answers["b"] = [OutcomeUnknown()]
    assert explain(play.model, play.plot.batches, trace, half).order is not None
    torn = replace(found, claims=[replace(claim, quantity=1) for claim in found.claims])
    assert explain(play.model, play.plot.batches, trace, torn).order is None


async def test_contradictory_rows_are_reported(stage: Stage) -> None:
    _, _, found = await _played(stage)
    assert list(found.contradictions()) == []
    claim = found.claims[0]
    for wrong, rule in (
        (replace(found, claims=found.claims[1:]), "counters"),
        (replace(found, claims=[replace(claim, quantity=4)] * 2), "oversold"),
        (replace(found, claims=[replace(claim, seat="A-1-1")] * 2), "seat_twice"),
    ):
        assert rule in {each.partition(":")[0] for each in wrong.contradictions()}


async def test_the_floor_sends_one_statement_at_a_time(stage: Stage) -> None:
    """Two batches alternate. The second waits for the lock of the first, and gets it at the commit."""
    play = await Play.prepare(stage, SCENE)
    turn = iter(range(1_000))
    trace = await play.run(lambda choices: next(turn) % len(choices))
    names = [str(choice) for choice in trace.turns]
    assert trace.waits == 1
    first, second = sorted("ab", key=lambda who: names.index(f"{who}.lock_inventory"))
    assert names.index(f"{second}.lock_inventory") < names.index(f"{first}.COMMIT")
    assert names.index(f"{first}.COMMIT") < names.index(f"{second}.load_event")
