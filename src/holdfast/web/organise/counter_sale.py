"""Counter sale: one press holds and books under one key, and afterwards says exactly what became of it.

A press whose answer got lost is never guessed at. `settle` ends it: either it has booked, or it never will, even if the
request is still on its way, because a refusal then stands under its key.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from holdfast.api.accepted_language import mail_language
from holdfast.api.request import Request
from holdfast.api.v1.hold_bodies import PlaceHoldIn
from holdfast.errors import HoldAlreadyConfirmed, HoldExpired, HoldNotFound, HoldReleased, Refusal
from holdfast.http.problems import problem
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Replayed
from holdfast.inventory.rules.hold import Hold
from holdfast.web.organise.frame import RefusedCommand

__all__ = ["sell", "settle"]

_TTL_SECONDS = 60
"""Life of the hold between the two steps of a sale."""


async def sell(
    request: Request, number: int, asked: PlaceHoldIn, fields: dict[str, Any], key: UUID
) -> UUID | RefusedCommand:
    """Hold and book the lines. Return the booking's id, or why there is none. A repeated press books once.

    `fields` are what was typed: the same key with others is refused.
    """
    hold_id, buyer = request.inventory.new_id(number), asked.buyer
    place = c.PlaceHold(
        by=request.principal.id,
        key=_key(request, number, fields, key),
        hold_id=hold_id,
        lines=asked.requested,
        token_hash=request.inventory.hold_tokens.hold_token_hash(hold_id),
        ttl_seconds=_TTL_SECONDS,
        allow_partial=False,
        buyer=buyer.reference if buyer else None,
        buyer_name=buyer.name if buyer else None,
        buyer_email=buyer.email if buyer else None,
    )
    placed = _placed(await request.inventory.execute_keyed(number, place))
    if isinstance(placed, RefusedCommand):
        return placed
    confirm = c.ConfirmHold(
        by=request.principal.id,
        hold_id=placed,
        booking_id=request.inventory.new_id(number),
        authority=c.STAFF,
        language=mail_language(request),
    )
    try:
        return (await request.inventory.execute(number, confirm)).id
    except Refusal as refusal:
        return _refused(request, refusal)


async def settle(request: Request, number: int, fields: dict[str, Any], key: UUID) -> UUID | None:
    """Return the booking of a press whose answer got lost; None if it has booked nothing. Then it never will."""
    end = c.KeepRefusal(
        by=request.principal.id, key=_key(request, number, fields, key), refusal=HoldReleased()
    )
    kept = await request.inventory.execute_keyed(number, end)
    placed = _placed(kept) if isinstance(kept, Replayed) else None
    if placed is None or isinstance(placed, RefusedCommand):
        return None
    release = c.ReleaseHold(by=request.principal.id, hold_id=placed, authority=c.STAFF)
    with suppress(HoldAlreadyConfirmed, HoldExpired, HoldReleased, HoldNotFound):
        await request.inventory.execute(number, release)
    return (await request.inventory.queries.get_hold(placed, c.STAFF)).booking_id


def _key(request: Request, number: int, fields: dict[str, Any], key: UUID) -> c.RetryKey[Any]:
    """Return the key of a press: the same for the sale and for its end, and for anybody who asks later."""
    scope = f"counter\n{number}\n{key}".encode()
    body = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)

    def render(outcome: Hold | Refusal) -> c.StoredAnswer:
        if isinstance(outcome, Refusal):
            made = problem(outcome, request.request_id, pages="")
            return c.StoredAnswer(status=made.status, body=made.body)
        return c.StoredAnswer(status=201, body=orjson.dumps({"hold": outcome.id}))

    return c.RetryKey(scope=sha256(scope).digest(), body=sha256(body).digest(), render=render)


def _placed(kept: Any) -> UUID | RefusedCommand:
    """Return the id of the hold under a key, or why there is none."""
    answer = orjson.loads(kept.answer.body)
    if "hold" in answer:
        return UUID(answer["hold"])
    return RefusedCommand(status=kept.answer.status, members=answer)


def _refused(request: Request, refusal: Refusal) -> RefusedCommand:
    made = problem(refusal, request.request_id, pages="")
    return RefusedCommand(status=made.status, members=orjson.loads(made.body))
