"""Problems: every refusal has one form, with the headers that its status requires."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from holdfast.api.values import EventRef, Name
from holdfast.errors import (
    Busy,
    CredentialsRequired,
    FieldError,
    HoldExpired,
    HoldfastError,
    InvalidInput,
    MethodNotAllowed,
    SeatTaken,
    TooManyRequests,
    all_errors,
)
from holdfast.http.model_errors import invalid_input
from holdfast.http.problems import problem
from holdfast.http.values import In, Time, TimeZone


def _members(error: HoldfastError) -> dict[str, object]:
    made = problem(error, "request-1", pages="../problems/")
    members: dict[str, object] = json.loads(made.body)
    assert members["status"] == made.status
    return members


@pytest.mark.parametrize("error_class", all_errors().values(), ids=all_errors().keys())
def test_every_error_of_the_tree_has_a_complete_problem(error_class: type[HoldfastError]):
    members = _members(error_class())
    assert members["code"] == error_class.code
    assert str(members["type"]).endswith("/" + error_class.code)
    assert members["title"] == error_class.title
    assert members["status"] == error_class.status
    assert members["instance"] == "request-1"
    assert members["error"] == members["detail"] != ""
    assert error_class.status != 500


def test_facts_and_field_errors_are_members():
    error = SeatTaken(
        "Seat A-1 is taken.",
        errors=(FieldError(pointer="/lines/0/seats/1", code="seat_taken", detail="A-1"),),
        hold=UUID(int=7),
        until=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    members = _members(error)
    assert members["errors"] == [{"pointer": "/lines/0/seats/1", "code": "seat_taken", "detail": "A-1"}]
    assert members["hold"] == str(UUID(int=7))
    assert members["until"] == "2026-01-02T03:04:05Z"


def test_a_fact_cannot_replace_a_member():
    assert _members(HoldExpired(status="fine", type="x"))["status"] == 410


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (Busy(), (b"retry-after", b"1")),
        (Busy(retry_after_seconds=7), (b"retry-after", b"7")),
        (TooManyRequests(retry_after_seconds=0.2), (b"retry-after", b"1")),
        (CredentialsRequired(), (b"www-authenticate", b'Bearer realm="holdfast"')),
        (MethodNotAllowed(allow=["GET", "POST"]), (b"allow", b"GET, POST")),
    ],
)
def test_a_status_has_its_required_header(error: HoldfastError, header: tuple[bytes, bytes]):
    assert header in problem(error, "request-1", pages="../problems/").headers


class LineIn(In):
    quantity: int


class SeatsIn(In):
    seats: list[str]


class HoldIn(In):
    event: EventRef
    lines: list[LineIn | SeatsIn]
    name: Name | None = None
    at: Time | None = None
    zone: TimeZone | None = None


def _errors(body: object) -> set[tuple[str, str]]:
    try:
        TypeAdapter(HoldIn).validate_json(json.dumps(body))
    except ValidationError as failed:
        refusal = invalid_input(failed, body)
        assert isinstance(refusal, InvalidInput)
        return {(one.pointer, one.code) for one in refusal.errors}
    raise AssertionError("the model accepted it")


LINES = [{"quantity": 1}]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ([], "", "wrong_type"),
        ({"lines": LINES}, "/event", "missing"),
        ({"event": 7, "lines": LINES, "price": 1}, "/price", "unknown_field"),
        ({"event": True, "lines": LINES}, "/event", "wrong_type"),
        ({"event": "7", "lines": LINES}, "/event", "wrong_format"),
        ({"event": 0, "lines": LINES}, "/event", "out_of_range"),
        ({"event": 7, "lines": None}, "/lines", "wrong_type"),
        ({"event": 7, "lines": [{"quantity": "3"}]}, "/lines/0/quantity", "wrong_type"),
        ({"event": 7, "lines": [{"quantity": 3.0}]}, "/lines/0/quantity", "wrong_type"),
        ({"event": 7, "lines": [{"quantity": True}]}, "/lines/0/quantity", "wrong_type"),
        ({"event": 7, "lines": [{"seats": [1]}]}, "/lines/0/seats/0", "wrong_type"),
        ({"event": 7, "lines": [{"quantity": 1, "role": "x"}]}, "/lines/0/role", "unknown_field"),
        ({"event": 7, "lines": LINES, "name": "a\u202eb"}, "/name", "invalid_text"),
        ({"event": 7, "lines": LINES, "name": 3}, "/name", "invalid_text"),
        ({"event": 7, "lines": LINES, "at": "tomorrow"}, "/at", "wrong_format"),
        ({"event": 7, "lines": LINES, "zone": "../../etc/passwd"}, "/zone", "not_allowed"),
    ],
)
def test_model_errors_have_pointers(body: object, pointer: str, code: str):
    """Also below a union, whose members' names are not part of the body."""
    assert (pointer, code) in _errors(body)


def test_a_refusal_never_repeats_the_input():
    try:
        TypeAdapter(HoldIn).validate_python(
            {"event": "<script>", "lines": "<script>", "name": "<script>" * 90}
        )
    except ValidationError as failed:
        made = problem(invalid_input(failed, {}), "request-1", pages="./problems/")
    assert b"script" not in made.body
