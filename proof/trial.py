"""Trial: one slice of a proof. Clients sell during a family of faults, and the checker judges the history.

    python -m proof.trial --family kill_postgres --operations 100000 --kills 30 --seed 1 --out FOLDER

It runs until the requested operations and kills are reached. Then all faults end, the final state is read,
and the checker compares it with the clients' logs.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proof.callers import make_callers
from proof.checker import Verdict
from proof.log import LogFile
from proof.nemesis import FAMILIES, FAULTS, KILLS, Nemesis
from proof.result import Result
from proof.system import Deployment
from proof.system.clock import library
from proof.verdict import judge_deployment, judge_history, keep_logs
from proof.workload import Settings, Workload, write_dump

PROMISES = ["P1", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P16", "P18", "P23"]
"""The promises of every slice; its faults add theirs."""

KINDS = {
    "kills_worker": ("kill-app", "kill-workers", "kill-server", "kill-supervisor"),
    "kills_postgres": ("kill-postgres", "kill-postmaster"),
    "kills_backend": ("kill-backend",),
    "clock_jumps": (
        "database-clock-forward",
        "database-clock-back",
        "database-clock-shaken",
        "app-clock",
    ),
    "upgrades": ("rolling-restart", "migrate", "side-by-side", "roll-back"),
}
"""Faults that count as trials of a promise."""

TRY = {
    "kills_worker": ("P2", "P19"),
    "kills_postgres": ("P2", "P19"),
    "kills_backend": ("P2", "P19"),
    "clock_jumps": ("P22",),
    "upgrades": ("P24",),
}

_TICK_SECONDS = 0.5


class Trial:
    """One deployment, its clients and its nemesis."""

    def __init__(self, *, family: str, seed: int, run: Path, processes: int, clients: int) -> None:
        self.family = family
        self.seed = seed
        self.run = run
        self._processes = processes
        self._clients = clients

    def play(self, *, operations: int, kills: int, short: bool) -> Result:
        """Run the trial. An exception means that it could not run; it is no verdict."""
        began = time.monotonic()
        result = Result(part="sale", promises=list(PROMISES), seeds=[self.seed])
        faults = [FAULTS[name] for name in FAMILIES[self.family]]
        clocks = self.family == "stops_and_clocks" and _can_set_clocks(result)
        self.run.mkdir(parents=True, exist_ok=True)
        with Deployment(seed=self.seed, clocks=clocks, closed=True) as deployment:
            nemesis = Nemesis(
                deployment,
                faults,
                seed=self.seed,
                log=self.run / "nemesis.jsonl",
                short=short,
                storm=self.family == "storm",
            )
            try:
                with nemesis:
                    counts, selling = self._sell(deployment, nemesis, operations, kills)
                deployment.wait_until_ready()
                write_dump(deployment.direct_urls, deployment.sql_url, self.run)
                judge_deployment(deployment, result)
            finally:
                keep_logs(deployment, self.run.parent / "logs")
        print("checking", flush=True)
        verdict = judge_history(self.run, result)
        self._report(result, verdict, nemesis, counts)
        result.figures |= {
            "operations_per_second": round(counts["operations"] / selling, 1),
            "check_seconds": round(verdict.seconds, 2),
        }
        result.seconds = time.monotonic() - began
        result.judge()
        return result

    def _sell(
        self, deployment: Deployment, nemesis: Nemesis, operations: int, kills: int
    ) -> tuple[Mapping[str, int], float]:
        """Return the clients' counts, and the duration in seconds."""
        settings = Settings(
            urls=deployment.urls,
            out=self.run,
            seed=self.seed,
            operations=0,  # no limit: the run ends when the nemesis has done enough too
            processes=self._processes,
            clients=self._clients,
            staff_key=deployment.staff_key,
            callers=[one.as_dict() for one in make_callers(deployment)],
        )
        began = time.monotonic()
        with Workload(settings) as workload:
            if nemesis.faults:
                nemesis.start()
            while workload.is_running:
                done, killed = workload.operations, _kills(nemesis.done)
                print(
                    f"{done} of {operations} operations, {nemesis.count} faults, {killed} of {kills} kills",
                    flush=True,
                )
                if done >= operations and killed >= kills:
                    break
                if nemesis.faults and nemesis.wait(_TICK_SECONDS):
                    raise RuntimeError("the nemesis ended early")
                if not nemesis.faults:
                    time.sleep(_TICK_SECONDS)
            nemesis.stop()
            counts = workload.stop()
        return counts, time.monotonic() - began

    def _report(self, result: Result, verdict: Verdict, nemesis: Nemesis, counts: Mapping[str, int]) -> None:
        seen = verdict.counts
        result.violations += nemesis.violations
        kinds = {name: sum(nemesis.done[fault] for fault in faults) for name, faults in KINDS.items()}
        result.promises += sorted(
            {promise for name, times in kinds.items() if times for promise in TRY[name]}
        )
        result.tried |= {
            "operations": seen["operations"],
            "requests": seen["attempts"],
            "retries": seen["attempts"] - seen["operations"],
            "reads": seen["reads"],
            "asks_of_callers": seen["asks"],
            "multi_seat_holds": self._holds_of_several(),
            "faults": nemesis.count,
            **{name: times for name, times in kinds.items() if times},
            **{f"fault {name}": times for name, times in sorted(nemesis.done.items())},
        }
        self._cover(result, verdict)
        for what, table in (("first_success", nemesis.firsts), ("all_serve", nemesis.recoveries)):
            for name, seconds in sorted(table.items()):
                result.figures[f"{what}_after_{name.replace('-', '_')}_seconds"] = [
                    round(one, 3) for one in seconds
                ]
        result.notes.append(f"family {self.family}; {counts['operations']:,} operations were begun")

    def _holds_of_several(self) -> int:
        """Count the requests for more than one seat, named or best available."""
        return sum(
            any(
                len(line.get("seats") or ()) > 1 or (line.get("best") or 0) > 1
                for line in attempt.line["in"]["lines"]
            )
            for path in sorted(self.run.glob("client-*.jsonl"))
            for attempt in LogFile(path).attempts()
            if attempt.line["f"] == "hold"
        )

    def _cover(self, result: Result, verdict: Verdict) -> None:
        """All slices together must reach the floors of the workload; each slice must reach those of its faults."""
        named: dict[str, Any] = {name: list(pair) for name, pair in verdict.coverage.items()}
        own = {name for name in named if name.startswith(("fault_", "least_"))}
        result.coverage |= {name: pair for name, pair in named.items() if name in own}
        result.summed |= {name: pair for name, pair in named.items() if name not in own}
        counted = {
            "confirms_at_expiry": "bookings_around_expiry",
            "late_requests": "done_after_the_client_gave_up",
            "refusals": "refused_holds",
        }
        result.tried |= {name: named[situation][0] for name, situation in counted.items()}


def _can_set_clocks(result: Result) -> bool:
    """Return False if clocks cannot be set, and note it. The faults that need it are then left out."""
    try:
        library()
    except FileNotFoundError as error:
        result.notes.append(f"clocks cannot be set: {error}")
        return False
    return True


def _kills(done: Counter[str]) -> int:
    return sum(times for name, times in done.items() if name in KILLS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.trial", description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=sorted(FAMILIES), default="gate")
    parser.add_argument("--operations", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--clients", type=int, default=20, help="concurrent requests of each process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"seed {given.seed}, family {given.family}", flush=True)
    trial = Trial(
        family=given.family,
        seed=given.seed,
        run=given.out / "run",
        processes=given.processes,
        clients=given.clients,
    )
    try:
        result = trial.play(operations=given.operations, kills=given.kills, short=given.family == "gate")
    except KeyboardInterrupt:
        print("stopped", flush=True)
        return 130
    result.write(given.out)
    print(f"{'passed' if result.passed else 'FAILED'}: {result.tried}", flush=True)
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
