"""Who judges the schedules is judged: what is wrong is seen, and orders are what they say."""

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
    """Only one of them can have what is left, and whoever comes first."""
    return Plot(
        before=[cast.place("h", quantity(1))],
        batches={"a": [cast.place("x", quantity(2))], "b": [cast.place("y", quantity(3))]},
    )


SCENE = Scene(name="three of four are left", areas={"floor": 4}, plot=_plot)


async def _played(stage: Stage) -> tuple[Play, Trace, Found]:
    """The batch of `a` first, and all of it before `b` begins."""
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


def _not_carried_out(trace: Trace) -> None:
    trace.answers["a"] = [Unavailable()]


def _other_way_round(trace: Trace) -> None:
    """The same answers, but `b` was answered before `a` had begun."""
    trace.began, trace.ended = {"b": 0, "a": 9}, {"b": 8, "a": 20}


@pytest.mark.parametrize("lie", [_both_sold, _nobody_sold, _not_carried_out, _other_way_round])
async def test_answers_that_no_order_explains_are_seen(stage: Stage, lie: Callable[[Trace], None]) -> None:
    play, trace, found = await _played(stage)
    lie(trace)
    verdict = explain(play.model, play.plot.batches, trace, found)
    assert verdict.order is None
    assert verdict.reasons


async def test_an_unknown_outcome_may_have_happened_or_not_but_whole(stage: Stage) -> None:
    play, trace, found = await _played(stage)
    trace.answers["a"] = [OutcomeUnknown()]
    assert explain(play.model, play.plot.batches, trace, found).order is not None
    half = replace(found, claims=[claim for claim in found.claims if claim.quantity == 1])
    trace.answers["b"] = [OutcomeUnknown()]
    assert explain(play.model, play.plot.batches, trace, half).order is not None
    torn = replace(found, claims=[replace(claim, quantity=1) for claim in found.claims])
    assert explain(play.model, play.plot.batches, trace, torn).order is None


async def test_rows_that_contradict_each_other_are_seen(stage: Stage) -> None:
    _, _, found = await _played(stage)
    assert list(found.contradictions()) == []
    claim = found.claims[0]
    for wrong, rule in (
        (replace(found, claims=found.claims[1:]), "counters"),
        (replace(found, claims=[replace(claim, quantity=4)] * 2), "oversold"),
        (replace(found, claims=[replace(claim, seat="A-1-1")] * 2), "seat_twice"),
    ):
        assert rule in {each.partition(":")[0] for each in wrong.contradictions()}


async def test_a_statement_goes_out_only_after_the_one_before_was_answered_or_waits(stage: Stage) -> None:
    """Two that take their turns evenly: the second waits for the first one's lock, and gets it with its commit."""
    play = await Play.prepare(stage, SCENE)
    turn = iter(range(1_000))
    trace = await play.run(lambda choices: next(turn) % len(choices))
    names = [str(choice) for choice in trace.turns]
    assert trace.waits == 1
    first, second = sorted("ab", key=lambda who: names.index(f"{who}.lock_inventory"))
    assert names.index(f"{second}.lock_inventory") < names.index(f"{first}.COMMIT")
    assert names.index(f"{first}.COMMIT") < names.index(f"{second}.load_event")
