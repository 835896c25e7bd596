"""Runner: runs a plan's parts one after another, each as a process of its own, and keeps what each one left.

A run has a folder, `evidence/work/<plan>-<commit>-<seed>/`; a part has one in it, with its log and its result. The file
`<part>.json` beside it says how the process ended, and is written only once it has: that is what a resumed run skips.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from proof.machine import ROOT
from proof.parts import Part
from proof.result import Result

__all__ = ["Runner", "command_of", "read_done", "shown_command"]

_TICK_SECONDS = 0.25
_QUIET_SECONDS = 30.0
_STOP_SECONDS = 45.0


class Runner:
    """Says in one line what it is at."""

    def __init__(self, folder: Path, *, identity: str, resume: bool) -> None:
        """`identity`: of the sources; a part of others, or with other arguments, is run again."""
        self._folder = folder
        self._identity = identity
        self._resume = resume
        self._is_terminal = sys.stdout.isatty()
        self._said_at = 0.0

    def run(self, parts: Sequence[Part]) -> bool:
        """Whether all passed; a part that fails does not keep the others from running.

        Whoever interrupts it loses the part that is under way, and nothing else.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        good = True
        for number, part in enumerate(parts, 1):
            label = f"[{number}/{len(parts)}] {part.name}"
            done = self._known(part) if self._resume else None
            if done is not None:
                self._end_line(f"{label}: {_verdict(done)}, known from before")
            else:
                done = self._run(part, label)
                self._end_line(f"{label}: {_verdict(done)} in {done['seconds']:.0f} s")
                for line in _complaints(done):
                    print(f"    {line}", flush=True)
            good = good and (done["passed"] or bool(done["result"] and done["result"].get("left_out")))
        return good

    def _known(self, part: Part) -> dict[str, Any] | None:
        path = self._folder / f"{part.name}.json"
        if not path.exists():
            return None
        done: dict[str, Any] = json.loads(path.read_text())
        same = done["identity"] == self._identity and done["command"] == command_of(part)
        return done if same else None

    def _run(self, part: Part, label: str) -> dict[str, Any]:
        folder = self._folder / part.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        record = self._folder / f"{part.name}.json"
        record.unlink(missing_ok=True)
        began = time.monotonic()
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *command_of(part), "--out", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self._environment(part),
                start_new_session=True,  # an interrupt at the terminal is this process's to pass on
            )
            try:
                ended = self._watch(process, part, label, folder / "log.txt")
            except BaseException:
                end(process)
                raise
        done = {
            "part": asdict(part),
            "command": command_of(part),
            "identity": self._identity,
            "exit": process.returncode,
            "ended": ended,
            "seconds": round(time.monotonic() - began, 2),
            **_judged(folder, process.returncode, ended),
        }
        scratch = record.with_suffix(".part")
        scratch.write_text(json.dumps(done, indent=1))
        scratch.rename(record)
        return done

    def _environment(self, part: Part) -> dict[str, str]:
        places = [str(ROOT / part.path), os.environ.get("PYTHONPATH", "")]
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, places)),
            "PYTHONUNBUFFERED": "1",
            "PROOF_TEMPLATE": str(self._folder / "template"),
        }

    def _watch(self, process: subprocess.Popen[bytes], part: Part, label: str, log: Path) -> str:
        """How it ended: `by itself`, or at its time limit."""
        began = time.monotonic()
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TICK_SECONDS)
                end(process)  # whatever it left behind in its session
                return "by itself"
            seconds = time.monotonic() - began
            if seconds > part.limit_seconds:
                end(process)
                return f"at its limit of {part.limit_seconds:.0f} s"
            self._tell(f"{label}: {seconds:.0f} s  {last_line(log)}")

    def _tell(self, line: str) -> None:
        """On a terminal the line lives; elsewhere it is said now and then."""
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{line[:width]}", end="", flush=True)
        elif time.monotonic() - self._said_at > _QUIET_SECONDS:
            self._said_at = time.monotonic()
            print(line, flush=True)

    def _end_line(self, line: str) -> None:
        print(f"\r\x1b[K{line}" if self._is_terminal else line, flush=True)
        self._said_at = time.monotonic()


def command_of(part: Part) -> list[str]:
    return ["-m", part.module, *part.arguments, "--seed", str(part.seed)]


def shown_command(path: str, command: Sequence[str]) -> str:
    """As a person repeats it, from the repository's root."""
    place = [f"PYTHONPATH={path}"] if path else []
    return " ".join([*place, ".venv/bin/python", *command, "--out FOLDER"])


def read_done(folder: Path, parts: Sequence[Part]) -> list[dict[str, Any]]:
    """What the parts of a plan left, in its order; those that were not run are not in it."""
    paths = [folder / f"{part.name}.json" for part in parts]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def end(process: subprocess.Popen[bytes]) -> None:
    """First as one interrupts a program, so that it ends what it started; then its whole session."""
    for number, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGTERM, 10.0)):
        if process.poll() is not None:
            break
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_line(log: Path) -> str:
    with contextlib.suppress(OSError), log.open("rb") as text:
        text.seek(max(0, log.stat().st_size - 1000))
        lines = [line for line in text.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""
    return ""


def _judged(folder: Path, status: int, ended: str) -> dict[str, Any]:
    """A part passed if it says so itself, ended by itself, with status 0, and left a result that agrees."""
    results: list[Result] = []
    complaint = None
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(ValueError, TypeError):
            told = json.loads(path.read_text())
            if isinstance(told, dict) and {"part", "passed"} <= told.keys():
                try:
                    results.append(Result.read(told))
                except ValueError as error:
                    complaint = str(error)
    if complaint is None and len(results) != 1:
        complaint = f"it left {len(results) or 'no'} results"
    if ended != "by itself":
        complaint = f"it was ended {ended}"
    elif complaint is None and status not in (0, 1):
        complaint = f"it ended with status {status}"
    result = results[0] if len(results) == 1 else None
    agrees = result is not None and (status == 0) == (result.passed or result.left_out is not None)
    if complaint is None and not agrees:
        complaint = f"its status {status} does not agree with its result"
    return {
        "passed": complaint is None and result is not None and result.passed,
        "complaint": complaint,
        "last_words": last_line(folder / "log.txt") if complaint else None,
        "result": None if result is None else asdict(result),
    }


def _verdict(done: dict[str, Any]) -> str:
    if done["passed"]:
        return "passed"
    result = done["result"]
    if result and result.get("left_out") and not done["complaint"]:
        return f"left out ({result['left_out']})"
    return "FAILED"


def _complaints(done: dict[str, Any]) -> list[str]:
    """Why it failed, in a few lines."""
    said = []
    if done["complaint"]:
        said.append(f"{done['complaint']}: {done['last_words']}")
    if done["result"]:
        result = Result(**done["result"])
        said += [f"{one.get('rule')}: {one.get('detail')}" for one in result.violations[:5]]
        said += [
            f"floor missed: {name} {count} of {floor}"
            for name, (count, floor) in result.missed_floors.items()
        ]
        said += [f"control not caught: {name}" for name in result.missed_controls]
    return said
