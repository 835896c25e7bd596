"""Limits in Redis, over HTTP: two servers of one deployment count a guest together.

`tests/scenarios/wire/test_two_servers.py` does it with processes.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from holdfast.api.request import Request
from holdfast.http.application import Application
from holdfast.limits import redis_counts
from holdfast.limits.shared_holds import SharedHolds
from support.http_app import client_of, running_app
from support.http_sales import Json, act, ask_hold, confirm, make_event, place
from support.redis_server import RedisServer, redis_server

__all__ = ["redis_server"]

GUEST = "203.0.113.7"


async def test_two_servers_count_a_guest_together(
    database_url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(redis_counts, "ANSWER_SECONDS", 5.0)
    settings: dict[str, Any] = {
        "open": False,
        "limit_requests_per_minute": 20,
        "rate_limit_url": SecretStr(redis_server.url),
    }
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_app(database_url, **settings)) for _ in range(2)]
        guests = [await stack.enter_async_context(client_of(one, peer=GUEST)) for one in servers]
        statuses = [(await guests[n % 2].get("/v1/events")).status_code for n in range(30)]
        assert 20 <= statuses.count(200) <= 22
        assert set(statuses[22:]) == {429}
        redis_server.kill()
        assert (await guests[0].get("/v1/events")).status_code == 429


async def sent(*servers: Application) -> None:
    """Wait until the servers have sent Redis what became of their holds."""
    for one in servers:
        assert issubclass(one.request_class, Request)
        holds = one.request_class.live_holds
        assert isinstance(holds, SharedHolds)
        while holds._sending is not None:
            await holds._sending


@pytest.mark.parametrize("end", ["release", "confirm"])
async def test_two_servers_cap_a_buyers_live_holds_together(
    database_url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, end: str
):
    """In every dialect and at every server. A hold may end at another server than the one that placed it."""
    monkeypatch.setattr(redis_counts, "ANSWER_SECONDS", 5.0)
    settings: dict[str, Any] = {
        "limit_live_admissions": 4,
        "limit_unbooked_holds": 0,
        "limit_holds_per_minute": 0,
        "rate_limit_url": SecretStr(redis_server.url),
    }
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_app(database_url, **settings)) for _ in range(2)]
        first, second = [await stack.enter_async_context(client_of(one, peer=GUEST)) for one in servers]
        event: Json = await make_event(await stack.enter_async_context(client_of(servers[0])), capacity=100)
        hold = await place(first, event, {"quantity": 3})
        refused = await ask_hold(second, event, {"quantity": 2})
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["ratelimit-policy"] == '"live-admissions";q=4'
        await place(second, event, {"quantity": 1})
        assert (await second.post("/holds", json={"event_id": event["number"], "qty": 1})).status_code == 429
        if end == "release":
            await act(second, hold, "release")
        else:
            await confirm(second, hold)
        await sent(*servers)
        await place(first, event, {"quantity": 3})
        assert (await ask_hold(second, event)).status_code == 429
