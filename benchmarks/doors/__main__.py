"""Doors: the soak of their scans, and the time from a code in view to its verdict.

    PYTHONPATH=tests python -m benchmarks.doors [--scans 10000] [--seed 1] [--pictures 60]

It prints what it found, and ends with 1 if a scan is lost, doubled or unexplained, or a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from random import Random

from benchmarks.doors.camera import measure_camera, measure_cold_start
from benchmarks.doors.judge import judge_door, judge_log
from benchmarks.doors.soak import SoakDoor, known_of, prepare, run_soak, sell_tickets
from support.browser import chromium
from support.cut_network import cut_network
from support.serving import Serving
from web.door.visits import log_of

_VERDICT_BAR_MS = 300
_START_BAR_MS = 1_500


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doors", description=__doc__)
    parser.add_argument("--scans", type=int, default=10_000, help="scans of the soak; 0 leaves it out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=int, default=60, help="codes before the camera; 0 leaves it out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="holdfast-doors-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Serving(folder / "data") as server:
            url = f"http://127.0.0.1:{server.port}"
            good = not given.pictures or _measure(url, folder, given.pictures)
            if given.scans:
                good &= _soak(url, folder, given.scans, Random(given.seed))  # noqa: S311 - it must repeat
    return 0 if good else 1


def _measure(url: str, folder: Path, pictures: int) -> bool:
    found = sorted(measure_camera(url, folder, pictures))
    p50, p95 = (found[int(len(found) * part)] for part in (0.5, 0.95))
    print(
        f"code in view to verdict: {len(found)} codes, p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {found[-1]:.0f} ms"
    )
    starts = sorted(measure_cold_start(url, folder))
    print(
        f"cold start without a network: {len(starts)} starts, median {starts[len(starts) // 2]:.0f} ms, ",
        end="",
    )
    print(f"max {starts[-1]:.0f} ms")
    return p95 <= _VERDICT_BAR_MS and starts[-1] <= _START_BAR_MS


def _soak(url: str, folder: Path, scans: int, random: Random) -> bool:
    event, references = sell_tickets(url, max(10, scans // 4))
    begun = time.monotonic()
    with ExitStack() as stack:
        doors = [
            SoakDoor(gate=f"Door {letter}", network=stack.enter_context(cut_network(url))) for letter in "ABC"
        ]
        browser = stack.enter_context(chromium(folder / "soak"))
        prepare(browser, doors, event)
        run_soak(browser, doors, event, list(references), scans=scans, random=random)
        known = [known_of(browser, door) for door in doors]
    log = log_of(url, event)
    wrong = judge_log(log)
    seconds, kills = time.monotonic() - begun, sum(door.kills for door in doors)
    print(f"{scans} scans at three doors in {seconds:.0f} s, {kills} killed tabs; the log has {len(log)}")
    is_good = not wrong
    for door, (device, seq) in zip(doors, known, strict=True):
        found = judge_door(log, device, seq, door.shown, references)
        is_good &= not (found.lost or found.doubled or found.unexplained)
        print(
            f"  {door.gate}: tried {door.tried}, kept {seq}, lost {found.lost}, doubled {found.doubled}, ",
            end="",
        )
        print(
            f"unexplained {found.unexplained}, admitted later {found.admitted_later}, {dict(found.verdicts)}"
        )
    print(
        f"  all: {dict(Counter(one['verdict'] for one in log))}; unexplained verdicts: {len(wrong)} {wrong[:5]}"
    )
    return is_good


if __name__ == "__main__":
    sys.exit(main())
