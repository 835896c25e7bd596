"""The counting parts of a rush: arrivals, histograms, tallies, plans."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.rush.arrivals import draw_arrivals
from holdfast.rush.histogram import Histogram
from holdfast.rush.plan import MAX_TICKS, Arrival, Plan, Range
from holdfast.rush.tally import RushTally

PLAN = Plan(url="http://127.0.0.1:1", event="1", run="r" * 24, buyers=1001, over_seconds=60)


@pytest.mark.parametrize(
    ("kind", "first_tenth"), [(Arrival.SPIKE, 0.5), (Arrival.POISSON, 0.1), (Arrival.RAMP, 0.01)]
)
def test_draw_arrivals_is_ordered_and_follows_its_kind(kind: Arrival, first_tenth: float) -> None:
    moments = draw_arrivals(Random(5), kind, buyers=20_000, over_seconds=30)
    assert list(moments) == sorted(moments)
    assert moments[0] >= 0
    assert moments[-1] <= 30
    early = sum(1 for moment in moments if moment < 3) / 20_000
    assert early == pytest.approx(first_tenth, abs=0.012)
    assert moments == draw_arrivals(Random(5), kind, buyers=20_000, over_seconds=30)


@given(st.lists(st.floats(min_value=0, max_value=3000), min_size=1, max_size=200), st.floats(0.01, 1))
def test_percentiles_are_exact_to_three_hundredths_and_never_too_small(
    durations: list[float], share: float
) -> None:
    found = Histogram()
    for seconds in durations:
        found.add(seconds)
    (percentile,) = found.percentiles(share)
    exact = sorted(durations)[max(1, -int(-share * len(durations) // 1)) - 1]
    assert percentile is not None
    assert exact - 2e-6 <= percentile <= exact * 1.033 + 2e-6
    assert found.longest_seconds == pytest.approx(max(durations), abs=2e-6)


@given(st.lists(st.floats(0, 100)), st.lists(st.floats(0, 100)))
def test_histograms_merge_into_the_histogram_of_both(some: list[float], others: list[float]) -> None:
    one, other, both = Histogram(), Histogram(), Histogram()
    for seconds in some:
        one.add(seconds)
        both.add(seconds)
    for seconds in others:
        other.add(seconds)
        both.add(seconds)
    merged = Histogram.sum([one, Histogram.from_json(json.loads(json.dumps(other.to_json())))])
    assert (merged.counts, merged.longest) == (both.counts, both.longest)


def test_a_histogram_stays_small_for_many_durations() -> None:
    found, chance = Histogram(), Random(1)
    for _ in range(100_000):
        found.add(chance.expovariate(20))
    assert len(found.counts) < 500


def test_a_tally_merges_its_parts() -> None:
    whole, together = RushTally(), RushTally()
    for tick in range(4):
        part = RushTally()
        for tally in (whole, part):
            tally.count("came", tick, 3)
            tally.count(f"refusal:code_{tick}", tick)
            tally.count("booked", 1)
            tally.latencies["hold"][tick].add(0.01 * tick)
            tally.lag[0].add(0.001)
        together.merge(RushTally.from_json(json.loads(json.dumps(part.to_json()))))
    assert together.counts == whole.counts
    assert together.total("came") == 12
    assert together.total("came", until=1) == 6
    assert together.named("refusal:") == {f"code_{tick}": 1 for tick in range(4)}
    assert together.inside() == 12 - 4
    assert together.latency("hold").counts == whole.latency("hold").counts
    assert together.latency("hold", since=3).total == 1
    assert together.lag[0].total == 4


@pytest.mark.parametrize("processes", [1, 2, 7])
def test_plan_share_divides_all_buyers_evenly(processes: int) -> None:
    plan = replace(PLAN, processes=processes)
    shares = [plan.share(index) for index in range(processes)]
    assert sum(shares) == 1001
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("over", [1.0, 600.0, 86_400.0])
def test_the_number_of_ticks_has_a_limit(over: float) -> None:
    plan = replace(PLAN, over_seconds=over)
    assert plan.closing_seconds / plan.tick_seconds <= MAX_TICKS


def test_a_plan_round_trips_through_json_and_is_reported_without_its_key() -> None:
    plan = replace(PLAN, api_key="hfk_secret", admissions=Range(1, 4), arrival=Arrival.RAMP)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert "hfk_secret" not in json.dumps(plan.to_report())
    assert plan.to_report()["admissions"] == "1-4"
