"""Policy: which credentials each route requires, and how others are refused."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

import pytest

from holdfast.access.policy import Policy
from holdfast.access.principals import ApiKeys, KeyRow, make_api_key
from holdfast.errors import CredentialsRequired, HoldNotFound
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from support.http_surface import Keys, client_of, layer_of

routes = Routes(tag="tests")


async def _who(request: Request) -> Reply:
    return Reply(body=f"{request.principal.id} {request.hold_token}".encode(), content_type=b"text/plain")


for each in Policy:
    routes.get(f"/{each}", policy=each, operation_id=f"get_{each}")(_who)
    routes.post(f"/{each}", policy=each, operation_id=f"post_{each}")(_who)

SECRET = "s" * 43


def _row(key_id: str, *scopes: str) -> KeyRow:
    return KeyRow(key_id=key_id, secret_hash=sha256(SECRET.encode()).digest(), scopes=frozenset(scopes))


KEYS = Keys(_row("reader", "read"), _row("seller", "sell"), _row("staff", "read", "sell", "organise"))


def _bearer(key_id: str, secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": f"Bearer hfk_{key_id}_{secret}"}


@pytest.mark.parametrize(
    ("key_id", "allowed"),
    [
        (None, {"public"}),
        ("reader", {"public", "read"}),
        ("seller", {"public", "sell"}),
        ("staff", {"public", "read", "sell", "organise"}),
    ],
)
async def test_a_route_requires_its_scope(key_id: str | None, allowed: set[str]):
    """A guest gets 401; a key without the scope gets its name."""
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        for policy in Policy:
            answer = await http.get(f"/{policy}", headers=_bearer(key_id) if key_id else {})
            if policy in allowed:
                assert answer.status_code == 200
                assert answer.text == f"key:{key_id} None" if key_id else "guest None"
            elif key_id is None:
                assert (answer.status_code, answer.json()["code"]) == (401, "credentials_required")
                assert answer.headers["www-authenticate"] == 'Bearer realm="holdfast"'
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


BAD_CREDENTIALS = {
    "unknown key": f"Bearer hfk_nobody_{SECRET}",
    "wrong secret": "Bearer hfk_staff_" + "x" * 43,
    "shortened secret": "Bearer hfk_staff_" + "s" * 42,
    "empty": "Bearer ",
    "no scheme": f"hfk_staff_{SECRET}",
    "another scheme": f"Basic hfk_staff_{SECRET}",
    "something else": "Bearer eyJhbGciOiJub25lIn0.e30.",
    "long": "Bearer " + "a" * 7_000,
    "non-ASCII": "Bearer hfk_staff_\u00e9",
    "trailing": f"Bearer hfk_staff_{SECRET}\u00a0",
}


@pytest.mark.parametrize("value", BAD_CREDENTIALS.values(), ids=BAD_CREDENTIALS.keys())
@pytest.mark.parametrize("path", ["/public", "/organise"])
async def test_invalid_credentials_are_refused_on_every_route(value: str, path: str):
    """Also on a public route: a caller with bad credentials must not silently become a guest."""
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        answer = await http.get(path, headers=[(b"authorization", value.encode("latin-1"))])
    assert (answer.status_code, answer.json()["code"]) == (401, "credentials_required")


async def test_two_sets_of_credentials_are_refused():
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        headers = [
            ("Authorization", f"Bearer hfk_staff_{SECRET}"),
            ("Authorization", f"Bearer hfk_staff_{SECRET}"),
        ]
        assert (await http.get("/read", headers=headers)).status_code == 401


async def test_a_key_in_the_query_is_ignored():
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        for name in ("access_token", "token", "api_key"):
            assert (await http.get(f"/read?{name}=hfk_staff_{SECRET}")).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Hold-Token": "hfh_7x"},
        {"Authorization": "Hold hfh_7x"},
        {"Authorization": "hold  hfh_7x", "Hold-Token": "hfh_7x"},
    ],
)
async def test_a_hold_token_is_accepted_in_either_header(headers: dict[str, str]):
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        assert (await http.get("/public", headers=headers)).text == "guest hfh_7x"


async def test_a_key_and_a_hold_token_can_be_combined():
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        answer = await http.get("/sell", headers={**_bearer("seller"), "Hold-Token": "hfh_7x"})
    assert answer.text == "key:seller hfh_7x"


async def test_two_different_hold_tokens_are_refused():
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        headers = {"Authorization": "Hold hfh_7x", "Hold-Token": "hfh_8y"}
        assert (await http.get("/public", headers=headers)).status_code == 400


async def test_a_revoked_key_stops_within_a_second():
    """A key is cached for less than a second, found or not."""
    now = 100.0
    keys = Keys(_row("staff", "read"))
    keyring = ApiKeys(keys.find, clock=lambda: now)
    text, _ = make_api_key("staff", SECRET)
    await keyring.authenticate(text)
    await keyring.authenticate(text)
    assert keys.lookups == 1
    keys.rows.clear()
    now += 1.0
    with pytest.raises(CredentialsRequired):
        await keyring.authenticate(text)


async def test_a_guest_retry_key_must_be_unguessable():
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        short, long = {"Idempotency-Key": "k" * 30}, {"Idempotency-Key": uuid4().hex}
        assert (await http.post("/public", headers=short)).status_code == 400
        assert (await http.post("/public", headers=long)).status_code == 200
        assert (await http.post("/public", headers={**short, **_bearer("reader")})).status_code == 200


def test_a_route_without_a_policy_cannot_be_declared():
    with pytest.raises(TypeError, match="policy"):
        Routes(tag="tests").get("/open-to-all")


async def test_a_dialect_refuses_credentials_in_problem_form():
    """The handler's own refusals are problems everywhere; a dialect renders only later ones."""
    dialect = Routes(tag="dialect", render_error=lambda error: (400, {"error": error.detail}))

    @dialect.get("/seats", policy=Policy.SELL)
    async def list_seats(request: Request) -> Reply:
        raise HoldNotFound("Hold not found.")

    async with client_of(layer_of(dialect, keys=KEYS)) as http:
        assert (await http.get("/seats")).json()["code"] == "credentials_required"
        answer = await http.get("/seats", headers=_bearer("seller"))
    assert (answer.status_code, answer.json()) == (400, {"error": "Hold not found."})
