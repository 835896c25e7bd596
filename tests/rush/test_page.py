"""The report's page: one file that needs no other, after any kind of rush."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from holdfast.rush.page import page_of
from holdfast.rush.plots import NARROW, WIDE, Axis, Plot, Series, bins, milliseconds, moment
from holdfast_client import Client
from support.rushing import House

NAME = "<b>Ünïcode</b> & \"quotes\" <script>alert('x')</script>"


class _Page(HTMLParser):
    """Collects unclosed elements, tags, and addresses that the page would load."""

    VOID = frozenset({"meta", "link", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [str(value) for name, value in attrs if name in ("src", "href", "srcset", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(house: House, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The folder with the report of a small real rush."""
    from typer.testing import CliRunner

    from holdfast.cli.rush import app

    with Client(house.url) as client:
        event = client.create_event(NAME, capacity=30, hold_ttl_seconds=1, rehearsal=True).number
    folder = tmp_path_factory.mktemp("report") / "out"
    arguments = ["--buyers", "60", "--over", "1", "--pay-seconds", "0-0.5", "--come-back-seconds", "0.5-1"]
    ended = CliRunner().invoke(app, [house.url, "--event", str(event), *arguments, "--out", str(folder)])
    assert ended.exit_code == 0, ended.output
    return folder


def test_the_page_loads_no_other_file(report: Path) -> None:
    text = (report / "report.html").read_text()
    page = _Page(text)
    assert page.open == []
    assert page.loads == []
    assert "script" not in page.tags
    assert not re.search(r"url\(|@import", text)
    assert page.tags.count("svg") == 16


def test_the_page_fits_a_phone(report: Path) -> None:
    """Its charts were cut off at 390 px. Each has a drawing for a phone, and nothing is wider than its text."""
    text = (report / "report.html").read_text()
    figures = re.findall(r"<figure>.*?</figure>", text, re.DOTALL)
    assert len(figures) == 8
    for figure in figures:
        widths = [int(width) for width in re.findall(r'<svg viewBox="0 0 (\d+) ', figure)]
        assert widths == [WIDE, NARROW]
    style = text.partition("</style>")[0]
    assert "min-width" not in style
    assert "(max-width: 38rem)" in style
    assert text.count("<table") == text.count('<div class="scroll"><table')


def test_the_page_renders_only_the_report(report: Path) -> None:
    members = json.loads((report / "report.json").read_text())
    assert page_of(members) == (report / "report.html").read_text()
    assert members["event"]["name"] == NAME
    for part in ("plan", "limits", "event", "buyers", "admissions", "latency", "refusals", "series", "check"):
        assert part in members


def test_each_series_of_the_report_covers_the_rush(report: Path) -> None:
    members = json.loads((report / "report.json").read_text())
    series = members["series"]
    ticks = int(members["seconds"] / series["tick_seconds"]) + 1
    lists = [series[name] for name in ("came", "answers", "holds_granted", "booked", "released", "lapsed")]
    lists += [values for step in series["latency"].values() for values in step.values()]
    lists += [*series["refusals"].values(), *series["lag"].values()]
    assert {len(values) for values in lists} <= {ticks - 1, ticks, ticks + 1}  # `seconds` is rounded
    assert series["server"][0]["available"] == 30
    assert series["server"][-1]["booked"] == members["event"]["after"]["booked"]


def test_a_rush_without_answers_has_a_page(report: Path) -> None:
    """No answers, no refusals, no samples but the first, and a verdict against the server."""
    members = json.loads((report / "report.json").read_text())
    series = members["series"]
    nothing = [None] * len(series["answers"])
    for step in ("look", "hold", "confirm"):
        series["latency"][step] = dict.fromkeys(series["latency"][step], nothing)
    series["lag"] = dict.fromkeys(series["lag"], nothing)
    series["refusals"] = {}
    series["server"] = series["server"][:1]
    for found in (*members["latency"].values(), *members["generator"].values()):
        if isinstance(found, dict):
            found.update(dict.fromkeys(found, None), count=0)
    members["event"]["after"] = None
    members["check"] = {"adds_up": False, "statements": [{"name": "server", "holds": False, "text": "Away."}]}
    text = page_of(members)
    assert _Page(text).open == []
    assert "It does not add up." in text
    assert "nan" not in text.lower().replace("finance", "")


def test_a_line_has_gaps_at_missing_values() -> None:
    plot = Plot("x", seconds=5, axis=Axis.up_to(10), height=100)
    plot.add_lines([Series(name="p50", style="q1", values=[1, 2, None, 4, None])], [0.5, 1.5, 2.5, 3.5, 4.5])
    svg = plot.render()
    (path,) = re.findall(r'<path class="line q1" d="([^"]*)"', svg)
    assert (path.count("M"), path.count("L")) == (2, 1)
    assert svg.count("<circle") == 1


@pytest.mark.parametrize(
    ("most", "marks"), [(0, [0, 0.5, 1]), (7, [0, 2, 4, 6, 8]), (1000, [0, 500, 1000]), (95, [0, 50, 100])]
)
def test_an_axis_has_round_marks_up_to_the_max(most: float, marks: list[float]) -> None:
    axis = Axis.up_to(most)
    assert axis.marks() == pytest.approx(marks)
    assert axis.height(most) <= 1


def test_a_logarithmic_axis_ends_at_powers_of_ten() -> None:
    axis = Axis.decades([0.4, 70, 1500], milliseconds)
    assert axis.marks() == pytest.approx([0.1, 1, 10, 100, 1000, 10_000])
    assert [axis.words(mark) for mark in axis.marks()] == ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]
    assert axis.height(0.1) == 0
    assert axis.height(10_000) == 1


def test_bins_sum_a_long_series_into_few_bars() -> None:
    rates, width = bins([1] * 1000, 2)
    assert len(rates) <= 160
    assert sum(rate * width for rate in rates) == pytest.approx(1000)


def test_moment_formats_a_time_as_a_clock() -> None:
    assert [moment(each) for each in (0, 59.6, 61, 3600)] == ["0:00", "1:00", "1:01", "1:00:00"]
