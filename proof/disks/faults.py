"""Disk faults: a slow, a failing and a full disk under PostgreSQL, which does not know the cause.

`strace` delays or fails its system calls. The full disk needs a deployment on a small file system.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import psycopg

from proof.nemesis.fault import Fault
from proof.system import Deployment

SMALL_BYTES = 1024**3
_MAX_SEGMENTS = 100
_STEPS = (1024**2, 4096)
_ATTACH_SECONDS = 10.0
_TICK_SECONDS = 0.02


class _Injected(Fault):
    """A fault in every `fdatasync` and `fsync` of PostgreSQL."""

    injected: ClassVar[str]
    within_seconds = 5.0

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]  # the base's own
        self._trace = self.deployment.folder / f"strace-{os.getpid()}-{id(self)}"
        self._tracer: subprocess.Popen[bytes] | None = None

    @property
    def calls(self) -> int:
        """The number of affected calls so far."""
        try:
            return len(re.findall(r"\((?:INJECTED|DELAYED)\)", self._trace.read_text(errors="replace")))
        except FileNotFoundError:
            return 0

    def start(self) -> Mapping[str, object]:
        pids = self.deployment.cluster.processes()
        self._tracer = subprocess.Popen(
            [
                *("strace", "-f", "-qq", "-o", str(self._trace), "-e", "trace=fdatasync,fsync"),
                *("-e", f"inject=fdatasync,fsync:{self.injected}"),
                *(part for pid in pids for part in ("-p", str(pid))),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_attached()
        return {"pids": pids, "injected": self.injected}

    def heal(self) -> Mapping[str, object]:
        assert self._tracer is not None, "start() was not called"
        self._tracer.send_signal(signal.SIGINT)
        try:
            self._tracer.wait(_ATTACH_SECONDS)
        except subprocess.TimeoutExpired:
            self._tracer.kill()
            self._tracer.wait()
        calls = self.calls
        self._trace.unlink(missing_ok=True)
        return {"calls": calls}

    def _wait_until_attached(self) -> None:
        """Wait for the postmaster only: `strace` follows the processes that it starts."""
        deadline = time.monotonic() + _ATTACH_SECONDS
        while time.monotonic() < deadline:
            postmaster = self.deployment.cluster.postmaster
            if postmaster is None or is_traced(postmaster):
                return
            assert self._tracer is not None
            if self._tracer.poll() is not None:
                return
            time.sleep(_TICK_SECONDS)


class SlowDisk(_Injected):
    """Each flush takes 200 ms longer."""

    name = "slow-disk"
    injected = "delay_enter=200000"
    seconds = (5.0, 10.0)
    short_seconds = (2.0, 4.0)


class FailingDisk(_Injected):
    """Some flushes fail. Their data may be lost: PostgreSQL must stop and recover."""

    name = "failing-disk"
    injected = "error=EIO:when=5+5"
    seconds = (1.0, 3.0)
    short_seconds = (0.5, 1.5)


class _Full(Fault):
    """A file takes all free space."""

    seconds = (4.0, 8.0)
    short_seconds = (2.0, 4.0)
    within_seconds = 5.0

    @classmethod
    def suits(cls, deployment: Deployment) -> bool:
        """Return True only for a small file system, so that no shared disk is filled."""
        return shutil.disk_usage(cls.where(deployment.cluster.data)).total <= SMALL_BYTES

    def start(self) -> Mapping[str, object]:
        self.ballast = self.where(self.deployment.cluster.data) / "ballast"
        taken = 0
        with self.ballast.open("wb") as file:
            for step in _STEPS:  # other processes may take space at the same time
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), taken, step)
                        taken += step
        return {"taken_bytes": taken}

    def heal(self) -> Mapping[str, object]:
        self.ballast.unlink()
        return {}

    @classmethod
    def where(cls, data: Path) -> Path:
        raise NotImplementedError


class FullDisk(_Full):
    """The disk of the tables is full. The log has space, so that PostgreSQL keeps running and existing data
    stay readable."""

    name = "full-disk"

    @classmethod
    def where(cls, data: Path) -> Path:
        return data.parent


class FullLog(_Full):
    """The disk of PostgreSQL's log (WAL) is full. It cannot run without the log, and stops until there is space."""

    name = "full-log"

    def start(self) -> Mapping[str, object]:
        detail = dict(super().start())
        # Use up the reserved segments now, not in an hour.
        with (
            contextlib.suppress(psycopg.OperationalError),
            psycopg.connect(self.deployment.cluster.superuser_url, autocommit=True) as connection,
        ):
            for _ in range(_MAX_SEGMENTS):
                connection.execute("SELECT pg_logical_emit_message(false, 'proof', 'full')")
                connection.execute("SELECT pg_switch_wal()")
        return detail

    @classmethod
    def where(cls, data: Path) -> Path:
        return (data / "pg_wal").resolve().parent


def is_traced(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return re.search(r"^TracerPid:\s+[1-9]", status, re.MULTILINE) is not None


def can_inject() -> str | None:
    """Return the reason why faults cannot be injected, or None."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    output = subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return None if output.returncode == 0 else f"strace may not trace: {output.stderr.strip()}"


ALL: tuple[type[Fault], ...] = (SlowDisk, FailingDisk, FullDisk, FullLog)
