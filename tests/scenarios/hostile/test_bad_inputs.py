"""The bad-input table over a real connection: every case is refused as it says, and nothing changes.

The kind is "an input that reaches the database, or is applied, or ends in an unexpected error". The table is
`bad_inputs.yaml`; `cases.py` applies each row to each route that writes. The routes come from the catalogue, so a new
one without rows fails. Each answer must fit the schema that the document gives for its route and status. What a
connection cannot carry unchanged (framing, other peers) is in `test_matrix.py`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from holdfast.api.catalogue import all_endpoints
from holdfast.http.application import Application
from scenarios.hostile.all_targets import all_targets, prepared
from scenarios.hostile.asking import Answer, Ask, check, digest
from scenarios.hostile.cases import KINDS, Case, cases
from scenarios.hostile.people import People
from scenarios.hostile.shop import Shop
from scenarios.hostile.target import Target
from scenarios.wire.raw import RawConnection
from support.http_serving import serving

RECORDED = Path(__file__).parents[2] / "golden" / "recorded"
WRITING = ("POST", "PATCH", "PUT", "DELETE")
BLANK = all_targets(Shop.blank(), People())


def test_every_writing_route_has_rows() -> None:
    """A new route needs a target in `shop.py` or `people.py`, and a place in KINDS."""
    declared = {f"{one.method} {one.path}".rstrip("/") for one in all_endpoints() if one.method in WRITING}
    known = {target.route.rstrip("/") for target in BLANK}
    assert declared == known
    assert {route.rstrip("/") for routes in KINDS.values() for route in routes} == known


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_writing_route_has_400_cases(kind: str) -> None:
    counts = Counter(target.route for target in BLANK for _ in cases(target))
    assert sum(counts[route] for route in KINDS[kind]) >= 400


class _Wire:
    """A connection that is kept open. A server that closes it gets a new one."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._open: RawConnection | None = None

    async def ask(self, request: Ask) -> Answer:
        connection = self._open or await RawConnection(self.port).__aenter__()
        self._open = connection
        await connection.send(_written(request, self.port))
        found = await connection.answer(request.method.encode())
        assert found is not None, f"no answer: {request}"
        answer = Answer(status=found.status, headers=dict(found.headers), body=found.body)
        if answer.headers.get(b"connection") == b"close":
            await self.close()
        return answer

    async def close(self) -> None:
        if self._open is not None:
            await self._open.__aexit__()
            self._open = None


def _written(request: Ask, port: int) -> bytes:
    path = request.path + (b"?" + request.query if request.query else b"")
    lines = [
        b"%s %s HTTP/1.1" % (request.method.encode(), path),
        b"host: localhost:%d" % port,
        *(name + b": " + value for name, value in request.headers),
        *([b"content-length: %d" % len(request.body)] if request.body else []),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.body


@pytest.fixture
async def wire(app: Application) -> AsyncIterator[_Wire]:
    async with serving(app) as (port, _):
        opened = _Wire(port)
        yield opened
        await opened.close()


@pytest.mark.parametrize("index", range(len(BLANK)), ids=[target.route for target in BLANK])
async def test_every_case_is_refused_and_changes_nothing(
    wire: _Wire, app: Application, client: httpx2.AsyncClient, shop: Shop, database_url: str, index: int
) -> None:
    """Afterwards the good request succeeds, which proves that the wrong part was the reason for each refusal."""
    target = await prepared(app, client, shop, index)
    before = digest(database_url)
    wrong = []
    for case in cases(target):
        answer = await wire.ask(case.request)
        check(case.request, answer)
        if fault := _fault(case, answer, target):
            wrong.append(f"{case.name}: {answer.status} {fault}: {answer.body[:300]!r}")
    assert not wrong, "\n".join(wrong)
    assert digest(database_url) == before
    assert (await wire.ask(target.ask())).status in (200, 201, 202, 204)


def _fault(case: Case, answer: Answer, target: Target) -> str:
    """Return what is wrong with a refusal; empty if it is as it must be."""
    if answer.status not in case.statuses:
        return f"instead of {sorted(case.statuses)}"
    if answer.status not in (404, 410) and case.code and answer.code != case.code:
        return f"its code is not {case.code}"
    if answer.status == 422 and case.pointer:
        pointers = [error["pointer"] for error in answer.json.get("errors", [])]
        if not any(f"{pointer}/".startswith(f"{case.pointer}/") for pointer in pointers):
            return f"its pointers {pointers} miss {case.pointer}"
    schema = _schema("" if case.is_elsewhere else target.route, answer.status)
    if errors := [each.message for each in schema.iter_errors(answer.json)]:
        return f"its schema is {errors}"
    return ""


@cache
def _schema(route: str, status: int) -> Any:
    """Return the documented schema; that of every problem, for a refusal from before the route is known."""
    method, _, path = route.partition(" ")
    document = _documents()["dialects" if path and not path.startswith("/v1/") else "v1"]
    answers = document["paths"][path][method.lower()]["responses"] if route else {}
    content = answers[str(status)]["content"] if str(status) in answers else None
    if content is None:
        assert not route or status in (414, 431), f"{route} has no {status}"
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    wanted = {"anyOf": [each["schema"] for each in content.values()], "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(wanted)


@cache
def _documents() -> dict[str, Any]:
    """Return the recorded documents, which `tests/golden` compares with the server's."""
    names = {"v1": "openapi.json", "dialects": "openapi_dialects.json"}
    return {which: json.loads((RECORDED / name).read_text()) for which, name in names.items()}
