"""Processes: find those that work in a folder, end them, and tie a child's life to ours."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["end_process", "is_running", "processes_in", "signal_on_parent_death", "works_in"]

_PR_SET_PDEATHSIG = 1


def signal_on_parent_death(number: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn`: the kernel sends the child this signal when its parent dies (Linux only).

    Python calls it after `user=` takes effect. A later change of user would clear the setting.
    """
    parent = os.getpid()
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def is_running(pid: int) -> bool:
    """Return whether the process exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return True


def works_in(pid: int, folder: Path, *, name: str) -> bool:
    """Return whether the process is a program of this name with the folder as its working directory."""
    if Path("/proc/self").exists():
        try:
            named = Path(f"/proc/{pid}/comm").read_text().strip() == name
            return named and Path(f"/proc/{pid}/cwd").samefile(folder)
        except OSError:
            return False
    command = ["ps", "-o", "command=", "-p", str(pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return name in listed and str(folder) in listed


def processes_in(folder: Path, *, name: str) -> list[int]:
    """Return the ids of all programs of this name that work in the folder, in ascending order."""
    found = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return sorted(pid for pid in found if works_in(pid, folder, name=name))


def end_process(pid: int, *steps: tuple[signal.Signals | None, float]) -> bool:
    """Send each signal in turn (None only waits), and wait its seconds for the end. Returns whether it ended."""
    for number, seconds in steps:
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                os.kill(pid, signal.SIGCONT)  # a stopped process would not handle the signal
        deadline = time.monotonic() + seconds
        while is_running(pid):
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        else:
            return True
    return not is_running(pid)
