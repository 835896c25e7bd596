"""Runner: runs a plan's parts one after another, each in its own process, and keeps their results.

A run has a folder, `evidence/work/<plan>-<commit>-<seed>/`. Each part has a folder in it, with its log and
its result. The file `<part>.json` beside it records how the process ended. It is written after the end, so a
resumed run skips the part.
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
    """Runs parts and shows the progress in one line."""

    def __init__(self, folder: Path, *, identity: str, resume: bool) -> None:
        """`identity` is that of the sources. A part of other sources, or with other arguments, runs again."""
        self._folder = folder
        self._identity = identity
        self._resume = resume
        self._is_terminal = sys.stdout.isatty()
        self._shown_at = 0.0

    def run(self, parts: Sequence[Part]) -> bool:
        """Run all parts, even after a failure. Return True if all passed.

        An interrupt loses only the current part.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        good = True
        for number, part in enumerate(parts, 1):
            label = f"[{number}/{len(parts)}] {part.name}"
            done = self._known(part) if self._resume else None
            if done is not None:
                self._end_line(f"{label}: {_verdict(done)}, from an earlier run")
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
                start_new_session=True,  # this process forwards an interrupt from the terminal
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
        """Wait for the end. Return `by itself`, or the time limit."""
        began = time.monotonic()
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TICK_SECONDS)
                end(process)  # processes that it left in its session
                return "by itself"
            seconds = time.monotonic() - began
            if seconds > part.limit_seconds:
                end(process)
                return f"at its limit of {part.limit_seconds:.0f} s"
            self._show(f"{label}: {seconds:.0f} s  {last_line(log)}")

    def _show(self, line: str) -> None:
        """Show the progress: continuously on a terminal, else now and then."""
        if self._is_terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{line[:width]}", end="", flush=True)
        elif time.monotonic() - self._shown_at > _QUIET_SECONDS:
            self._shown_at = time.monotonic()
            print(line, flush=True)

    def _end_line(self, line: str) -> None:
        print(f"\r\x1b[K{line}" if self._is_terminal else line, flush=True)
        self._shown_at = time.monotonic()


def command_of(part: Part) -> list[str]:
    return ["-m", part.module, *part.arguments, "--seed", str(part.seed)]


def shown_command(path: str, command: Sequence[str]) -> str:
    """Return the command for the repository's root."""
    place = [f"PYTHONPATH={path}"] if path else []
    return " ".join([*place, ".venv/bin/python", *command, "--out FOLDER"])


def read_done(folder: Path, parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return the records of the parts that ran, in the plan's order."""
    paths = [folder / f"{part.name}.json" for part in parts]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the process, so that it ends its children; then kill its whole session."""
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
    """Judge a part: it passes with status 0, in time, and with one consistent result that passed."""
    results: list[Result] = []
    complaint = None
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(ValueError, TypeError):
            content = json.loads(path.read_text())
            if isinstance(content, dict) and {"part", "passed"} <= content.keys():
                try:
                    results.append(Result.read(content))
                except ValueError as error:
                    complaint = str(error)
    if complaint is None and len(results) != 1:
        complaint = f"it wrote {len(results) or 'no'} results"
    if ended != "by itself":
        complaint = f"it was stopped {ended}"
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
    """Return the reasons of a failure in a few lines."""
    complaints = []
    if done["complaint"]:
        complaints.append(f"{done['complaint']}: {done['last_words']}")
    if done["result"]:
        result = Result(**done["result"])
        complaints += [f"{one.get('rule')}: {one.get('detail')}" for one in result.violations[:5]]
        complaints += [
            f"floor missed: {name} {count} of {floor}"
            for name, (count, floor) in result.missed_floors.items()
        ]
        complaints += [f"control not caught: {name}" for name in result.missed_controls]
    return complaints
