"""PDF: makes a sheet of tickets into a PDF, in a process of its own with limits of time, memory and number."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog

import holdfast
from holdfast.errors import Busy, Unavailable

__all__ = ["PdfMaker"]

log = structlog.get_logger(__name__)

_PROGRAM = (sys.executable, "-P", "-s", "-m", "holdfast.tickets.pdf_process")
_MAX_SECONDS = 15.0
_AT_ONCE = 1
_MAX_WAITING = 8
_MAX_LOGGED = 500


class PdfMaker:
    """Makes PDFs, one after the other: they must not take the time of sales."""

    def __init__(self, *, max_seconds: float = _MAX_SECONDS, program: tuple[str, ...] = _PROGRAM) -> None:
        self._max_seconds = max_seconds
        self._program = program
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def make(self, sheet: Mapping[str, Any]) -> bytes:
        """Return the PDF. Raises Busy if too many are waiting, and Unavailable if it cannot be made."""
        if self._waiting >= _MAX_WAITING:
            raise Busy(Busy.DOCUMENTS)
        self._waiting += 1
        try:
            async with self._room:
                return await self._run(orjson.dumps(sheet))
        finally:
            self._waiting -= 1

    async def _run(self, given: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *self._program, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=_environment(), cwd="/"
        )
        try:
            async with asyncio.timeout(self._max_seconds):
                made, complaint = await process.communicate(given)
        except TimeoutError:
            log.error("pdf_not_made", reason="no end within its time")
            raise Unavailable(Unavailable.DOCUMENT) from None
        finally:
            await _end(process)
        if process.returncode != 0 or not made.startswith(b"%PDF-"):
            text = complaint.decode(errors="replace").strip()[-_MAX_LOGGED:]
            log.error("pdf_not_made", reason=f"exit code {process.returncode}", complaint=text)
            raise Unavailable(Unavailable.DOCUMENT)
        return made


def _environment() -> dict[str, str]:
    """Return all that the process inherits: where Python and Holdfast are, and nothing of the server."""
    folder = Path(holdfast.__file__).parents[1]
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "C.UTF-8",
    }


async def _end(process: Process) -> None:
    """Kill a process that is still running, and take its exit code. The caller may have left."""
    if process.returncode is None:
        process.kill()
        await asyncio.shield(process.wait())
