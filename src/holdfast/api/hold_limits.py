"""Hold limits: a hold within the limits of its buyer."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from uuid import UUID

from holdfast.api.answers import Render, answer_command, reply_kept
from holdfast.api.request import HoldCounts, Request
from holdfast.errors import HoldfastError, OutcomeUnknown, QuantityOverLimit, TooManyRequests
from holdfast.http.pending_reply import PendingReply
from holdfast.http.reply import Reply
from holdfast.http.request_limits import buyer_address
from holdfast.identity import identity_of
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.hold import Hold
from holdfast.limits.allowance import Allowance
from holdfast.limits.classes import LIVE_ADMISSIONS, UNBOOKED_HOLDS
from holdfast.limits.live_holds import LiveHolds, Refused
from holdfast.limits.shared_holds import SharedHolds

__all__ = ["answer_hold", "count_hold"]

_UNTIL_PLACED_SECONDS = 600
"""For how long a hold counts whose placing has no known outcome, if the request names no time."""

_UNLIMITED: AbstractContextManager[None] = nullcontext()


def answer_hold(
    request: Request, number: int, command: c.PlaceHold, render: Render[Hold], *, location: str
) -> Awaitable[Reply]:
    """Place a hold and return its answer. A buyer who has too much still gets the stored answer of a retry key."""
    live_holds = request.live_holds
    if live_holds is None:
        return answer_command(request, number, command, render, location=location)
    if isinstance(live_holds, SharedHolds):
        return _answer_shared(request, number, command, render, location)
    try:
        if not _count(request, command, live_holds):
            return answer_command(request, number, command, render, location=location)
    except TooManyRequests as refusal:
        if command.key is None:
            raise
        return _answer_earlier(request, number, command, refusal, location)
    counted = _CountedHold(live_holds, command.hold_id)
    try:
        answer = answer_command(request, number, command, render, location=location)
    except BaseException as error:
        counted.end(error)
        raise
    if isinstance(answer, PendingReply):
        return answer.watched(counted.end)
    return _answer_counted(counted, answer)


async def _answer_counted(counted: _CountedHold, answer: Awaitable[Reply]) -> Reply:
    with counted:
        return await answer


async def _answer_shared(
    request: Request, number: int, command: c.PlaceHold, render: Render[Hold], location: str
) -> Reply:
    """Count a hold over all servers, and place it."""
    try:
        counted = await count_hold(request, command)
    except TooManyRequests as refusal:
        if command.key is None:
            raise
        return await _answer_earlier(request, number, command, refusal, location)
    with counted:
        return await answer_command(request, number, command, render, location=location)


async def _answer_earlier(
    request: Request, number: int, command: c.PlaceHold, refusal: TooManyRequests, location: str
) -> Reply:
    """Return the answer that the retry key has, or raise the refusal."""
    earlier = await request.inventory.find_answer(number, command)
    if earlier is None:
        raise refusal
    request.allowance = None
    return reply_kept(request.inventory, earlier, location=location)


async def count_hold(request: Request, command: c.PlaceHold) -> AbstractContextManager[None]:
    """Count a hold for its buyer. Place it inside the returned block, which ends the count of one that fails.

    Raises TooManyRequests above a limit, and QuantityOverLimit for more than a buyer can ever have.
    """
    live_holds = request.live_holds
    if live_holds is None:
        return _UNLIMITED
    if isinstance(live_holds, SharedHolds):
        is_counted = await _count_shared(request, command, live_holds)
    else:
        is_counted = _count(request, command, live_holds)
    return _CountedHold(live_holds, command.hold_id) if is_counted else _UNLIMITED


def _count(request: Request, command: c.PlaceHold, live_holds: LiveHolds) -> bool:
    """Count a hold, and return whether anything limits it."""
    buyers = _buyers_of(request, command, live_holds)
    if buyers:
        refused = live_holds.reserve(buyers, *_wanted(command, live_holds.max_admissions))
        if refused is not None:
            raise _refusal(request, refused, live_holds)
    return bool(buyers)


async def _count_shared(request: Request, command: c.PlaceHold, live_holds: SharedHolds) -> bool:
    """Do what `_count` does, over all servers."""
    buyers = _buyers_of(request, command, live_holds)
    if buyers:
        refused = await live_holds.reserve(buyers, *_wanted(command, live_holds.max_admissions))
        if refused is not None:
            raise _refusal(request, refused, live_holds)
    return bool(buyers)


def _wanted(command: c.PlaceHold, limit: int) -> tuple[UUID, int, int]:
    """Return the id, admissions and seconds of a hold. Raises QuantityOverLimit if nobody can have that many."""
    admissions = 0
    for line in command.lines:
        admissions += len(line.labels) if isinstance(line, c.SeatsLine) else line.quantity
    if limit and admissions > limit:
        raise QuantityOverLimit(QuantityOverLimit.LIVE.format(limit=limit), limit=limit)
    return command.hold_id, admissions, command.ttl_seconds or _UNTIL_PLACED_SECONDS


def _buyers_of(request: Request, command: c.PlaceHold, live_holds: HoldCounts) -> tuple[int, ...]:
    """Return the numbers of the buyer. A key's buyer has two, if the key names an address and a reference."""
    principal = request.principal
    if principal.kind == "guest":
        address = request.client_address
        return () if address is None else (live_holds.buyer_key("live address", address),)
    if principal.kind == "account":
        return (live_holds.buyer_key("live account", principal.id),)
    if principal.kind == "open":
        return ()
    address = buyer_address(request)
    if address is None:
        return ()
    by_address = live_holds.buyer_key("live address", address)
    if command.buyer is None:
        return (by_address,)
    return by_address, live_holds.buyer_key(f"live buyer of {principal.id}", identity_of(command.buyer))


def _refusal(request: Request, refused: Refused, live_holds: HoldCounts) -> TooManyRequests:
    if refused.cools_down:
        rate, detail = UNBOOKED_HOLDS.rate(live_holds.max_unbooked), TooManyRequests.COOL_DOWN
    else:
        rate = LIVE_ADMISSIONS.rate(live_holds.max_admissions)
        detail = TooManyRequests.LIVE_HOLDS.format(limit=rate.quantity)
    wait_seconds = max(1.0, refused.wait_seconds)
    request.allowance = allowance = Allowance(rate, wait_seconds, wait_seconds)
    return TooManyRequests(detail, retry_after_seconds=allowance.retry_after_seconds)


class _CountedHold:
    """The time in which a counted hold is placed."""

    __slots__ = ("_id", "_live_holds")

    def __init__(self, live_holds: HoldCounts, id: UUID) -> None:
        self._live_holds = live_holds
        self._id = id

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(error)

    def end(self, error: BaseException | None) -> None:
        is_known = error is None or (
            isinstance(error, HoldfastError) and not isinstance(error, OutcomeUnknown)
        )
        self._live_holds.settle(self._id, is_known=is_known)
