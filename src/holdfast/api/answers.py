"""Answers: how a route answers, and repeats its answer under an Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from holdfast.access.principals import GUEST
from holdfast.api.request import Request
from holdfast.errors import Refusal
from holdfast.http.problems import problem
from holdfast.http.reply import JSON, Reply
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.commands import Command, RetryKey, StoredAnswer
from holdfast.inventory.rules.decide import Kept, Replayed

PROBLEM = b"application/problem+json"
REPLAYED = (b"idempotency-replayed", b"true")

_BEGINS = b'{"id":"'

T = TypeVar("T")

Render = Callable[[T], StoredAnswer]


def retry_key(request: Request, render: Render[T]) -> RetryKey[T] | None:
    """Return the request's retry key, if any, with the function that renders the outcome to store."""
    scope = None if request.idempotency_key is None else request.retry_scope
    if scope is None:
        return None

    def stored(outcome: T | Refusal) -> StoredAnswer:
        if isinstance(outcome, Refusal):
            made = problem(outcome, request.request_id, pages=request.problem_pages)
            return StoredAnswer(status=made.status, body=made.body, brief=request.principal is GUEST)
        return render(outcome)

    return RetryKey(scope=scope, body=request.fingerprint, render=stored)


async def answer_command(
    request: Request, number: int, command: Command[T], render: Render[T], *, location: str | None = None
) -> Reply:
    """Run a command of an event and return its answer. A known retry key returns the stored answer.

    Args:
        location: the reference from the request's path to a 201's new object, without its id.
    """
    inventory, has_left = request.inventory, request.client_left
    if command.key is None:
        outcome = await inventory.execute(number, command, has_left=has_left)
        return reply_of(inventory, render(outcome), location=location)
    kept = await inventory.execute_keyed(number, command, has_left=has_left)
    return reply_kept(inventory, kept, location=location)


def reply_kept(inventory: Inventory, kept: Kept[Any], *, location: str | None = None) -> Reply:
    """Return the answer to a request with a retry key. Raises a refusal that was stored by this request."""
    if isinstance(kept, Replayed):
        return reply_of(inventory, kept.answer, replayed=True, location=location)
    if isinstance(kept.outcome, Refusal):
        raise kept.outcome
    return reply_of(inventory, kept.answer, location=location)


def reply_of(
    inventory: Inventory, answer: StoredAnswer, *, replayed: bool = False, location: str | None = None
) -> Reply:
    """Return the answer with the hold token in its place, and with the location of a new object."""
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
    """Return the id at the start of the body. Every answer begins with it, so a replay finds it too."""
    assert body.startswith(_BEGINS)
    return body[len(_BEGINS) : len(_BEGINS) + 36]
