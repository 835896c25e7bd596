"""Cross origin: pages of listed origins may call the public routes, and no others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from holdfast.access.permissions import Permission
from holdfast.errors import EventNotFound
from holdfast.http.reply import Reply, StreamReply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from support.http_surface import client_of, layer_of

SHOP = "https://shop.example"
routes = Routes(tag="tests")


@routes.get("/thing", policy=Permission.PUBLIC)
async def get_thing(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode(), headers=((b"etag", b'"1"'), (b"vary", b"accept")))


@routes.post("/thing", policy=Permission.PUBLIC)
async def post_thing(request: Request) -> Reply:
    raise EventNotFound


@routes.get("/stream", policy=Permission.PUBLIC)
async def get_stream(request: Request) -> StreamReply:
    async def chunks() -> AsyncIterator[bytes]:
        yield b": hello\n\n"

    return StreamReply(chunks=chunks())


@routes.get("/staff", policy=Permission.EVENTS_READ)
async def get_staff(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode())


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(layer_of(routes, allowed_origins=[SHOP, "http://localhost:3000"])) as client:
        yield client


def preflight(method: str, origin: str = SHOP) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type, hold-token, idempotency-key",
    }


@pytest.mark.parametrize("origin", [SHOP, "http://localhost:3000"])
@pytest.mark.parametrize(("method", "path"), [("GET", "/thing"), ("HEAD", "/thing"), ("POST", "/thing")])
async def test_a_listed_origin_may_ask_and_send(
    http: httpx2.AsyncClient, origin: str, method: str, path: str
):
    asked = await http.options(path, headers=preflight(method, origin))
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked.headers["access-control-allow-origin"] == origin
    assert asked.headers["access-control-allow-methods"] == method
    accepted = set(asked.headers["access-control-allow-headers"].split(", "))
    assert {"authorization", "content-type", "hold-token", "idempotency-key", "if-match"} <= accepted
    assert asked.headers["access-control-max-age"] == "7200"
    assert "access-control-allow-credentials" not in asked.headers
    sent = await http.request(method, path, headers={"Origin": origin})
    assert sent.headers["access-control-allow-origin"] == origin
    assert {"etag", "location", "retry-after", "idempotency-replayed"} <= set(
        sent.headers["access-control-expose-headers"].split(", ")
    )
    assert "origin" in sent.headers.get_list("vary")


async def test_a_page_reads_refusals_and_streams_too(http: httpx2.AsyncClient):
    """A refusal before the route's function is one as well: a shop must see why it cannot sell."""
    refused = await http.post("/thing", headers={"Origin": SHOP})
    bad_query = await http.get("/thing?x=1", headers={"Origin": SHOP})
    bad_body = await http.post("/thing", content=b"<xml>", headers={"Origin": SHOP})
    stream = await http.get("/stream", headers={"Origin": SHOP})
    assert [one.status_code for one in (refused, bad_query, bad_body, stream)] == [404, 422, 415, 200]
    for one in (refused, bad_query, bad_body, stream):
        assert one.headers["access-control-allow-origin"] == SHOP


async def test_such_a_page_is_a_guest_in_open_mode(http: httpx2.AsyncClient):
    assert (await http.get("/thing")).text == "open"
    assert (await http.get("/thing", headers={"Origin": SHOP})).text == "guest"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://shop.example.evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "https://SHOP.example",
        "null",
        "*",
        "",
    ],
)
async def test_another_origin_may_nothing(http: httpx2.AsyncClient, origin: str):
    asked = await http.options("/thing", headers=preflight("POST", origin))
    sent = await http.get("/thing", headers={"Origin": origin})
    assert asked.status_code == 405
    for one in (asked, sent):
        assert not [name for name in one.headers if name.startswith("access-control-")]
    assert "origin" in sent.headers.get_list("vary"), "a cache would give this answer to the shop"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/staff", 405), ("DELETE", "/thing", 405), ("G\u00c4T", "/thing", 405), ("GET", "/none", 404)],
)
async def test_a_listed_origin_may_call_public_routes_only(
    http: httpx2.AsyncClient, method: str, path: str, status: int
):
    asked = await http.options(
        path, headers={"Origin": SHOP, "Access-Control-Request-Method": method.encode("latin-1")}
    )
    assert asked.status_code == status
    assert not [name for name in asked.headers if name.startswith("access-control-")]


async def test_staff_routes_show_nothing_to_a_page(http: httpx2.AsyncClient):
    answer = await http.get("/staff", headers={"Origin": SHOP})
    assert answer.status_code == 401
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_without_the_setting_nothing_changes():
    async with client_of(layer_of(routes)) as http:
        asked = await http.options("/thing", headers=preflight("GET"))
        sent = await http.get("/thing", headers={"Origin": SHOP})
    assert asked.status_code == 405
    assert sent.headers.get_list("vary") == ["accept"]
    assert not [name for name in sent.headers if name.startswith("access-control-")]


async def test_a_preflight_asks_no_database():
    """A preflight is cheap: neither a key nor its existence is looked up."""

    class Away:
        async def find(self, key_id: str) -> None:
            raise AssertionError(f"{key_id} was looked up")

        async def any(self) -> bool:
            raise AssertionError("the existence of keys was looked up")

    async with client_of(layer_of(routes, keys=Away(), allowed_origins=[SHOP])) as http:  # type: ignore[arg-type]  # its two methods
        headers = preflight("POST") | {"Authorization": f"Bearer hfk_first_{'s' * 43}"}
        assert (await http.options("/thing", headers=headers)).status_code == 204
