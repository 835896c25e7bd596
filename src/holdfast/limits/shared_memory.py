"""Shared memory: a file that the first worker of a server makes, and all its workers map."""

from __future__ import annotations

import mmap
import os
from contextlib import closing
from pathlib import Path

__all__ = ["shared_memory"]


def shared_memory(path: Path | None, size: int) -> mmap.mmap:
    """Return the memory of a file. Without a path, or without room for it, return memory of this process."""
    if path is None:
        return mmap.mmap(-1, size)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with closing(os.fdopen(descriptor, "r+b")) as file:
        try:
            # A page without room would end the process at a write.
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            return mmap.mmap(-1, size)
        return mmap.mmap(file.fileno(), size)
