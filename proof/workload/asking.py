"""Asking: one logical operation with all its attempts, and what each of them tells for certain.

The ways in which clients behave badly are drawn here: deaf ones, impatient ones, ones that hang up, ones whose request
arrives after they have given up, ones that ask twice at the same time, ones that ask again though they know.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from proof.log import ClientLog
from proof.workload.calls import Call, Outcome
from proof.workload.clock import ServerClock
from proof.workload.dialects import refusal_code
from proof.workload.wire import Answer, Lost, NotSent, Request, Wire

__all__ = ["Asking", "Chances", "Identity", "outcome_of"]

PROBLEM_TYPE = "https://holdfast.dev/problems/"
NOT_BEGUN = frozenset({"busy", "unavailable", "rate_limited", "in_progress", "not_sent"})
"""Nothing was done, and asking again may do it."""
REFUSING = frozenset({400, 401, 402, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 429, 431})
SHEDDING = frozenset({"busy", "unavailable"})
"""Codes of the 503 that say that certainly nothing was done."""
MAX_ATTEMPTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """How often clients behave in which way; the rest of the attempts is asked and listened to."""

    deaf: float = 0.02
    hang_up: float = 0.015
    late: float = 0.015
    impatient: float = 0.01
    twice_at_once: float = 0.03
    again: float = 0.3
    abandon: float = 0.15
    """Of operations of which nobody can say what became of them."""


class Identity:
    """Who asks: a process that has to end once it is uncertain of something, and comes back under another name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lives = 1

    def __str__(self) -> str:
        return f"{self._name}.{self._lives}"

    def renew(self) -> None:
        self._lives += 1


class Asking:
    """For all clients of one process."""

    def __init__(
        self,
        wire: Wire,
        log: ClientLog,
        clock: ServerClock,
        *,
        keys: Iterator[str],
        pause: Callable[[float], Awaitable[None]],
        begin: Callable[[], Awaitable[None]],
        time_out_seconds: float,
        chances: Chances | None = None,
    ) -> None:
        """`pause` lets others go on meanwhile; `begin` is awaited before each operation, and may end the client."""
        self.counts: Counter[str] = Counter()
        self._wire, self._log, self._clock = wire, log, clock
        self._keys, self._pause, self._begin = keys, pause, begin
        self._time_out = time_out_seconds
        self._chances = chances or Chances()

    async def ask(self, who: Identity, user: str, call: Call, chance: random.Random) -> Outcome:
        """What the client knows in the end. `info`: it gave up."""
        await self._begin()
        self.counts[call.f] += 1
        key = next(self._keys) if call.is_keyed else ""
        operation = _Operation(
            who=who, user=user, call=call, chance=chance, request=replace(call.request, key=key)
        )
        outcome = await self._settle_it(operation)
        self.counts[f"{call.f} {outcome.res}"] += 1
        if outcome.res == "fail":
            self.counts[f"refused {outcome.code}"] += 1
        return outcome

    async def _settle_it(self, operation: _Operation) -> Outcome:
        """With as many attempts as it takes, unless the client loses heart."""
        chance, is_keyed = operation.chance, operation.call.is_keyed
        while True:
            if is_keyed and operation.attempts == 0 and chance.random() < self._chances.twice_at_once:
                outcome = await self._ask_twice(operation)
            else:
                outcome = await self._attempt(operation)
            if outcome.res != "info" and outcome.code not in NOT_BEGUN:
                if is_keyed and chance.random() < self._chances.again:
                    await self._ask_again(operation)
                return outcome
            if operation.attempts >= MAX_ATTEMPTS:
                return outcome
            if outcome.res != "info":
                await self._pause(chance.uniform(0.05, 0.4))
            elif not is_keyed or chance.random() < self._chances.abandon:
                return outcome
            else:
                await self._pause(chance.choice((0.0, 0.0, 0.02, 0.2, 0.6)))

    async def _ask_again(self, operation: _Operation) -> None:
        """Though the answer is there: the same one has to come."""
        if operation.chance.random() < 0.3:
            await self._pause(operation.chance.uniform(0.0, 0.5))
        self.counts["asked again"] += 1
        await self._attempt(operation)

    async def _ask_twice(self, operation: _Operation) -> Outcome:
        """On two connections, to two servers where there are, at one time."""
        self.counts["asked twice at once"] += 1
        server = operation.chance.randrange(self._wire.servers)
        outcomes = await asyncio.gather(
            self._listen(operation, server),
            self._listen(operation, (server + 1) % self._wire.servers, who=f"{operation.who}-twin"),
        )
        return min(outcomes, key=_certainty)

    async def _attempt(self, operation: _Operation) -> Outcome:
        chance, chances, request = operation.chance, self._chances, operation.request
        server, way = chance.randrange(self._wire.servers), chance.random()
        if (way := way - chances.deaf) < 0:
            seconds = chance.choice((0.05, 0.5, 3.0))
            return await self._lose(
                operation, "deaf", self._wire.ask_and_forget(server, request, seconds=seconds)
            )
        if (way := way - chances.hang_up) < 0:
            seconds = chance.choice((0.0, 0.001, 0.004, 0.02))
            return await self._lose(
                operation, "hung_up", self._wire.ask_and_leave(server, request, seconds=seconds)
            )
        if (way := way - chances.late) < 0:
            seconds, later = chance.uniform(0.0, 0.05), chance.choice((0.05, 0.3, 1.0, 2.0))
            return await self._lose(
                operation, "late", self._wire.ask_late(server, request, seconds=seconds, later=later)
            )
        if way - chances.impatient < 0:
            return await self._listen(operation, server, seconds=chance.uniform(0.001, 0.03))
        return await self._listen(operation, server)

    async def _lose(self, operation: _Operation, code: str, sending: Awaitable[None]) -> Outcome:
        """Whatever comes of it, this client does not see it."""
        number = self._invoke(operation, str(operation.who))
        self.counts[code] += 1
        try:
            await sending
        except NotSent:
            outcome = Outcome("fail", code="not_sent")
        else:
            outcome = Outcome("info", code=code)
        self._settle(number, operation, outcome)
        return outcome

    async def _listen(
        self, operation: _Operation, server: int, *, seconds: float | None = None, who: str | None = None
    ) -> Outcome:
        number = self._invoke(operation, who or str(operation.who))
        try:
            answer = await self._wire.ask(server, operation.request, seconds=seconds or self._time_out)
        except NotSent:
            outcome = Outcome("fail", code="not_sent")
        except Lost as lost:
            outcome = Outcome("info", code=str(lost))
        else:
            outcome = outcome_of(operation.call, answer)
            if not outcome.replayed:
                self._clock.see(outcome.out.get("server_time"))
        self._settle(number, operation, outcome)
        return outcome

    def _invoke(self, operation: _Operation, who: str) -> int:
        operation.attempts += 1
        call = operation.call
        return self._log.invoke(
            proc=who,
            user=operation.user,
            f=call.f,
            key=operation.request.key,
            attempt=operation.attempts,
            via=call.via,
            given=call.given,
        )

    def _settle(self, number: int, operation: _Operation, outcome: Outcome) -> None:
        self.counts["requests"] += 1
        if outcome.res == "info":
            operation.who.renew()
        self._log.settle(
            number,
            res=outcome.res,
            status=outcome.status,
            code=outcome.code,
            replayed=outcome.replayed,
            out=outcome.out,
        )


@dataclass(slots=True, kw_only=True)
class _Operation:
    who: Identity
    user: str
    call: Call
    request: Request
    """With its key."""
    chance: random.Random
    attempts: int = 0


def outcome_of(call: Call, answer: Answer) -> Outcome:
    """The class of a whole answer (trust.md 2.2): what is not surely done, or surely not, is `info`."""
    status = answer.status
    try:
        told: Any = orjson.loads(answer.body)
        if 200 <= status < 300:
            outcome = call.read(told)
            outcome.status, outcome.replayed = status, answer.replayed
            return outcome
    except (ValueError, KeyError, TypeError, AttributeError):
        return Outcome("info", status, code="unreadable")
    code = _code_of(told) or refusal_code(told)
    is_refusal = code is not None and (
        status in REFUSING or (status == 503 and code in SHEDDING and _code_of(told) is not None)
    )
    return Outcome(
        "fail" if is_refusal else "info", status, code=code or "unreadable", replayed=answer.replayed
    )


def _code_of(told: Any) -> str | None:
    """Of a problem whose type is one of ours."""
    if not isinstance(told, dict) or not str(told.get("type", "")).startswith(PROBLEM_TYPE):
        return None
    code = told.get("code")
    return code if isinstance(code, str) else None


def _certainty(outcome: Outcome) -> int:
    """Done before refused, refused before not begun, and whatever is uncertain last."""
    if outcome.res == "fail":
        return 2 if outcome.code in NOT_BEGUN else 1
    return 0 if outcome.res == "ok" else 3
