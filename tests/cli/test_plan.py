"""The model of a crowd: its limits are those of the page, and more of anything never needs less."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast import capacity
from holdfast.app.settings import Settings
from holdfast.capacity import Machine, Visitors, first_limit, needs_of
from support.commands import Run

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "scale.md"


def test_one_hot_event_is_limited_by_its_lane() -> None:
    needs = needs_of(Visitors(visitors=10_000_000), Machine())
    limit = first_limit(needs)
    assert (limit.what, limit.can_grow) == ("one event's lane, attempts/s", False)
    assert limit.share == pytest.approx(10)


def test_a_lane_bounds_what_its_database_needs() -> None:
    """More buyers of one event make more refusals, and no more work for PostgreSQL."""
    few, many = (needs_of(Visitors(visitors=visitors), Machine()) for visitors in (1_000_000, 10_000_000))
    assert few[-1].what == many[-1].what == "cores of PostgreSQL"
    assert few[-1].needed == many[-1].needed < 1


def test_a_day_of_many_events_fits_on_two_machines() -> None:
    needs = needs_of(Visitors(visitors=2_000_000, events=5_000, minutes=720), Machine())
    assert all(need.units == 1 for need in needs)


@pytest.mark.parametrize("more", ["visitors", "reads", "peak", "watching"])
def test_more_needs_no_less(more: str) -> None:
    crowd = Visitors(visitors=100_000, events=10)
    for before, after in zip(
        needs_of(crowd, Machine()),
        needs_of(replace(crowd, **{more: getattr(crowd, more) * 2}), Machine()),
        strict=True,
    ):
        assert after.needed >= before.needed


def test_a_worker_has_the_connections_of_its_setting() -> None:
    assert Settings.model_fields["connection_limit"].default == capacity.CONNECTIONS


def test_the_page_has_the_costs_of_the_model() -> None:
    text = PAGE.read_text()
    for seconds in (
        capacity.HOT_HOLD,
        capacity.COLD_HOLD,
        capacity.HOT_ROW,
        capacity.COLD_ROW,
        capacity.READ,
    ):
        assert f"| {seconds * 1e6:.0f} µs" in text, seconds
    assert f"| {capacity.MESSAGE * 1e6:.0f} µs |" in text
    assert f"| {capacity.LANE:,.0f} attempts per second |" in text


def test_the_page_shows_what_the_command_prints(run: Run) -> None:
    for line in re.findall(r"^holdfast (plan .*)$", PAGE.read_text(), re.MULTILINE):
        said = run(*line.split()).out
        assert said in PAGE.read_text(), said


def test_plan_answers_in_json_and_knows_its_limits(run: Run) -> None:
    found = run("plan", "--visitors", 1000, "--json").json
    assert found["needs"][0]["units"] == 1
    assert run("plan", "--visitors", 0).code == 2


def test_the_plots_of_the_page_are_those_of_the_model() -> None:
    """To draw them again, run `.venv/bin/python docs/tools/scale.py`."""
    spec = importlib.util.spec_from_file_location("scale", PAGE.parents[1] / "tools" / "scale.py")
    assert spec is not None
    assert spec.loader is not None
    scale = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scale)
    folder = PAGE.parent / "scale"
    assert scale.plots() == {file.name: file.read_text() for file in folder.iterdir()}
    shown = re.findall(r"\(scale/([a-z-]+\.svg)\)", PAGE.read_text())
    assert sorted(shown) == sorted(scale.plots())
