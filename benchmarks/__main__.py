"""`make bench`: runs the parts of a plan one after another, and writes their results into `docs/performance.md`.

    python -m benchmarks [full|short] [--parts over-http,growth] [--out FOLDER] [--page docs/performance.md]

If a part fails, the others still run, and the page lacks its result. With `--parts`, the page uses results of an
earlier run in the same folder for the other parts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import closed_loop
from benchmarks.plan import PLANS, Part
from benchmarks.report import write_page
from benchmarks.result import Result
from benchmarks.run import Run
from holdfast.process.postgres_binaries import embedded_bin_dir
from proof.machine import ROOT, Source, machine_facts
from proof.runner import end, last_line

_TICK_SECONDS = 0.5
_QUIET_SECONDS = 30.0
_RUN_FILE = "run.json"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plan", nargs="?", choices=sorted(PLANS), default="full")
    parser.add_argument("--parts", help="only these, by name, with commas between them")
    parser.add_argument("--out", type=Path, help="folder of the results (default: evidence/bench/PLAN)")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    given = parser.parse_args()
    if not closed_loop.is_there():
        print(closed_loop.INSTALL, file=sys.stderr)
        return 1
    plan = PLANS[given.plan]
    names = given.parts.split(",") if given.parts else [part.name for part in plan]
    if unknown := set(names) - {part.name for part in plan}:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    folder = given.out or ROOT / "evidence" / "bench" / given.plan
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    failed = _run([part for part in plan if part.name in names], folder)
    _note_run(folder, given.plan, time.monotonic() - began)
    write_page(read_run(folder, plan), given.page)
    print(f"Written: {given.page}, in {(time.monotonic() - began) / 60:.0f} min.")
    if failed:
        print(f"It did not measure: {', '.join(failed)}. Their logs are in {folder}.", file=sys.stderr)
    return 1 if failed else 0


def read_run(folder: Path, plan: Sequence[Part]) -> Run:
    """Return the results in a folder, with the machine and the commit of its newest run."""
    told = json.loads((folder / _RUN_FILE).read_text())
    paths = {part.name: folder / f"{part.name}.json" for part in plan}
    return Run(
        **told,
        results={name: Result.read(path) for name, path in paths.items() if path.exists()},
        commands={part.name: part.shown_command for part in plan},
    )


def _note_run(folder: Path, plan: str, seconds: float) -> None:
    source = Source.now()
    told = {
        "plan": plan,
        "commit": source.commit,
        "is_clean": source.is_clean,
        "made_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "seconds": round(seconds),
        "machine": machine_facts(embedded_bin_dir()),
    }
    (folder / _RUN_FILE).write_text(json.dumps(told, indent=1))


def _run(parts: Sequence[Part], folder: Path) -> list[str]:
    """Run the parts, and return the names of those that failed."""
    failed = []
    for number, part in enumerate(parts, 1):
        label = f"[{number}/{len(parts)}] {part.name}"
        began = time.monotonic()
        (folder / f"{part.name}.json").unlink(missing_ok=True)
        good = _run_one(part, folder, label)
        print(f"{label}: {'measured' if good else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)
        if not good:
            failed.append(part.name)
    return failed


def _run_one(part: Part, folder: Path, label: str) -> bool:
    log = folder / f"{part.name}.log"
    with log.open("wb") as to:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", part.module, *part.arguments, "--out", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=to,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            start_new_session=True,  # this process passes an interrupt on to its children
        )
        began = said = time.monotonic()
        try:
            while process.poll() is None and time.monotonic() - began < part.limit_seconds:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_TICK_SECONDS)
                if time.monotonic() - said > _QUIET_SECONDS:
                    said = time.monotonic()
                    print(f"{label}: {said - began:.0f} s  {last_line(log)}", flush=True)
        finally:
            end(process)
    good = process.returncode == 0 and (folder / f"{part.name}.json").exists()
    if not good:
        print(f"{label}: {last_line(log)}", file=sys.stderr)
    return good


if __name__ == "__main__":
    sys.exit(main())
