"""Floor: gives the statements at the gates their turns, one at a time, in the order that somebody chooses.

A turn is given only when all is at rest: every statement that was let through is answered, or is seen to wait for a
lock, and nobody in this process has anything more to do. So an order is the same each time, and no time is measured;
only which of two that wait for one lock gets it is PostgreSQL's to say (it is not always who came first).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from scenarios.interleavings.gate import Session

QUIET_TURNS = 8
"""Turns of the loop without anything new, after which nobody here has anything to do: what one writes to a socket
another can read in the next turn."""
LOOK_SECONDS = 0.001
"""A statement that is not answered by then is looked for among those that wait for a lock."""
STUCK_SECONDS = 20.0

BLOCKED = """
SELECT pid, cardinality(pg_blocking_pids(pid)) > 0
FROM pg_stat_activity
WHERE pid = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A statement that could have its turn: of the engine `who`, on its connection `number`."""

    who: str
    number: int
    name: str

    def __str__(self) -> str:
        return f"{self.who}.{self.name}"


Choose = Callable[[Sequence[Choice]], int]
"""Which of the statements at the gates is next."""


@dataclass(slots=True)
class Trace:
    """What happened, in order."""

    turns: list[Choice] = field(default_factory=list)
    waits: int = 0
    """How often a statement was seen to wait for a lock."""
    lost: list[str] = field(default_factory=list)
    began: dict[str, int] = field(default_factory=dict)
    """Of each engine, the turn in which its first statement went through."""
    ended: dict[str, int] = field(default_factory=dict)
    """Of each engine, the number of turns before its answer was there."""
    answers: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(map(str, self.turns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The connection of `who` is lost at the statement `name`, before the server gets it or `after` it has carried it
    out; so often, where the statement is sent again."""

    who: str
    name: str
    after: bool
    times: int = 1


class StuckError(Exception):
    """Nothing stands at a gate, and nothing is answered."""


class Floor:
    """All gates of one run."""

    def __init__(self, watcher: psycopg.AsyncConnection[Any]) -> None:
        self.is_open = True
        """Nobody waits for a turn: something is being prepared, or looked at."""
        self._watcher = watcher
        self._sessions: list[Session] = []
        self._gone: set[int] = set()
        """Servers' processes whose connection was lost: until they have ended, they keep their locks."""
        self._news = 0
        self._wake: asyncio.Future[None] | None = None
        self._waits = 0

    # -- what gates tell ---------------------------------------------------------------------------------------------

    def note(self) -> None:
        self._news += 1
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def came(self, session: Session) -> None:
        self._sessions.append(session)
        self.note()

    def left(self, session: Session) -> None:
        self._sessions.remove(session)
        if session.is_started:
            self._gone.add(session.pid)
        self.transaction_ended()
        self.note()

    def transaction_ended(self) -> None:
        """Whoever waited for a lock may have it now."""
        for session in self._sessions:
            session.is_blocked = False

    # -- a schedule --------------------------------------------------------------------------------------------------

    async def run(
        self,
        actors: Mapping[str, Callable[[], Awaitable[Any]]],
        choose: Choose,
        *,
        loss: Loss | None = None,
        free: Sequence[str] = (),
        later: Mapping[str, int] | None = None,
        before_turn: Callable[[Choice], Awaitable[None]] | None = None,
    ) -> Trace:
        """Has all actors act at once, each statement in its turn; `free` ones are let through before any other.

        An actor is named as the gate that it acts through; where several share one, nothing is told of when they began.
        `later`: actors that come only when so many turns were taken.
        """
        trace = Trace()
        waits = self._waits
        self.is_open = False
        comes = sorted((dict.fromkeys(actors, 0) | dict(later or {})).items(), key=lambda each: each[1])
        tasks: dict[str, asyncio.Future[None]] = {}
        try:
            while True:
                while comes and (comes[0][1] <= len(trace.turns) or all(x.done() for x in tasks.values())):
                    who, _ = comes.pop(0)
                    tasks[who] = asyncio.ensure_future(_act(who, actors[who], trace, self))
                if not await self._rest(tasks):
                    if comes:
                        continue
                    break
                session = self._chosen(choose, free)
                choice = _choice(session)
                if before_turn is not None:
                    await before_turn(choice)
                trace.began.setdefault(session.who, len(trace.turns))
                trace.turns.append(choice)
                _give(session, choice, trace, loss)
        finally:
            self.open()
            if not all(task.done() for task in tasks.values()):
                for task in tasks.values():
                    task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        await self.rest()
        trace.waits = self._waits - waits
        return trace

    def open(self) -> None:
        """From now on nobody waits for a turn."""
        self.is_open = True
        for session in self._sessions:
            if session.waiting is not None:
                session.let_through()

    async def _rest(self, tasks: Mapping[str, asyncio.Future[None]]) -> bool:
        """Whether there is a turn to give, once all is at rest."""
        until = asyncio.get_running_loop().time() + STUCK_SECONDS
        while True:
            await self.rest()
            if all(task.done() for task in tasks.values()):
                return False
            if any(session.waiting for session in self._sessions):
                return True
            if asyncio.get_running_loop().time() > until:
                raise StuckError([who for who, task in tasks.items() if not task.done()])
            self.transaction_ended()  # a deadlock, which the server ends in its own time
            await self._news_or_a_look()

    def _chosen(self, choose: Choose, free: Sequence[str]) -> Session:
        found = sorted((x for x in self._sessions if x.waiting), key=lambda x: (x.who, x.number))
        for session in found:
            if session.waiting is not None and session.waiting.name in free:
                return session
        return found[choose([_choice(x) for x in found])] if len(found) > 1 else found[0]

    # -- rest --------------------------------------------------------------------------------------------------------

    async def rest(self) -> None:
        """Returns when nothing more happens by itself."""
        news, quiet = self._news, 0
        while quiet < QUIET_TURNS or self._gone:
            if self._gone or any(x.is_with_server and not x.is_blocked for x in self._sessions):
                await self._news_or_a_look()
                quiet = 0
                continue
            await asyncio.sleep(0)
            news, quiet = self._news, quiet + 1 if news == self._news else 0

    async def _news_or_a_look(self) -> None:
        """Waits for news; where there is none soon, the server is asked who waits for a lock."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        handle = loop.call_later(LOOK_SECONDS, self._look_again)
        await self._wake
        looks = handle.when() <= loop.time()
        handle.cancel()
        self._wake = None
        if looks:
            await self._look()

    def _look_again(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _look(self) -> None:
        asked = {x.pid: x for x in self._sessions if x.is_started and x.is_with_server}
        news = self._news
        cursor = await self._watcher.execute(BLOCKED, ([*asked, *self._gone],))
        found = dict(await cursor.fetchall())
        self._gone = {pid for pid in self._gone if pid in found and not found[pid]}
        if news != self._news:
            return
        for pid, session in asked.items():
            if found.get(pid) and not session.is_blocked:
                session.is_blocked = True
                self._waits += 1


def _give(session: Session, choice: Choice, trace: Trace, loss: Loss | None) -> None:
    """The turn is taken, or the connection is lost in it."""
    if loss is None or (choice.who, choice.name) != (loss.who, loss.name) or len(trace.lost) == loss.times:
        session.let_through()
        return
    trace.lost.append(f"{choice} {'after' if loss.after else 'before'}")
    if loss.after:
        session.loses_answer = True
        session.let_through()
    else:
        session.lose()


def _choice(session: Session) -> Choice:
    assert session.waiting is not None
    return Choice(session.who, session.number, str(session.waiting.name))


async def _act(who: str, act: Callable[[], Awaitable[Any]], trace: Trace, floor: Floor) -> None:
    try:
        trace.answers[who] = await act()
    finally:
        trace.ended[who] = len(trace.turns)
        floor.note()
