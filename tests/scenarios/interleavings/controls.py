"""Controls: copies of the product with one thing broken. A run of schedules must find each of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A change of one place in `src/holdfast`."""

    name: str
    file: str
    old: str
    new: str


CONTROLS = (
    Control(
        name="the event's row is not locked",
        file="inventory/store/sql/batch.sql",
        old="WHERE event_number = :event_number\nFOR NO KEY UPDATE;",
        new="WHERE event_number = :event_number;",
    ),
    Control(
        name="the clock stands still since BEGIN",
        file="inventory/store/sql/batch.sql",
        old="SELECT clock_timestamp() AS clock,",
        new="SELECT now() AS clock,",
    ),
)


def try_control(control: Control, *, schedules: int, seed: int) -> dict[str, Any]:
    """Return the name of the control, and the violated rules (empty if the run did not catch it)."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-control-"))
    try:
        shutil.copytree(ROOT / "src" / "holdfast", folder / "src" / "holdfast")
        file = folder / "src" / "holdfast" / control.file
        text = file.read_text()
        assert text.count(control.old) == 1, f"{control.name}: {control.file} must contain the old text once"
        file.write_text(text.replace(control.old, control.new))
        options = ["--schedules", str(schedules), "--seed", str(seed), "--out", str(folder), "--enough", "3"]
        done = subprocess.run(
            [sys.executable, "-m", "scenarios.interleavings", *options],
            env={**os.environ, "PYTHONPATH": f"{folder / 'src'}:{ROOT / 'tests'}"},
            capture_output=True,
            timeout=SECONDS,
            check=False,
            text=True,
        )
        assert done.returncode in (0, 1), done.stderr
        found = json.loads((folder / "interleavings.json").read_text())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"name": control.name, "caught_by": " ".join(sorted({x["rule"] for x in found["violations"]}))}
