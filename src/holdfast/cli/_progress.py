"""Progress: a bar on standard error while a person waits. Without a terminal there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["Bar", "progress_bar"]


class Bar:
    """One task. `step` counts a finished part, and `say` names the current one."""

    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)

    def say(self, text: str) -> None:
        self._progress.update(self._task, description=text)

    def step(self) -> None:
        self._progress.advance(self._task)

    def expect(self, total: int) -> None:
        self._progress.update(self._task, total=total)


@contextmanager
def progress_bar(*, total: int | None = None, quiet: bool = False) -> Iterator[Bar]:
    """Show a bar during the block. `quiet` hides it, as for answers in JSON."""
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=quiet or not sys.stderr.isatty(),
    )
    with progress:
        yield Bar(progress, total)
