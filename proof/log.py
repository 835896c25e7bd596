"""Log: what clients saw, as JSON lines, written during a run and read afterwards.

A run directory holds `setup.jsonl`, one `client-*.jsonl` for each client process, `nemesis.jsonl` and
`dump.json`. All times `t` are `time.monotonic_ns()`, which every process of a machine shares.
"""

from __future__ import annotations

import itertools
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

__all__ = ["Attempt", "ClientLog", "LineWriter", "LogFile", "read_json", "read_lines"]

Line = dict[str, Any]


class LineWriter:
    """Appends JSON lines to a file, each with one `write`, so that a written line survives this process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def write(self, line: Line) -> None:
        text = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        written = os.write(self._file, text)
        while written < len(text):
            written += os.write(self._file, text[written:])

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ClientLog(LineWriter):
    """The log of one client process: an invoke line before the first byte is sent, a return line after the
    last is parsed."""

    def __init__(self, path: Path) -> None:
        """Raises FileExistsError: a restarted client needs a new file, because the old one may end in a torn line."""
        path.touch(exist_ok=False)
        super().__init__(path)
        self._numbers = itertools.count(1)

    def invoke(
        self, *, proc: str, user: str, f: str, key: str, attempt: int, via: str, given: dict[str, Any]
    ) -> int:
        """Write a request before it is sent, and return its number for `settle`."""
        number = next(self._numbers)
        line = {"e": "inv", "i": number, "t": time.monotonic_ns(), "proc": proc, "user": user, "f": f}
        self.write({**line, "key": key, "attempt": attempt, "via": via, "in": given})
        return number

    def settle(
        self,
        number: int,
        *,
        res: str,
        status: int | None = None,
        code: str | None = None,
        replayed: bool = False,
        out: dict[str, Any] | None = None,
    ) -> None:
        """Write the result: `res` is ok, fail (certainly no effect) or info (unknown)."""
        line = {"e": "ret", "i": number, "t": time.monotonic_ns(), "res": res, "status": status}
        self.write({**line, "code": code, "replayed": replayed, "out": out or {}})


class Attempt:
    """One request as its client saw it. `ret` is None if the client saw no end."""

    __slots__ = ("file", "invoked", "line", "res", "ret", "returned")

    def __init__(self, file: LogFile, line: Line, invoked: int) -> None:
        self.file = file
        self.line = line
        """The invoke line; the return line is `ret`."""
        self.invoked = invoked
        """The offset of the invoke line; `returned` is that of the return line, or -1."""
        self.ret: Line | None = None
        self.returned = -1
        self.res = "info"


class LogFile:
    """One client's file: all requests with their ends, and single lines for a report."""

    def __init__(self, path: Path) -> None:
        self.path = path
        size = path.stat().st_size
        with path.open("rb") as file:
            self._text: mmap.mmap | bytes = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) if size else b""

    def attempts(self) -> Iterator[Attempt]:
        """Yield the attempts in the order of their ends, then those without an end."""
        open_: dict[int, Attempt] = {}
        for place, line in read_lines(self._text, self.path):
            if line["e"] == "inv":
                open_[line["i"]] = Attempt(self, line, place)
            elif line["e"] == "ret":
                attempt = open_.pop(line["i"], None)
                if attempt is None:
                    raise ValueError(f"{self.path}: the end of {line['i']}, which was never begun")
                attempt.ret, attempt.returned, attempt.res = line, place, line["res"]
                yield attempt
        yield from open_.values()

    def raw(self, place: int) -> str:
        """Return the raw line at an offset."""
        end = self._text.find(b"\n", place)
        return bytes(self._text[place : end if end >= 0 else len(self._text)]).decode()

    def line(self, place: int) -> Line:
        """Return the parsed line at an offset."""
        end = self._text.find(b"\n", place)
        parsed: Line = orjson.loads(self._text[place : end if end >= 0 else len(self._text)])
        return parsed


def read_lines(text: mmap.mmap | bytes, path: Path) -> Iterator[tuple[int, Line]]:
    """Yield each line with its offset. A last line that a kill tore is left out.

    Raises ValueError for an unreadable line in the middle: then the log itself is broken.
    """
    place, size = 0, len(text)
    while place < size:
        end = text.find(b"\n", place)
        if end < 0:
            return
        try:
            line = orjson.loads(text[place:end])
        except orjson.JSONDecodeError as error:
            raise ValueError(f"{path}: the line at byte {place} cannot be read") from error
        yield place, line
        place = end + 1


def read_json(path: Path) -> list[Line]:
    """Return all lines of a small file; none if it does not exist."""
    return [line for _, line in read_lines(path.read_bytes(), path)] if path.exists() else []
