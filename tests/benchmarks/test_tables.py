"""The calculations between the measured results and the page."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from benchmarks.bars import BARS, Bar
from benchmarks.page import figure, filled, spread_words, table
from benchmarks.plot import in_short, line_plot
from benchmarks.plots import plots_of
from benchmarks.quantiles import quantile
from benchmarks.ratio import verdict
from benchmarks.report import blocks_of, write_page
from benchmarks.result import Result, Row, ratios, spread
from benchmarks.run import Run
from benchmarks.store import RATIO

ROOT = Path(__file__).parents[2]
MACHINE = {
    "processors": 2,
    "processor": "one of a kind",
    "memory_gib": 4,
    "file_system": "ext4",
    "kernel": "6",
    "postgresql": "18",
    "python": "3.11",
}


def a_run(*results: Result) -> Run:
    return Run(
        plan="short",
        commit="0123456789abcdef",
        is_clean=True,
        made_at="2026-01-01T00:00+00:00",
        seconds=60,
        machine=MACHINE,
        results={result.part: result for result in results},
        commands={result.part: f"python -m {result.part}" for result in results},
    )


def over_http(levels: tuple[int, ...] = (1, 256)) -> Result:
    """Return three rounds with 100, 200, … holds a second, and twice that for the echo."""
    result = Result(part="over-http")
    for level in levels:
        for of, times, at in (("holds", 1, {"workers": 1, "events": 1}), ("echo of holds", 2, {})):
            row = result.row(of, connections=level, **at)
            for number in range(1, 4):
                row.add(
                    per_second=100.0 * number * times,
                    p50_ms=1.0,
                    p99_ms=2.0,
                    p999_ms=3.0,
                    server_cores=0.5,
                    postgres_cores=0.1,
                    load_cores=0.2,
                    busy_cores=1.0 + 0.1 * number,
                )
    return result


def test_a_ratio_is_the_median_over_rounds() -> None:
    """It is the median of ratios, not the ratio of medians: the machine differs from round to round."""
    assert ratios([10, 90, 40], [10, 30, 10]) == [1, 3, 4]
    assert spread([1, 3, 4]) == (3, 1, 4)
    with pytest.raises(ValueError, match="shorter"):
        ratios([1, 2], [1])


@pytest.mark.parametrize(
    ("way", "values", "reached", "short"),
    [
        ("at least", [0.4, 0.5, 0.9], True, 0.0),
        ("at least", [0.4, 0.45, 0.9], False, 0.1),
        ("at most", [0.1, 0.5, 9.0], True, 0.0),
        ("at most", [0.1, 0.75, 0.8], False, 0.5),
    ],
)
def test_a_bar_is_judged_by_the_median(way: str, values: list[float], reached: bool, short: float) -> None:
    bar = Bar(name="one", says="…", limit=0.5, way=way)  # type: ignore[arg-type]  # one of the two
    assert bar.is_reached(values) is reached
    assert bar.short(values) == pytest.approx(short)


def test_a_bar_for_every_round_is_judged_by_the_worst_round() -> None:
    bar = Bar(name="longest", says="…", limit=50, way="at most", always=True)
    assert bar.is_reached([12.0, 50.0])
    assert bar.short([12.0, 25.0, 75.0]) == pytest.approx(0.5)


def test_a_result_survives_writing_and_reading(tmp_path: Path) -> None:
    result = over_http()
    result.judge("holds_over_echo", [1.0, 2.0], [2.0, 2.0])
    assert Result.read(result.write(tmp_path)) == result
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(ValueError, match="no part's result"):
        Result.read(tmp_path / "other.json")


def test_the_verdict_on_a_ratio_uses_the_median() -> None:
    result = Result(part="store")
    for of, rate in (("batches", 600.0), ("a transaction per request", 100.0)):
        result.row(of, callers=64).add(per_second=rate)
    result.bars[RATIO] = [2.0, 6.0, 9.0]
    enough, said = verdict(result, 6.0)
    assert enough
    assert "600 in batches, 100 by a transaction per request; ratio 6.0 (2.0 to 9.0)" in said
    assert not verdict(result, 6.1)[0]


def test_a_situation_has_one_row() -> None:
    result = Result(part="one")
    result.row("holds", connections=1).add(per_second=1)
    result.row("holds", connections=1).add(per_second=2)
    result.row("holds", connections=2).add(per_second=3)
    assert [row.rounds["per_second"] for row in result.rows] == [[1, 2], [3]]


def test_a_quantile_is_one_of_the_values() -> None:
    values = list(range(1, 101))
    assert [quantile(values, share) for share in (0.5, 0.99, 0.999, 1.0)] == [50, 99, 100, 100]
    assert quantile([7.0], 0.5) == 7


def test_figures_are_rounded_to_their_precision() -> None:
    assert [figure(value) for value in (12_345.6, 99.94, 1.234, 0.01234)] == [
        "12,346",
        "99.9",
        "1.23",
        "0.0123",
    ]
    assert spread_words((2, 1, 3)) == "2 (1–3)"
    assert table(("a", "b"), [(1, "x|y")]).splitlines()[-1] == "| 1 | x\\|y |"


def test_only_the_measured_blocks_of_a_page_change() -> None:
    page = "Before\n<!-- measured: one -->\nold\n<!-- end of measured -->\nafter\n"
    assert filled(page, {"one": "new"}) == (
        "Before\n<!-- measured: one -->\n\nnew\n\n<!-- end of measured -->\nafter\n"
    )
    assert filled(filled(page, {"one": "old"}), {"one": "new"}) == filled(page, {"one": "new"})
    with pytest.raises(ValueError, match="no place for two"):
        filled(page, {"one": "new", "two": "more"})
    with pytest.raises(KeyError, match="one"):
        filled(page, {})


def test_the_page_has_exactly_the_measured_blocks() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()
    assert "Not measured in this run." in filled(page, blocks_of(a_run()))


def test_the_page_shows_missed_and_untried_bars() -> None:
    result = over_http()
    result.bars |= {"holds_over_echo": [0.4], "others_p99_over_even": [3.0], "reads_over_echo": [1.2]}
    lines = {
        bar.name: line
        for bar, line in zip(BARS, blocks_of(a_run(result))["bars"].splitlines()[2:], strict=True)
    }
    assert "**short by 47%**" in lines["holds_over_echo"]
    assert "**over by 50%**" in lines["others_p99_over_even"]
    assert lines["reads_over_echo"].endswith("reached |")
    assert "not measured in this run" in lines["overload_goodput_over_peak"]


def test_the_page_and_its_plots_are_written(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text((ROOT / "docs" / "performance.md").read_text())
    run = a_run(over_http())
    write_page(run, page)
    assert "| 256 | 200 (100–300) | 400 (200–600) |" in page.read_text()
    assert sorted(plots_of(run)) == sorted(path.stem for path in (tmp_path / "performance").glob("*.svg"))
    assert plots_of(a_run(over_http(levels=(256,)))) == {}, "one level makes no line"


def test_the_page_reports_a_busy_machine() -> None:
    assert "other programs kept 0.4 of the cores busy" in blocks_of(a_run(over_http()))["machine"]


def test_a_plot_is_drawn_from_partial_results() -> None:
    drawn = line_plot("A < B", "n", ["1", "2"], {"one": [(2, 1, 3), None], "two": [None, None]}, "ms")
    root = ET.fromstring(drawn)
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names.count("polyline") == 1
    assert names.count("circle") == 1


def test_labels_of_an_axis_are_short_and_exact() -> None:
    assert [in_short(value) for value in (0, 64, 1_000, 1_024, 1_500_000, 10_000_000)] == [
        "0", "64", "1k", "1,024", "1500k", "10M"
    ]  # fmt: skip


def test_every_row_has_a_figure_for_each_round() -> None:
    row = Row(of="one")
    row.add(per_second=1.0, p99_ms=2.0)
    row.add(per_second=3.0, p99_ms=4.0)
    assert row.rounds == {"per_second": [1.0, 3.0], "p99_ms": [2.0, 4.0]}
