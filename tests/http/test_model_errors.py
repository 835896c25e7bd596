"""The texts of refused input: each names the field, what was found and what is right, in our own words.

The kind: a sentence that a library wrote for its own programmer, and that reaches a user. All ways to fail a model
were looked for in two lists: the types of errors that Pydantic has, and the fields of every route with a value of
every kind. Typer (tests/cli) and the JSON reader (test_decoding) are the other libraries with sentences of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core._pydantic_core import list_all_errors  # its only list of them

from holdfast.api.catalogue import all_endpoints
from holdfast.errors import HoldfastError, InvalidInput
from holdfast.errors.models import MODEL_TEXTS
from holdfast.http.model_errors import field_error, invalid_input
from holdfast.http.request import Request
from holdfast.http.routes import Endpoint
from holdfast.http.suggestions import models_at

Json = dict[str, Any]

FROM_NO_REQUEST = {
    "arguments_type", "assertion_error", "callable_type", "default_factory_not_called", "ellipsis_error",
    "frozen_field", "frozen_instance", "get_attribute_error", "is_instance_of", "is_subclass_of",
    "iteration_error", "multiple_argument_values", "needs_python_object", "no_such_attribute",
    "recursion_depth_exceeded", "recursion_loop", "set_item_not_hashable", "unexpected_positional_argument",
    "value_error",
}  # fmt: skip
"""Types of errors in Python objects, or with a text of their own."""
UNKNOWN_NAMES = {"extra_forbidden", "unexpected_keyword_argument"}

OF_A_LIBRARY = re.compile(
    r"Input should|Extra inputs|Field required|valid (string|integer|boolean|dictionary|list|number)|unable to|"
    r"Value error|Assertion failed|should have|Unable|NoneType|dict\\b|list\\b|pydantic",
)
LEFT_OVER = re.compile(r"[{}]")
WRONG: list[Any] = [None, True, -1, 0, 1 << 62, 1.5, "", "?", "x" * 2_000, [], [[]], {}, {"a": 1}]

WITH_BODIES = [
    one for one in all_endpoints() if one.body is not None and not one.operation_id.endswith("_too")
]
WITH_QUERIES = [
    one for one in all_endpoints() if one.query is not None and not one.operation_id.endswith("_too")
]


def a_request(body: Any = None, query: dict[str, str] | None = None) -> Request:
    request = Request("POST", None)
    request.body, request.query = json.dumps(body).encode(), query or {}
    return request


def errors_of_body(endpoint: Endpoint, body: Any) -> HoldfastError | None:
    assert endpoint.body is not None
    try:
        endpoint._read_body(endpoint.body, a_request(body))
    except HoldfastError as error:
        return error
    return None


def errors_of_query(endpoint: Endpoint, query: dict[str, str]) -> HoldfastError | None:
    try:
        endpoint._read_query(a_request(query=query))
    except HoldfastError as error:
        return error
    return None


def fields_of(annotation: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every field, to three levels."""
    for model in models_at(annotation, [part for part in path if isinstance(part, str)]):
        for name, field in model.model_fields.items():
            yield (*path, name)
            if len(path) < 4 and models_at(
                annotation, [one for one in (*path, name) if isinstance(one, str)]
            ):
                inner = (0,) if "list[" in str(field.annotation) else ()
                yield from fields_of(annotation, (*path, name, *inner))


def with_value(path: tuple[str | int, ...], value: Any) -> Any:
    for part in reversed(path):
        value = [value] if isinstance(part, int) else {part: value}
    return value


def check(error: HoldfastError, among: set[str]) -> None:
    """Check every text of a refusal, and that the whole begins with the first of them."""
    assert error.errors, error.detail
    assert error.errors[0].detail in error.detail
    for one in error.errors:
        assert not OF_A_LIBRARY.search(one.detail), one.detail
        assert not LEFT_OVER.search(one.detail), one.detail
        assert one.detail.endswith((".", "?")), one.detail
        name = one.pointer.removeprefix("/").removeprefix("?").replace("~1", "/").replace("~0", "~")
        assert (f"`{name[:100]}" if name else "The body") in one.detail, one.detail
        among.add(one.code)


@pytest.mark.parametrize("endpoint", WITH_BODIES, ids=lambda one: one.operation_id)
def test_a_wrong_value_of_each_field_is_explained(endpoint: Endpoint) -> None:
    seen: set[str] = set()
    for value in WRONG:
        if (error := errors_of_body(endpoint, value)) is not None:
            check(error, seen)
    for path in fields_of(endpoint.body_annotation):
        for value in WRONG:
            if (error := errors_of_body(endpoint, with_value(path, value))) is not None:
                check(error, seen)


@pytest.mark.parametrize("endpoint", WITH_QUERIES, ids=lambda one: one.operation_id)
def test_a_wrong_parameter_is_explained(endpoint: Endpoint) -> None:
    assert endpoint.query is not None
    for name in (*endpoint.query.model_fields, "colour", "metadata[]", "metadata[a]"):
        for value in ("", "?", "-1", "1e9", "x" * 2_000, "TRUE"):
            if (error := errors_of_query(endpoint, {name: value})) is not None:
                check(error, set())


def test_every_way_to_fail_a_model_has_a_text() -> None:
    """Pydantic's own list; a new version with a new type fails here."""
    types = {one["type"] for one in list_all_errors()}
    assert types - MODEL_TEXTS.keys() - UNKNOWN_NAMES <= FROM_NO_REQUEST
    for one in list_all_errors():
        found = {
            "type": one["type"],
            "loc": ("a",),
            "msg": one["message_template_python"],
            "ctx": one["example_context"],
        }
        if one["type"] in FROM_NO_REQUEST:
            continue
        error = field_error({**found, "ctx": found["ctx"] or {}}, "/a", value=1, path=("a",))
        assert "`a`" in error.detail
        assert not LEFT_OVER.search(error.detail), error.detail
        assert not OF_A_LIBRARY.search(error.detail), error.detail


def detail_of(operation: str, body: Any) -> str:
    (endpoint,) = [one for one in WITH_BODIES if one.operation_id == operation]
    error = errors_of_body(endpoint, body)
    assert isinstance(error, InvalidInput)
    return error.errors[-1].detail


HOLD: Json = {"event": 7, "lines": [{"quantity": 1}]}
EVENT: Json = {"name": "Concert"}


@pytest.mark.parametrize(
    ("operation", "body", "detail"),
    [
        ("create_event", EVENT | {"title": "x"}, "`title` is not a field here; did you mean `name`?"),
        ("create_event", EVENT | {"Venue": "x"}, "`Venue` is not a field here; did you mean `venue`?"),
        (
            "create_event",
            EVENT | {"startsAt": "x"},
            "`startsAt` is not a field here; did you mean `starts_at`?",
        ),
        ("create_event", EVENT | {"date": "x"}, "`date` is not a field here; did you mean `starts_at`?"),
        ("create_event", EVENT | {"capcity": 1}, "`capcity` is not a field here; did you mean `capacity`?"),
        ("create_event", EVENT | {"tickets": 1}, "`tickets` is not a field here; did you mean `capacity`?"),
        (
            "create_event",
            EVENT | {"capacity": "5"},
            "`capacity` must be an integer; it is a string.",
        ),
        ("create_event", EVENT | {"capacity": -1}, "`capacity` must be 0 or more; it is -1."),
        ("create_event", EVENT | {"venue": 3}, "`venue` must be a string; it is 3."),
        ("create_event", EVENT | {"venue": " "}, "`venue` is blank: give a text, or leave it out."),
        ("create_event", EVENT | {"name": "\u3164\u200b"}, "`name` is blank: give a text, or leave it out."),
        ("create_event", {"capacity": 1}, "`name` is required."),
        (
            "create_event",
            EVENT | {"status": "open"},
            "`status` must be `published` or `draft`; it is another string.",
        ),
        ("place_hold", HOLD | {"show_id": 1}, "`show_id` is not a field here; did you mean `event`?"),
        ("place_hold", HOLD | {"qty": 1}, "`qty` is not a field here; did you mean `lines/0/quantity`?"),
        ("place_hold", HOLD | {"email": "x"}, "`email` is not a field here; did you mean `buyer/email`?"),
        (
            "place_hold",
            HOLD | {"lines": [{"quantity": 1, "tickets": 2}]},
            "`lines/0/tickets` is not a field here; did you mean `quantity`?",
        ),
        ("place_hold", HOLD | {"lines": []}, "`lines` must have 1 or more items; it has 0."),
        ("place_hold", HOLD | {"lines": {}}, "`lines` must be an array; it is an object."),
        ("place_hold", HOLD | {"buyer": {"name": 5}}, "`buyer/name` must be a string; it is 5."),
        (
            "extend_hold",
            {"zzz": 1},
            "`zzz` is not a field here; the fields are `hold_token` and `ttl_seconds`.",
        ),
        ("extend_hold", [], "The body must be an object; it is an array."),
    ],
)
def test_a_text_says_what_is_meant(operation: str, body: Any, detail: str) -> None:
    assert detail_of(operation, body) == detail


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("2027-05-01", "is a date without a time of day: write it as in 2027-05-01T19:30:00Z."),
        ("2027-05-01T19:30:00", "is a time without an offset from UTC: add Z, or an offset"),
        ("2027-05-01 19:30", "is a time without an offset from UTC: add Z, or an offset"),
        ("2027-05-01 19:30:00Z", "must be a time with an offset (RFC 3339), such as 2027-05-01T19:30:00Z"),
        ("2027-05-01T19:30Z", "must be a time with an offset (RFC 3339), such as 2027-05-01T19:30:00Z"),
        ("01.05.2027, 19:30 Uhr", "must be a time with an offset (RFC 3339), such as 2027-05-01T19:30:00Z"),
        ("1809000000", "must be a time with an offset (RFC 3339), such as 2027-05-01T19:30:00Z"),
        ("2027-02-29T19:30:00Z", "has the form of a time, and its calendar has no such day, hour or offset"),
        ("2027-05-01T24:30:00Z", "has the form of a time, and its calendar has no such day, hour or offset"),
        ("1969-12-31T23:00:00Z", "must be a time from 1970 to 2100."),
        ("2101-01-01T00:00:00Z", "must be a time from 1970 to 2100."),
        ("", "must be a time with an offset (RFC 3339), such as 2027-05-01T19:30:00Z"),
    ],
)
def test_a_wrong_time_is_explained_by_its_form(text: str, detail: str) -> None:
    """It said "it is a string of 20 characters", which is true of every right one, too."""
    found = detail_of("create_event", EVENT | {"starts_at": text})
    assert found.startswith(f"`starts_at` {detail}")
    assert "characters" not in found


def test_an_unknown_parameter_is_called_one() -> None:
    (endpoint,) = [one for one in WITH_QUERIES if one.operation_id == "list_events"]
    error = errors_of_query(endpoint, {"page_size": "5"})
    assert error is not None
    assert error.detail == "`page_size` is not a parameter here; did you mean `limit`?"


def test_a_text_never_repeats_a_value() -> None:
    """It may be a secret in the wrong place."""
    secret = "hfh_7_secret"
    for endpoint in WITH_BODIES:
        for path in fields_of(endpoint.body_annotation):
            error = errors_of_body(endpoint, with_value(path, secret))
            assert error is None or secret not in str([error.detail, error.errors])


class Foreign(BaseModel):
    """A model of a route that other code adds."""

    size: int


def test_models_of_added_routes_have_the_same_texts() -> None:
    with pytest.raises(ValidationError) as failed:
        Foreign.model_validate({"size": "x"})
    error = invalid_input(failed.value, {"size": "x"}, annotation=Foreign)
    assert error.detail == "`size` must be an integer; it is a string."
