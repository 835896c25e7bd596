"""Programs that a test starts and that end with it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any


@contextmanager
def started(command: Sequence[str | PathLike[str]], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a program whose pipes carry text, and kill it at the end of the block if it still runs.

    `Popen` as a context manager waits for the program without a limit, also after the test has failed. `options` are
    those of `subprocess.Popen`.
    """
    with subprocess.Popen(command, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()
