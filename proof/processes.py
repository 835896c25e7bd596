"""Processes: a child that is started again as often as it dies, and what /proc knows about everyone."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal as signals
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")
_TICK_SECONDS = 0.005
_STEADY_SECONDS = 0.5  # what dies earlier is in a crash loop
_PAUSE_SECONDS = 0.2


def launch(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
    output: int | IO[bytes],
    user: pwd.struct_passwd | None = None,
    input: int | IO[bytes] = subprocess.DEVNULL,
    errors: int | IO[bytes] | None = None,
    ends_with: signals.Signals = signals.SIGKILL,
) -> subprocess.Popen[bytes]:
    """A child in a session of its own, which gets the signal `ends_with` when the thread that launched it is gone."""
    environment = {
        "LEASH_PRELOAD" if name == "LD_PRELOAD" else name: value for name, value in environment.items()
    }
    other = user is not None and user.pw_uid != os.geteuid()
    who = f"{user.pw_uid}:{user.pw_gid}" if user is not None and other else "-"
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(LEASH), str(int(ends_with)), who, *map(str, command)],
        stdin=input,
        stdout=output,
        stderr=output if errors is None else errors,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )


class Kept:
    """A child process with a thread that starts it, buries it, and starts it again while it is wanted.

    The thread lives as long as the child is wanted, because the leash is tied to the thread that launched it.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], subprocess.Popen[bytes]],
        *,
        bury: Callable[[], None] = lambda: None,
        again: bool = True,
    ) -> None:
        """`bury` clears away what a dead child left; without `again` it is started once."""
        self.name = name
        self.starts = 0
        self.failure: BaseException | None = None
        self._start = start
        self._bury = bury
        self._again = again
        self._unwanted = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()

    @property
    def pid(self) -> int | None:
        """None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process

    def start(self) -> None:
        """Returns when the child runs, which says nothing about whether it serves."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._unwanted.clear()
        self.failure = None
        starts = self.starts
        self._thread = threading.Thread(target=self._keep, name=f"keeps {self.name}", daemon=True)
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self.starts > starts or self.failure is not None)
        if self.failure is not None:
            raise self.failure

    def signal(self, number: signals.Signals) -> None:
        """To the child alone; one that is kept comes back if it ends of it."""
        if (pid := self.pid) is not None:
            send(pid, number)

    def stop(self, *steps: tuple[signals.Signals, float]) -> None:
        """Send each signal in turn and give it so many seconds; at last SIGKILL. It is not started again."""
        self._unwanted.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        for number, seconds in (*steps, (signals.SIGKILL, 30.0)):
            if (pid := self.pid) is not None:
                send(pid, number)
                send(pid, signals.SIGCONT)  # a stopped one would sleep through the rest
            thread.join(seconds)
            if not thread.is_alive():
                return
        raise RuntimeError(f"{self.name} does not end")

    def _keep(self) -> None:
        while not self._unwanted.is_set():
            began = time.monotonic()
            try:
                process = self._process = self._start()
            except BaseException as error:  # noqa: BLE001 - told to whoever asked for the start
                self.failure = error
                with self._changed:
                    self._changed.notify_all()
                return
            with self._changed:
                self.starts += 1
                self._changed.notify_all()
            process.wait()
            self._bury()
            if not self._again:
                return
            if time.monotonic() - began < _STEADY_SECONDS:
                self._unwanted.wait(_PAUSE_SECONDS)


def send(pid: int, number: signals.Signals) -> bool:
    """Whether it was still there to get it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def is_running(pid: int) -> bool:
    """Whether it is more than a corpse that nobody has buried: the init process of a container is slow, or absent."""
    return state_of(pid) not in (None, "Z", "X")


def state_of(pid: int) -> str | None:
    """R, S, D, T, Z …; None where there is no such process."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return None


def children_of(pid: int) -> list[int]:
    """Of all its threads."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, file.read_text().split())
    return sorted(found)


def command_of(pid: int) -> str:
    """Its command line, or the title that it gave itself; empty once it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def owner_of(port: int, candidates: Iterable[int]) -> int | None:
    """Which of these processes has a TCP connection from this port of its own, over IPv4 on this machine."""
    wanted = f":{port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(wanted):
            inode = f"socket:[{fields[9]}]"
            for pid in candidates:
                if inode in _files_of(pid):
                    return pid
    return None


def descriptors_of(pid: int) -> int:
    """How many files and sockets it has open."""
    return len(_files_of(pid))


def _files_of(pid: int) -> list[str]:
    found = []
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(each.readlink()))
    return found


def working_in(folder: Path, *, name: str) -> list[int]:
    """Every process of this program's name whose working directory is the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "comm").read_text().strip() == name and (entry / "cwd").samefile(folder):
                found.append(int(entry.name))
    return sorted(found)


def wait_until_gone(pids: Iterable[int], *, seconds: float = 30.0) -> list[int]:
    """Those that are still running afterwards."""
    left, deadline = list(pids), time.monotonic() + seconds
    while (left := [pid for pid in left if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(_TICK_SECONDS)
    return left
