"""Streams: standard input and output as a command needs them, whatever the caller handed down."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Literal, TextIO

__all__ = ["drop_output", "prepare_streams"]


def prepare_streams() -> None:
    """Open closed streams, and write every character, whatever the locale.

    The next opened file would get the number of a closed stream, and the output would be written into it. A pipe and
    a file get UTF-8, so that no locale changes what a program reads. A terminal shows what it cannot as `\\u1234`.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
        else:
            _let_it_block(number)
    # Python has None for a stream that was closed when it started.
    sys.stdin = sys.stdin or _text(0, "r")
    sys.stdout = sys.stdout or _text(1, "w")
    sys.stderr = sys.stderr or _text(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _let_it_block(number: int) -> None:
    """Open a stream again that another program has made non-blocking: a full pipe would be an error.

    To change it would change it for that program, too.
    """
    if not os.get_blocking(number):
        with contextlib.suppress(OSError):  # a socket cannot be opened, and other systems have no /proc
            own = os.open(f"/proc/self/fd/{number}", (os.O_WRONLY if number else os.O_RDONLY) | os.O_NOCTTY)
            os.dup2(own, number)
            os.close(own)


def _text(number: int, mode: Literal["r", "w"]) -> TextIO:
    return open(number, mode, closefd=False)


def drop_output() -> None:
    """Write nothing more. Python would flush the rest at its end, and fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
