"""Pending command: a command in a lane, whose outcome one coroutine waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Outcome
from holdfast.inventory.waiter import Waiter

__all__ = ["HasLeft", "PendingCommand"]

T = TypeVar("T")

HasLeft = Callable[[], bool]
"""Returns True if the client of a waiting command has closed its connection."""


class PendingCommand(Waiter[Outcome[T]]):
    """A command, and its time of arrival (event loop time, seconds)."""

    def __init__(
        self, command: c.Command[T], has_left: HasLeft | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._loop = loop  # as the waiter's constructor does, whose call would take as long
        self.command = command
        self.has_left = has_left
        self.since = loop.time()

    def __repr__(self) -> str:
        return f"<waiter of {type(self.command).__name__}>"
