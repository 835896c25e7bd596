"""Comparing answers: what an answer says, without what differs between any two requests."""

from __future__ import annotations

import httpx2

from support.http_sales import Json

__all__ = ["comparable"]

_OF_THE_REQUEST = frozenset({"x-request-id", "content-length"})
"""The length follows from the body, whose `instance` is the path of the request."""


def comparable(answer: httpx2.Response) -> tuple[int, Json, dict[str, str]]:
    """Return the status, the body and the headers of an answer. The names of the headers keep their order."""
    body = {name: value for name, value in answer.json().items() if name != "instance"}
    headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_REQUEST}
    return answer.status_code, body, headers
