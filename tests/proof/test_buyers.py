"""Buyers' answers against a database: certain facts accuse, possible facts excuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from holdfast_client import errors
from proof.buyers import Life, Moment, Step
from proof.buyers.buyers import result_of
from proof.buyers.comparison import Found, complaint_of
from proof.buyers.life import NOT_DONE, OK, REFUSED, UNKNOWN, Attempt

HOLD, BOOKING = uuid4(), uuid4()
UNTIL = datetime(2030, 1, 1, tzinfo=UTC)
CUT = Moment(begin=100, end=110)
BEFORE, DURING, AFTER = (10, 20), (90, 105), (120, 130)


def step(name: str, *attempts: tuple[tuple[int, int], str]) -> Step:
    return Step(
        name, "key", [Attempt(sent_at=a, answered_at=b, result=result) for (a, b), result in attempts]
    )


def life(*steps: Step, hold: UUID | None = HOLD) -> Life:
    return Life(
        event=1,
        order=(),
        steps=list(steps),
        hold=hold,
        booking=BOOKING,
        seats=frozenset({"A-1-1"}),
        quantity=0,
        expires_at=UNTIL,
    )


def found(status: str, booking_status: str | None = None, **other: Any) -> Found:
    lives = (status, booking_status) in (("active", None), ("confirmed", "confirmed"))
    known: dict[str, Any] = {
        "booking": BOOKING if booking_status else None,
        "seats": frozenset({"A-1-1"} if lives else ()),
        "quantity": 0,
        "expires_at": UNTIL,
        **other,
    }
    return Found(event=1, hold=HOLD, status=status, booking_status=booking_status, **known)


PLACED = step("place", (BEFORE, OK))
BOOKED = step("confirm", (BEFORE, OK))

LEGAL = {
    "held": (life(PLACED), found("active")),
    "booked": (life(PLACED, BOOKED), found("confirmed", "confirmed")),
    "cancelled": (life(PLACED, BOOKED, step("cancel", (BEFORE, OK))), found("confirmed", "cancelled")),
    "released": (life(PLACED, step("release", (BEFORE, OK))), found("released")),
    "under way, and done": (life(PLACED, step("confirm", (DURING, OK))), found("confirmed", "confirmed")),
    "under way, and not done": (life(PLACED, step("confirm", (DURING, OK))), found("active")),
    "unknown, and done": (life(PLACED, step("release", (BEFORE, UNKNOWN))), found("released")),
    "unknown, and not done": (life(PLACED, step("release", (BEFORE, UNKNOWN))), found("active")),
    "shed first, and done later": (
        life(PLACED, step("confirm", (BEFORE, NOT_DONE), (DURING, OK))),
        found("confirmed", "confirmed"),
    ),
    "requested afterwards": (life(step("place", (AFTER, OK))), None),
    "extended meanwhile": (
        life(PLACED, step("extend", (DURING, OK))),
        found("active", expires_at=UNTIL - timedelta(minutes=5)),
    ),
}

ILLEGAL = {
    "an acknowledged hold is lost": (life(PLACED), None),
    "an acknowledged booking is lost": (life(PLACED, BOOKED), found("active")),
    "a cancelled booking is back": (
        life(PLACED, BOOKED, step("cancel", (BEFORE, OK))),
        found("confirmed", "confirmed"),
    ),
    "a released hold is back": (life(PLACED, step("release", (BEFORE, OK))), found("active")),
    "what was shed was done": (
        life(PLACED, step("confirm", (BEFORE, NOT_DONE))),
        found("confirmed", "confirmed"),
    ),
    "what was refused was done": (
        life(PLACED, step("confirm", (BEFORE, UNKNOWN), (BEFORE, REFUSED))),
        found("confirmed", "confirmed"),
    ),
    "done before its request": (
        life(PLACED, step("confirm", (AFTER, OK))),
        found("confirmed", "confirmed"),
    ),
    "another booking": (life(PLACED, BOOKED), found("confirmed", "confirmed", booking=uuid4())),
    "other seats": (life(PLACED), found("active", seats=frozenset({"A-1-2"}))),
    "another quantity": (life(PLACED), found("active", quantity=1)),
    "an extension is lost": (life(PLACED), found("active", expires_at=UNTIL - timedelta(minutes=5))),
    "a released hold keeps its seat": (
        life(PLACED, step("release", (BEFORE, OK))),
        found("released", seats=frozenset({"A-1-1"})),
    ),
}


@pytest.mark.parametrize(("known", "row"), LEGAL.values(), ids=LEGAL)
def test_possible_rows_are_not_accused(known: Life, row: Found | None) -> None:
    assert complaint_of(known, row, CUT) is None


@pytest.mark.parametrize(("known", "row"), ILLEGAL.values(), ids=ILLEGAL)
def test_impossible_rows_are_accused(known: Life, row: Found | None) -> None:
    assert complaint_of(known, row, CUT) is not None


def test_result_of_separates_not_done_from_unknown() -> None:
    refused = errors.Unreachable("no answer")
    refused.__cause__ = httpx2.ConnectError("refused")
    assert result_of(refused) == NOT_DONE
    assert result_of(errors.Unreachable("no answer")) == UNKNOWN
    assert result_of(errors.Busy("busy")) == NOT_DONE
    assert result_of(errors.Unavailable("unavailable")) == NOT_DONE
    assert result_of(errors.OutcomeUnknown("unknown")) == UNKNOWN
    assert result_of(errors.BadAnswer("half of one")) == UNKNOWN
    assert result_of(errors.HoldExpired("gone")) == REFUSED
