"""Refusal: the answer, as bytes, to input that never becomes a request."""

from __future__ import annotations

from holdfast.errors import HoldfastError
from holdfast.http.headers import new_request_id
from holdfast.http.metrics import observe_problem
from holdfast.http.problems import problem
from holdfast.http.reply import Reply
from holdfast.http.response_head import CLOSE_LINE, PROBLEM, head_of

__all__ = ["refusal"]


def refusal(error: HoldfastError, date_line: bytes, *, pages: str, has_body: bool = True) -> bytes:
    """Return a problem that ends the connection. An answer to HEAD has no body."""
    observe_problem(error.code)
    own_id = new_request_id()
    made = problem(error, own_id, pages=pages)
    reply = Reply(status=made.status, body=made.body, headers=made.headers, content_type=PROBLEM)
    head = head_of(reply, own_id.encode("ascii"), secure=False, more=date_line + CLOSE_LINE)
    return head + made.body if has_body else head
