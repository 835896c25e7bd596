"""Error answers: which error an answer of the server, or of a proxy before it, is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from holdfast_client.errors import (
    BadAnswer,
    Conflict,
    CredentialsRequired,
    FieldError,
    Forbidden,
    Gone,
    HoldfastError,
    Invalid,
    NotFound,
    RateLimited,
    Refused,
    RequestTimeout,
    Unavailable,
    Unreachable,
)

__all__ = ["error_of"]


def error_of(
    status: int,
    document: object,
    *,
    request_id: str | None = None,
    idempotency_key: str | None = None,
    retry_after_seconds: float | None = None,
) -> HoldfastError:
    """Return the error for an answer of this status; its problem document may be missing or foreign."""
    members = document if isinstance(document, dict) else {}
    code = members.get("code")
    code = code if isinstance(code, str) else None
    kind = _by_code().get(code or "") or _by_status(status)
    return kind(
        str(next(filter(None, map(members.get, _TEXTS)), None) or _foreign(status)),
        code=code,
        status=status,
        errors=tuple(_field_errors(members.get("errors"))),
        facts={name: value for name, value in members.items() if name not in _MEMBERS},
        request_id=request_id or _text(members.get("instance")),
        idempotency_key=idempotency_key,
        retry_after_seconds=retry_after_seconds,
    )


def _foreign(status: int) -> str:
    """Return the text for an answer without a problem document: a proxy's, or that of another program."""
    if status == 429:
        return "The server, or a proxy before it, answered 429: it limits how often you may ask."
    if status in (502, 503, 504):
        return f"A proxy or the server answered {status}: no Holdfast server is ready behind this address."
    return (
        f"The server answered {status}, and not as Holdfast does: check its address (HOLDFAST_URL or `url`)."
    )


_TEXTS = ("detail", "error_description", "error")
"""Where the text of an error stands: in a problem, in an error of OAuth, and in one of a dialect."""

_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "instance", "error", "errors"})
_BRANCHES: Mapping[int, type[HoldfastError]] = {
    401: CredentialsRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    408: RequestTimeout,
    410: Gone,
    422: Invalid,
    429: RateLimited,
    502: Unreachable,
    503: Unavailable,
    504: Unreachable,
}


def _by_status(status: int) -> type[HoldfastError]:
    return _BRANCHES.get(status) or (Refused if 400 <= status < 500 else BadAnswer)


def _by_code() -> dict[str, type[HoldfastError]]:
    return {kind.CODE: kind for kind in _below(HoldfastError) if "CODE" in kind.__dict__}


def _below(kind: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _field_errors(given: object) -> Iterator[FieldError]:
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict):
            yield FieldError(
                pointer=_text(one.get("pointer")) or "",
                code=_text(one.get("code")) or "",
                detail=_text(one.get("detail")) or "",
            )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
