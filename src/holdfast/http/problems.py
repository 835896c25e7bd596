"""Problems: bodies by RFC 9457, Holdfast's only form of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from holdfast.errors import (
    AccessTokenInvalid,
    ClientRefused,
    CredentialsRequired,
    Fault,
    HoldfastError,
    InProgress,
    MethodNotAllowed,
    ScopeTooNarrow,
    TooManyRequests,
)

__all__ = ["ErrorRenderer", "Problem", "problem", "problem_members"]

ErrorRenderer = Callable[[HoldfastError], tuple[int, Any]]
"""A dialect's form of an error: its status, and its body (None: the problem, with that status)."""


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
        case AccessTokenInvalid():
            return _authenticate("Bearer", error="invalid_token", error_description=error.detail)
        case CredentialsRequired():
            return _authenticate("Bearer")
        case ScopeTooNarrow():
            return _authenticate("Bearer", error="insufficient_scope", scope=error.facts.get("scope", ""))
        case ClientRefused():
            return _authenticate("Basic", charset="UTF-8")
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


def _authenticate(scheme: str, **parameters: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the challenge of a refusal (RFC 9110 11.6.1). The values have no quotes in them."""
    shown = ", ".join(f'{name}="{value}"' for name, value in {"realm": "holdfast", **parameters}.items())
    return ((b"www-authenticate", f"{scheme} {shown}".encode("ascii")),)
