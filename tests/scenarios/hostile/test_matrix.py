"""Every wrong input to every route that changes something is refused, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from holdfast.api.catalogue import all_endpoints
from holdfast.http.application import Application
from scenarios.hostile import rows
from scenarios.hostile.asking import Ask, ask, digest
from scenarios.hostile.shop import Shop, Target, targets

Row = tuple[str, Ask, frozenset[int]]

ROUTES = [f"{one.method} {one.path}" for one in all_endpoints() if one.method in ("POST", "PATCH")]
INDEXES = range(len(targets(Shop.blank())))
NAMES = [target.route for target in targets(Shop.blank())]


def test_the_matrix_has_every_route():
    """Fails if a new route has no target. A slash at the end of a path makes no difference."""
    tried = {route.rstrip("/") for route in NAMES}
    assert {route.rstrip("/") for route in ROUTES} == tried


@pytest.fixture
def target(shop: Shop, request: pytest.FixtureRequest) -> Target:
    return targets(shop)[request.param]


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
        assert answer.status in (200, 201, 202), answer.body


@every_target
async def test_a_member_of_the_wrong_kind_is_refused(app: Application, database_url: str, target: Target):
    await refuse_all(app, database_url, _wrong_members(target), target.ask())


def _wrong_members(target: Target) -> Iterator[Row]:
    for path, kind in target.fields.items():
        for name, value in rows.WRONG[kind].items():
            yield f"{path}: {name}", target.ask(with_member(target.body, path, value)), target.refusals
    if target.body is not None:
        refusals = target.refusals - {404}
        for name, raw in rows.NOT_AN_OBJECT.items():
            if name == "null" and target.may_be_empty:
                continue
            if name.startswith("an array") and target.route == "POST /shows/{show_id}/seats":
                continue  # this route takes an array too
            yield f"body: {name}", target.ask(raw=raw), refusals
    if target.body is not None and not target.is_dialect:
        for name, value in rows.MASS_ASSIGNMENT.items():
            if name not in target.body:
                yield f"member {name!r}", target.ask({**target.body, name: value}), frozenset({422})
        for path, kind in target.fields.items():
            if kind in ("object", "buyer") and path != "seat_map":
                member = {**member_of(target.body, path), "owner_id": 1}
                yield f"{path}/owner_id", target.ask(with_member(target.body, path, member)), frozenset({422})


@every_target
async def test_invalid_json_is_refused(app: Application, database_url: str, target: Target):
    await refuse_all(app, database_url, _broken_bodies(target), None)


def _broken_bodies(target: Target) -> Iterator[Row]:
    for name, raw in rows.BROKEN_JSON.items():
        yield name, target.ask(raw=raw), frozenset({400})
    for name, (status, headers) in rows.BODY_HEADERS.items():
        length = status == 413 and target.large
        given = [*headers, (b"content-length", b"99999999999")] if length else headers
        statuses = {400, 413} if length else {status}
        yield name, target.ask(raw=b'{"a": 1}', headers=tuple(given)), frozenset(statuses)
    if not target.large:
        yield "more than 64 KB", target.ask(raw=b'{"a":"' + b"a" * 65_536 + b'"}'), frozenset({413})
        many = b'{"a": [' + b"1," * 1_000 + b"1]}"
        yield "1,001 items", target.ask(raw=many), target.refusals | {400, 422} - {404}


@every_target
async def test_a_wrong_head_is_refused(app: Application, database_url: str, target: Target):
    await refuse_all(app, database_url, _wrong_heads(target), target.ask())


def _wrong_heads(target: Target) -> Iterator[Row]:
    for name, (status, headers) in rows.HEADERS.items():
        good = target.ask()
        yield name, replace(good, headers=(*good.headers, *headers)), frozenset({status})
    if target.method == "POST":
        for name, headers in rows.RETRY_KEYS.items():
            good = target.ask()
            yield f"retry key: {name}", replace(good, headers=(*good.headers, *headers)), frozenset({400})
    for name, (status, query) in rows.QUERIES.items():
        if target.is_dialect and status == 422:
            continue  # the dialects ignore unknown parameters
        joined = target.query.encode() + b"&" * bool(target.query) + query
        yield f"query: {name}", replace(target.ask(), query=joined), frozenset({status})
    if target.staff:
        for name, header in rows.FORWARDED.items():
            good = target.ask()
            yield name, replace(good, headers=(*good.headers, header)), frozenset({401})
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
    """Return the routes with the path of the target."""
    path = target.route.partition(" ")[2]
    return [f"{one.method} {one.path}" for one in all_endpoints() if one.path == path]


@every_target
async def test_a_wrong_path_is_not_found(app: Application, database_url: str, target: Target):
    await refuse_all(app, database_url, _wrong_paths(target), None)


def _wrong_paths(target: Target) -> Iterator[Row]:
    for value in target.names:
        for name, other in rows.PATH_VALUES.items():
            yield (
                f"{value}: {name}",
                target.ask_at(value, other),
                frozenset({rows.PATH_STATUSES.get(name, 404)}),
            )
    good = target.ask()
    for suffix in (b"//", b"/.", b"/..", b"/%2e%2e", b";a=b", b"%00", b".json", b"/x", b"%20", b"%2f"):
        # 405 if a GET reads the suffix as an id.
        statuses = {400} if suffix == b"%00" else {404, 405}
        yield f"{suffix!r} behind", replace(good, path=good.path + suffix), frozenset(statuses)
    yield "// before", replace(good, path=b"/" + good.path), frozenset({404})
    yield "/../ before", replace(good, path=b"/v1/.." + good.path), frozenset({404})


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
    assert answer.status in (200, 201, 202), answer.body
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


def member_of(body: Any, path: str) -> Any:
    for part in path.split("/"):
        body = body[int(part) if part.isdecimal() else part]
    return body


def with_member(body: Any, path: str, value: Any) -> Any:
    """Return the body with another value at the path."""
    changed = deepcopy(body)
    before, _, last = path.rpartition("/")
    at = member_of(changed, before) if before else changed
    at[int(last) if last.isdecimal() else last] = value
    return changed
