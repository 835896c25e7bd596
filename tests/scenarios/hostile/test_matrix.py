"""Wrong heads and framings of every route that writes, without a connection; and inputs that must have no effect.

`test_bad_inputs.py` sends everything that a connection can carry unchanged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import psycopg
import pytest

from holdfast.api.catalogue import all_endpoints
from holdfast.http.application import Application
from scenarios.hostile import rows
from scenarios.hostile.all_targets import all_targets, prepared
from scenarios.hostile.asking import Ask, ask, digest
from scenarios.hostile.cases import body_heads, with_member, wrong_heads
from scenarios.hostile.people import People
from scenarios.hostile.shop import Shop
from scenarios.hostile.target import Target

Row = tuple[str, Ask, frozenset[int]]

NAMES = [target.route for target in all_targets(Shop.blank(), People())]
INDEXES = range(len(NAMES))


@pytest.fixture
async def target(
    app: Application, client: httpx2.AsyncClient, shop: Shop, request: pytest.FixtureRequest
) -> Target:
    return await prepared(app, client, shop, request.param)


every_target = pytest.mark.parametrize("target", INDEXES, indirect=True, ids=NAMES)


async def refuse_all(app: Application, database_url: str, given: Iterator[Row], good: Ask | None) -> None:
    """Assert that each row is refused with one of its statuses, and that all of them change nothing.

    Afterwards the good request must succeed, which proves that the wrong part was the reason for the refusal.
    """
    before = digest(database_url)
    wrong = []
    for name, request, statuses in given:
        answer = await ask(app, request)
        if answer.status not in statuses:
            wrong.append(f"{name}: {answer.status} instead of {sorted(statuses)}: {answer.body[:200]!r}")
    assert not wrong, "\n".join(wrong)
    assert digest(database_url) == before
    if good is not None:
        answer = await ask(app, good)
        assert answer.status in (200, 201, 202, 204), answer.body


@every_target
async def test_a_wrong_framing_is_refused(app: Application, database_url: str, target: Target):
    await refuse_all(app, database_url, _wrong_framings(target), None)


def _wrong_framings(target: Target) -> Iterator[Row]:
    for name, status, headers in body_heads(target):
        length = status == 413 and target.large
        given = [*headers, (b"content-length", b"99999999999")] if length else headers
        statuses = {400, 413} if length else {status}
        yield name, target.ask(raw=b'{"a": 1}', headers=tuple(given)), frozenset(statuses)


@every_target
async def test_a_wrong_head_is_refused(app: Application, database_url: str, target: Target):
    await refuse_all(app, database_url, _wrong_heads(target), target.ask())


def _wrong_heads(target: Target) -> Iterator[Row]:
    for name, status, headers in wrong_heads(target):
        good = target.ask()
        yield name, replace(good, headers=(*good.headers, *headers)), frozenset({status})
    if target.staff:
        for host in (
            b"example.org",
            b"localhost.example.org",
            b"127.0.0.2",
            b"0.0.0.0",
            b"localhost:8000",  # another port than the server's
            b"",
        ):
            yield f"host {host!r}", replace(target.ask(), host=host), frozenset({401})
        for host in (b"localhost:8000/", b"a b/c?d@e", b"user@localhost", b"[::1", b"localhost:80a", b"\xff"):
            yield f"host {host!r}", replace(target.ask(), host=host), frozenset({400})
        for peer in ("203.0.113.7", "10.0.0.1", "::ffff:10.0.0.1"):
            yield f"peer {peer}", replace(target.ask(), peer=peer), frozenset({401})
    taken = {route.partition(" ")[0] for route in _routes_at(target)}
    for method in {
        "GET",
        "PUT",
        "DELETE",
        "PATCH",
        "POST",
        "OPTIONS",
        "TRACE",
        "CONNECT",
        "BREW",
        "get",
    } - taken:
        yield f"method {method}", replace(target.ask(), method=method), frozenset({405})


def _routes_at(target: Target) -> list[str]:
    """Return the routes that the path of the target may name: `options` may be an id for another one."""
    path = target.route.partition(" ")[2]
    forms = [(one, re.sub(r"\{[a-z_]+\}", "[^/]+", one.path)) for one in all_endpoints()]
    return [f"{one.method} {one.path}" for one, form in forms if re.fullmatch(form, path)]


@every_target
async def test_unknown_headers_and_members_are_ignored(app: Application, database_url: str, target: Target):
    """Headers of other programs have no effect; nor have unknown members in the dialects."""
    good = target.ask()
    request = replace(good, headers=(*good.headers, *rows.IGNORED.values()))
    if target.is_dialect and isinstance(target.body, dict):
        extra = {
            key: value for key, value in rows.MASS_ASSIGNMENT.items() if key.isascii() and "\x00" not in key
        }
        request = replace(request, body=json.dumps(extra | target.body).encode())
    answer = await ask(app, request)
    assert answer.status in (200, 201, 202, 204), answer.body
    with psycopg.connect(database_url) as connection:
        stored = "".join(str(row) for row in connection.execute("SELECT * FROM events").fetchall())
    assert "owner_id" not in stored
    assert "(2099," not in stored  # not just the digits: microseconds can contain them
    assert "2099-" not in stored


@every_target
async def test_strange_texts_have_no_effect(app: Application, database_url: str, target: Target):
    """SQL, scripts, paths and formulas are stored and returned unchanged, or refused."""
    tables = digest(database_url).keys()
    for path, kind in target.fields.items():
        if kind not in (
            "text",
            "email",
            "label",
            "word",
            "zone",
            "time",
            "lenient_time",
            "token",
            "id",
            "password",
            "form",
        ):
            continue
        for text in rows.STRANGE_TEXTS:
            answer = await ask(app, target.ask(with_member(target.body, path, text)))
            assert answer.status < 500
    assert digest(database_url).keys() == tables


@every_target
async def test_a_missing_or_null_member_causes_no_unexpected_error(app: Application, target: Target):
    if not isinstance(target.body, dict):
        pytest.skip("it has no body")
    for path in target.fields:
        await ask(app, target.ask(with_member(target.body, path, None)))
        if path in target.body:
            await ask(app, target.ask({key: value for key, value in target.body.items() if key != path}))
