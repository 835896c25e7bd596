"""Campaign: many concurrent scripts against one server, for some time. A script that breaks a rule is
repeated and shrunk."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from proof.fuzz.play import play
from proof.fuzz.reader import read_requests
from proof.fuzz.rules import CERTAIN, Violation, canaries_in, judge, judge_pair
from proof.fuzz.scripts import Cut, Script, make_script
from proof.fuzz.shrink import shrink

__all__ = ["Campaign", "Find", "literal", "try_script"]

AT_ONCE = 48
SHRINK_SECONDS = 45.0
"""The limit for shrinking all finds."""

_AGAIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """A script that breaks a rule, and its shrunk form."""

    seed: int
    script: Script
    small: Script
    violation: Violation
    repeats: int
    """The number of five repeats that broke the rule again."""


@dataclass(slots=True, kw_only=True)
class Campaign:
    """`excused` has the canaries that a mutation turned into real requests. `unsure` has rules that broke
    once, but not again."""

    seed: int
    port: int
    max_finds: int = 3
    scripts: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    excused: set[str] = field(default_factory=set)
    finds: list[Find] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    _suspects: dict[str, tuple[Script, Violation]] = field(default_factory=dict)

    async def run(self, *, seconds: float, first: int = 0, scripts: int = 100_000_000) -> None:
        """Run until the time is over, all scripts are tried, or `max_finds` rules are broken."""
        deadline = time.monotonic() + seconds
        numbers = iter(range(first, first + scripts))

        async def go() -> None:
            for number in numbers:
                if time.monotonic() > deadline or len(self._suspects) >= self.max_finds:
                    return
                await self._try(make_script(self.seed, number, self.port))

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(go())

    async def warm_up(self, scripts: int) -> None:
        """Run scripts with numbers that no run has, so that one-time allocations are done."""
        async with asyncio.TaskGroup() as group:
            for number in range(scripts):
                group.create_task(self._try(make_script(self.seed, -1 - number, self.port)))

    async def _try(self, script: Script) -> None:
        fault = read_requests(script.data).fault
        self.faults["none" if fault is None else f"{fault.where}: {fault.why}"] += 1
        violations = await self._judged(script)
        self.scripts += 1
        for violation in violations:
            if violation.rule not in self._suspects:
                self._suspects[violation.rule] = script, violation
                line = f"{violation.rule}: seed {self.seed}, script {script.number}: {violation.detail}"
                print(line[:500], flush=True)

    async def _judged(self, script: Script) -> list[Violation]:
        self.excused |= canaries_in(read_requests(script.data))
        return await try_script(self.port, script, self.statuses)

    async def repeat_suspects(self) -> None:
        """Repeat and shrink the scripts that broke a rule."""
        seconds = SHRINK_SECONDS / max(1, len(self._suspects))
        for rule, (script, violation) in list(self._suspects.items()):
            repeats = sum(await asyncio.gather(*(self._breaks(script, rule) for _ in range(_AGAIN))))
            if not repeats and rule not in CERTAIN:
                self.unsure.append(f"{rule}: seed {self.seed}, script {script.number}: {violation.detail}")
                continue
            small, shown = script, violation
            if repeats:
                small = await shrink(script, partial(self._breaks, rule=rule), seconds=seconds)
                again = [one for one in await self._judged(small) if one.rule == rule]
                shown = again[0] if again else violation
            self.finds.append(
                Find(seed=self.seed, script=script, small=small, violation=shown, repeats=repeats)
            )

    async def _breaks(self, script: Script, rule: str) -> bool:
        return any(one.rule == rule for one in await self._judged(script))


async def try_script(port: int, script: Script, statuses: Counter[int] | None = None) -> list[Violation]:
    """Play a script in one write and, at the same time, in pieces."""
    whole, cut = await asyncio.gather(
        play(port, script, in_one_write=True), play(port, script, in_one_write=False)
    )
    one, found = judge(script, whole)
    other, more = judge(script, cut)
    if statuses is not None:
        statuses.update(answer.status for answer in (*one, *other))
    if found or more:
        return [*found, *more]
    return judge_pair(script, one, other)


def literal(script: Script, port: int) -> str:
    """Return the pieces as Python, with `@PORT@` for the port and `WAIT` for each wait for an answer."""
    places = [*script.cuts, Cut(len(script.data))]
    if len(places) > 40:
        return f"every byte of {_shown(script.data, port)}"
    lines, start = [], 0
    for cut in places:
        lines.append(f"    {_shown(script.data[start : cut.at], port)},")
        if cut.pause == "answer" and cut.at < len(script.data):
            lines.append("    WAIT,")
        start = cut.at
    return "[\n" + "\n".join(lines) + "\n]"


def _shown(data: bytes, port: int) -> str:
    """Return the bytes as Python; long runs of one byte are a product."""
    parts, at = [], 0
    data = data.replace(b":%d" % port, b":@PORT@")
    for run in re.finditer(rb"(.)\1{49,}", data, re.DOTALL):
        parts += [repr(data[at : run.start()]), f"{run[1]!r} * {len(run[0])}"]
        at = run.end()
    return " + ".join(part for part in (*parts, repr(data[at:])) if part != "b''")
