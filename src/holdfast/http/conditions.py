"""Conditions: requests that depend on the current state (RFC 9110, 13)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from holdfast.errors import PreconditionFailed
from holdfast.http.headers import matches_etag
from holdfast.http.reply import Reply, StreamReply
from holdfast.http.request import Request
from holdfast.http.routes import Endpoint

__all__ = ["answer_conditionally"]

_OF_A_304 = frozenset({b"cache-control", b"content-location", b"etag", b"expires", b"vary"})
"""The headers of a 200 that a 304 repeats (RFC 9110, 15.4.5)."""


async def answer_conditionally(request: Request, endpoint: Endpoint) -> Reply | StreamReply:
    """Answer under If-Match and If-None-Match. Raises HoldfastError, including PreconditionFailed."""
    if_match, if_none_match = request.header(b"if-match"), request.header(b"if-none-match")
    if endpoint.method != "GET":
        # Resources that can be changed have no entity tag, so the condition is decided before they are read.
        if not _is_met(if_match, None) or matches_etag(if_none_match, None):
            # An unreadable request gets the same refusal as without the condition.
            endpoint = replace(endpoint, function=_refuse)
        return await endpoint.answer(request)
    reply = await endpoint.answer(request)
    if reply.status not in (200, 304):
        return reply
    tag = next((value for name, value in reply.headers if name == b"etag"), None)
    if not _is_met(if_match, tag):
        await _refuse()
    if reply.status == 200 and matches_etag(if_none_match, tag):
        return Reply(status=304, headers=tuple(one for one in reply.headers if one[0] in _OF_A_304))
    return reply


def _is_met(if_match: str | None, tag: bytes | None) -> bool:
    return if_match is None or matches_etag(if_match, tag, strongly=True)


async def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise PreconditionFailed
