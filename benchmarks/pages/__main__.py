"""`make bench-web`: measures the pages in a browser, and writes the table into `docs/performance.md`.

    PYTHONPATH=tests python -m benchmarks.pages [--rounds 4] [--minutes 3] [--soak 4] [--page docs/performance.md]

Each round is a first visit with an empty profile. The run fails if a median is worse than 1.25 times its budget.
`--soak` makes the changes of that many hours as fast as they come: 288,000 for four hours. It takes 10 to 20 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.page import figure, spread_words, table
from benchmarks.pages.measures import measure_round, soak, watch_memory
from benchmarks.pages.shop import open_shop
from holdfast.process.postgres_binaries import embedded_bin_dir
from proof.machine import ROOT, Source, machine_facts
from support.browser import CHROMIUM

__all__ = ["BUDGETS", "Budget", "block_of", "is_within", "written"]

TOLERANCE = 1.25
_BLOCK = re.compile(r"(<!-- measured in a browser -->\n).*?(<!-- end of measured -->)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A limit for the median of a figure, whose name ends in its unit."""

    figure: str
    says: str
    limit: float
    unit: str


BUDGETS = (
    Budget(figure="first_load_kib", says="first load of an event's page, packed", limit=90, unit="KiB"),
    Budget(figure="first_paint_ms", says="first paint of it", limit=400, unit="ms"),
    Budget(figure="largest_paint_ms", says="largest paint of it", limit=1_000, unit="ms"),
    Budget(figure="map_open_ms", says="60,000 seats: map to use, after its document", limit=800, unit="ms"),
    Budget(
        figure="longest_task_ms",
        says="until then, the longest task of the main thread (processor time)",
        limit=50,
        unit="ms",
    ),
    Budget(figure="pan_p95_ms", says="panning, 20 changes/s: p95 of 600 frames", limit=16.8, unit="ms"),
    Budget(figure="pan_p99_ms", says="panning: p99", limit=33, unit="ms"),
    Budget(figure="tap_ms", says="tap to selection shown", limit=50, unit="ms"),
    Budget(figure="held_ms", says="press to hold answered and shown", limit=150, unit="ms"),
    Budget(figure="news_p95_ms", says="change elsewhere to seen here: p95 of 40", limit=700, unit="ms"),
    Budget(figure="row_ms", says="list: a row of 100 seats opened", limit=30, unit="ms"),
    Budget(
        figure="longest_row_task_ms",
        says="list: the longest task of that (processor time)",
        limit=30,
        unit="ms",
    ),
    Budget(figure="list_nodes", says="list: nodes with that row open", limit=400, unit=""),
    Budget(figure="memory_mib", says="script memory of the tab, after the changes", limit=150, unit="MiB"),
    Budget(figure="growth_percent", says="growth of it meanwhile", limit=10, unit="%"),
    Budget(figure="soak_growth_percent", says="growth of it in four hours' changes", limit=10, unit="%"),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long the memory is watched")
    parser.add_argument("--soak", type=float, default=0.0, help="also make the changes of these hours")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    given = parser.parse_args()
    if CHROMIUM is None:
        print("There is no Chromium: install Debian's package chromium.", file=sys.stderr)
        return 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="holdfast-browser-", dir="/var/tmp") as name, open_shop() as shop:
        folder = Path(name)
        rounds = []
        for number in range(1, given.rounds + 1):
            rounds.append(measure_round(shop, folder, number))
            print(f"[{number}/{given.rounds}] {json.dumps(rounds[-1])}", flush=True)
        memory = watch_memory(shop, folder, given.minutes)
        if given.soak:
            memory |= soak(shop, folder, given.soak)
        print(json.dumps(memory), flush=True)
    figures = {name: [one[name] for one in rounds] for name in rounds[0]}
    figures |= {name: [value] for name, value in memory.items()}
    about = _about(given.rounds, given.minutes, memory, time.monotonic() - began)
    given.page.write_text(written(given.page.read_text(), block_of(figures, about)))
    print(f"Written: {given.page}")
    over = [budget.says for budget in BUDGETS if not is_within(budget, figures[budget.figure], TOLERANCE)]
    if over:
        print(f"Over {TOLERANCE} times the budget: {'; '.join(over)}", file=sys.stderr)
    return 1 if over else 0


def is_within(budget: Budget, values: Sequence[float], tolerance: float = 1.0) -> bool:
    return statistics.median(values) <= tolerance * budget.limit


def block_of(figures: Mapping[str, Sequence[float]], about: str) -> str:
    """Return the sentence about the run, and the table of the budgets."""
    rows = [
        (
            budget.says,
            f"≤ {figure(budget.limit)} {budget.unit}".strip(),
            spread_words((statistics.median(values), min(values), max(values))),
            "reached" if is_within(budget, values) else "**over**",
        )
        for budget in BUDGETS
        if (values := figures.get(budget.figure))
    ]
    return f"{about}\n\n{table(('what', 'budget', 'median (least–most)', ''), rows)}"


def written(page: str, block: str) -> str:
    """Return the page with its block replaced. Raises ValueError if it has no place for it."""
    if len(_BLOCK.findall(page)) != 1:
        raise ValueError("the page has no place for the figures of the browser")
    return _BLOCK.sub(lambda found: f"{found[1]}\n{block}\n\n{found[2]}", page)


def _about(rounds: int, minutes: float, memory: Mapping[str, float], seconds: float) -> str:
    source = Source.now()
    machine = machine_facts(embedded_bin_dir())
    version = subprocess.run([str(CHROMIUM), "--version"], capture_output=True, text=True, check=True).stdout
    changed = "" if source.is_clean else " with changes that are in no commit"
    lines = [
        f"`make bench-web`, {datetime.now(UTC).isoformat(timespec='minutes')}, {seconds / 60:.0f} minutes, commit",
        f"`{source.commit[:12]}`{changed}, {machine['processors']} × {machine['processor']}.",
        f"{' '.join(version.split()[:2])}, headless, without a GPU. {rounds} rounds, each a first visit with an",
        f"empty profile, 1280 × 800. Memory: one tab, 60,000 seats, {minutes:g} minutes,",
        f"{memory['changes']:,} changes.",
        f"Processes that wanted a core at the end, of this run and of others: {os.getloadavg()[1]:.1f}.",
    ]
    if "soak_changes" in memory:
        lines.append(
            f"Then {memory['soak_changes']:,} changes as fast as they came, which the tab got in"
            f" {memory['soak_messages']:,} messages."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
