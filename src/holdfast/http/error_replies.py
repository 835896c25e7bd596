"""Error replies: the answer to a request that was refused, or that failed.

Every refusal is one error of the tree and leaves as a problem, or in the form of its dialect or page. An unexpected
exception leaves as `unavailable`, never as a 500; it is counted, and logged with its traceback.
"""

from __future__ import annotations

import structlog

from holdfast.errors import (
    BadRequest,
    BodyTooLarge,
    Fault,
    HeadersTooLarge,
    HoldfastError,
    OutcomeUnknown,
    PreconditionFailed,
    RequestTimeout,
    SessionEnded,
    Unavailable,
)
from holdfast.failures import traced
from holdfast.http.cookies import SESSION
from holdfast.http.metrics import UNEXPECTED_ERRORS, observe_problem
from holdfast.http.problems import ErrorRenderer, problem
from holdfast.http.redaction import redact
from holdfast.http.reply import JSON, Reply, encode
from holdfast.http.request import Request
from holdfast.http.response_head import PROBLEM

__all__ = ["SAFE_METHODS", "reply_to_error", "reply_to_unexpected"]

SAFE_METHODS = frozenset({"GET", "HEAD"})

_CLOSING = (BadRequest, BodyTooLarge, HeadersTooLarge, RequestTimeout)
"""After these, the rest of the request may still arrive, so the connection cannot be used again."""

log = structlog.get_logger("holdfast.http")


def reply_to_error(error: Exception, request: Request) -> tuple[Reply, bool]:
    """Return the answer, and whether the connection ends with it."""
    if not isinstance(error, HoldfastError):
        return reply_to_unexpected(error, request), False
    if request.render_error is not None and not isinstance(error, PreconditionFailed):
        return _in_dialect(error, request, request.render_error), False
    return _problem(error, request), isinstance(error, _CLOSING)


def reply_to_unexpected(error: BaseException, request: Request) -> Reply:
    """Count and log a bug, and return the answer."""
    UNEXPECTED_ERRORS.inc()
    log.error(
        "unexpected_error",
        request_id=request.request_id,
        path=redact(request.path[:200]),
        exception=traced(error),
    )
    # An exception may come at any point. Only a safe method has certainly changed nothing.
    kind = Unavailable if request.method in SAFE_METHODS else OutcomeUnknown
    return _problem(kind(Fault.UNEXPECTED), request)


def _problem(error: HoldfastError, request: Request) -> Reply:
    observe_problem(error.code)
    if request.render_page is not None:
        return request.render_page(error, request)
    made = problem(error, request.request_id, pages=request.problem_pages)
    headers = made.headers
    if isinstance(error, SessionEnded):
        headers += (request.cookie_header(SESSION),)
    return Reply(status=made.status, body=made.body, headers=headers, content_type=PROBLEM)


def _in_dialect(error: HoldfastError, request: Request, render: ErrorRenderer) -> Reply:
    observe_problem(error.code)
    status, body = render(error)
    made = problem(error, request.request_id, pages=request.problem_pages, status=status)
    if body is None:
        return Reply(status=status, body=made.body, headers=made.headers, content_type=PROBLEM)
    return Reply(status=status, body=encode(body), headers=made.headers, content_type=JSON)
