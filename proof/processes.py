"""Processes: a child that is restarted whenever it dies, and facts about any process from /proc."""

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
_STEADY_SECONDS = 0.5  # a child that dies earlier is in a crash loop
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
    """Start a child in its own session. It gets the signal `ends_with` when the launching thread ends."""
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
    """A child process with a thread that starts it, cleans up, and restarts it.

    The thread lives as long as the child is wanted, because the leash is tied to the thread that launched it.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], subprocess.Popen[bytes]],
        *,
        bury: Callable[[], None] = lambda: None,
        restarts: bool = True,
    ) -> None:
        """`bury` cleans up after a dead child. Without `restarts` it is started only once."""
        self.name = name
        self.starts = 0
        self.failure: BaseException | None = None
        self._start = start
        self._bury = bury
        self._restarts = restarts
        self._unwanted = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()

    @property
    def pid(self) -> int | None:
        """The child's process id, or None."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process

    def start(self) -> None:
        """Start the child and return once it runs, which is before it serves. Raises the error of a failed start."""
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
        """Send a signal to the child alone. A child that ends is restarted."""
        if (pid := self.pid) is not None:
            send(pid, number)

    def stop(self, *steps: tuple[signals.Signals, float]) -> None:
        """Send each signal in turn and wait its seconds, then send SIGKILL. The child is not restarted."""
        self._unwanted.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        for number, seconds in (*steps, (signals.SIGKILL, 30.0)):
            if (pid := self.pid) is not None:
                send(pid, number)
                send(pid, signals.SIGCONT)  # a stopped process handles no signals
            thread.join(seconds)
            if not thread.is_alive():
                return
        raise RuntimeError(f"{self.name} does not end after SIGKILL")

    def _keep(self) -> None:
        while not self._unwanted.is_set():
            began = time.monotonic()
            try:
                process = self._process = self._start()
            except BaseException as error:  # noqa: BLE001 - `start` raises it
                self.failure = error
                with self._changed:
                    self._changed.notify_all()
                return
            with self._changed:
                self.starts += 1
                self._changed.notify_all()
            process.wait()
            self._bury()
            if not self._restarts:
                return
            if time.monotonic() - began < _STEADY_SECONDS:
                self._unwanted.wait(_PAUSE_SECONDS)


def send(pid: int, number: signals.Signals) -> bool:
    """Send a signal. Return False if the process has gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def is_running(pid: int) -> bool:
    """Return False also for a zombie: the init process of a container may be slow or absent."""
    return state_of(pid) not in (None, "Z", "X")


def state_of(pid: int) -> str | None:
    """Return R, S, D, T, Z …, or None without such a process."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return None


def children_of(pid: int) -> list[int]:
    """Return the ids of the children of all threads."""
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, file.read_text().split())
    return sorted(found)


def command_of(pid: int) -> str:
    """Return the command line, or the title that the process set; empty without such a process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def owner_of(port: int, candidates: Iterable[int]) -> int | None:
    """Return the candidate that owns a local IPv4 TCP connection from this port, or None."""
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
    """Return the number of open files and sockets."""
    return len(_files_of(pid))


def _files_of(pid: int) -> list[str]:
    found = []
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(each.readlink()))
    return found


def working_in(folder: Path, *, name: str) -> list[int]:
    """Return the processes of this name whose working directory is the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "comm").read_text().strip() == name and (entry / "cwd").samefile(folder):
                found.append(int(entry.name))
    return sorted(found)


def wait_until_gone(pids: Iterable[int], *, seconds: float = 30.0) -> list[int]:
    """Wait, and return those that still run."""
    left, deadline = list(pids), time.monotonic() + seconds
    while (left := [pid for pid in left if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(_TICK_SECONDS)
    return left
