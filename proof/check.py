"""Check the logs of a run and print the verdict: `python -m proof.check RUN_DIR [--json]`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from proof.checker import Verdict, check

__all__ = ["main"]


def main() -> int:
    """Return 1 for a violation or a missed floor, else 0."""
    parser = argparse.ArgumentParser(prog="python -m proof.check", description=__doc__)
    parser.add_argument("folder", type=Path, help="the run's directory")
    parser.add_argument("--json", action="store_true", help="print the whole verdict as JSON")
    parser.add_argument(
        "--no-floors", action="store_true", help="do not demand that the run reached all situations"
    )
    given = parser.parse_args()
    verdict = check(given.folder, floors=not given.no_floors)
    print(json.dumps(verdict.as_dict()) if given.json else _text(verdict))
    return 0 if verdict.passed else 1


def _text(verdict: Verdict) -> str:
    counts = verdict.counts
    lines = [
        f"seed {verdict.seed}, commit {verdict.commit}",
        f"{counts['operations']} operations in {counts['attempts']} attempts, {counts['faults']} faults",
        *(f"  {name:34} {count}" for name, count in counts.items()),
        "situations, with their counts and floors:",
        *(
            f"  {name:58} {count:8} {floor:8}{'' if count >= floor else '  MISSED'}"
            for name, (count, floor) in verdict.coverage.items()
        ),
    ]
    for rule, count in sorted(verdict.violation_count.items()):
        first = next(each for each in verdict.violations if each.rule == rule)
        lines += [f"{rule} violated {count} times; first, event {first.event}:", f"  {first.detail}"]
        lines += [f"    {line}" for line in first.lines]
        lines += [f"  meanwhile: {fault}" for fault in first.faults]
    lines.append(f"{'PASSED' if verdict.passed else 'FAILED'}; checked in {verdict.seconds:.1f} s")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
