"""Classes of results: done, certainly not done, and unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proof.workload import calls, dialects
from proof.workload.asking import outcome_of
from proof.workload.calls import Call, Held
from proof.workload.events import Event
from proof.workload.wire import Answer

EVENT = Event(
    "00000000-1c1b-8f3a-a4d5-5b1d6a2f9c10",
    7,
    {"general": 10},
    [],
    3,
    {"max_hold_ttl_seconds": 4, "allow_partial": True},
)
HELD = Held(
    id="00000000-0706-8bbc-9b3a-8e0cbe6e3a5d",
    event=EVENT,
    user="u",
    via="v1",
    token="t",
    seats=[],
    areas={"general": 2},
    expires_at=None,
)
HOLD = calls.hold(EVENT, [{"area": "general", "quantity": 2}], ttl=9, partial=None, buyer=None)
PLACED = {
    "id": HELD.id,
    "event": EVENT.id,
    "lines": [{"area": "general", "quantity": 2}],
    "placed_at": "2026-11-05T18:31:00.123456Z",
    "expires_at": "2026-11-05T18:31:04.123456Z",
    "server_time": "2026-11-05T18:31:00.123456Z",
    "hold_token": "hfh_7_x",
}


def problem(code: str, status: int) -> dict[str, Any]:
    return {"type": f"../problems/{code}", "code": code, "status": status}


def class_of(call: Call, status: int, body: Any) -> tuple[str, str | None]:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    outcome = outcome_of(call, Answer(status, text, replayed=False))
    return outcome.res, outcome.code


def test_a_hold_is_logged_without_its_token() -> None:
    outcome = outcome_of(HOLD, Answer(201, json.dumps(PLACED).encode(), replayed=True))
    assert (outcome.res, outcome.status, outcome.replayed, outcome.token) == ("ok", 201, True, "hfh_7_x")
    assert outcome.out == {
        "hold": HELD.id,
        "event": EVENT.id,
        "seats": [],
        "areas": {"general": 2},
        "placed_at": 1793903460123456,
        "expires_at": 1793903464123456,
        "server_time": 1793903460123456,
    }


def test_the_effective_ttl_and_partial_are_logged() -> None:
    """The event's maximum hold time, and its partial fulfilment."""
    assert (HOLD.given["ttl"], HOLD.given["partial"]) == (4, True)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, problem("seat_taken", 409), ("fail", "seat_taken")),
        (410, problem("hold_expired", 410), ("fail", "hold_expired")),
        (503, problem("busy", 503), ("fail", "busy")),
        (503, problem("unavailable", 503), ("fail", "unavailable")),
        (503, problem("outcome_unknown", 503), ("info", "outcome_unknown")),
        (500, problem("internal_error", 500), ("info", "internal_error")),
        (409, {"code": "seat_taken"}, ("info", "unreadable")),
        (409, {"type": "https://elsewhere.example/seat_taken", "code": "seat_taken"}, ("info", "unreadable")),
        (502, b"<html>", ("info", "unreadable")),
        (201, b'{"id": ', ("info", "unreadable")),
        (201, {"id": HELD.id}, ("info", "unreadable")),
        (201, [], ("info", "unreadable")),
    ],
)
def test_only_our_own_problems_are_definite_refusals(
    status: int, body: Any, expected: tuple[str, str | None]
) -> None:
    assert class_of(HOLD, status, body) == expected


def test_refusals_of_dialects_are_recognised() -> None:
    instant, book = dialects.instant(EVENT, 2), dialects.box_office_book(HELD)
    attempt = {
        "id": 1,
        "show_id": 7,
        "seat_count": 2,
        "status": "FAILED",
        "created_at": "2026-11-05T18:31:00Z",
    }
    assert class_of(instant, 200, {"message": "Booking FAILED", "booking": attempt}) == ("fail", "sold_out")
    assert class_of(instant, 404, {"error": "Show not found"}) == ("fail", "event_not_found")
    assert class_of(book, 400, {"error": "Invalid payment token"}) == ("fail", "wrong_token")
    assert class_of(book, 503, {"error": "Invalid payment token"}) == ("info", "wrong_token")


def test_an_expired_reservation_is_not_released() -> None:
    release = dialects.reservation_release(HELD)
    assert class_of(release, 200, {"id": HELD.id, "status": "EXPIRED"}) == ("fail", "hold_expired")
    assert class_of(release, 200, {"id": HELD.id, "status": "CANCELLED"}) == ("ok", None)
