"""Expiry: a hold's last moment passes in the midst of the batch that decides on it.

Behind a lock: while the batch waits for the event's row, which another only locks, or updates, or has for a batch of
its own, and which it lets go some milliseconds before or after the expiry. Or between any two statements of the batch.
The decision must go by a clock that was read after the lock was given, and by no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from holdfast.errors import HoldExpired, SeatTaken, SoldOut
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.hold import Hold
from scenarios.interleavings.floor import Choice
from scenarios.interleavings.playing import Played, faults
from scenarios.interleavings.scenes import Cast, Plot, Scene, one_row, quantity, seats
from scenarios.interleavings.stage import Stage

VERBS = ("confirm", "extend", "release", "place", "sweep")
LOCKERS = {
    "a lock": "SELECT FROM inventories WHERE event_number = %s FOR NO KEY UPDATE",
    "an update": "UPDATE inventories SET last_at = last_at WHERE event_number = %s",
    "a batch": None,
}
MAX_MILLISECONDS = 50
MAX_STATEMENTS = 12

_COUNTED = Scene(name="expiry", areas={"floor": 4}, plot=lambda cast: Plot(batches={}))
_SEATED = Scene(name="expiry", seats=one_row(4), plot=lambda cast: Plot(batches={}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The lock is given back so many milliseconds after the expiry (below 0: before it)."""

    verb: str
    locker: str
    lives_milliseconds: int
    """How long the hold still lives when the request is seen to wait."""
    released_after: int

    def __str__(self) -> str:
        return f"{self.verb} behind {self.locker}, released {self.released_after:+d} ms from the expiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """The expiry passes right before the batch's statement number `statement`, counted from 0."""

    verb: str
    statement: int
    seated: bool
    lives_milliseconds: int

    def __str__(self) -> str:
        where = "seats" if self.seated else "counted"
        return f"{self.verb} of {where}, expired at statement {self.statement}"


class _Watched:
    """Watches the database's clock around the batch of `a`."""

    def __init__(self, stage: Stage, number: int, cast: Cast) -> None:
        self.stage, self.number, self.cast = stage, number, cast
        self.expires_at: datetime | None = None
        self.read_after: datetime | None = None
        """When the batch had not read the clock yet, though it had the lock."""
        self.read_before: datetime | None = None
        """When it had."""
        self._reads = False

    async def note_clock(self, choice: Choice, passes: Awaitable[datetime] | None = None) -> None:
        """`passes`: time that passes before the turn."""
        if choice.who == "a" and self._reads and self.read_before is None:
            self.read_before = await self.stage.clock()
        if passes is not None:
            await passes
        if choice.who == "a" and choice.name == "load_event":
            self._reads, self.read_before, self.read_after = True, None, await self.stage.clock()

    async def pass_time(self, until: datetime) -> datetime:
        now = await self.stage.clock()
        while now < until:
            now = await self.stage.clock()
        return now

    def judge(self, verb: str, outcome: Any, released_at: datetime | None, over_at: datetime) -> list[str]:
        expires_at, read_after = self.expires_at, self.read_after
        assert expires_at is not None
        assert read_after is not None
        read_before = self.read_before or over_at
        lives, decided_at = _read(verb, outcome)
        if lives is None:
            return [f"unexplained: {outcome!r}"]
        wrong = []
        earliest = read_after if released_at is None else max(read_after, released_at)
        if lives and (earliest >= expires_at or (decided_at is not None and decided_at >= expires_at)):
            wrong.append(f"after_expiry: decided at {decided_at or earliest}, expired at {expires_at}")
        if not lives and read_before < expires_at:
            wrong.append(f"expired_early: decided before {read_before}, it lives until {expires_at}")
        if decided_at is not None and not earliest <= decided_at <= read_before:
            wrong.append(f"other_clock: decided at {decided_at}, between {earliest} and {read_before}")
        return wrong


def _read(verb: str, outcome: Any) -> tuple[bool | None, datetime | None]:
    """Whether the answer took the hold for live (None: it says neither), and when that was decided."""
    match outcome:
        case Booking():
            return True, outcome.confirmed_at
        case Hold() if verb == "place":
            return False, outcome.placed_at
        case Hold():
            return True, outcome.server_time
        case HoldExpired():
            return False, None
        case SoldOut() | SeatTaken() if verb == "place":
            return True, None
        case 0 | 1 if verb == "sweep":
            return not outcome, None
        case _:
            return None, None


class _Locked(_Watched):
    """The locker has the lock, then the other comes and waits, then time passes, then the locker goes on."""

    def __init__(self, stage: Stage, number: int, cast: Cast, moment: Behind) -> None:
        super().__init__(stage, number, cast)
        self._moment = moment
        self._is_locked = False
        self.released_at: datetime | None = None

    def choose(self, choices: Sequence[Choice]) -> int:
        wanted = "a" if self._is_locked else "b"
        return next((at for at, choice in enumerate(choices) if choice.who == wanted), 0)

    async def before_turn(self, choice: Choice) -> None:
        await self.note_clock(choice)
        if choice.who == "b" and choice.name.startswith(("lock_inventory", "SELECT", "UPDATE")):
            self._is_locked = True  # with this turn
        if choice.who == "b" and choice.name == "COMMIT":
            lives = timedelta(milliseconds=self._moment.lives_milliseconds)
            self.expires_at = await self.stage.expire(self.number, self.cast["h"], after=lives)
            after = timedelta(milliseconds=self._moment.released_after)
            self.released_at = await self.pass_time(self.expires_at + after)


async def play_behind(stage: Stage, moment: Behind) -> tuple[Played, bool]:
    """Also whether the lock was given back after the expiry."""
    number, cast = await _an_event(stage, _COUNTED)
    await stage.warm(number, ["a", "b"])
    watched = _Locked(stage, number, cast, moment)
    statement = LOCKERS[moment.locker]
    locks: Callable[[], Awaitable[Any]] = (
        partial(stage.act, "b", number, [cast.place("other", quantity(1))])
        if statement is None
        else partial(_lock, stage.gates["b"].url, statement, number)
    )
    acts = partial(stage.act, "a", number, [_command(cast, moment.verb, seated=False)])
    trace = await stage.floor.run({"a": acts, "b": locks}, watched.choose, before_turn=watched.before_turn)
    over_at = await stage.clock()
    played = Played(str(moment), number, trace, faults(trace))
    assert watched.expires_at is not None
    assert watched.released_at is not None
    played.wrong += watched.judge(moment.verb, trace.answers["a"][0], watched.released_at, over_at)
    if not trace.waits:
        played.wrong.append("no_wait: the request did not wait for the lock")
    await _check(stage, played)
    return played, watched.released_at >= watched.expires_at


async def play_at(stage: Stage, moment: At) -> tuple[Played, bool]:
    """Also whether the hold had expired when the batch read the clock."""
    number, cast = await _an_event(stage, _SEATED if moment.seated else _COUNTED)
    watched = _Watched(stage, number, cast)
    lives = timedelta(milliseconds=moment.lives_milliseconds)
    if (
        not moment.seated
    ):  # a mirror would remember the expiry from before; that of seats is loaded in the batch
        await stage.warm(number, ["a"])
    watched.expires_at = expires_at = await stage.expire(number, cast["h"], after=lives)
    turns = 0

    async def before_turn(choice: Choice) -> None:
        nonlocal turns
        await watched.note_clock(choice, watched.pass_time(expires_at) if turns == moment.statement else None)
        turns += 1

    acts = partial(stage.act, "a", number, [_command(cast, moment.verb, seated=moment.seated)])
    trace = await stage.floor.run({"a": acts}, lambda _: 0, before_turn=before_turn)
    over_at = await stage.clock()
    played = Played(str(moment), number, trace, faults(trace))
    played.wrong += watched.judge(moment.verb, trace.answers["a"][0], None, over_at)
    await _check(stage, played)
    assert watched.read_after is not None
    return played, watched.read_after >= expires_at


async def _an_event(stage: Stage, scene: Scene) -> tuple[int, Cast]:
    """With a hold `h` of two admissions of four."""
    number = await stage.new_event(scene)
    cast = Cast(partial(stage.box_office.new_id, number))
    await stage.box_office.execute(number, cast.place("h", seats(1, 2) if scene.seats else quantity(2)))
    return number, cast


def _command(cast: Cast, verb: str, *, seated: bool) -> c.AnyCommand:
    match verb:
        case "place":  # what cannot be had while the hold lives
            return cast.place("x", seats(2, 3) if seated else quantity(3))
        case "sweep":
            return c.ReclaimLapsed(by="sweeper", limit=10)
        case "extend":
            return cast.extend("h", ttl_seconds=600)
        case "release":
            return cast.release("h")
        case _:
            return cast.confirm("h")


async def _check(stage: Stage, played: Played) -> None:
    played.wrong += (await stage.find(played.number)).contradictions()
    played.wrong += [f"check: {found}" for found in await stage.disagreements(played.number)]


async def _lock(url: str, statement: str, number: int) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("BEGIN")
        await connection.execute(statement, (number,))
        await connection.execute("COMMIT")
    return []
