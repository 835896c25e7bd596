"""Evidence: the result of a run of schedules, in the form that each part of the proof reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scenarios.interleavings.runs import Run

PART = "interleavings"
PROMISES = ("P1", "P3", "P5", "P7", "P8", "P16")


def evidence(
    run: Run, *, schedules: int, seconds: float, controls: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the result of the run, in the form that each part of the proof reports."""
    rare = schedules // 200 if schedules >= 1_000 else 0  # a short run may have none
    floors = {
        "schedules": (run.schedules, schedules),
        "different orders": (run.different, schedules // 2),
        **{
            name: (run.seen[name], floor)
            for name, floor in (
                ("waits for a lock", schedules // 2),
                ("refusals", schedules // 4),
                ("replays", rare),
                ("unknown outcomes", rare),
                ("batches that were not carried out", rare),
                ("locks given back after the expiry", rare),
                ("locks given back before the expiry", rare),
                ("clocks read after the expiry", rare),
                ("clocks read before the expiry", rare),
            )
        },
    }
    missed = [name for name, (count, floor) in floors.items() if count < floor]
    uncaught = [control["name"] for control in controls if not control["caught_by"]]
    return {
        "part": PART,
        "promises": list(PROMISES),
        "tried": {
            "schedules": run.schedules,
            **run.tried,
            **{name: count for name, count in run.seen.items() if name not in floors},
        },
        "coverage": {name: list(counts) for name, counts in floors.items()},
        "seeds": [run.seed],
        "violations": run.violations,
        "figures": {"schedules_per_second": round(run.schedules / max(seconds, 0.001), 1)},
        "controls": list(controls),
        "seconds": round(seconds, 1),
        "passed": not (run.violations or missed or uncaught),
        "notes": [f"too few: {name}" for name in missed] + [f"not caught: {name}" for name in uncaught],
    }
