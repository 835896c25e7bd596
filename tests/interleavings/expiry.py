"""Expiry: a hold's last moment passes while the request that needs it waits for the event's lock.

Who has the lock only locks the row, or updates it, or is another engine's batch. It lets go some milliseconds before or
after the expiry, by the database's clock. The decision must go by a clock that was read after the lock was given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from holdfast.domain.booking import Booking
from holdfast.domain.errors import HoldExpired
from holdfast.domain.hold import Hold
from interleavings.floor import Choice
from interleavings.playing import Played, faults
from interleavings.scenes import Cast, Plot, Scene, quantity
from interleavings.stage import Stage

VERBS = ("confirm", "extend", "release")
LOCKERS = {
    "a lock": "SELECT FROM inventories WHERE event_number = %s FOR NO KEY UPDATE",
    "an update": "UPDATE inventories SET last_at = last_at WHERE event_number = %s",
    "a batch": None,
}
MOST_MILLISECONDS = 50

_SCENE = Scene(name="expiry", areas={"floor": 4}, plot=lambda cast: Plot(batches={}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is tried: the lock is given back so many milliseconds after the expiry (below 0: before it)."""

    verb: str
    locker: str
    lives_milliseconds: int
    """How long the hold still lives when the request is seen to wait."""
    released_after: int


class _Behind:
    """The locker has the lock, then the other comes and waits, then time passes, then the locker goes on."""

    def __init__(self, stage: Stage, number: int, cast: Cast, moment: Moment) -> None:
        self._stage, self._number, self._cast, self._moment = stage, number, cast, moment
        self._has_lock = False
        self.expires_at: datetime | None = None
        self.released_at: datetime | None = None

    def choose(self, choices: Sequence[Choice]) -> int:
        wanted = "a" if self._has_lock else "b"
        return next((at for at, choice in enumerate(choices) if choice.who == wanted), 0)

    async def before_turn(self, choice: Choice) -> None:
        if choice.who == "b" and choice.name.startswith(("lock_inventory", "SELECT", "UPDATE")):
            self._has_lock = True  # with this turn
        if choice.who == "b" and choice.name == "COMMIT":
            lives = timedelta(milliseconds=self._moment.lives_milliseconds)
            self.expires_at = await self._stage.expire(self._number, self._cast["h"], after=lives)
            until = self.expires_at + timedelta(milliseconds=self._moment.released_after)
            now = await self._stage.clock()
            while now < until:
                now = await self._stage.clock()
            self.released_at = now


async def play_expiry(stage: Stage, moment: Moment) -> tuple[Played, bool]:
    """Also whether the lock was given back after the expiry, so that the request had to be refused."""
    number = await stage.new_event(_SCENE)
    cast = Cast(partial(stage.box_office.new_id, number))
    await stage.box_office.execute(number, cast.place("h", quantity(2)))
    await stage.warm(number, ["a", "b"])
    behind = _Behind(stage, number, cast, moment)
    command = (
        cast.extend("h", ttl_seconds=600) if moment.verb == "extend" else getattr(cast, moment.verb)("h")
    )
    statement = LOCKERS[moment.locker]
    locks: Callable[[], Awaitable[Any]] = (
        partial(stage.act, "b", number, [cast.place("other", quantity(1))])
        if statement is None
        else partial(_lock, stage.gates["b"].url, statement, number)
    )
    trace = await stage.floor.run(
        {"a": partial(stage.act, "a", number, [command]), "b": locks},
        behind.choose,
        before_turn=behind.before_turn,
    )
    over_at = await stage.clock()
    name = f"{moment.verb} behind {moment.locker}, released {moment.released_after:+d} ms from the expiry"
    played = Played(name, number, trace, faults(trace))
    assert behind.expires_at is not None
    assert behind.released_at is not None
    played.wrong += _judge(trace.answers["a"][0], behind.expires_at, behind.released_at, over_at)
    if not trace.waits:
        played.wrong.append("no_wait: the request did not wait for the lock")
    played.wrong += (await stage.find(number)).contradictions()
    played.wrong += [f"check: {found}" for found in await stage.disagreements(number)]
    return played, behind.released_at >= behind.expires_at


def _judge(outcome: Any, expires_at: datetime, released_at: datetime, over_at: datetime) -> list[str]:
    match outcome:
        case Booking():
            decided_at = outcome.confirmed_at
        case Hold():
            decided_at = outcome.server_time
        case HoldExpired():
            return [] if over_at >= expires_at else [f"expired_early: {over_at}, it lives until {expires_at}"]
        case _:
            return [f"unexplained: {outcome!r}"]
    wrong = []
    if decided_at >= expires_at or released_at >= expires_at:
        wrong.append(
            f"after_expiry: decided at {decided_at}, expired at {expires_at}, locked until {released_at}"
        )
    if decided_at < released_at:
        wrong.append(f"early_clock: decided by {decided_at}, and locked until {released_at}")
    return wrong


async def _lock(url: str, statement: str, number: int) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("BEGIN")
        await connection.execute(statement, (number,))
        await connection.execute("COMMIT")
    return []
