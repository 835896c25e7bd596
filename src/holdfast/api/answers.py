"""Answers that are kept: how a route answers under an Idempotency-Key, now and each time it is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from holdfast.api.request import Request
from holdfast.errors import HoldfastError
from holdfast.http.problems import problem
from holdfast.http.reply import JSON, Reply, encode
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.commands import Command, RetryKey, StoredAnswer
from holdfast.inventory.rules.decide import Answered, Replayed

PROBLEM = b"application/problem+json"
REPLAYED = (b"idempotency-replayed", b"true")

_BEGINS = b'{"id":"'

Told = tuple[int, Any, UUID | None]
"""Status, body (a model or dict; its last member is `hold_token` and None, where it carries one), and whose token."""


def retry_key(request: Request, tell: Callable[[Any], Told]) -> RetryKey | None:
    """The request's retry key, if it sent one, with the rendering of the outcome that will be stored."""
    scope = request.retry_scope
    if scope is None:
        return None

    def render(outcome: Any) -> StoredAnswer:
        if isinstance(outcome, HoldfastError):
            made = problem(outcome, request.request_id)
            return StoredAnswer(status=made.status, body=made.body)
        return _answer(tell(outcome))

    return RetryKey(scope=scope, body=request.fingerprint, render=render)


async def answer_command(
    request: Request,
    number: int,
    command: Command,
    tell: Callable[[Any], Told],
    *,
    run: Callable[[int, Any], Any] | None = None,
    location: str | None = None,
) -> Reply:
    """Run a command of an event and answer it: plainly, under its retry key, or again as it was answered before.

    Args:
        location: of what a 201 has made, up to its id.
    """
    if run is not None:
        outcome = await run(number, command)
    else:
        outcome = await request.inventory.execute(number, command, has_left=request.client_left)
    if isinstance(outcome, Replayed):
        return reply_of(request.inventory, outcome.answer, replayed=True, location=location)
    if isinstance(outcome, Answered):
        if isinstance(outcome.outcome, HoldfastError):
            raise outcome.outcome
        return reply_of(request.inventory, outcome.answer, location=location)
    return reply_to(request.inventory, tell(outcome), location=location)


def reply_to(inventory: Inventory, told: Told, *, location: str | None = None) -> Reply:
    """The answer to a request without a retry key."""
    return reply_of(inventory, _answer(told), location=location)


def reply_of(
    inventory: Inventory, answer: StoredAnswer, *, replayed: bool = False, location: str | None = None
) -> Reply:
    """The answer as it goes out, with the hold token put in its place, and where to find what it made."""
    headers: tuple[tuple[bytes, bytes], ...] = (REPLAYED,) if replayed else ()
    if location is not None and answer.status == 201:
        headers += ((b"location", location.encode("ascii") + _id_of(answer.body)),)
    return Reply(
        status=answer.status,
        body=inventory.hold_tokens.complete(answer),
        headers=headers,
        content_type=PROBLEM if answer.status >= 400 else JSON,
    )


def _id_of(body: bytes) -> bytes:
    """Every answer about a thing begins with its id; so a replay finds the same."""
    assert body.startswith(_BEGINS)
    return body[len(_BEGINS) : len(_BEGINS) + 36]


def _answer(told: Told) -> StoredAnswer:
    status, body, token_for = told
    return StoredAnswer(status=status, body=encode(body), token_for=token_for)
