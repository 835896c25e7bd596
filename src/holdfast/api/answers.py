"""Answers that are kept: how a route answers under an Idempotency-Key, now and each time it is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from holdfast.api.exchange import JSON, Exchange, Reply, encode
from holdfast.api.problems import problem
from holdfast.domain.commands import Answer, Command, RetryKey
from holdfast.domain.decide import Answered, Replayed
from holdfast.domain.errors import HoldfastError
from holdfast.engine.engine import Engine

PROBLEM = b"application/problem+json"
REPLAYED = (b"idempotency-replayed", b"true")

Told = tuple[int, Any, UUID | None]
"""Status, body (a model or dict; its last member is `hold_token` and None, where it carries one), and whose token."""


def retry_key(exchange: Exchange, tell: Callable[[Any], Told]) -> RetryKey | None:
    """The request's retry key, if it sent one, with the rendering of the outcome that will be stored."""
    scope = exchange.retry_scope
    if scope is None:
        return None

    def render(outcome: Any) -> Answer:
        if isinstance(outcome, HoldfastError):
            made = problem(outcome, exchange.request_id)
            return Answer(status=made.status, body=made.body)
        return _answer(tell(outcome))

    return RetryKey(scope=scope, body=exchange.fingerprint, render=render)


async def answer_command(
    exchange: Exchange,
    number: int,
    command: Command,
    tell: Callable[[Any], Told],
    *,
    run: Callable[[int, Any], Any] | None = None,
) -> Reply:
    """Run a command of an event and answer it: plainly, under its retry key, or again as it was answered before."""
    engine: Engine = exchange.engine
    outcome = await (run or engine.execute)(number, command)
    if isinstance(outcome, Replayed):
        return reply_of(engine, outcome.answer, replayed=True)
    if isinstance(outcome, Answered):
        if isinstance(outcome.outcome, HoldfastError):
            raise outcome.outcome
        return reply_of(engine, outcome.answer)
    return reply_of(engine, _answer(tell(outcome)))


def reply_of(engine: Engine, answer: Answer, *, replayed: bool = False) -> Reply:
    """The answer as it goes out, with the hold token put in its place."""
    return Reply(
        status=answer.status,
        body=engine.keyring.complete(answer),
        headers=(REPLAYED,) if replayed else (),
        content_type=PROBLEM if answer.status >= 400 else JSON,
    )


def _answer(told: Told) -> Answer:
    status, body, token_for = told
    return Answer(status=status, body=encode(body), token_for=token_for)
