"""Metrics folder: where the workers share their metrics, in memory, so that a full disk cannot end them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Self

from holdfast.process.folders import FolderLock

__all__ = ["MetricsFolder"]

_PREFIX = "holdfast-metrics-"
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - `mkdtemp` makes a private folder in it
_SURELY_LOCKED_SECONDS = 60.0
"""A folder is locked just after it is made. A younger one without a lock may be in the making."""


class MetricsFolder:
    """A private folder that is locked while its server runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FolderLock(path)
        self._lock.take()

    @classmethod
    def make(cls) -> Self:
        """Make a folder. Removes those that killed servers of the same user have left."""
        base = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
        _remove_stale(base)
        try:
            return cls(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base)))
        except OSError:
            return cls(Path(tempfile.mkdtemp(prefix=_PREFIX)))

    def forget_worker(self, pid: int) -> None:
        """Remove the live gauges of a worker that has ended. Its counters stay in the sums."""
        for file in self.path.glob(f"gauge_live*_{pid}.db"):
            file.unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def _remove_stale(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            if time.time() - status.st_mtime > _SURELY_LOCKED_SECONDS and _is_unlocked(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_unlocked(folder: Path) -> bool:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
