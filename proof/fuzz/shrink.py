"""Shrink: makes a failing script as small as a limited number of tries allows."""

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
    """Return the smallest failing script that was found within the tries and seconds."""
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
        """Try fewer cuts and an early end, then less data: halves, quarters, and so on down to single bytes."""
        bare = replace(self.small, expected=())
        if self.small.expected and await self._try([bare]) is None:
            return  # the rule concerns expected answers of complete requests, so their bytes must stay
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
        """Try to drop every stretch of this size, several at a time."""
        at = 0
        while at < len(self.small.data) and self._left > 0:
            places = range(at, min(len(self.small.data), at + _AT_ONCE * size), size)
            found = await self._try([_without(self.small, place, size) for place in places])
            at = places[-1] + size if found is None else places[found]

    async def _try(self, candidates: Sequence[Script]) -> int | None:
        """Keep the first candidate that still fails, and return its number or None."""
        self._left -= len(candidates)
        failed = await asyncio.gather(*map(self._fails, candidates))
        if True not in failed:
            return None
        self.small = candidates[failed.index(True)]
        return failed.index(True)


def _without(script: Script, at: int, size: int) -> Script:
    """Return the script without some bytes; later cuts move with their bytes."""
    data = script.data[:at] + script.data[at + size :]
    cuts: dict[int, Cut] = {}
    for cut in script.cuts:
        place = cut.at if cut.at <= at else max(at, cut.at - size)
        if 0 < place < len(data):
            cuts.setdefault(place, Cut(place, cut.pause))
    return replace(script, data=data, cuts=tuple(cuts.values()))
