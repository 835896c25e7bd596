"""Problems: bodies by RFC 9457, Holdfast's only form of a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from holdfast.errors import (
    CredentialsRequired,
    Fault,
    HoldfastError,
    InProgress,
    MethodNotAllowed,
    TooManyRequests,
)

__all__ = ["Problem", "problem", "problem_members"]


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
