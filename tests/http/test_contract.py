"""Undocumented parts of FastAPI that we use. An upgrade that changes one fails here.

The list comes from every import and attribute of fastapi and starlette in src/holdfast/http.
"""

from __future__ import annotations

import inspect

import fastapi
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.middleware import Middleware


def test_a_fastapi_has_the_members_of_the_quick_path() -> None:
    app = FastAPI(middleware=[Middleware(object)])
    assert len(app.user_middleware) == 1
    assert "build_middleware_stack" not in vars(app), (
        "OpenTelemetry's instrumentor replaces it on the instance"
    )
    assert app._native_telemetry.enabled() is False
    assert app.middleware_stack is None


def test_a_router_accepts_a_default_handler() -> None:
    app = FastAPI()
    assert callable(app.router.default)
    assert isinstance(app.router.routes, list)


def test_a_route_is_handled_by_one_method() -> None:
    assert list(inspect.signature(APIRoute.handle).parameters) == ["self", "scope", "receive", "send"]


def test_contexts_have_the_declared_path_of_an_included_route() -> None:
    app, router = FastAPI(), fastapi.APIRouter(prefix="/shop")

    @router.get("/items/{item}")
    async def get_item(item: int) -> int:
        return item

    app.include_router(router)
    paths = [one.path for one in iter_route_contexts(app.router.routes) if one.original_route is not None]
    assert "/shop/items/{item}" in paths
