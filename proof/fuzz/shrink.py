"""Shrink: makes a script that fails as small as a bounded number of tries can."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from proof.fuzz.scripts import Cut, Script

__all__ = ["shrink"]

MAX_TRIES = 400
_AT_ONCE = 8


async def shrink(
    script: Script, fails: Callable[[Script], Awaitable[bool]], *, seconds: float, tries: int = MAX_TRIES
) -> Script:
    """The smallest script that was seen to fail, when the tries or the seconds are over."""
    one = _Shrinking(script, fails, tries)
    try:
        async with asyncio.timeout(seconds):
            await one.run()
    except TimeoutError:
        pass
    return one.small


class _Shrinking:
    def __init__(self, script: Script, fails: Callable[[Script], Awaitable[bool]], tries: int) -> None:
        self.small = script
        self._fails = fails
        self._left = tries

    async def run(self) -> None:
        """First fewer cuts and an early end, then less data: halves, quarters, and so on down to single bytes."""
        bare = replace(self.small, expected=())
        if self.small.expected and await self._try([bare]) is None:
            return  # it is about what was expected of whole requests: their bytes are as they must be
        await self._try([replace(self.small, cuts=())])
        await self._try([replace(self.small, end="half-close")])
        size = max(1, len(self.small.data) // 2)
        while self._left > 0:
            before = len(self.small.data)
            await self._drop(size)
            if size == 1 and len(self.small.data) == before:
                break
            size = max(1, size // 2)
        if len(self.small.cuts) < 40:
            for cut in self.small.cuts:
                fewer = tuple(one for one in self.small.cuts if one != cut)
                await self._try([replace(self.small, cuts=fewer)])

    async def _drop(self, size: int) -> None:
        """Every stretch of this size, one after another; a few of them are tried at once."""
        at = 0
        while at < len(self.small.data) and self._left > 0:
            places = range(at, min(len(self.small.data), at + _AT_ONCE * size), size)
            found = await self._try([_without(self.small, place, size) for place in places])
            at = places[-1] + size if found is None else places[found]

    async def _try(self, candidates: Sequence[Script]) -> int | None:
        """Keeps the first that still fails, and says which it was."""
        self._left -= len(candidates)
        failed = await asyncio.gather(*map(self._fails, candidates))
        if True not in failed:
            return None
        self.small = candidates[failed.index(True)]
        return failed.index(True)


def _without(script: Script, at: int, size: int) -> Script:
    """Cuts behind what is dropped move with their bytes."""
    data = script.data[:at] + script.data[at + size :]
    cuts: dict[int, Cut] = {}
    for cut in script.cuts:
        place = cut.at if cut.at <= at else max(at, cut.at - size)
        if 0 < place < len(data):
            cuts.setdefault(place, Cut(place, cut.pause))
    return replace(script, data=data, cuts=tuple(cuts.values()))
