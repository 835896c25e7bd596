"""Asks: requests that are sent for the sake of their answer: whether this caller may, and about this event."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import orjson

from proof.callers import Caller
from proof.checker.entitled import ALL_EVENTS, NEEDS
from proof.workload.calls import Call, Outcome
from proof.workload.events import Event
from proof.workload.wire import Request

__all__ = ["ABSENT", "as_caller", "draw_ask"]

ABSENT = 999_999_999
"""The number of no event."""
_NO_HOLD = "00000000-0119-84fa-8c96-00264f0ce97a"
_PATHS = {
    "list_blocks": "/v1/events/{}/blocks",
    "list_holds": "/v1/events/{}/holds",
    "list_notices": "/v1/events/{}/notices",
    "list_bookings": "/v1/bookings?event={}",
    "list_webhooks": "/v1/webhooks",
    "list_keys": "/v1/keys",
    "list_audit_entries": "/v1/audit?limit=1",
}
_POSTS: dict[str, tuple[str, Any]] = {
    "publish_event": ("/v1/events/{}/publish", {}),
    "release_hold_as_staff": ("/v1/events/{}/holds/" + _NO_HOLD + "/release", {}),
    "check_ticket": ("/v1/events/{}/tickets/check", {"code": "HF1"}),
}
assert _PATHS.keys() | _POSTS.keys() == NEEDS.keys()


def as_caller(call: Call, caller: Caller | None) -> Call:
    """Return the call with someone's credentials, and its name in the log."""
    if caller is None:
        return call
    headers = tuple((name, value) for name, value in caller.headers)
    return replace(
        call, given={**call.given, "as": caller.name}, request=replace(call.request, headers=headers)
    )


def draw_ask(chance: random.Random, event: Event) -> Call:
    """Return a random request about the event, about none, or about the whole organisation."""
    name = chance.choice(sorted(NEEDS))
    number = ABSENT if name not in ALL_EVENTS and chance.random() < 0.25 else event.number
    given = {"event": event.id, "request": name, "number": number, "exists": number == event.number}
    if name in _POSTS:
        path, body = _POSTS[name]
        request = Request("POST", path.format(number), orjson.dumps(body))
    else:
        request = Request("GET", _PATHS[name].format(number))
    return Call(f="ask", via="v1", given=given, request=request, read=lambda _: Outcome("ok"))
