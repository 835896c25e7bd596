"""First step: a coroutine's first step at once, instead of in the loop's next turn.

A hold waits for its lane after its first step. So its task would be made and scheduled only to begin, and again only to
write an answer that is ready.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

__all__ = ["begin"]


class _Steps:
    """Runs a coroutine as a task does, without being one: nothing in it may need the current task."""

    __slots__ = ("_loop", "_send")

    def __init__(self, work: Coroutine[Any, None, None], loop: asyncio.AbstractEventLoop) -> None:
        self._send = work.send
        self._loop = loop

    def run(self, _awaited: object = None) -> None:
        """Run to the next future that is not done. Its result, or its error, is raised by the future itself."""
        try:
            awaited = self._send(None)
        except StopIteration:
            return
        if awaited is None:  # `asyncio.sleep(0)`
            self._loop.call_soon(self.run)
        else:
            awaited._asyncio_future_blocking = False  # noqa: SLF001 - how a task acknowledges a future
            awaited.add_done_callback(self.run)


if sys.version_info >= (3, 12):

    def begin(work: Coroutine[Any, None, None], loop: asyncio.AbstractEventLoop) -> None:
        """Run the coroutine's first step now, and the others when what it awaits is ready."""
        asyncio.Task(work, loop=loop, eager_start=True)

else:

    def begin(work: Coroutine[Any, None, None], loop: asyncio.AbstractEventLoop) -> None:
        """Run the coroutine's first step now, and the others when what it awaits is ready."""
        _Steps(work, loop).run()
