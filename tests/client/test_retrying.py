"""The attempts of a call, step by step, with a clock of the test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from holdfast_client.calls import Answer, Call
from holdfast_client.catalogue import change_event, create_event, get_event
from holdfast_client.errors import (
    HoldfastError,
    InProgress,
    OutcomeUnknown,
    RateLimited,
    SoldOut,
    Unavailable,
    Unreachable,
)
from holdfast_client.retrying import Pause, Retries, Send, attempts
from holdfast_client.sales import Quantity, confirm_hold, place_hold

EVENT = b"""{"id": "00000000-0001-8000-8000-000000000000", "number": 1, "name": "Concert", "status": "published",
  "capacity": 5, "created_at": "2026-11-05T18:30:00Z"}"""


def problem(status: int, code: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, content=b'{"code": "%s", "detail": "Why."}' % code.encode(), headers=named)


class Played:
    """A simulated call: what was sent when, the pauses, and the result."""

    def __init__(
        self,
        call: Call[Any],
        outcomes: Iterable[Answer | Unreachable],
        *,
        total_seconds: float = 30.0,
        chance: float = 1.0,
    ) -> None:
        self.now = 0.0
        self.sent: list[Call[Any]] = []
        self.pauses: list[float] = []
        self.timeouts: list[float] = []
        self.result: Any = None
        self.error: HoldfastError | None = None
        retries = Retries(total_seconds=total_seconds, clock=lambda: self.now, random=lambda: chance)
        steps = attempts(call, retries, timeout_seconds=10.0)
        waiting = iter(outcomes)
        outcome: Answer | Unreachable | None = None
        try:
            while True:
                match steps.send(outcome):
                    case Send(sent, timeout):
                        self.sent.append(sent)
                        self.timeouts.append(timeout)
                        outcome = next(waiting)
                    case Pause(seconds):
                        self.pauses.append(seconds)
                        self.now += seconds
                        outcome = None
        except StopIteration as done:
            self.result = done.value
        except HoldfastError as error:
            self.error = error


def forever(outcome: Answer) -> Iterable[Answer]:
    while True:
        yield outcome


@pytest.mark.parametrize(
    "first",
    [
        Unreachable("No answer."),
        problem(503, "unavailable"),
        problem(503, "busy"),
        problem(503, "outcome_unknown"),
        problem(429, "rate_limited"),
        problem(408, "request_timeout"),
        problem(409, "in_progress"),
        Answer(status=502, content=b"<html>"),
        Answer(status=504),
    ],
)
def test_retryable_answers_are_retried_with_the_same_key(first: Answer | Unreachable) -> None:
    played = Played(create_event("Concert"), [first, Answer(status=201, content=EVENT)])
    assert played.result.number == 1
    first_sent, second_sent = played.sent
    assert first_sent.headers == second_sent.headers
    assert first_sent.content == second_sent.content
    assert len(first_sent.headers["idempotency-key"]) >= 22


def test_each_call_has_its_own_key_unless_given() -> None:
    keys = {place_hold(7, Quantity(1)).idempotency_key for _ in range(100)}
    assert len(keys) == 100
    assert create_event("Concert", idempotency_key="k" * 30).headers["idempotency-key"] == "k" * 30


def test_a_non_idempotent_call_is_sent_once() -> None:
    """A change has no key, and an addition sent twice would be made twice."""
    played = Played(change_event(7, capacity=3), [problem(503, "unavailable")])
    assert isinstance(played.error, Unavailable)
    assert len(played.sent) == 1
    assert "idempotency-key" not in played.sent[0].headers


def test_a_refusal_is_not_retried() -> None:
    played = Played(place_hold(7, Quantity(1)), [problem(409, "sold_out")])
    assert isinstance(played.error, SoldOut)
    assert not played.pauses


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("-3", 0.0),
        ("soon", 0.0),
        ("\u0663", 0.0),
        ("1e400", 0.0),
    ],
)
def test_pauses_respect_retry_after(header: str, seconds: float) -> None:
    played = Played(
        get_event(7), [problem(503, "busy", retry_after=header), Answer(status=200, content=EVENT)], chance=0
    )
    assert played.pauses == [pytest.approx(seconds + 0.05)]


def test_a_pause_beyond_the_time_limit_is_not_started() -> None:
    played = Played(get_event(7), [problem(429, "rate_limited", retry_after="3600")])
    assert isinstance(played.error, RateLimited)
    assert not played.pauses


def test_pauses_grow_vary_and_end() -> None:
    played = Played(get_event(7), forever(problem(503, "busy")))
    assert played.pauses[:7] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0])
    assert sum(played.pauses) < 30
    lower = Played(get_event(7), forever(problem(503, "busy")), chance=0)
    assert lower.pauses[:3] == pytest.approx([0.05, 0.1, 0.2])


def test_an_attempt_is_limited_to_the_remaining_time() -> None:
    played = Played(get_event(7), forever(problem(503, "busy", retry_after="9")))
    assert played.timeouts[0] == 10.0
    assert played.timeouts[-1] < 10.0


def test_without_retries_each_call_is_sent_once() -> None:
    played = Played(get_event(7), [problem(503, "busy")], total_seconds=0)
    assert len(played.sent) == 1
    assert played.timeouts == [10.0]


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (problem(503, "outcome_unknown"), OutcomeUnknown),
        (Unreachable("No answer."), Unreachable),
        (problem(409, "in_progress"), InProgress),
    ],
)
def test_a_failed_call_reports_its_key(last: Any, kind: type[HoldfastError]) -> None:
    call = confirm_hold("00000000-0001-8000-8000-000000000001", token="hfh_x")
    played = Played(call, forever(last))
    assert type(played.error) is kind
    assert played.error is not None
    assert played.error.idempotency_key == call.idempotency_key
