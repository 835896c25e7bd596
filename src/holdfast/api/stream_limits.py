"""Stream limits: a stream within the limit of its caller's address."""

from __future__ import annotations

from functools import partial

from holdfast.api.request import Request
from holdfast.errors import TooManyRequests
from holdfast.http.request_limits import buyer_address
from holdfast.limits.allowance import Allowance
from holdfast.limits.classes import STREAMS

__all__ = ["count_stream"]

_RETRY_SECONDS = 10.0
"""Nobody knows when a stream ends."""


def count_stream(request: Request) -> None:
    """Count a stream of a guest, or of a key's buyer, until the request ends. Raises TooManyRequests."""
    open_streams = request.open_streams
    if open_streams is None:
        return
    match request.principal.kind:
        case "guest":
            address = request.client_address
        case "key":
            address = buyer_address(request)
        case _:
            return
    if address is None:
        return
    slot = open_streams.open(address)
    if slot is None:
        limit = open_streams.max_streams
        request.allowance = Allowance(STREAMS.rate(limit), _RETRY_SECONDS, _RETRY_SECONDS)
        raise TooManyRequests(
            TooManyRequests.STREAMS.format(limit=limit),
            retry_after_seconds=request.allowance.retry_after_seconds,
        )
    request.release = partial(open_streams.close, slot)
