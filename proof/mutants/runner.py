"""Runner: two mutants at a time, each in its own process, and the unchanged source for comparison."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

from proof.machine import DEPLOYMENTS, ROOT
from proof.mutants.patches import copy_source
from proof.mutants.table import MUTANTS, Mutant, Probing
from proof.processes import launch
from proof.result import Result
from proof.system.postgres import TEMPLATE_VARIABLE

__all__ = ["Runner", "Verdict", "chosen", "result_of", "verdict_on"]

AT_ONCE = 2
LIMIT_SECONDS = 60.0
"""The limit to catch one mutant on a quiet machine."""
_PATIENCE = 3.0
_STOP_SECONDS = 30.0
_MAX_DETAILS = 10
UNCHANGED = "the unchanged source"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one trial. `caught_by` is the rule of the mutant that caught it; None if none did."""

    name: str
    caught_by: str | None
    seconds: float
    bug: str = ""
    also: tuple[str, ...] = ()
    """Other rules that were violated."""
    detail: Any = None
    """The first violation of the catching rule, or the reason why the trial did not finish."""

    def report(self) -> dict[str, Any]:
        report = {"name": self.name, "caught_by": self.caught_by, "seconds": round(self.seconds, 1)}
        return {**report, "bug": self.bug, "also": list(self.also), "detail": self.detail}


@dataclass(slots=True)
class Runner:
    """The trials of one run."""

    seed: int
    keep: Path | None = None
    """The folder for the logs of trials; None discards them."""
    _running: list[Popen[bytes]] = field(default_factory=list)
    _stopped: bool = False

    def run(self, mutants: Sequence[Mutant], report: Callable[[str], None]) -> list[Verdict]:
        """Return one verdict for each mutant, in order, then one for each kind of deployment with the
        unchanged source."""
        probes = sorted({one.part.name for one in mutants if isinstance(one.part, Probing)})
        sales = sorted({one.part.name for one in mutants if not isinstance(one.part, Probing)})
        controls = [[each] for each in sales] + ([probes] if probes else [])
        folder = Path(tempfile.mkdtemp(prefix="holdfast-mutants-", dir=DEPLOYMENTS))
        folder.chmod(0o711)
        os.environ.setdefault(TEMPLATE_VARIABLE, str(folder))
        copy_source(folder)  # one copy for all trials, even if the repository changes meanwhile
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            jobs = [pool.submit(self._judge, one, folder, report) for one in mutants]
            jobs += [
                pool.submit(self._acquit, number, names, folder, report)
                for number, names in enumerate(controls, 1)
            ]
            return [job.result() for job in jobs]
        finally:
            self._end()
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(folder, ignore_errors=True)

    def _end(self) -> None:
        """Interrupt the running trials."""
        self._stopped = True
        for process in list(self._running):
            process.send_signal(signal.SIGINT)

    def _judge(self, mutant: Mutant, folder: Path, report: Callable[[str], None]) -> Verdict:
        found, seconds = self._try(mutant.name, [mutant.part.name], folder, mutant=mutant.name)
        verdict = verdict_on(mutant, found, seconds)
        if not self._stopped:
            report(f"{mutant.name}: {verdict.caught_by or 'MISSED'} ({seconds:.0f} s)")
        return verdict

    def _acquit(self, number: int, parts: list[str], folder: Path, report: Callable[[str], None]) -> Verdict:
        """Test the unchanged source: the judges of mutants must find nothing in it."""
        found, seconds = self._try(f"unchanged-{number}", parts, folder)
        accused = found if isinstance(found, str) else (found[:_MAX_DETAILS] or None)
        if not self._stopped:
            report(f"{UNCHANGED}, {', '.join(parts)}: {'accused' if accused else 'clean'} ({seconds:.0f} s)")
        return Verdict(UNCHANGED, None, seconds, bug=", ".join(parts), detail=accused)

    def _try(
        self, name: str, parts: Iterable[str], folder: Path, *, mutant: str | None = None
    ) -> tuple[list[dict[str, Any]] | str, float]:
        """Return the violations, or the reason why there are none, and the seconds."""
        out, began = folder / f"{name}.json", time.monotonic()
        log = (self.keep or folder) / f"{name}.log"
        chance = random.Random(f"{self.seed}/{name}")
        arguments = ["--seed", str(chance.getrandbits(31)), "--out", str(out), "--root", str(folder)]
        for part in parts:
            arguments += ["--part", part]
        if mutant is not None:
            arguments += ["--mutant", mutant]
        elif self.keep is not None:
            arguments += ["--keep", str(self.keep)]
        with log.open("wb") as output:
            process = launch(
                [sys.executable, "-m", "proof.mutants.trial", *arguments],
                environment=os.environ,
                folder=ROOT,
                output=output,
                ends_with=signal.SIGINT,
            )
        self._running.append(process)
        if self._stopped:
            process.send_signal(signal.SIGINT)
        status = _end_of(process, LIMIT_SECONDS * _PATIENCE)
        self._running.remove(process)
        seconds = time.monotonic() - began
        if status == 0 and out.exists():
            return json.loads(out.read_text())["violations"], seconds
        words = log.read_text(errors="replace").strip().splitlines()[-1:]
        return f"its trial ended with {status}: {''.join(words)}", seconds


def chosen(names: Sequence[str], count: int | None, seed: int) -> list[Mutant]:
    """Return the mutants with these names or numbers; else `count` random ones; else all. Raises LookupError."""
    if names:
        found = {
            name: [one for one in MUTANTS if name in (one.name, one.name.partition("-")[0])] for name in names
        }
        unknown = [name for name, mutants in found.items() if not mutants]
        if unknown:
            raise LookupError(f"No mutant has the name {', '.join(unknown)}.")
        return [mutant for mutants in found.values() for mutant in mutants]
    if count is None or count >= len(MUTANTS):
        return list(MUTANTS)
    picked = set(random.Random(seed).sample(range(len(MUTANTS)), count))
    return [mutant for number, mutant in enumerate(MUTANTS) if number in picked]


def verdict_on(mutant: Mutant, found: list[dict[str, Any]] | str, seconds: float) -> Verdict:
    """Return the verdict. Only the mutant's own rules catch it: an accusation by others means another bug."""
    if isinstance(found, str):
        return Verdict(mutant.name, None, seconds, bug=mutant.bug, detail=found)
    accusers = {str(one["rule"]): one for one in reversed(found)}
    caught_by = next((rule for rule in mutant.accepted if rule in accusers), None)
    also = tuple(sorted(rule for rule in accusers if rule != caught_by))
    detail = accusers[caught_by].get("detail") if caught_by is not None else None
    return Verdict(mutant.name, caught_by, seconds, bug=mutant.bug, also=also, detail=detail)


def result_of(verdicts: Sequence[Verdict], seed: int, seconds: float) -> Result:
    """Return the part's result. A missed mutant or an accused clean source fails it."""
    mutants = [verdict for verdict in verdicts if verdict.name != UNCHANGED]
    clean = [verdict for verdict in verdicts if verdict.name == UNCHANGED]
    result = Result(
        part="mutants",
        tried={"mutants": len(mutants), UNCHANGED: len(clean)},
        seeds=[seed],
        controls=[verdict.report() for verdict in mutants],
        violations=[
            {"rule": "accused unchanged", "event": verdict.bug, "detail": verdict.detail}
            for verdict in clean
            if verdict.detail is not None
        ],
        figures={"slowest_catch_seconds": round(max((one.seconds for one in mutants), default=0.0), 1)},
        seconds=round(seconds, 1),
    )
    result.judge()
    return result


def _end_of(process: Popen[bytes], seconds: float) -> int | str:
    """Return the exit status; after `seconds`, interrupt the process, so that it ends its children."""
    deadline = time.monotonic() + seconds
    reason = None
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.send_signal(signal.SIGINT if reason is None else signal.SIGKILL)
            reason, deadline = "too late", time.monotonic() + _STOP_SECONDS
        time.sleep(0.05)
    return reason or process.returncode
