"""Asking: one logical operation with all its attempts, and the certain result of each.

Clients misbehave here: deaf and impatient ones, ones that hang up, and ones whose request arrives after they
gave up. Others send a request twice at once, or repeat it although they have the answer.
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

PROBLEM_PAGES = "/problems/"
"""The `type` of our problems is a reference to a page below it."""
NOT_BEGUN = frozenset({"busy", "unavailable", "rate_limited", "in_progress", "not_sent"})
"""The server did nothing; a retry may succeed."""
REFUSING = frozenset({400, 401, 402, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 429, 431})
SHEDDING = frozenset({"busy", "unavailable"})
"""Codes of a 503 that guarantee that the server did nothing."""
MAX_ATTEMPTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """The share of each misbehaviour among attempts; all other attempts wait for their answer."""

    deaf: float = 0.02
    hang_up: float = 0.015
    late: float = 0.015
    impatient: float = 0.01
    twice_at_once: float = 0.03
    again: float = 0.3
    abandon: float = 0.15
    """The share of operations that are abandoned after an uncertain result."""


class Identity:
    """A client's name in the log. After an uncertain result the process ends, and continues under another name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lives = 1

    def __str__(self) -> str:
        return f"{self._name}.{self._lives}"

    def renew(self) -> None:
        self._lives += 1


class Asking:
    """Sends the requests of all clients of one process."""

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
        """`pause` lets other clients run meanwhile. `begin` is awaited before each operation and may end the
        client."""
        self.counts: Counter[str] = Counter()
        self._wire, self._log, self._clock = wire, log, clock
        self._keys, self._pause, self._begin = keys, pause, begin
        self._time_out = time_out_seconds
        self._chances = chances or Chances()

    async def ask(self, who: Identity, user: str, call: Call, chance: random.Random) -> Outcome:
        """Run an operation and return the client's last result; `info` if it gave up."""
        await self._begin()
        self.counts[call.f] += 1
        key = call.key or (next(self._keys) if call.is_keyed else "")
        operation = _Operation(
            who=who, user=user, call=call, chance=chance, request=replace(call.request, key=key)
        )
        outcome = await self._run(operation)
        self.counts[f"{call.f} {outcome.res}"] += 1
        if outcome.res == "fail":
            self.counts[f"refused {outcome.code}"] += 1
        return outcome

    async def _run(self, operation: _Operation) -> Outcome:
        """Repeat attempts until the result is certain or the client gives up."""
        chance, is_keyed = operation.chance, operation.call.is_keyed
        while True:
            if is_keyed and operation.attempts == 0 and chance.random() < self._chances.twice_at_once:
                outcome = await self._send_twice(operation)
            else:
                outcome = await self._attempt(operation)
            if outcome.res != "info" and outcome.code not in NOT_BEGUN:
                if is_keyed and chance.random() < self._chances.again:
                    await self._repeat(operation)
                return outcome
            if operation.attempts >= MAX_ATTEMPTS:
                return outcome
            if outcome.res != "info":
                await self._pause(chance.uniform(0.05, 0.4))
            elif not is_keyed or chance.random() < self._chances.abandon:
                return outcome
            else:
                await self._pause(chance.choice((0.0, 0.0, 0.02, 0.2, 0.6)))

    async def _repeat(self, operation: _Operation) -> None:
        """Repeat a request that was answered: the answer must be the same."""
        if operation.chance.random() < 0.3:
            await self._pause(operation.chance.uniform(0.0, 0.5))
        self.counts["repeated"] += 1
        await self._attempt(operation)

    async def _send_twice(self, operation: _Operation) -> Outcome:
        """Send the request on two connections at once, to two servers if there are two."""
        self.counts["sent twice at once"] += 1
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
                operation, "deaf", self._wire.ask_and_ignore(server, request, seconds=seconds)
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
        """Send a request whose answer this client never sees."""
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
            shown = await self._open_next(operation.call, server, answer)
        except NotSent:
            outcome = Outcome("fail", code="not_sent")
        except Lost as lost:
            outcome = Outcome("info", code=str(lost))
        else:
            outcome = outcome_of(operation.call, answer, shown)
            if not outcome.replayed:
                self._clock.see(outcome.out.get("server_time"))
        self._settle(number, operation, outcome)
        return outcome

    async def _open_next(self, call: Call, server: int, answer: Answer) -> Answer | None:
        """Open the page to which a form led, as a browser does. Return None if it led to none.

        Raises Lost without that page: the form has done its work, and its client does not know what it did.
        """
        request = None if call.onward is None else call.onward(answer)
        if request is None:
            return None
        try:
            return await self._wire.ask(server, request, seconds=self._time_out)
        except NotSent:
            raise Lost("page_not_sent") from None

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
    """Includes its key."""
    chance: random.Random
    attempts: int = 0


def outcome_of(call: Call, answer: Answer, shown: Answer | None = None) -> Outcome:
    """Return the class of a complete answer (trust.md 2.2): `info` unless it is certainly done or certainly
    refused. `shown` is the page to which a form led."""
    status = answer.status
    if call.read_page is not None and not answer.body.startswith(b"{"):  # a server may be too busy for a page
        return call.read_page(answer, shown)
    try:
        reply: Any = orjson.loads(answer.body)
        if 200 <= status < 300:
            outcome = call.read(reply)
            outcome.status, outcome.replayed = status, answer.replayed
            return outcome
    except (ValueError, KeyError, TypeError, AttributeError):
        return Outcome("info", status, code="unreadable")
    code = _code_of(reply) or refusal_code(reply)
    is_refusal = code is not None and (
        status in REFUSING or (status == 503 and code in SHEDDING and _code_of(reply) is not None)
    )
    out = {"words": _words_of(reply)} if call.f == "ask" and is_refusal else {}
    return Outcome(
        "fail" if is_refusal else "info", status, code=code or "unreadable", replayed=answer.replayed, out=out
    )


def _code_of(reply: Any) -> str | None:
    """Return the code of a problem if its type is ours, or None."""
    if not isinstance(reply, dict) or PROBLEM_PAGES not in str(reply.get("type", "")):
        return None
    code = reply.get("code")
    return code if isinstance(code, str) else None


def _words_of(reply: dict[str, Any]) -> str:
    """Return all that a refusal says, apart from the name of its request."""
    return orjson.dumps({**reply, "instance": None}, option=orjson.OPT_SORT_KEYS).decode()


def _certainty(outcome: Outcome) -> int:
    """Order results: done, refused, not begun, uncertain."""
    if outcome.res == "fail":
        return 2 if outcome.code in NOT_BEGUN else 1
    return 0 if outcome.res == "ok" else 3
