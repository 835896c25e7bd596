"""Problems: bodies by RFC 9457, Holdfast's only form of a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from holdfast.errors import (
    CredentialsRequired,
    Fault,
    FieldError,
    HoldfastError,
    InProgress,
    InvalidInput,
    MethodNotAllowed,
    TooManyRequests,
)
from holdfast.http.decoding import json_pointer

__all__ = [
    "Problem",
    "field_error",
    "invalid_fields",
    "invalid_input",
    "problem",
    "problem_members",
]

_MAX_FIELD_ERRORS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A rendered problem; `headers` are the error's own, without the content type."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def problem(error: HoldfastError, request_id: str, *, pages: str, status: int | None = None) -> Problem:
    """Return the problem of an error.

    `pages` is where the pages of problems are (`references.problem_pages`). `status` replaces the error's own, for a
    dialect.
    """
    members = problem_members(error, request_id, pages=pages, status=status)
    body = orjson.dumps(members, default=str, option=orjson.OPT_UTC_Z)
    return Problem(status=members["status"], headers=problem_headers(error), body=body)


def problem_members(
    error: HoldfastError, request_id: str, *, pages: str, status: int | None = None
) -> dict[str, Any]:
    members: dict[str, Any] = {
        "type": pages + error.code,
        "title": error.title,
        "status": status or error.status,
        "detail": error.detail,
        "code": error.code,
        "instance": request_id,
        "error": error.detail,
    }
    if error.errors:
        members["errors"] = [one.as_dict() for one in error.errors]
    return {**error.facts, **members}


def problem_headers(error: HoldfastError) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that RFC 9110 requires with the status."""
    match error:
        case CredentialsRequired():
            return ((b"www-authenticate", b'Bearer realm="holdfast"'),)
        case MethodNotAllowed():
            return ((b"allow", ", ".join(error.facts.get("allow", ())).encode("ascii")),)
        case Fault():
            seconds = error.facts.get("retry_after_seconds", error.retry_after_seconds)
        case InProgress():
            seconds = 1
        case TooManyRequests():
            seconds = error.facts.get("retry_after_seconds", 1)
        case _:
            return ()
    return ((b"retry-after", str(max(1, int(seconds))).encode("ascii")),)


def invalid_input(failed: ValidationError, decoded: Any, *, prefix: str = "") -> InvalidInput:
    """Return the error for a model's refusal of `decoded`. A `prefix` replaces the pointer's first slash."""
    found: dict[tuple[str, str], FieldError] = {}
    for one in failed.errors(include_url=False, include_context=False, include_input=False):
        pointer = json_pointer(_path_in(decoded, one["loc"]))
        if prefix:
            pointer = prefix + pointer[1:]
        error = field_error(one, pointer)
        found.setdefault((pointer, error.code), error)
    return invalid_fields(found.values())


def invalid_fields(errors: Iterable[FieldError]) -> InvalidInput:
    """Return one error. Its detail is the first field error, its members are a limited number of them."""
    shown = tuple(errors)[:_MAX_FIELD_ERRORS]
    return InvalidInput(
        "; ".join(f"{one.pointer or '(body)'}: {one.detail}" for one in shown[:3]), errors=shown
    )


def field_error(found: Mapping[str, Any], pointer: str) -> FieldError:
    """Return one of Pydantic's errors under our code."""
    code = _CODES.get(found["type"]) or _code_by_kind(found["type"])
    return FieldError(pointer=pointer, code=code, detail=_sentence(found["msg"]))


_CODES = {
    "extra_forbidden": "unknown_field",
    "unexpected_keyword_argument": "unknown_field",
    "missing": "missing",
    "missing_argument": "missing",
    "int_from_float": "wrong_type",
    "int_parsing": "wrong_type",
    "bool_parsing": "wrong_type",
    "int_parsing_size": "out_of_range",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "multiple_of": "out_of_range",
    "finite_number": "out_of_range",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_pattern_mismatch": "wrong_format",
    "enum": "not_allowed",
    "literal_error": "not_allowed",
    "union_tag_invalid": "not_allowed",
    "union_tag_not_found": "missing",
    "value_error": "not_allowed",
    "assertion_error": "not_allowed",
}


def _code_by_kind(kind: str) -> str:
    if kind.endswith("_type"):
        return "wrong_type"
    if kind.endswith(("_parsing", "_format", "_inclusive")) or "_parsing_" in kind:
        return "wrong_format"
    return kind  # the types of our own PydanticCustomErrors are already codes


def _path_in(decoded: Any, location: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the location without the names of union members and validators, which are not part of the body."""
    path: list[str | int] = []
    node = decoded
    for position, part in enumerate(location):
        if _has(node, part):
            node = node[part]
        elif (
            isinstance(node, dict)
            and position == len(location) - 1
            and isinstance(part, str)
            and part.isidentifier()
        ):
            node = None  # the member is missing
        else:
            continue
        path.append(part)
    return tuple(path)


def _has(node: Any, part: str | int) -> bool:
    if isinstance(node, dict):
        return part in node
    return isinstance(node, list) and isinstance(part, int) and part < len(node)


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message if message.endswith(".") else message + "."
