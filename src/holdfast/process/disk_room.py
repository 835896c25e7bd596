"""Disk room: stops sales before the disk of the embedded PostgreSQL is full, or takes no more files.

On a full disk PostgreSQL ends with a panic as soon as it needs a new WAL segment, and then nobody can even read. The
same happens without a free inode, and on a disk that the kernel has made read-only after an error.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["EMBEDDED_VARIABLE", "KNOWN_SECONDS", "DiskRoom", "disk_room_of"]

EMBEDDED_VARIABLE = "_HOLDFAST_EMBEDDED"
"""Where the supervisor names the folder of its own PostgreSQL to its workers."""

_RESERVED_BYTES = 64 * 1024 * 1024
"""Enough WAL for batches that run, for checkpoints and for a recovery."""

_RESERVED_FILES = 64
"""Segments, and new files of growing tables."""

_LOG = "pg_wal"
"""An administrator may have put it on a disk of its own."""

KNOWN_SECONDS = 0.1
"""How long a measurement is used. The reserve covers the sales of this time."""


def disk_room_of(environment: Mapping[str, str]) -> Callable[[], bool]:
    """Return whether there is room for sales. The disk of another machine's database is not ours to measure."""
    folder = environment.get(EMBEDDED_VARIABLE)
    return DiskRoom(Path(folder)) if folder else lambda: True


class DiskRoom:
    """Whether the file system of a folder has room for more sales."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_enough = True
        self._known_until = 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now >= self._known_until:
            self._known_until = now + KNOWN_SECONDS
            try:
                self._is_enough = all(map(_has_room, (self._folder, self._folder / _LOG)))
            except OSError:
                return self._is_enough
        return self._is_enough


def _has_room(folder: Path) -> bool:
    found = os.statvfs(folder)
    # Some file systems have no limit of files.
    has_files = found.f_files == 0 or found.f_favail >= _RESERVED_FILES
    is_writable = not found.f_flag & os.ST_RDONLY
    return is_writable and has_files and found.f_bavail * found.f_frsize >= _RESERVED_BYTES
