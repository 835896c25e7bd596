"""Children: processes that the supervisor keeps alive, restarted after a pause that grows as they fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from holdfast.process.processes import signal_on_parent_death

__all__ = ["Backoff", "WorkerProcess"]

_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 3.0  # below 5 s: a child that could run again is back within that
_STEADY_SECONDS = 10.0


class Backoff:
    """When to start a child again: at once after a steady life, later and later in a crash loop."""

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
    """One worker process: answers on the inherited socket, says when it is ready, ends with the life pipe."""

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
    def awaited(self) -> int | None:
        """The descriptor that becomes readable when it is ready, while that is still to come."""
        return None if self.is_ready else self._ready

    def start(self, *, listening: int, life: int, environment: Mapping[str, str], now: float) -> None:
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
                # An interrupt typed at the terminal is the supervisor's to pass on.
                start_new_session=True,
                preexec_fn=signal_on_parent_death(signal.SIGTERM),
            )
        finally:
            os.close(ready_write)
        self.backoff.started(now=now)

    def look(self) -> int | None:
        """Note whether it became ready; its exit code once it has ended."""
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
        """Whether it has ended within that time."""
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
