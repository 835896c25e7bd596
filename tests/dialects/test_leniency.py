"""Leniency: a dialect ignores unknown members and validates known ones."""

from __future__ import annotations

import pytest

from holdfast.access.permissions import Permission
from holdfast.http.openapi import openapi_document
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from support.http_surface import client_of, layer_of

lenient = Routes(tag="lenient", lenient=True)
strict = Routes(tag="strict")


@lenient.post("/lenient", policy=Permission.PUBLIC)
async def lenient_post(request: Request, quantity: int = 1) -> dict[str, int]:
    """A route without a body."""
    return {"quantity": quantity}


@lenient.get("/lenient", policy=Permission.PUBLIC)
async def lenient_get(request: Request) -> dict[str, int]:
    """A route without parameters."""
    return {}


@strict.post("/v1/strict", policy=Permission.PUBLIC)
async def strict_post(request: Request, quantity: int = 1) -> dict[str, int]:
    """The same route, as `/v1` declares it."""
    return {"quantity": quantity}


@pytest.mark.parametrize("body", [{"anything": [1]}, [], None, "text"])
async def test_a_dialect_ignores_unknown_members(body):
    async with client_of(layer_of(lenient)) as client:
        answer = await client.post("/lenient?quantity=3&_=17", json=body)
        assert (answer.status_code, answer.json()) == (200, {"quantity": 3})
        assert (await client.get("/lenient?_=17")).status_code == 200


async def test_a_dialect_validates_known_members():
    async with client_of(layer_of(lenient)) as client:
        assert (await client.post("/lenient?quantity=x")).status_code == 422
        broken = await client.post("/lenient", content="{", headers={"content-type": "application/json"})
        assert broken.status_code == 400


async def test_v1_refuses_unknown_members():
    async with client_of(layer_of(strict)) as client:
        assert (await client.post("/v1/strict?_=17")).status_code == 422
        assert (await client.post("/v1/strict", json={"anything": 1})).status_code == 422


def test_only_v1_documents_an_idempotency_key():
    """A route does not document a header that it does not read."""
    paths = openapi_document([*lenient, *strict])["paths"]
    named = {path: [p["name"] for p in paths[path]["post"].get("parameters", [])] for path in paths}
    assert named == {"/lenient": ["quantity"], "/v1/strict": ["quantity", "Idempotency-Key"]}
