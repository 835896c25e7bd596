"""Children: processes that the supervisor restarts. The pause before a restart grows while they fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from holdfast.process.processes import signal_on_parent_death

__all__ = ["Backoff", "WorkerProcess"]

_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 3.0  # a child that can run again must be back within 5 s
_STEADY_SECONDS = 10.0


class Backoff:
    """When to restart a child: at once after a steady run, after growing pauses in a crash loop."""

    def __init__(self) -> None:
        self._pause_seconds = 0.0
        self._started_at = 0.0
        self.due_at = 0.0

    def started(self, *, now: float) -> None:
        self._started_at = now

    def failed(self, *, now: float) -> None:
        if now - self._started_at >= _STEADY_SECONDS or self._pause_seconds == 0.0:
            self._pause_seconds = _FIRST_PAUSE_SECONDS
        else:
            self._pause_seconds = min(2 * self._pause_seconds, _MAX_PAUSE_SECONDS)
        self.due_at = now + self._pause_seconds

    def is_due(self, *, now: float) -> bool:
        return now >= self.due_at


class WorkerProcess:
    """One worker process. It serves the inherited socket, reports when it is ready, and ends with the life pipe."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.backoff = Backoff()
        self.is_ready = False
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: int | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def ready_descriptor(self) -> int | None:
        """The descriptor that becomes readable when the worker is ready. None once it is."""
        return None if self.is_ready else self._ready

    def start(self, *, listening: int, life: int, environment: Mapping[str, str], now: float) -> None:
        """Start it. Raises OSError if the system has no process or descriptor left."""
        self.backoff.started(now=now)
        self._ready, ready_write = os.pipe()
        os.set_blocking(self._ready, False)
        descriptors: Sequence[tuple[str, int]] = [
            ("--socket", listening),
            ("--life", life),
            ("--ready", ready_write),
        ]
        arguments = [part for name, number in descriptors for part in (name, str(number))]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "holdfast.app.worker_process", *arguments],
                stdin=subprocess.DEVNULL,
                env=dict(environment),
                pass_fds=[number for _, number in descriptors],
                # The supervisor alone passes on an interrupt from the terminal.
                start_new_session=True,
                preexec_fn=signal_on_parent_death(signal.SIGTERM),
            )
        except OSError:
            self._forget()
            raise
        finally:
            os.close(ready_write)

    def poll(self) -> int | None:
        """Update `is_ready`, and return the exit code of a worker that has ended. None while it runs."""
        if self._process is None:
            return None
        if self._ready is not None and not self.is_ready:
            try:
                self.is_ready = bool(os.read(self._ready, 1))
            except BlockingIOError:
                self.is_ready = False
        code = self._process.poll()
        if code is not None:
            self._forget()
        return code

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Return whether the worker ended within that time."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return False
        self._forget()
        return True

    def _forget(self) -> None:
        self._process = None
        self.is_ready = False
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None
