"""Conditions: If-Match and If-None-Match, with and without an entity tag."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from holdfast.access.permissions import Permission
from holdfast.errors import EventNotFound, HoldfastError
from holdfast.http.headers import etag
from holdfast.http.reply import Reply, StreamReply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from holdfast.http.values import In
from support.http_surface import client_of, layer_of

done: list[int] = []
"""The changes made by the routes below."""


class NumberIn(In):
    number: int


def render(error: HoldfastError) -> tuple[int, Any]:
    """A dialect with a single error."""
    return 400, {"error": "Invalid input"}


routes = Routes(tag="tests")
dialect = Routes(tag="dialect", render_error=render)


@routes.get("/state", policy=Permission.PUBLIC)
async def get_state(request: Request) -> Reply:
    headers = ((b"etag", etag(7, 2)), (b"content-language", b"en"), (b"vary", b"accept"))
    return Reply(body=b"{}", headers=headers)


@routes.get("/none", policy=Permission.PUBLIC)
async def get_without_tag(request: Request) -> str:
    return "none"


@routes.get("/elsewhere", policy=Permission.PUBLIC)
async def get_elsewhere(request: Request) -> Reply:
    return Reply(status=307, headers=((b"location", b"/state"),))


@routes.get("/absent", policy=Permission.PUBLIC)
async def get_absent(request: Request) -> str:
    raise EventNotFound("There is no such event.")


@routes.get("/stream", policy=Permission.PUBLIC)
async def follow(request: Request) -> StreamReply:
    async def chunks() -> AsyncIterator[bytes]:
        done.append(0)
        yield b"data: 1\n\n"

    return StreamReply(chunks=chunks())


@routes.post("/numbers", policy=Permission.PUBLIC, status=201)
async def add_number(request: Request, body: NumberIn) -> int:
    done.append(body.number)
    return body.number


@routes.patch("/numbers", policy=Permission.PUBLIC)
async def change_number(request: Request, body: NumberIn) -> int:
    done.append(body.number)
    return body.number


@dialect.post("/dialect", policy=Permission.PUBLIC)
async def add_number_too(request: Request, body: NumberIn) -> int:
    done.append(body.number)
    return body.number


@dialect.get("/dialect", policy=Permission.PUBLIC)
async def get_number(request: Request) -> int:
    return 1


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    done.clear()
    async with client_of(layer_of([*routes, *dialect])) as client:  # type: ignore[arg-type]  # it accepts any list of endpoints
        yield client


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("if_match", "if_none_match", "status"),
    [
        ('"7.2"', None, 200),
        ('"a,b" , "7.2"', None, 200),
        ("*", None, 200),
        ('W/"7.2"', None, 412),
        ('"7.1"', None, 412),
        ("7.2", None, 412),
        ("", None, 412),
        (None, '"7.2"', 304),
        (None, 'W/"7.2"', 304),
        (None, "*", 304),
        (None, '"7.1"', 200),
        (None, "", 200),
        ('"7.2"', '"7.2"', 304),
        ('"7.2"', '"7.1"', 200),
        ('"7.1"', '"7.2"', 412),
        ('"7.1"', "*", 412),
    ],
)
async def test_a_conditional_read_depends_on_the_state(
    http: httpx2.AsyncClient, method: str, if_match: str | None, if_none_match: str | None, status: int
):
    given = {"If-Match": if_match, "If-None-Match": if_none_match}
    headers = {name: value for name, value in given.items() if value is not None}
    answer = await http.request(method, "/state", headers=headers)
    assert answer.status_code == status
    if status == 304:
        assert (answer.headers["etag"], answer.headers["vary"]) == ('"7.2"', "accept")
        assert "content-language" not in answer.headers
        assert "content-length" not in answer.headers


@pytest.mark.parametrize("path", ["/none", "/stream", "/dialect"])
async def test_an_answer_without_etag_matches_any_state(http: httpx2.AsyncClient, path: str):
    for headers, status in (
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"7.2"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"7.2"'}, 412),
    ):
        assert (await http.get(path, headers=headers)).status_code == status
    assert done == ([0, 0] if path == "/stream" else []), "a stream begins only if it is sent"


async def test_a_condition_may_span_two_header_lines(http: httpx2.AsyncClient):
    lines = [("If-None-Match", '"7.1"'), ("If-None-Match", '"7.2"')]
    assert (await http.get("/state", headers=lines)).status_code == 304


async def test_conditions_do_not_affect_redirects_and_refusals(http: httpx2.AsyncClient):
    for headers in ({"If-Match": '"7.2"'}, {"If-None-Match": "*"}):
        assert (await http.get("/elsewhere", headers=headers)).status_code == 307
        assert (await http.get("/absent", headers=headers)).status_code == 404
        assert (await http.post("/numbers", json={}, headers=headers)).status_code == 422


@pytest.mark.parametrize("headers", [{"If-Match": '"7.2"'}, {"If-None-Match": "*"}])
async def test_a_change_with_an_unmet_condition_is_not_done(
    http: httpx2.AsyncClient, headers: dict[str, str]
):
    for method, path in (("POST", "/numbers"), ("PATCH", "/numbers"), ("POST", "/dialect")):
        answer = await http.request(method, path, json={"number": 1}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert answer.headers["content-type"] == "application/problem+json"
    assert done == []


@pytest.mark.parametrize("headers", [{"If-Match": "*"}, {"If-None-Match": '"7.2"'}])
async def test_a_change_with_a_met_condition_is_done(http: httpx2.AsyncClient, headers: dict[str, str]):
    assert (await http.post("/numbers", json={"number": 1}, headers=headers)).status_code == 201
    assert (await http.patch("/numbers", json={"number": 2}, headers=headers)).status_code == 200
    assert done == [1, 2]
