"""Middleware and instrumentation of an application that has routes of ours and of others, and our quick path."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from opentelemetry import trace
from starlette.routing import Router

from holdfast.http.application import Application
from scenarios.wire.raw import exchange
from support.fastapi_shop import HOST, app, http, own, shop
from support.http_serving import serving
from support.http_surface import client_of, layer_of

__all__ = ["app", "http"]

# The quick path


@pytest.fixture
def no_router(monkeypatch: pytest.MonkeyPatch) -> None:
    """FastAPI's router and everything before it must not be reached."""

    async def unreachable(*_: Any) -> None:
        raise AssertionError("own routes must bypass FastAPI's router")

    monkeypatch.setattr(APIRouter, "app", unreachable)
    monkeypatch.setattr(Router, "app", unreachable)
    monkeypatch.setattr(FastAPI, "__call__", unreachable)


@pytest.mark.usefixtures("no_router")
async def test_own_routes_bypass_fastapi(app: Application, http: httpx2.AsyncClient):
    assert (await http.get("/v1/own")).json() == {"by": "us"}
    async with serving(app) as (port, _):
        (answer,) = await exchange(port, [b"GET /v1/own HTTP/1.1\r\n" + HOST + b"\r\n"], half_close=True)
    assert (answer.status, answer.body) == (200, b'{"by":"us"}')


# Middleware and instrumentation


class Watching:
    """A minimal ASGI middleware: it records path and status of each request, and adds a header."""

    def __init__(self, app: Any, seen: list[tuple[str, int]]) -> None:
        self._app, self._seen = app, seen

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._seen.append((scope["path"], message["status"]))
                message["headers"] = [*message["headers"], (b"x-seen", b"1")]
            await send(message)

        await self._app(scope, receive, noted if scope["type"] == "http" else send)


async def test_middleware_sees_all_requests():
    seen: list[tuple[str, int]] = []
    app = layer_of(own)
    app.include_router(shop())
    app.add_middleware(Watching, seen=seen)
    paths = [b"/v1/own", b"/shop/items/7", b"/nothing"]
    requests = [b"GET %b HTTP/1.1\r\n" % path + HOST + b"\r\n" for path in paths]
    async with serving(app) as (port, _):
        answers = await exchange(port, requests, half_close=True)
    assert seen == [("/v1/own", 200), ("/shop/items/7", 200), ("/nothing", 404)]
    assert [one.header(b"x-seen") for one in answers] == [b"1"] * 3
    assert all(one.header(b"x-request-id") for one in answers)


async def test_a_failing_middleware_is_a_problem():
    class Failing:
        def __init__(self, app: Any) -> None:
            pass

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            raise ZeroDivisionError

    app = layer_of(own)
    app.add_middleware(Failing)
    async with serving(app) as (port, _):
        (answer,) = await exchange(port, [b"GET /v1/own HTTP/1.1\r\n" + HOST + b"\r\n"], half_close=True)
    assert (answer.status, answer.header(b"content-type")) == (503, b"application/problem+json")


async def test_fastapi_telemetry_sees_own_routes():
    """FastAPI traces what passes its `__call__`; with a tracer provider, every request does."""
    started: list[str] = []

    class Tracer(trace.NoOpTracer):
        def start_span(self, name: str, *args: Any, **given: Any) -> trace.Span:
            started.append(name)
            return super().start_span(name, *args, **given)

    class Provider(trace.TracerProvider):
        def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
            return Tracer()

    app = layer_of(own, about={"telemetry": {"tracer_provider": Provider()}})
    async with client_of(app) as client:
        assert (await client.get("/v1/own")).json() == {"by": "us"}
    assert started
