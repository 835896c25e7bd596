"""Floor: lets the statements at the gates through, one at a time, in a chosen order.

The floor gives a turn only when everything is at rest. Each statement that was let through has its answer, or waits
for a lock. No task in this process has anything left to do. So an order repeats exactly, and nothing depends on time.
One exception: PostgreSQL decides which of two waiters gets a lock, and the first to wait is not always the first
to get it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from scenarios.interleavings.gate import Session

QUIET_TURNS = 8
"""Loop turns without news after which this process is at rest. A task can read what another wrote one turn before."""
LOOK_SECONDS = 0.001
"""If a statement has no answer by then, the floor checks whether it waits for a lock."""
STUCK_SECONDS = 20.0

BLOCKED = """
SELECT pid, cardinality(pg_blocking_pids(pid)) > 0
FROM pg_stat_activity
WHERE pid = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A statement that is ready for its turn, of the engine `who` on its connection `number`."""

    who: str
    number: int
    name: str

    def __str__(self) -> str:
        return f"{self.who}.{self.name}"


Choose = Callable[[Sequence[Choice]], int]
"""Returns the index of the next statement among those at the gates."""


@dataclass(slots=True)
class Trace:
    """What happened, in order."""

    turns: list[Choice] = field(default_factory=list)
    waits: int = 0
    """How many times a statement was seen to wait for a lock."""
    lost: list[str] = field(default_factory=list)
    began: dict[str, int] = field(default_factory=dict)
    """The turn of each engine's first statement."""
    ended: dict[str, int] = field(default_factory=dict)
    """The number of turns taken before each engine answered."""
    answers: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(map(str, self.turns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The connection of `who` breaks at the statement `name`: before the server gets it, or `after` it ran.

    If the engine sends the statement again, the connection breaks again, up to `times` times.
    """

    who: str
    name: str
    after: bool
    times: int = 1


class StuckError(Exception):
    """No statement waits at a gate, and no answer arrives."""


class Floor:
    """All gates of one run."""

    def __init__(self, watcher: psycopg.AsyncConnection[Any]) -> None:
        self.is_open = True
        """True while a test prepares or inspects something: no statement waits for a turn."""
        self._watcher = watcher
        self._sessions: list[Session] = []
        self._gone: set[int] = set()
        """Server processes whose connection was lost. They keep their locks until they end."""
        self._news = 0
        self._wake: asyncio.Future[None] | None = None
        self._waits = 0

    # -- reports from the gates ----------------------------------------------------------------------------------------

    def note(self) -> None:
        self._news += 1
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def session_opened(self, session: Session) -> None:
        self._sessions.append(session)
        self.note()

    def session_closed(self, session: Session) -> None:
        self._sessions.remove(session)
        if session.is_started:
            self._gone.add(session.pid)
        self.transaction_ended()
        self.note()

    def transaction_ended(self) -> None:
        """A transaction ended, so waiting statements may have their lock now."""
        for session in self._sessions:
            session.is_blocked = False

    # -- a schedule ----------------------------------------------------------------------------------------------------

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
        """Run all actors at once, and give each of their statements its turn.

        `free` statements go through before any other. Each actor has the name of its gate. If several actors share a
        gate, the trace does not record when they began. `later`: actors that start only after this number of turns.
        """
        trace = Trace()
        waits = self._waits
        self.is_open = False
        starts = sorted((dict.fromkeys(actors, 0) | dict(later or {})).items(), key=lambda each: each[1])
        tasks: dict[str, asyncio.Future[None]] = {}
        try:
            while True:
                while starts and (starts[0][1] <= len(trace.turns) or all(x.done() for x in tasks.values())):
                    who, _ = starts.pop(0)
                    tasks[who] = asyncio.ensure_future(_act(who, actors[who], trace, self))
                if not await self._rest(tasks):
                    if starts:
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
        """Stop holding statements back."""
        self.is_open = True
        for session in self._sessions:
            if session.waiting is not None:
                session.let_through()

    async def _rest(self, tasks: Mapping[str, asyncio.Future[None]]) -> bool:
        """Wait until everything is at rest. Return whether a statement waits for its turn.

        Raises StuckError if nothing happens for STUCK_SECONDS.
        """
        until = asyncio.get_running_loop().time() + STUCK_SECONDS
        while True:
            await self.rest()
            if all(task.done() for task in tasks.values()):
                return False
            if any(session.waiting for session in self._sessions):
                return True
            if asyncio.get_running_loop().time() > until:
                raise StuckError([who for who, task in tasks.items() if not task.done()])
            self.transaction_ended()  # a deadlock: the server ends it after its own timeout
            await self._wait_for_news()

    def _chosen(self, choose: Choose, free: Sequence[str]) -> Session:
        found = sorted((x for x in self._sessions if x.waiting), key=lambda x: (x.who, x.number))
        for session in found:
            if session.waiting is not None and session.waiting.name in free:
                return session
        return found[choose([_choice(x) for x in found])] if len(found) > 1 else found[0]

    # -- rest ----------------------------------------------------------------------------------------------------------

    async def rest(self) -> None:
        """Return when nothing more happens by itself."""
        news, quiet = self._news, 0
        while quiet < QUIET_TURNS or self._gone:
            if self._gone or any(x.is_with_server and not x.is_blocked for x in self._sessions):
                await self._wait_for_news()
                quiet = 0
                continue
            await asyncio.sleep(0)
            news, quiet = self._news, quiet + 1 if news == self._news else 0

    async def _wait_for_news(self) -> None:
        """Wait for news. If none arrives soon, ask the server which statements wait for a lock."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        handle = loop.call_later(LOOK_SECONDS, self._stop_waiting)
        await self._wake
        is_late = handle.when() <= loop.time()
        handle.cancel()
        self._wake = None
        if is_late:
            await self._find_blocked()

    def _stop_waiting(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _find_blocked(self) -> None:
        sessions = {x.pid: x for x in self._sessions if x.is_started and x.is_with_server}
        news = self._news
        cursor = await self._watcher.execute(BLOCKED, ([*sessions, *self._gone],))
        found = dict(await cursor.fetchall())
        self._gone = {pid for pid in self._gone if pid in found and not found[pid]}
        if news != self._news:
            return
        for pid, session in sessions.items():
            if found.get(pid) and not session.is_blocked:
                session.is_blocked = True
                self._waits += 1


def _give(session: Session, choice: Choice, trace: Trace, loss: Loss | None) -> None:
    """Let the statement through, or break its connection."""
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
