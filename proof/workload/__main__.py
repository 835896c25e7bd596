"""A workload by itself: `python -m proof.workload --url U [--url U2 …] --out RUN --seed N --operations 20000 …`.

With `--database-url` it also writes the final state, which `python -m proof check RUN` needs.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from proof.dump import write_dump
from proof.workload import Settings, run


def main() -> int:
    given = _parser().parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = Settings(
        urls=given.url,
        out=given.out,
        seed=given.seed,
        operations=given.operations,
        seconds=given.seconds,
        pace=given.pace,
        processes=given.processes,
        clients=given.clients,
        window=given.window,
        operations_per_event=given.operations_per_event,
    )
    print(f"seed {settings.seed}", flush=True)
    counts = run(settings, stop=stop)
    if given.database_url is not None:
        write_dump(settings.urls, given.database_url, settings.out)
    print(json.dumps(dict(sorted(counts.items())), indent=1))
    seconds = counts["milliseconds"] / 1000
    print(f"{counts['operations'] / seconds:.0f} operations/s")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m proof.workload", description=__doc__)
    parser.add_argument(
        "--url", action="append", required=True, help="URL of a server; repeat it for more servers"
    )
    parser.add_argument("--database-url", help="URL of the database, to write the final state")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the logs; it must not contain another run"
    )
    for name, kind, otherwise in (
        ("seed", int, 1),
        ("operations", int, 20_000),
        ("seconds", float, None),
        ("pace", float, 0.0),
        ("processes", int, 4),
        ("clients", int, 16),
        ("window", int, 6),
        ("operations-per-event", int, 140),
    ):
        parser.add_argument(f"--{name}", type=kind, default=otherwise)
    return parser


if __name__ == "__main__":
    sys.exit(main())
