"""Answers: how a route answers, and repeats its answer under an Idempotency-Key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from holdfast.api.request import Request
from holdfast.errors import EventNotFound, NotFound, Refusal
from holdfast.http.pending_reply import reply_to
from holdfast.http.problems import problem
from holdfast.http.reply import JSON, Reply
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules.commands import Command, RetryKey, StoredAnswer
from holdfast.inventory.rules.decide import Answered, Kept, Outcome, Replayed

PROBLEM = b"application/problem+json"
REPLAYED = (b"idempotency-replayed", b"true")

_BEGINS = b'{"id":"'
_ID = slice(len(_BEGINS), len(_BEGINS) + 36)
_KEPT = (Answered, Replayed)

T = TypeVar("T")

Render = Callable[[T], StoredAnswer]


def retry_key(request: Request, render: Render[T]) -> RetryKey[T] | None:
    """Return the request's retry key, if any, with the function that renders the outcome to store."""
    scope = None if request.idempotency_key is None else request.retry_scope
    if scope is None:
        return None

    def stored(outcome: T | Refusal) -> StoredAnswer:
        if isinstance(outcome, Refusal):
            is_anyone = request.principal.organisation is None  # a guest, or a buyer with an account
            made = problem(outcome, request.request_id, pages=request.problem_pages)
            return StoredAnswer(status=made.status, body=made.body, brief=is_anyone)
        return render(outcome)

    return RetryKey(scope=scope, body=request.fingerprint, render=stored)


def answer_command(
    request: Request,
    number: int,
    command: Command[T],
    render: Render[T],
    *,
    location: str | None = None,
    missing: type[NotFound] = EventNotFound,
) -> Awaitable[Reply]:
    """Run a command of an event and return its answer. A known retry key returns the stored answer.

    Args:
        location: the reference from the request's path to a 201's new object, without its id.
        missing: the refusal if there is no such event.
    """
    inventory = request.inventory

    def reply(outcome: Outcome[T]) -> Reply:
        try:
            found = inventory.accept(number, outcome)
        except EventNotFound:
            raise missing from None
        if isinstance(found, _KEPT):
            return reply_kept(inventory, found, location=location)
        return reply_of(inventory, render(found), location=location)

    return reply_to(inventory.submit(number, command, has_left=request.client_left), reply)


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
        assert answer.body.startswith(
            _BEGINS
        )  # every new object's answer does, so a replay finds its id, too
        headers += ((b"location", location.encode("ascii") + answer.body[_ID]),)
    return Reply(
        status=answer.status,
        body=inventory.hold_tokens.complete(answer),
        headers=headers,
        content_type=PROBLEM if answer.status >= 400 else JSON,
    )
