"""Permissions: what each route requires, who has it, and how others are refused."""

from __future__ import annotations

from hashlib import sha256
from uuid import uuid4

import pytest

from holdfast.access import permissions
from holdfast.access.authorisation import authorise
from holdfast.access.permissions import RIGHTS, Permission, Role, Scope
from holdfast.access.principals import GUEST, OPEN, ApiKeys, KeyRow, Principal, make_api_key
from holdfast.errors import CredentialsRequired, EventNotFound, Forbidden, HoldNotFound
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from support.http_surface import Keys, client_of, layer_of

routes = Routes(tag="tests")


async def _who(request: Request) -> Reply:
    return Reply(body=f"{request.principal.id} {request.hold_token}".encode(), content_type=b"text/plain")


for each in Permission:
    routes.get(f"/{each}", policy=each, operation_id=f"get_{each.name}")(_who)
    routes.post(f"/{each}", policy=each, operation_id=f"post_{each.name}")(_who)

SECRET = "s" * 43


def _row(key_id: str, *scopes: str) -> KeyRow:
    return KeyRow(key_id=key_id, secret_hash=sha256(SECRET.encode()).digest(), scopes=frozenset(scopes))


KEYS = Keys(
    *(_row(scope, scope) for scope in Scope),
    _row("staff", "read", "sell", "organise"),
    _row("later", "read", "a scope of a later version"),
)


def _bearer(key_id: str, secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": f"Bearer hfk_{key_id}_{secret}"}


ALLOWED = {
    None: "",
    "read": "events:read buyers:read contacts:read",
    "sell": "events:read sales:write buyers:read contacts:read",
    "organise": "events:read events:write sales:write bookings:read bookings:cancel tickets:reissue "
    "buyers:read contacts:read",
    "door": "checkins:write",
    "money": "money:read money:write",
    "later": "events:read buyers:read contacts:read",
}
"""What the specification grants to keys, written a second time."""


@pytest.mark.parametrize(("key_id", "allowed"), ALLOWED.items())
async def test_a_route_requires_its_permission(key_id: str | None, allowed: str):
    """A guest gets 401. A key gets 403, and the name of a scope that would do, if one exists."""
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        for permission in Permission:
            answer = await http.get(f"/{permission}", headers=_bearer(key_id) if key_id else {})
            if permission in {"public", *allowed.split()}:
                assert answer.status_code == 200
                assert answer.text == f"key:{key_id} None" if key_id else "guest None"
            elif key_id is None:
                assert (answer.status_code, answer.json()["code"]) == (401, "credentials_required")
                assert answer.headers["www-authenticate"] == 'Bearer realm="holdfast"'
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
                scopes = permissions.scopes_with(permission)
                named = ("scope", scopes[0]) if scopes else ("permission", permission)
                assert answer.json()[named[0]] == named[1]


ROLES = {
    Role.OWNER: set(RIGHTS),
    Role.MANAGER: set(RIGHTS) - {"staff:write", "audit:read"},
    Role.BOX_OFFICE: {
        *("events:read", "sales:write", "bookings:read", "bookings:cancel", "tickets:reissue"),
        *("buyers:read", "contacts:read", "checkins:write", "money:read"),
    },
    Role.DOOR: {"events:read", "bookings:read", "buyers:read", "checkins:write"},
    Role.REPORTS: {"events:read", "bookings:read", "money:read"},
}
"""What the specification grants to members: the door sees no e-mail address, and reports no name."""


@pytest.mark.parametrize("role", Role)
def test_a_role_has_its_permissions(role: Role):
    assert permissions.of_role(role) == {"public", *ROLES[role]}


def _member(role: Role, *events: int) -> Principal:
    return Principal(
        kind="account",
        id="account:9",
        permissions=permissions.of_role(role),
        organisation=2,
        events=frozenset(events) or None,
    )


@pytest.mark.parametrize("permission", RIGHTS)
@pytest.mark.parametrize("role", Role)
def test_a_member_reaches_only_its_organisation_and_events(role: Role, permission: Permission):
    """The lack of a permission is refused first: a refusal must not depend on what exists."""
    member, limited = _member(role), _member(role, 7, 8)
    if permission not in ROLES[role]:
        for one in (None, 1, 2):
            assert isinstance(authorise(member, permission, one), Forbidden)
        return
    assert authorise(member, permission) is None
    assert authorise(member, permission, 2, 7) is None
    assert authorise(limited, permission, 2, 7) is None
    assert isinstance(authorise(limited, permission, 2, 9), EventNotFound)
    for foreign in (1, 3):
        assert isinstance(authorise(member, permission, foreign), EventNotFound)
        assert isinstance(authorise(limited, permission, foreign, 7), EventNotFound)


def test_open_mode_has_every_permission_of_the_main_organisation():
    for permission in Permission:
        assert authorise(OPEN, permission, 1, 5) is None
        assert isinstance(authorise(OPEN, permission, 2, 5), EventNotFound)


def test_a_guest_has_no_permission_but_public():
    for permission in RIGHTS:
        assert isinstance(authorise(GUEST, permission), CredentialsRequired)
    assert authorise(GUEST, Permission.PUBLIC) is None


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
@pytest.mark.parametrize("path", ["/public", "/events:write"])
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
        assert (await http.get("/events:read", headers=headers)).status_code == 401


async def test_a_key_in_the_query_is_ignored():
    async with client_of(layer_of(routes, keys=KEYS)) as http:
        for name in ("access_token", "token", "api_key"):
            assert (await http.get(f"/events:read?{name}=hfk_staff_{SECRET}")).status_code == 401


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
        answer = await http.get("/sales:write", headers={**_bearer("sell"), "Hold-Token": "hfh_7x"})
    assert answer.text == "key:sell hfh_7x"


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
        assert (await http.post("/public", headers={**short, **_bearer("read")})).status_code == 200


def test_a_route_without_a_policy_cannot_be_declared():
    with pytest.raises(TypeError, match="policy"):
        Routes(tag="tests").get("/open-to-all")


async def test_a_dialect_refuses_credentials_in_problem_form():
    """The handler's own refusals are problems everywhere; a dialect renders only later ones."""
    dialect = Routes(tag="dialect", render_error=lambda error: (400, {"error": error.detail}))

    @dialect.get("/seats", policy=Permission.SALES_WRITE)
    async def list_seats(request: Request) -> Reply:
        raise HoldNotFound("Hold not found.")

    async with client_of(layer_of(dialect, keys=KEYS)) as http:
        assert (await http.get("/seats")).json()["code"] == "credentials_required"
        answer = await http.get("/seats", headers=_bearer("sell"))
    assert (answer.status_code, answer.json()) == (400, {"error": "Hold not found."})
