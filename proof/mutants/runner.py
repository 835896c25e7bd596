"""Runner: mutants two at a time, each in a process of its own, and the source as it is before the same judges."""

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
"""For one mutant to be caught, of a quiet machine."""
_PATIENCE = 3.0
_STOP_SECONDS = 30.0
_TOLD = 10
AS_IT_IS = "the source as it is"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one trial. `caught_by` is the rule that did, of the mutant's own; None where none of them did."""

    name: str
    caught_by: str | None
    seconds: float
    bug: str = ""
    also: tuple[str, ...] = ()
    """Other rules that had something against it."""
    detail: Any = None
    """The first violation of the rule that caught it, or why the trial came to no end."""

    def told(self) -> dict[str, Any]:
        told = {"name": self.name, "caught_by": self.caught_by, "seconds": round(self.seconds, 1)}
        return {**told, "bug": self.bug, "also": list(self.also), "detail": self.detail}


@dataclass(slots=True)
class Runner:
    """Trials of one run."""

    seed: int
    keep: Path | None = None
    """Where the logs of trials are left; nowhere, by default."""
    _running: list[Popen[bytes]] = field(default_factory=list)
    _stopped: bool = False

    def run(self, mutants: Sequence[Mutant], told: Callable[[str], None]) -> list[Verdict]:
        """One verdict a mutant, in order, and then one for each sort of deployment as it is."""
        probes = sorted({one.part.name for one in mutants if isinstance(one.part, Probing)})
        sales = sorted({one.part.name for one in mutants if not isinstance(one.part, Probing)})
        controls = [[each] for each in sales] + ([probes] if probes else [])
        folder = Path(tempfile.mkdtemp(prefix="holdfast-mutants-", dir=DEPLOYMENTS))
        folder.chmod(0o711)
        os.environ.setdefault(TEMPLATE_VARIABLE, str(folder))
        copy_source(folder)  # the same for all, whatever is done to the repository meanwhile
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            jobs = [pool.submit(self._judge, one, folder, told) for one in mutants]
            jobs += [
                pool.submit(self._acquit, number, names, folder, told)
                for number, names in enumerate(controls, 1)
            ]
            return [job.result() for job in jobs]
        finally:
            self._end()
            pool.shutdown(cancel_futures=True)
            shutil.rmtree(folder, ignore_errors=True)

    def _end(self) -> None:
        """Of trials that are under way."""
        self._stopped = True
        for process in list(self._running):
            process.send_signal(signal.SIGINT)

    def _judge(self, mutant: Mutant, folder: Path, told: Callable[[str], None]) -> Verdict:
        found, seconds = self._try(mutant.name, [mutant.part.name], folder, mutant=mutant.name)
        verdict = verdict_on(mutant, found, seconds)
        if not self._stopped:
            told(f"{mutant.name}: {verdict.caught_by or 'MISSED'} ({seconds:.0f} s)")
        return verdict

    def _acquit(self, number: int, parts: list[str], folder: Path, told: Callable[[str], None]) -> Verdict:
        """The control of the control: what catches a mutant must have nothing against the source as it is."""
        found, seconds = self._try(f"as-it-is-{number}", parts, folder)
        accused = found if isinstance(found, str) else (found[:_TOLD] or None)
        if not self._stopped:
            told(f"{AS_IT_IS}, {', '.join(parts)}: {'accused' if accused else 'clean'} ({seconds:.0f} s)")
        return Verdict(AS_IT_IS, None, seconds, bug=", ".join(parts), detail=accused)

    def _try(
        self, name: str, parts: Iterable[str], folder: Path, *, mutant: str | None = None
    ) -> tuple[list[dict[str, Any]] | str, float]:
        """The violations, or why there are none to be had."""
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
        with log.open("wb") as said:
            process = launch(
                [sys.executable, "-m", "proof.mutants.trial", *arguments],
                environment=os.environ,
                folder=ROOT,
                output=said,
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
    """Those named (by name, or by its number alone); else so many by chance; else all. Raises LookupError."""
    if names:
        found = {
            name: [one for one in MUTANTS if name in (one.name, one.name.partition("-")[0])] for name in names
        }
        unknown = [name for name, mutants in found.items() if not mutants]
        if unknown:
            raise LookupError(f"There is no mutant {', '.join(unknown)}.")
        return [mutant for mutants in found.values() for mutant in mutants]
    if count is None or count >= len(MUTANTS):
        return list(MUTANTS)
    picked = set(random.Random(seed).sample(range(len(MUTANTS)), count))
    return [mutant for number, mutant in enumerate(MUTANTS) if number in picked]


def verdict_on(mutant: Mutant, found: list[dict[str, Any]] | str, seconds: float) -> Verdict:
    """Caught is what one of the mutant's own rules accuses: another's accusation says that the bug is another one."""
    if isinstance(found, str):
        return Verdict(mutant.name, None, seconds, bug=mutant.bug, detail=found)
    accusers = {str(one["rule"]): one for one in reversed(found)}
    caught_by = next((rule for rule in mutant.accepted if rule in accusers), None)
    also = tuple(sorted(rule for rule in accusers if rule != caught_by))
    detail = accusers[caught_by].get("detail") if caught_by is not None else None
    return Verdict(mutant.name, caught_by, seconds, bug=mutant.bug, also=also, detail=detail)


def result_of(verdicts: Sequence[Verdict], seed: int, seconds: float) -> Result:
    """A missed mutant, or a clean source that is accused, fails the part."""
    mutants = [verdict for verdict in verdicts if verdict.name != AS_IT_IS]
    clean = [verdict for verdict in verdicts if verdict.name == AS_IT_IS]
    result = Result(
        part="mutants",
        tried={"mutants": len(mutants), "the source as it is": len(clean)},
        seeds=[seed],
        controls=[verdict.told() for verdict in mutants],
        violations=[
            {"rule": "accused as it is", "event": verdict.bug, "detail": verdict.detail}
            for verdict in clean
            if verdict.detail is not None
        ],
        figures={"slowest_catch_seconds": round(max((one.seconds for one in mutants), default=0.0), 1)},
        seconds=round(seconds, 1),
    )
    result.judge()
    return result


def _end_of(process: Popen[bytes], seconds: float) -> int | str:
    """Its status; one that takes too long is interrupted, so that it ends what it started."""
    deadline = time.monotonic() + seconds
    told = None
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.send_signal(signal.SIGINT if told is None else signal.SIGKILL)
            told, deadline = "too late", time.monotonic() + _STOP_SECONDS
        time.sleep(0.05)
    return told or process.returncode
