"""Expiry: a hold expires during the batch that decides on it.

`Behind`: the batch waits for the event's row. Another transaction has the row locked, or updates it, or runs a batch,
and releases it some milliseconds before or after the expiry. `At`: the hold expires between two statements.
The decision must use a clock that was read after the lock was granted, and no other clock.
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
    """The locker releases the lock `released_after` milliseconds after the expiry (below 0: before it)."""

    verb: str
    locker: str
    expires_in_milliseconds: int
    """The hold's remaining life when the request is seen to wait."""
    released_after: int

    def __str__(self) -> str:
        return f"{self.verb} behind {self.locker}, released {self.released_after:+d} ms from the expiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """The hold expires right before statement number `statement` of the batch, counted from 0."""

    verb: str
    statement: int
    seated: bool
    expires_in_milliseconds: int

    def __str__(self) -> str:
        where = "seats" if self.seated else "counted"
        return f"{self.verb} of {where}, expired at statement {self.statement}"


class _Watched:
    """Watches the database's clock around the batch of `a`."""

    def __init__(self, stage: Stage, number: int, cast: Cast) -> None:
        self.stage, self.number, self.cast = stage, number, cast
        self.expires_at: datetime | None = None
        self.read_after: datetime | None = None
        """A time when the batch had the lock, but had not yet read the clock."""
        self.read_before: datetime | None = None
        """A time when the batch had read the clock."""
        self._reads = False

    async def note_clock(self, choice: Choice, passes: Awaitable[datetime] | None = None) -> None:
        """Note the times around the read of the clock. `passes` is awaited before the turn."""
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

    def judge(self, verb: str, outcome: Any, released_at: datetime | None, ended_at: datetime) -> list[str]:
        expires_at, read_after = self.expires_at, self.read_after
        assert expires_at is not None
        assert read_after is not None
        read_before = self.read_before or ended_at
        lives, decided_at = _read(verb, outcome)
        if lives is None:
            return [f"unexplained: {outcome!r}"]
        wrong = []
        earliest = read_after if released_at is None else max(read_after, released_at)
        if lives and (earliest >= expires_at or (decided_at is not None and decided_at >= expires_at)):
            wrong.append(f"after_expiry: decided at {decided_at or earliest}, expired at {expires_at}")
        if not lives and read_before < expires_at:
            wrong.append(f"expired_early: decided before {read_before}, but it expires at {expires_at}")
        if decided_at is not None and not earliest <= decided_at <= read_before:
            wrong.append(f"other_clock: decided at {decided_at}, between {earliest} and {read_before}")
        return wrong


def _read(verb: str, outcome: Any) -> tuple[bool | None, datetime | None]:
    """Return whether the answer treated the hold as live (None if unclear), and the time of the decision."""
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
    """The locker takes the lock, the batch starts and waits, time passes, and the locker continues."""

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
            lives = timedelta(milliseconds=self._moment.expires_in_milliseconds)
            self.expires_at = await self.stage.expire(self.number, self.cast["h"], after=lives)
            after = timedelta(milliseconds=self._moment.released_after)
            self.released_at = await self.pass_time(self.expires_at + after)


async def play_behind(stage: Stage, moment: Behind) -> tuple[Played, bool]:
    """Return the schedule, and whether the lock was released after the expiry."""
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
    ended_at = await stage.clock()
    played = Played(str(moment), number, trace, faults(trace))
    assert watched.expires_at is not None
    assert watched.released_at is not None
    played.wrong += watched.judge(moment.verb, trace.answers["a"][0], watched.released_at, ended_at)
    if not trace.waits:
        played.wrong.append("no_wait: the request did not wait for the lock")
    await _check(stage, played)
    return played, watched.released_at >= watched.expires_at


async def play_at(stage: Stage, moment: At) -> tuple[Played, bool]:
    """Return the schedule, and whether the hold had expired when the batch read the clock."""
    number, cast = await _an_event(stage, _SEATED if moment.seated else _COUNTED)
    watched = _Watched(stage, number, cast)
    lives = timedelta(milliseconds=moment.expires_in_milliseconds)
    # An occupancy would remember the old expiry of seats: without one, the batch loads the new expiry.
    if not moment.seated:
        await stage.warm(number, ["a"])
    watched.expires_at = expires_at = await stage.expire(number, cast["h"], after=lives)
    turns = 0

    async def before_turn(choice: Choice) -> None:
        nonlocal turns
        await watched.note_clock(choice, watched.pass_time(expires_at) if turns == moment.statement else None)
        turns += 1

    acts = partial(stage.act, "a", number, [_command(cast, moment.verb, seated=moment.seated)])
    trace = await stage.floor.run({"a": acts}, lambda _: 0, before_turn=before_turn)
    ended_at = await stage.clock()
    played = Played(str(moment), number, trace, faults(trace))
    played.wrong += watched.judge(moment.verb, trace.answers["a"][0], None, ended_at)
    await _check(stage, played)
    assert watched.read_after is not None
    return played, watched.read_after >= expires_at


async def _an_event(stage: Stage, scene: Scene) -> tuple[int, Cast]:
    """Create an event with four admissions and a hold `h` of two of them. Return its number and cast."""
    number = await stage.new_event(scene)
    cast = Cast(partial(stage.box_office.new_id, number))
    await stage.box_office.execute(number, cast.place("h", seats(1, 2) if scene.seats else quantity(2)))
    return number, cast


def _command(cast: Cast, verb: str, *, seated: bool) -> c.AnyCommand:
    match verb:
        case "place":  # these admissions are not available while the hold is live
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
