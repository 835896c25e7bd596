"""Report: the measured blocks of `docs/performance.md`, and its plots, from the results of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bars import BARS, Bar
from benchmarks.cases import CASES, KEYED_CASES
from benchmarks.page import figure, filled, spread_words, table
from benchmarks.plots import plots_of, shown
from benchmarks.result import Row, spread
from benchmarks.run import Run, name_of, values_of

__all__ = ["blocks_of", "write_page"]

HTTP = ("over-http", "over-http-2-workers")
HOT = 256
_PLAN_WORDS = {"full": "`make bench`", "short": "`make bench BENCH=short`"}


def write_page(run: Run, page: Path) -> None:
    """Write the blocks of the page and its plots. Its text stays; the plots go into the folder of its name."""
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, drawn in plots_of(run).items():
        (folder / f"{name}.svg").write_text(drawn)
    page.write_text(filled(page.read_text(), blocks_of(run)))


def blocks_of(run: Run) -> dict[str, str]:
    return {
        "machine": _machine(run),
        "bars": _bars(run),
        "plots": _plots(run),
        "one-hot-event": _levels(run, workers=1),
        "two-workers": _levels(run, workers=2),
        "many-events": _many(run),
        "cores": _cores(run),
        "floors": _plain(run, "floors"),
        "store": _plain(run, "store"),
        "latency": _plain(run, "latency"),
        "steady": _plain(run, "steady"),
        "growth": _growth(run),
        "watchers": _plain(run, "watchers"),
        "overload": _plain(run, "overload"),
        "unexpected": _unexpected(run),
        "commands": _commands(run),
    }


def _machine(run: Run) -> str:
    machine = run.machine
    changes = "" if run.is_clean else ", with changes that are in no commit"
    rows = [
        ("Run", f"{_PLAN_WORDS[run.plan]}, {run.made_at}, {run.seconds / 60:.0f} minutes"),
        ("Commit", f"`{run.commit[:12]}`{changes}"),
        (
            "Machine",
            "{processors} × {processor}, {memory_gib} GiB, {file_system} on disk".format(**machine),
        ),
        (
            "Software",
            "Linux {kernel}, PostgreSQL {postgresql}, Python {python}".format(**machine),
        ),
        ("Beside it", _others(run)),
    ]
    return table(("", ""), rows)


def _others(run: Run) -> str:
    """Return the load of other programs on the cores, which slows server and load."""
    names = ("server_cores", "postgres_cores", "load_cores")
    found = []
    for row in run.rows(*HTTP):
        for number, busy in enumerate(row.rounds.get("busy_cores", ())):
            found.append(max(0.0, busy - sum(row.rounds[name][number] for name in names)))
    if not found:
        return "not known"
    middle, _, most = spread(found)
    return f"other programs kept {figure(middle)} of the cores busy (median of all HTTP rounds; at most {figure(most)})"


def _bars(run: Run) -> str:
    bars = {name: values for result in run.results.values() for name, values in result.bars.items()}
    rows = []
    for bar in BARS:
        values = bars.get(bar.name)
        limit = f"{'≥' if bar.way == 'at least' else '≤'} {bar.limit:g}{bar.unit}"
        if values is None:
            rows.append((bar.says, limit, "–", "not measured in this run"))
        else:
            rows.append((bar.says, limit, spread_words(spread(values)), _verdict(bar, values)))
    return table(("what", "bar", "median (least–most)", ""), rows)


def _verdict(bar: Bar, values: Sequence[float]) -> str:
    short = bar.short(values)
    if short <= 0:
        return "reached"
    return f"**short by {short:.0%}**" if bar.way == "at least" else f"**over by {short:.0%}**"


def _plots(run: Run) -> str:
    images = [shown(name) for name in plots_of(run) if name != "growth"]
    return "\n\n".join(images) or "Too few levels in this run to draw."


def _levels(run: Run, *, workers: int) -> str:
    """Return rates, then latencies, with a row per number of connections and a column per case."""
    own = run.rows(*HTTP, of=[case.name for case in (*CASES, *KEYED_CASES)], workers=workers, events=1)
    if not own:
        return "Not measured in this run."
    part = HTTP[workers - 1]
    beside = run.rows(part, of=["echo of holds", "for_update", "conditional_update"])
    levels = values_of(own, "connections")
    columns = list(dict.fromkeys(row.of for row in [*own, *beside]))
    head = ("connections", *map(name_of, columns))
    parts = ["Answered with success a second:", "", _grid([*own, *beside], head, columns, levels, _rate)]
    if workers == 1:
        parts += ["", "p50 / p99 / p99.9 in milliseconds (medians of the rounds):", ""]
        parts += [_grid([*own, *beside], head, columns, levels, _latencies)]
    return "\n".join(parts)


def _grid(
    rows: Sequence[Row], head: Sequence[str], columns: Sequence[str], levels: Sequence[int], say: Any
) -> str:
    by_place = {(row.of, row.at["connections"]): row for row in rows}
    return table(
        head,
        [
            (f"{level:,}", *(say(by_place[of, level]) if (of, level) in by_place else "–" for of in columns))
            for level in levels
        ],
    )


def _rate(row: Row) -> str:
    return spread_words(spread(row.rounds["per_second"]))


def _latencies(row: Row) -> str:
    return " / ".join(figure(spread(row.rounds[name])[0]) for name in ("p50_ms", "p99_ms", "p999_ms"))


def _many(run: Run) -> str:
    rows = []
    for row in run.rows("over-http"):
        if int(row.at.get("events", 1)) == 1:
            continue
        one = run.rows("over-http", of=[row.of], connections=row.at["connections"], events=1)
        each = [a / b for a, b in zip(row.rounds["per_second"], one[0].rounds["per_second"], strict=True)]
        rows.append(
            (
                name_of(row.of),
                f"{row.at['events']:,}",
                row.at["connections"],
                _rate(row),
                _latencies(row),
                spread_words(spread(each)),
            )
        )
    head = ("", "events", "connections", "a second", "p50 / p99 / p99.9 ms", "over one hot event")
    return table(head, rows) if rows else "Not measured in this run."


def _cores(run: Run) -> str:
    """Return who used the two cores, at the number of connections of the ratios."""
    rows = [
        (
            name_of(row.of),
            row.at.get("workers", "–"),
            f"{row.at.get('events', 1):,}",
            *(
                figure(spread(row.rounds[name])[0]) if name in row.rounds else "–"
                for name in ("server_cores", "postgres_cores", "load_cores")
            ),
            figure(spread(row.rounds["server_cores"])[0] / spread(row.rounds["per_second"])[0] * 1e6),
        )
        for row in run.rows(*HTTP, connections=HOT)
    ]
    head = ("", "workers", "events", "server", "PostgreSQL", "load", "server's µs each")
    return table(head, rows) if rows else "Not measured in this run."


def _growth(run: Run) -> str:
    rows = run.rows("growth")
    once = [row for row in rows if "ms" in row.rounds]
    grown = [row for row in rows if "per_second" in row.rounds]
    if not rows:
        return "Not measured in this run."
    first = table(
        ("beside", "how many", "holds a second", "longest batch, ms", "first batch, ms"),
        [
            (
                row.of,
                f"{row.at['size']:,}",
                _rate(row),
                spread_words(spread(row.rounds["longest_batch_ms"])),
                figure(spread(row.rounds["first_batch_ms"])[0]),
            )
            for row in grown
        ],
    )
    second = table(("once", "ms"), [(row.of, spread_words(spread(row.rounds["ms"]))) for row in once])
    drawn = [shown("growth")] if "growth" in plots_of(run) else []
    return "\n\n".join((*drawn, first, second))


def _plain(run: Run, part: str) -> str:
    """Return every figure of every row."""
    if part not in run.results:
        return "Not measured in this run."
    tables = []
    for figures, rows in _alike(run.results[part].rows):
        head = ("", *(name.replace("_", " ") for name in figures))
        tables.append(
            table(
                head,
                [
                    (_situation(row), *(spread_words(spread(row.rounds[name])) for name in figures))
                    for row in rows
                ],
            )
        )
    return "\n\n".join(tables)


def _alike(rows: Sequence[Row]) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    """Group neighbouring rows with the same figures, for one table each."""
    group: list[Row] = []
    for row in rows:
        if group and tuple(group[0].rounds) != tuple(row.rounds):
            yield tuple(group[0].rounds), group
            group = []
        group.append(row)
    if group:
        yield tuple(group[0].rounds), group


def _situation(row: Row) -> str:
    at = ", ".join(
        f"{value:,} {key}" if isinstance(value, int) else str(value) for key, value in row.at.items()
    )
    return f"{name_of(row.of)}, {at}" if at else name_of(row.of)


def _unexpected(run: Run) -> str:
    lines = [
        f"- {result.part}: {what}: {count:,}"
        for result in run.results.values()
        for what, count in result.unexpected.items()
    ]
    return "\n".join(lines) or "There were none in this run."


def _commands(run: Run) -> str:
    lines = [run.commands[name] for name in run.results]
    return "```text\n" + "\n".join(lines) + "\n```"
