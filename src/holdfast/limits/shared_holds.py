"""Shared holds: the live holds of buyers over all servers of a deployment.

Redis decides about each hold in one step before it is placed, so a cap is exact. What happens to a hold afterwards is
sent in the background, many changes at a time. Each server also counts in its own memory: that decides while Redis is
away, and restores what Redis has lost when it is back. Without Redis nobody begins to wait for holds without a booking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from uuid import UUID

from holdfast.limits.hold_scripts import BOOKED, CHANGE, EXTEND, FORGET, KEEP, RELEASED, RESERVE
from holdfast.limits.live_holds import LiveHolds, Refused, number_of
from holdfast.limits.redis_counts import RedisAwayError, RedisCounts

__all__ = ["SharedHolds"]

_MAX_TOGETHER = 200
_MAX_WAITING = 20_000
_MAX_UNPLACED = 10_000
_COOLS_DOWN = 2

Change = tuple[int, int, float, int]
"""(hold, what, seconds to its lapse, admissions)."""


class SharedHolds:
    """The holds that this process counts in Redis. `local` counts those of its server, without marks."""

    def __init__(self, local: LiveHolds, redis: RedisCounts, *, max_unbooked: int) -> None:
        self.max_admissions = local.max_admissions
        self.max_unbooked = max_unbooked
        self.buyer_key = local.buyer_key
        self._local = local
        self._redis = redis
        self._unplaced: dict[int, None] = {}
        """Holds that Redis counts for this process, and that are not placed yet."""
        self._waiting: list[Change] = []
        self._sending: asyncio.Task[None] | None = None

    async def reserve(
        self, buyers: Iterable[int], id: UUID, admissions: int, seconds: float
    ) -> Refused | None:
        """Count a hold that is about to be placed, as `LiveHolds.reserve` does."""
        numbers = tuple(buyers)
        known = [
            (at, slot, hold)
            for at, buyer in enumerate(numbers, 1)
            for slot, hold in self._local.holds_of(buyer)
        ]
        arguments: list[float] = [self.max_unbooked, self.max_admissions, admissions, seconds, len(numbers)]
        for at, _, (_, left_seconds, count) in known:
            arguments += (at, left_seconds, count)
        keys = (number_of(id), *numbers, *(hold for _, _, (hold, _, _) in known))
        # A request of a direct route is no task (`http/server/first_step.py`), and the client of Redis needs one.
        asking = asyncio.get_running_loop().create_task(self._redis.run(RESERVE, keys, arguments))
        try:
            outcome, wait_seconds, *ended = await asking
        except RedisAwayError:
            return self._local.reserve(numbers, id, admissions, seconds)
        for place in ended:
            _, slot, (hold, _, _) = known[int(place)]
            self._local.drop(slot, hold)
        if outcome:
            return Refused(wait_seconds, cools_down=outcome == _COOLS_DOWN)
        self._local.record(numbers, id, admissions, seconds)
        self._unplaced[number_of(id)] = None
        return None

    def keep(self, id: UUID, admissions: int, seconds: float) -> None:
        """Correct the count of a hold that this process has placed."""
        self._local.keep(id, admissions, seconds)
        if number_of(id) in self._unplaced:
            del self._unplaced[number_of(id)]
            self._send(id, KEEP, seconds, admissions)

    def settle(self, id: UUID, *, is_known: bool = True) -> None:
        """End the placing of a hold. If it was not placed, it no longer counts, unless its outcome is unknown."""
        self._local.settle(id, is_known=is_known)
        if number_of(id) not in self._unplaced:
            return
        if is_known:
            del self._unplaced[number_of(id)]
            self._send(id, FORGET)
        elif len(self._unplaced) > _MAX_UNPLACED:
            del self._unplaced[next(iter(self._unplaced))]

    def extend(self, id: UUID, seconds: float) -> None:
        self._local.extend(id, seconds)
        self._send(id, EXTEND, seconds)

    def end(self, id: UUID, *, booked: bool) -> None:
        """End a hold, with a booking or without, whichever server has placed it."""
        self._local.end(id, booked=booked)
        self._send(id, BOOKED if booked else RELEASED)

    def _send(self, id: UUID, what: int, seconds: float = 0.0, admissions: int = 0) -> None:
        if len(self._waiting) < _MAX_WAITING:  # else Redis is away: what it misses ends with its time
            self._waiting.append((number_of(id), what, seconds, admissions))
        if self._sending is None and not self._redis.is_away:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:_MAX_TOGETHER]
                holds = [hold for hold, *_ in batch]
                arguments = [float(one) for _, *change in batch for one in change]
                await self._redis.run(CHANGE, holds, [self.max_unbooked, *arguments])
                del self._waiting[: len(batch)]
        except RedisAwayError:
            return  # the next change sends them
        finally:
            self._sending = None
