"""The application as a FastAPI: added routes, and what FastAPI's own tools see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from pydantic import SecretStr

from holdfast.api.catalogue import all_endpoints
from holdfast.app.composition import build_app
from holdfast.app.settings import Settings
from holdfast.http.application import Application
from holdfast.http.routes import BODY_LIMIT
from holdfast.metrics import render_prometheus
from holdfast.web.catalogue import all_pages
from scenarios.wire.raw import RawConnection, exchange
from support.fastapi_shop import HOST, Order, app, http, own, shop, who
from support.http_app import SECRET_KEY, running_app
from support.http_app import client_of as client_on
from support.http_serving import serving, until
from support.http_surface import client_of, layer_of, owned_by_us

__all__ = ["app", "http"]

# FastAPI's view of the application


@pytest.fixture(scope="module")
def full_app() -> Application:
    """The real application, whose database is never opened."""
    return build_app(
        Settings(
            database_url=SecretStr("postgresql://nobody@localhost:1/none"), secret_key=SecretStr(SECRET_KEY)
        )
    )


def test_every_route_is_listed_and_can_be_named(full_app: Application):
    assert isinstance(full_app, FastAPI)
    listed = {(method, route.path) for route in full_app.routes for method in route.methods}  # type: ignore[attr-defined]  # all are API routes
    assert listed == {(one.method, one.path) for one in (*all_endpoints(), *all_pages())}
    assert full_app.url_path_for("get_hold", hold="x") == "/v1/holds/x"


async def test_openapi_equals_the_served_document(full_app: Application):
    async with client_of(full_app) as client:
        served = (await client.get("/openapi.json")).json()
    assert full_app.openapi() == served
    assert served["info"]["title"] == "Holdfast"


async def test_the_document_includes_routers_added_later(app: Application, http: httpx2.AsyncClient):
    assert "/late" not in app.openapi()["paths"]
    late = APIRouter()

    @late.post("/late")
    async def post_late(order: Order) -> Order:
        return order

    app.include_router(late)
    document = app.openapi()
    refused = document["paths"]["/late"]["post"]["responses"]["422"]["content"]
    assert refused == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert {"Order", "Problem"} <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert (await http.post("/late", json={"sku": "a", "count": 1})).status_code == 200


def test_the_test_client_runs_the_application_with_its_lifespan(database_url: str):
    settings = Settings(database_url=SecretStr(database_url), secret_key=SecretStr(SECRET_KEY))
    with TestClient(
        build_app(settings, owner_of=owned_by_us), base_url="http://localhost", client=("127.0.0.1", 1)
    ) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        event = client.post("/v1/events", json={"name": "Concert", "capacity": 3}).json()
        assert client.get(f"/v1/events/{event['id']}").json()["name"] == "Concert"


# Added routes


async def test_parameters_and_dependencies(app: Application, http: httpx2.AsyncClient):
    answer = await http.get("/shop/items/7?percent=5")
    assert answer.json() == {"item": 7, "percent": 5}


async def test_dependencies_can_be_overridden():
    app = layer_of(own)

    @app.get("/who")
    async def get_who(name: Annotated[str, Depends(who)]) -> str:
        return name

    app.dependency_overrides[who] = lambda: "somebody"
    async with client_of(app) as client:
        assert (await client.get("/who")).json() == "somebody"


async def test_models_background_tasks_and_streams(app: Application, http: httpx2.AsyncClient):
    made = await http.post("/shop/orders", json={"sku": "a", "count": 2})
    assert (made.status_code, made.json()) == (201, {"sku": "a", "count": 2})
    assert app.state.done == ["a"]
    assert (await http.get("/shop/numbers")).text == "0\n1\n2\n"
    assert (await http.get("/shop/id")).json() == {"url": "http://localhost/shop/items/7"}


async def test_answers_carry_the_headers_of_every_answer(http: httpx2.AsyncClient):
    answer = await http.get("/shop/items/7", headers={"X-Request-Id": "0123456789abcdef"})
    assert answer.headers["x-request-id"] == "0123456789abcdef"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    page = await http.get("/shop/page")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers.get_list("referrer-policy") == ["origin"]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/shop/nothing", None, (404, "not_found")),
        ("DELETE", "/shop/items/7", None, (405, "method_not_allowed")),
        ("DELETE", "/v1/own", None, (405, "method_not_allowed")),
        ("GET", "/v1/own/", None, (404, "not_found")),
        ("GET", "/shop/teapot", None, (418, "error")),
        ("GET", "/shop/refused", None, (409, "sold_out")),
        ("GET", "/shop/bug", None, (503, "unavailable")),
        ("POST", "/shop/orders", {"sku": "a", "count": 0}, (422, "invalid_input")),
        ("POST", "/shop/orders", {"sku": "a" * BODY_LIMIT, "count": 1}, (413, "body_too_large")),
    ],
)
async def test_every_refusal_is_a_problem(
    http: httpx2.AsyncClient, method: str, path: str, body: Any, expected: tuple[int, str]
):
    answer = await http.request(method, path, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == expected
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["instance"] == answer.headers["x-request-id"]


async def test_refusals_have_pointers_and_allowed_methods(http: httpx2.AsyncClient):
    refused = (await http.post("/shop/orders", json={"count": 0})).json()["errors"]
    assert [(one["pointer"], one["code"]) for one in refused] == [
        ("/sku", "missing"),
        ("/count", "out_of_range"),
    ]
    query = (await http.get("/shop/items/7?percent=x")).json()["errors"]
    assert [(one["pointer"], one["code"]) for one in query] == [("?percent", "wrong_type")]
    broken = await http.post("/shop/orders", content=b"{", headers={"content-type": "application/json"})
    assert (broken.status_code, broken.json()["code"]) == (400, "malformed_json")
    assert (await http.delete("/shop/items/7")).headers["allow"] == "GET"
    assert (await http.get("/shop/teapot")).headers["x-tea"] == "green"


async def test_the_limit_of_a_body_can_be_raised(app: Application, http: httpx2.AsyncClient):
    app.added.body_limit = 1024 * 1024
    answer = await http.post("/shop/orders", json={"sku": "a" * BODY_LIMIT, "count": 1})
    assert answer.status_code == 201


async def test_an_exception_handler_answers_its_own_class(app: Application, http: httpx2.AsyncClient):
    @app.exception_handler(ZeroDivisionError)
    async def handle(_request: Request, _error: ZeroDivisionError) -> JSONResponse:
        return JSONResponse({"divided": "by zero"}, status_code=400)

    assert (await http.get("/shop/bug")).json() == {"divided": "by zero"}


async def test_requests_are_counted_under_the_declared_path(http: httpx2.AsyncClient):
    await http.get("/shop/items/4711")
    rendered = render_prometheus().decode()
    assert 'route="/shop/items/{item}"' in rendered
    assert "/4711" not in rendered


async def test_a_mounted_application_is_behind_the_handler(app: Application, http: httpx2.AsyncClient):
    mounted = FastAPI()

    @mounted.get("/inside")
    async def inside() -> str:
        return "inside"

    app.mount("/other", mounted)
    answer = await http.get("/other/inside")
    assert answer.json() == "inside"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_pipelined_added_routes_are_answered_in_order():
    app = layer_of(own)
    app.include_router(shop())
    app.state.done = []
    body = b'{"sku":"a","count":1}'
    post = (
        b"POST /shop/orders HTTP/1.1\r\n"
        + HOST
        + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    requests = [
        b"GET /v1/own HTTP/1.1\r\n" + HOST + b"\r\n",
        post % len(body) + body,
        b"GET /shop/numbers HTTP/1.1\r\n" + HOST + b"\r\n",
        b"HEAD /shop/items/7 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /shop/bug HTTP/1.1\r\n" + HOST + b"\r\n",
    ]
    methods = (b"GET", b"POST", b"GET", b"HEAD", b"GET")
    async with serving(app) as (port, _):
        answers = await exchange(port, requests, methods=methods, half_close=True)
    assert [one.status for one in answers] == [200, 201, 200, 200, 503]
    assert answers[2].body == b"0\n1\n2\n"
    assert answers[3].body == b""
    assert app.state.done == ["a"]


async def test_an_endless_stream_ends_when_its_reader_leaves():
    app = layer_of(own)

    @app.get("/endless")
    async def endless() -> StreamingResponse:
        async def each() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0)

        return StreamingResponse(each())

    async with serving(app) as (port, service):
        async with RawConnection(port) as connection:
            await connection.send(b"GET /endless HTTP/1.1\r\n" + HOST + b"\r\n")
            assert await connection.reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await until(lambda: not service._tasks)


async def test_a_broken_stream_closes_the_connection():
    app = layer_of(own)

    @app.get("/broken")
    async def broken() -> StreamingResponse:
        async def each() -> AsyncIterator[bytes]:
            yield b"half"
            raise ZeroDivisionError

        return StreamingResponse(each())

    async with serving(app) as (port, _):
        (answer,) = await exchange(port, [b"GET /broken HTTP/1.1\r\n" + HOST + b"\r\n"])
    assert not answer.is_whole


def test_a_websocket_route_works_under_another_server(app: Application):
    with TestClient(app) as client, client.websocket_connect("/shop/echo") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"


async def test_an_added_lifespan_runs():
    ran = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ran.append("start")
        yield
        ran.append("stop")

    app = layer_of(own)
    app.include_router(APIRouter(lifespan=lifespan))
    with TestClient(app) as client:
        assert ran == ["start"]
        assert client.get("/v1/own").json() == {"by": "us"}
    assert ran == ["start", "stop"]


async def test_a_route_reaches_the_inventory(database_url: str):
    async with running_app(database_url) as app, client_on(app) as client:

        @app.get("/shop/events")
        async def get_name(request: Request, number: int) -> str:
            found = await request.app.state.inventory.queries.get_event(number)
            return str(found.name)

        made = (await client.post("/v1/events", json={"name": "Concert", "capacity": 1})).json()
        assert (await client.get("/shop/events", params={"number": made["number"]})).json() == "Concert"
