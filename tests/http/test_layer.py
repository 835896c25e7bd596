"""The handler: what every request passes and every answer has, without exception."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from holdfast.access.permissions import Permission
from holdfast.api.values import EventPath
from holdfast.http.openapi import document_routes
from holdfast.http.request import Request
from holdfast.http.router import Router
from holdfast.http.routes import Routes
from holdfast.metrics import metric_totals, render_prometheus
from support.http_layer import BODY, JSON, code_of, get_next_event, raw_call, routes
from support.http_surface import client_of, layer_of

# A declared route


async def test_a_route_gets_the_arguments_of_its_signature(http):
    answer = await http.post("/v1/holds", json=BODY)
    assert (answer.status_code, answer.json()) == (201, {"event": 7, "quantity": 5, "at": None})
    answer = await http.get(
        "/v1/events/7?since=-3&every=true&limit=200&status=draft&at=2026-01-02T03:04:05%2B02:00"
    )
    assert answer.json() == {
        "event": 7,
        "since": -3,
        "every": True,
        "limit": 200,
        "status": "draft",
        "at": "2026-01-02T01:04:05Z",
    }
    answer = await http.get("/v1/events/00000007-0000-8000-8000-00000000000A/seats/a%20-3")
    assert answer.json() == {"event": "00000007-0000-8000-8000-00000000000a", "label": "A -3"}


async def test_a_refusal_of_the_route_is_a_problem(http):
    answer = await http.post("/v1/holds", json={**BODY, "name": "taken"})
    assert code_of(answer) == (409, "seat_taken")
    assert answer.json()["label"] == "A-1"


async def test_a_body_is_read_strictly_before_its_model_sees_it(http):
    twice = b'{"event": 7, "lines": [], "event": 8}'
    assert code_of(await http.post("/v1/holds", content=twice, headers=JSON)) == (400, "malformed_json")
    answer = await http.post(
        "/v1/holds", content=b'{"event": 7, "lines": [], "name": "\\ud800"}', headers=JSON
    )
    assert code_of(answer) == (422, "invalid_input")
    answer = await http.post("/v1/holds", json={"event": 7, "lines": [{"quantity": 2.0, "price": 0}]})
    assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
        ("/lines/0/quantity", "wrong_type"),
        ("/lines/0/price", "unknown_field"),
    }
    assert code_of(await http.post("/v1/holds")) == (400, "malformed_json")


async def test_a_body_is_optional_only_if_the_route_allows(http):
    assert (await http.post("/v1/release")).json() == {"given": None, "key": None}
    assert (await http.post("/v1/release", json={"hold_token": "x"})).json()["given"] == "x"
    assert code_of(await http.post("/v1/release", json={"token": "x"})) == (422, "invalid_input")


async def test_a_route_without_a_body_accepts_only_an_empty_object(http):
    assert (await http.post("/v1/publish")).status_code == 200
    assert (await http.post("/v1/publish", json={})).status_code == 200
    assert code_of(await http.post("/v1/publish", json={"status": "draft"})) == (422, "invalid_input")
    assert code_of(await http.post("/v1/publish", content=b"{", headers=JSON)) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("since=1_0", "?since", "wrong_type"),
        ("since=%201", "?since", "wrong_type"),
        ("since=%D9%A1", "?since", "wrong_type"),
        ("since=1.0", "?since", "wrong_type"),
        ("since=", "?since", "wrong_type"),
        ("since=" + "9" * 40, "?since", "wrong_type"),
        ("every=1", "?every", "wrong_type"),
        ("limit=0", "?limit", "out_of_range"),
        ("limit=201", "?limit", "out_of_range"),
        ("limit=-1", "?limit", "out_of_range"),
        ("status=sold", "?status", "not_allowed"),
        ("status=draft'%20or%201=1--", "?status", "not_allowed"),
        ("at=2026-01-02T03:04:05", "?at", "wrong_format"),
        ("sort=id", "?sort", "unknown_field"),
        ("limit=1&limit=2", "?limit", "repeated"),
    ],
)
async def test_query_parameters_are_validated(http, query: str, pointer: str, code: str):
    answer = await http.get("/v1/events/7?" + query)
    assert code_of(answer) == (422, "invalid_input")
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_a_route_without_a_query_refuses_parameters(http):
    assert code_of(await http.get("/v1/events/next?x=1")) == (422, "invalid_input")


@pytest.mark.parametrize(
    "name", ["-1", "0", "0x1", "1_0", "%D9%A1", "%201", "99999999999999999999", "%7B7%7D", "a%2Fb", "x"]
)
async def test_an_impossible_id_in_a_path_is_404(http, name: str):
    assert code_of(await http.get(f"/v1/events/{name}")) == (404, "event_not_found")


# Paths and methods


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/holds/",
        "/v1//holds",
        "/V1/holds",
        "/v1/events/",
        "/v1/events/7/",
        "/v1/%2e%2e/v1/holds",
        "/v1/holds;a=b",
        "/v1%2Fholds",
        "/etc/passwd",
        "*",
    ],
)
async def test_an_undeclared_path_is_404(path: str):
    assert (await raw_call("GET", path.encode()))[:2] == (404, "not_found")


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE", "PUT", "TRACE", "BREW", "get"])
async def test_a_wrong_method_gets_the_allowed_ones(method: str):
    status, code, headers = await raw_call(method, b"/v1/events/7")
    assert (status, code, headers[b"allow"]) == (405, "method_not_allowed", b"GET, HEAD")


async def test_a_head_is_a_get_without_its_body(http):
    """Probes and caches use it. The length is that of a GET's body."""
    full, head = await http.get("/v1/events/next"), await http.head("/v1/events/next")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(full.content))
    assert (await http.head("/v1/nowhere")).status_code == 404


async def test_a_method_cannot_be_overridden(http):
    answer = await http.get("/v1/holds", headers={"X-HTTP-Method-Override": "POST"})
    assert code_of(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_literal_part_precedes_a_named_one(http):
    assert (await http.get("/v1/events/next")).json() == "next"


@pytest.mark.parametrize(
    "path", [b"/v1/events/%00", b"/v1/events/a%0Ab", b"/v1/events/%7f", b"/v1/events/%ff", b"/v1/events/\xff"]
)
async def test_a_path_must_be_text(path: bytes):
    assert (await raw_call("GET", path))[:2] == (400, "bad_request")


@pytest.mark.parametrize("query", [b"since=%00", b"%00=1", b"since=%ff", b"since=%0d%0a"])
async def test_a_query_must_be_text(query: bytes):
    assert (await raw_call("GET", b"/v1/events/7", query=query))[:2] == (400, "bad_request")


async def test_overlong_paths_and_queries_are_refused():
    assert (await raw_call("GET", b"/" + b"a" * 8 * 1024))[:2] == (414, "uri_too_long")
    assert (await raw_call("GET", b"/v1/events/7", query=b"a" * 8 * 1024 + b"=1"))[:2] == (
        414,
        "uri_too_long",
    )


# Retries


async def test_a_retry_is_recognised_by_its_fingerprint():
    seen: list[tuple[bytes | None, bytes]] = []
    retried = Routes(tag="tests")

    @retried.post("/v1/holds/{event}", policy=Permission.PUBLIC)
    async def note(request: Request, event: EventPath, body: dict[str, Any]) -> None:
        seen.append((request.retry_scope, request.fingerprint))

    one, two = str(uuid4()), str(uuid4())
    async with client_of(layer_of(retried)) as http:
        for path, key, token, content in (
            ("/v1/holds/7", one, "t", b'{"a": 1, "b": 2}'),
            ("/v1/holds/7", one, "t", b'{ "b":2,"a":1 }'),
            ("/v1/holds/7", one, "t", b'{"a": 1, "b": 3}'),
            ("/v1/holds/8", one, "t", b'{"a": 1, "b": 2}'),
            ("/v1/holds/7", one, "u", b'{"a": 1, "b": 2}'),
            ("/v1/holds/7", two, "t", b'{"a": 1, "b": 2}'),
        ):
            await http.post(
                path, content=content, headers={**JSON, "Idempotency-Key": key, "Hold-Token": token}
            )
    (scope, first), respelled, other_body, other_path, other_token, other_key = seen
    assert respelled == (scope, first)
    for scope_of_other, fingerprint in (other_body, other_path, other_token):
        assert scope_of_other == scope
        assert fingerprint != first
    assert other_key[0] != scope
    assert other_key[1] == first


# Declarations


def test_routes_with_equal_paths_or_names_are_refused():
    once = Routes(tag="tests")
    once.get("/a", policy=Permission.PUBLIC)(get_next_event)
    with pytest.raises(ValueError, match="operation id"):
        Router([*once, *once])
    other = Routes(tag="tests")
    other.get("/a", policy=Permission.PUBLIC, operation_id="other")(get_next_event)
    with pytest.raises(ValueError, match="GET /a"):
        Router([*once, *other])


def test_a_path_parameter_must_declare_its_404():
    with pytest.raises(TypeError, match="FromPath"):

        @Routes(tag="tests").get("/a/{event}", policy=Permission.PUBLIC)
        async def get_a(request: Request, event: str) -> None: ...


async def test_the_document_describes_every_route():
    """Every error has its status, code and example; FastAPI adds nothing of its own."""
    layer = layer_of([*routes, *document_routes])  # type: ignore[arg-type]
    async with client_of(layer) as http:
        document = (await http.get("/openapi.json")).json()
    operations = {one["operationId"] for path in document["paths"].values() for one in path.values()}
    assert operations == {one.operation_id for one in [*routes, *document_routes]}
    placed = document["paths"]["/v1/holds"]["post"]
    assert placed["responses"]["201"]["content"]["application/json"]["example"] == {"event": 7, "quantity": 1}
    content = placed["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/HoldIn"}
    assert content["examples"]["one"]["value"] == {"event": 7, "lines": [{"quantity": 1}]}
    found = {
        (status, code)
        for status, answer in placed["responses"].items()
        for code in answer["content"].get("application/problem+json", {}).get("examples", {})
    }
    assert {
        ("404", "event_not_found"),
        ("409", "seat_taken"),
        ("400", "malformed_json"),
        ("422", "invalid_input"),
        ("413", "body_too_large"),
        ("415", "unsupported_media_type"),
        ("503", "busy"),
        ("503", "outcome_unknown"),
    } <= found
    assert "HTTPValidationError" not in document["components"]["schemas"]
    parameters = document["paths"]["/v1/events/{event}"]["get"]["parameters"]
    assert {(one["name"], one["in"]) for one in parameters} >= {
        ("event", "path"),
        ("limit", "query"),
        ("at", "query"),
    }


async def test_requests_are_counted_by_route_and_not_by_path(http):
    before = metric_totals().get("holdfast_http_requests_total", 0)
    await http.get("/v1/events/4711")
    await http.get("/nothing/4711")
    assert metric_totals()["holdfast_http_requests_total"] == before + 2
    text = render_prometheus().decode()
    assert 'holdfast_http_requests_total{method="GET",route="/v1/events/{event}",status="200"}' in text
    assert 'holdfast_http_requests_total{method="other",route="none",status="404"}' in text
    assert 'holdfast_http_problems_total{code="not_found"}' in text
    assert "/4711" not in text
