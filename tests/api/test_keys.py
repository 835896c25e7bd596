"""API keys over HTTP: shown once, never more than their maker's rights, rotated, revoked, and of one organisation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import psycopg
import pytest

from holdfast.access.issued_keys import refuse_more_than_own
from holdfast.access.permissions import Role, Scope, of_role
from holdfast.access.principals import Principal
from holdfast.errors import Forbidden
from holdfast.http.application import Application
from holdfast_client import AsyncClient, errors
from support.comparing import comparable
from support.http_app import client_of
from support.http_sales import make_event
from support.people import after_a_second, make_member, signed_in
from support.tokens import password_token

RETRY = {"Idempotency-Key": "5f0c1b52-7f0e-4a39-9d0a-2f6d1c0b7e11"}
ABSENT = "k3v9x0q2m7ab"


@pytest.fixture
async def manager(closed_app: Application, database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    await make_member(closed_app, database_url, "mara", "manager")
    async with signed_in(closed_app, "mara") as browser:
        yield browser


async def make(client: httpx2.AsyncClient, *scopes: str, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/keys", json={"name": "Shop", "scopes": list(scopes) or ["sell"], **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def status_of(app: Application, key: str, path: str = "/v1/seat-maps") -> int:
    async with client_of(app, peer="203.0.113.8", authorization=f"Bearer {key}") as program:
        return (await program.get(path)).status_code


async def test_a_key_works_and_is_shown_once(closed_app: Application, manager: httpx2.AsyncClient) -> None:
    made = await make(manager, "read", "sell")
    assert made["key"].startswith(f"hfk_{made['id']}_")
    assert made["scopes"] == ["read", "sell"]
    assert await status_of(closed_app, made["key"]) == 200
    shown = await manager.get(f"/v1/keys/{made['id']}")
    listed = await manager.get("/v1/keys")
    revoked = await manager.post(f"/v1/keys/{made['id']}/revoke")
    for answer in (shown, listed, revoked):
        assert answer.status_code == 200
        assert made["key"].rpartition("_")[2] not in answer.text
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]


async def test_a_retry_makes_one_key_with_one_secret(manager: httpx2.AsyncClient) -> None:
    body = {"name": "Shop", "scopes": ["sell"]}
    first, again = [await manager.post("/v1/keys", json=body, headers=RETRY) for _ in range(2)]
    assert first.json() == again.json()
    assert first.json()["key"]
    for other in ({**body, "scopes": ["sell", "read"]}, {**body, "name": "Other"}):
        refused = await manager.post("/v1/keys", json=other, headers=RETRY)
        assert refused.json()["code"] == "idempotency_key_reused"
    assert len((await manager.get("/v1/keys")).json()["items"]) == 1


async def test_a_retry_of_another_member_makes_another_key(
    closed_app: Application, database_url: str, manager: httpx2.AsyncClient
) -> None:
    body = {"name": "Shop", "scopes": ["sell"]}
    first = (await manager.post("/v1/keys", json=body, headers=RETRY)).json()
    await make_member(closed_app, database_url, "olga", "owner")
    async with signed_in(closed_app, "olga") as owner:
        second = (await owner.post("/v1/keys", json=body, headers=RETRY)).json()
    assert first["id"] != second["id"]
    assert first["key"] != second["key"]


async def test_both_secrets_work_after_a_rotation(
    closed_app: Application, manager: httpx2.AsyncClient
) -> None:
    made = await make(manager, "read")
    path = f"/v1/keys/{made['id']}/rotate"
    first, again = [await manager.post(path, json={}, headers=RETRY) for _ in range(2)]
    assert (first.status_code, first.json()) == (200, again.json())
    rotated = first.json()
    assert rotated["key"] != made["key"]
    assert rotated["previous_until"] > rotated["created_at"]
    after_a_second(closed_app)
    for key in (made["key"], rotated["key"]):
        assert await status_of(closed_app, key) == 200
    now = (await manager.post(path, json={"overlap_seconds": 0})).json()
    after_a_second(closed_app)
    assert [await status_of(closed_app, key["key"]) for key in (made, rotated, now)] == [401, 401, 200]


async def test_a_late_retry_of_a_rotation_does_not_end_the_newer_secret(
    closed_app: Application, manager: httpx2.AsyncClient
) -> None:
    made = await make(manager, "read")
    path = f"/v1/keys/{made['id']}/rotate"
    first = (await manager.post(path, headers=RETRY)).json()
    newer = (await manager.post(path)).json()
    assert (await manager.post(path, headers=RETRY)).json()["key"] == first["key"]
    after_a_second(closed_app)
    assert [await status_of(closed_app, one["key"]) for one in (made, first, newer)] == [401, 200, 200]


async def test_a_revoked_key_opens_nothing(closed_app: Application, manager: httpx2.AsyncClient) -> None:
    made = await make(manager, "read")
    path = f"/v1/keys/{made['id']}"
    first, again = [(await manager.post(f"{path}/revoke")).json() for _ in range(2)]
    assert first["revoked_at"] is not None
    assert first == again
    after_a_second(closed_app)
    assert await status_of(closed_app, made["key"]) == 401
    refused = await manager.post(f"{path}/rotate")
    assert (refused.status_code, refused.json()["code"]) == (409, "key_ended")


async def test_a_key_ends_at_its_time(
    closed_app: Application, database_url: str, manager: httpx2.AsyncClient
) -> None:
    made = await make(manager, "read", expires_at="2090-01-01T20:00:00Z")
    assert made["expires_at"] == "2090-01-01T20:00:00Z"
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("UPDATE api_keys SET expires_at = now()")
    assert await status_of(closed_app, made["key"]) == 401
    past = await manager.post(
        "/v1/keys", json={"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T20:00:00Z"}
    )
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/expires_at")


async def test_every_act_is_in_the_audit(
    closed_app: Application, database_url: str, manager: httpx2.AsyncClient
) -> None:
    made = await make(manager, "sell")
    await manager.post(f"/v1/keys/{made['id']}/rotate", headers=RETRY)
    await manager.post(f"/v1/keys/{made['id']}/rotate", headers=RETRY)
    await manager.post(f"/v1/keys/{made['id']}/revoke")
    await manager.post(f"/v1/keys/{made['id']}/revoke")
    await make_member(closed_app, database_url, "olga", "owner")
    async with signed_in(closed_app, "olga") as owner:
        entries = (await owner.get("/v1/audit", params={"object": f"key:{made['id']}"})).json()["items"]
    me = (await manager.get("/v1/me")).json()["principal"]
    assert [one["action"] for one in entries] == ["key.revoked", "key.rotated", "key.created"]
    assert {one["principal"] for one in entries} == {me}
    assert all(one["request_id"] for one in entries)


async def test_keys_of_another_organisation_are_absent(
    closed_app: Application, database_url: str, manager: httpx2.AsyncClient, statements: list[str]
) -> None:
    """The bytes and the work are those of a key that does not exist, and the key stays as it is."""
    made = await make(manager, "read")
    await make_member(closed_app, database_url, "eve", "owner", organisation=2)
    async with signed_in(closed_app, "eve") as eve:
        assert (await eve.get("/v1/keys")).json()["items"] == []
        for method, act in (("GET", ""), ("POST", "/rotate"), ("POST", "/revoke")):
            answers, work = [], []
            for id in (made["id"], ABSENT):
                statements.clear()
                answers.append(comparable(await eve.request(method, f"/v1/keys/{id}{act}")))
                work.append(list(statements))
            assert answers[0] == answers[1]
            assert answers[0][0] == 404
            assert work[0] == work[1]
        theirs = await make(eve, "read")
    assert await status_of(closed_app, made["key"]) == 200
    assert (await manager.get(f"/v1/keys/{theirs['id']}")).status_code == 404
    assert [one["id"] for one in (await manager.get("/v1/keys")).json()["items"]] == [made["id"]]


async def test_a_list_continues_where_its_page_ended(manager: httpx2.AsyncClient) -> None:
    made = [(await make(manager, "read", name=f"Key {number}"))["id"] for number in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = (await manager.get("/v1/keys", params=query)).json()
        found += [one["id"] for one in answer["items"]]
        if answer["next"] is None:
            break
        query["cursor"] = answer["next"]
    assert found == made[::-1]


@pytest.mark.parametrize("role", ["box_office", "door", "reports"])
async def test_other_roles_make_no_key(closed_app: Application, database_url: str, role: str) -> None:
    await make_member(closed_app, database_url, "bob", role)
    async with signed_in(closed_app, "bob") as bob:
        answer = await bob.post("/v1/keys", json={"name": "x", "scopes": ["read"]})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_limited_manager_makes_no_key(closed_app: Application, database_url: str) -> None:
    """A key sees every event of the organisation, so its maker would see more than it may."""
    await make_member(closed_app, database_url, "bob", "manager", events=[1])
    async with signed_in(closed_app, "bob") as bob:
        assert (await bob.post("/v1/keys", json={"name": "x", "scopes": ["read"]})).status_code == 403


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("scope", Scope)
def test_a_scope_beyond_the_makers_rights_is_refused(role: Role, scope: Scope) -> None:
    """Today each role that may make keys has the rights of every scope. The rule does not depend on that."""
    maker = Principal(kind="account", id="account:1", permissions=of_role(role), organisation=1)
    allowed = {
        Role.OWNER: set(Scope),
        Role.MANAGER: set(Scope),
        Role.BOX_OFFICE: {Scope.READ, Scope.SELL, Scope.DOOR},
        Role.DOOR: {Scope.DOOR},
        Role.REPORTS: set[Scope](),
    }[role]
    if scope in allowed:
        refuse_more_than_own(maker, [scope])
    else:
        with pytest.raises(Forbidden):
            refuse_more_than_own(maker, [scope])


async def test_a_program_manages_keys_with_the_sdk(closed_app: Application, database_url: str) -> None:
    """An owner's program uses an access token. No representation of a key has its secret."""
    await make_member(closed_app, database_url, "olga", "owner")
    token = await password_token(closed_app, "olga")
    transport = httpx2.ASGITransport(app=closed_app, client=("203.0.113.8", 1))
    async with AsyncClient("http://localhost", token, transport=transport) as owner:
        made = await owner.create_key("Shop", ["sell"], expires_at=datetime(2090, 1, 1, tzinfo=UTC))
        assert made.key is not None
        assert made.key not in repr(made)
        rotated = await owner.rotate_key(made.id, overlap_seconds=60)
        assert rotated.key not in (None, made.key)
        assert (await owner.get_key(made.id)).key is None
        assert [one.id async for one in owner.iterate_keys(limit=1)] == [made.id]
        assert (await owner.revoke_key(made.id)).revoked_at is not None
        with pytest.raises(errors.KeyEnded):
            await owner.rotate_key(made.id)
        with pytest.raises(errors.KeyNotFound):
            await owner.get_key(ABSENT)


async def test_the_first_key_ends_open_mode(app: Application, client: httpx2.AsyncClient) -> None:
    await make_event(client)
    made = await make(client, "organise")
    after_a_second(app)
    assert (await client.get("/v1/keys")).status_code == 401
    assert await status_of(app, made["key"]) == 200
