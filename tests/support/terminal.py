"""Terminal: runs a command as a person does, in a terminal of a given width who answers its questions."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from support.serving import environment

__all__ = ["Screen", "in_terminal"]

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Screen:
    """The end of a command in a terminal."""

    code: int
    text: str

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.text.splitlines()]


def in_terminal(
    *arguments: object, width: int = 80, answers: str = "", stdout: int | None = None, **settings: str
) -> Screen:
    """Run the command in a terminal, and type the answers. `stdout` replaces its standard output, as a pipe does."""
    with _terminal(width) as (ours, theirs):
        process = subprocess.Popen(
            [sys.executable, "-m", "holdfast", *map(str, arguments)],
            env={
                **{name: value for name, value in environment(**settings).items() if name != "COLUMNS"},
                "TERM": "xterm",
            },
            stdin=theirs,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        os.write(ours, answers.encode())
        said = b""
        while True:
            try:
                read = os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            said += read
        code = process.wait(60)
    return Screen(code, _ESCAPES.sub("", said.decode()))


@contextmanager
def _terminal(width: int) -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    try:
        yield ours, theirs
    finally:
        os.close(ours)
