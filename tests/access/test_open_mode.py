"""Open mode: a program on this machine is staff without a key, until the first key is made."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from holdfast.access.open_mode import OpenMode
from holdfast.access.peers import Address
from holdfast.access.permissions import Permission
from holdfast.access.principals import KeyRow, make_api_key
from holdfast.errors import Unavailable
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
from scenarios.wire.raw import RawConnection
from support.http_serving import serving
from support.http_surface import Keys, client_of, layer_of, owned_by_us

routes = Routes(tag="tests")


@routes.post("/staff", policy=Permission.EVENTS_WRITE)
async def be_staff(request: Request) -> Reply:
    return Reply(body=f"{request.principal.kind} {request.open_mode}".encode(), content_type=b"text/plain")


@routes.get("/anyone", policy=Permission.PUBLIC)
async def be_anyone(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode(), content_type=b"text/plain")


@routes.post("/sale", policy=Permission.PUBLIC)
async def sell_to_anyone(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode(), content_type=b"text/plain")


@routes.get("/alive", policy=Permission.PUBLIC, anonymous=True)
async def be_alive(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode(), content_type=b"text/plain")


dialect = Routes(tag="tests", lenient=True, is_dialect=True)


@dialect.post("/in-a-dialect", policy=Permission.PUBLIC)
async def sell_in_a_dialect(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode(), content_type=b"text/plain")


KEY = KeyRow(key_id="first", secret_hash=b"", scopes=frozenset())


async def _ask(
    *,
    peer: str = "127.0.0.1",
    host: str = "localhost",
    headers: dict[str, str] | None = None,
    **settings: Any,
) -> int:
    async with client_of(layer_of(routes, **settings), peer=(peer, 50_000), host=host) as http:
        answer = await http.post("/staff", headers={"Idempotency-Key": "short", **(headers or {})})
    if answer.status_code == 200:
        assert answer.text == "open True"
    elif answer.status_code == 401:
        assert answer.json()["code"] == "credentials_required"
    return answer.status_code


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]", "[::1]:8000"])
async def test_a_program_on_this_machine_is_staff(peer: str, host: str):
    assert await _ask(peer=peer, host=host) == 200


@pytest.mark.parametrize(("site", "status"), [("same-origin", 200), ("same-site", 401), ("cross-site", 401)])
async def test_a_form_without_a_referrer_is_staff_if_the_browser_calls_it_our_own(site: str, status: int):
    """Our pages send no referrer, so their forms have the origin `null`. No page can write `Sec-Fetch-Site`."""
    headers = {"Origin": "null", "Sec-Fetch-Site": site}
    assert await _ask(host="localhost:8000", headers=headers) == status


@pytest.mark.parametrize("origin", ["http://localhost:8000", "http://LOCALHOST:8000"])
async def test_a_page_of_this_server_is_staff(origin: str):
    assert await _ask(host="localhost:8000", headers={"Origin": origin}) == 200


@pytest.mark.parametrize(
    "peer", ["10.0.0.7", "192.168.1.5", "::2", "fe80::1%lo", "128.0.0.1", "", "unix", "::ffff:10.0.0.7"]
)
async def test_a_request_from_another_machine_is_a_guest(peer: str):
    assert await _ask(peer=peer) == 401


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost.example.com",
        "127.0.0.1.nip.io",
        "127.0.0.2",
        "0.0.0.0",
        "xlocalhost",
        "localhost:",
        "[::2]",
    ],
)
async def test_a_foreign_host_name_for_this_machine_is_a_guest(host: str):
    """A foreign page can point its own name at 127.0.0.1 (DNS rebinding)."""
    assert await _ask(headers={"Host": host}) == 401


async def test_a_host_name_with_a_local_prefix_is_refused():
    assert await _ask(headers={"Host": "127.0.0.1:8000.evil.example"}) == 400


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Forwarded",
            "Via",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Forwarded-Anything",
        ),
        *("X_Forwarded_For", "HTTP-X-Forwarded-For", "CloudFront-Viewer-Address", "X-Sucuri-ClientIP"),
        *("Incap-Client-IP", "DO-Connecting-IP", "Ngrok-Trace-Id", "Tailscale-User-Login", "SSL-Client-Cert"),
    ],
)
async def test_a_request_through_a_proxy_is_a_guest(name: str):
    assert await _ask(headers={name: "127.0.0.1"}) == 401


@pytest.mark.parametrize("version", ["1.0", "2", "3"])
async def test_a_request_that_is_not_http_1_1_is_a_guest(version: str):
    """nginx speaks HTTP/1.0 to what it stands before, unless it is configured, and adds no header."""
    mode = OpenMode(Keys().any, enabled=True, owner_of=owned_by_us)
    assert await mode.admits(SCOPE, HEADERS, Connection())
    assert not await mode.admits(SCOPE | {"http_version": version}, HEADERS, Connection())
    assert "not HTTP/1.1" in mode.explain(SCOPE | {"http_version": version}, HEADERS, Connection())


@pytest.mark.parametrize(("version", "status"), [("1.1", 200), ("1.0", 401)])
async def test_the_server_says_which_version_a_request_has(version: str, status: int):
    async with serving(layer_of(routes)) as (port, _), RawConnection(port) as connection:
        await connection.send(f"POST /staff HTTP/{version}\r\nHost: localhost:{port}\r\n\r\n".encode())
        answer = await connection.answer()
        assert answer is not None
        assert answer.status == status


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "https://localhost:8000",
        "http://localhost:9000",
        "http://localhost",
        "http://127.0.0.1:8000",
        "",
    ],
)
async def test_a_page_of_another_origin_is_a_guest(origin: str):
    assert await _ask(host="localhost:8000", headers={"Origin": origin}) == 401


class Connection:
    """A connection as open mode sees it."""

    def __init__(self) -> None:
        self.peer_refusal: str | None = None


SCOPE = {
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
    "scheme": "http",
    "http_version": "1.1",
}
HEADERS = {b"host": b"localhost"}


@pytest.mark.parametrize(
    ("owner", "users", "is_staff"),
    [
        (os.geteuid(), (), True),
        (0, (), True),
        (os.geteuid() + 1, (), False),
        (os.geteuid() + 1, (os.geteuid() + 1,), True),
        (None, (), False),
    ],
)
async def test_the_owner_of_the_connection_decides(owner: int | None, users: tuple[int, ...], is_staff: bool):
    """A connection whose owner the kernel does not name is no staff's."""
    mode = OpenMode(Keys().any, enabled=True, owner_of=lambda *_: owner, users=frozenset(users))
    assert await mode.admits(SCOPE, HEADERS) is is_staff
    assert bool(mode.explain(SCOPE, HEADERS)) is not is_staff


@pytest.mark.parametrize("owner", [os.geteuid(), os.geteuid() + 1, None])
async def test_the_kernel_is_asked_once_per_connection(owner: int | None):
    asked = []

    def owner_of(*addresses: Address) -> int | None:
        asked.append(addresses)
        return owner

    mode = OpenMode(Keys().any, enabled=True, owner_of=owner_of)
    first, second = Connection(), Connection()
    for connection in (first, first, first, second):
        await mode.admits(SCOPE, HEADERS, connection)
        mode.explain(SCOPE, HEADERS, connection)
    assert asked == [(SCOPE["client"], SCOPE["server"])] * 2


async def test_the_kernel_is_not_asked_about_a_request_that_shows_a_proxy():
    def owner_of(*_: Address) -> int | None:
        raise AssertionError("the kernel was asked")

    mode = OpenMode(Keys().any, enabled=True, owner_of=owner_of)
    assert not await mode.admits(SCOPE, HEADERS | {b"via": b"1.1 proxy"}, Connection())


async def test_the_first_key_ends_open_mode():
    assert await _ask(keys=Keys(KEY)) == 401


@pytest.mark.parametrize(("owner", "keys", "undecided"), [(None, Keys(), True), (4711, Keys(), False)])
async def test_a_caller_that_has_left_is_no_guest_with_a_retry_key(
    owner: int | None, keys: Keys, *, undecided: bool
):
    """The kernel cannot name its socket any more. The proof found what followed: a hold placed as a guest, and a retry
    that was staff, found no stored answer and was decided a second time."""
    mode, connection = OpenMode(keys.any, enabled=True, owner_of=lambda *_: owner), Connection()
    assert not await mode.admits(SCOPE, HEADERS, connection)
    assert mode.is_undecided(connection) == undecided
    assert not mode.is_undecided(None)
    assert not OpenMode(keys.any, enabled=False).is_undecided(connection)


async def test_a_route_refuses_the_retry_key_of_a_caller_that_has_left():
    own, calls = Routes(tag="tests"), []

    @own.post("/sale", policy=Permission.PUBLIC)
    async def sell(request: Request) -> str:
        calls.append(request.principal.id)
        return "sold"

    layer = layer_of(own, owner_of=lambda *_: None)
    key = {"Idempotency-Key": "85c43a88-1c27-4e12-a0d7-0045d181fc37"}
    async with serving(layer) as (port, _), httpx2.AsyncClient(base_url=f"http://localhost:{port}") as http:
        refused = await http.post("/sale", headers=key)
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert (await http.post("/sale")).status_code == 200
    assert calls == ["guest"]


async def test_a_refused_caller_reads_that_a_key_ended_open_mode():
    """Only a caller that was staff before: others learn nothing about this machine."""
    mode = OpenMode(Keys(KEY).any, enabled=True, owner_of=owned_by_us)
    assert not await mode.admits(SCOPE, HEADERS, Connection())
    assert "ended with the first API key" in mode.explain(SCOPE, HEADERS, Connection())
    assert mode.explain(SCOPE, HEADERS | {b"via": b"1.1 proxy"}, Connection()) == ""
    assert mode.explain(SCOPE | {"client": ("203.0.113.9", 1)}, HEADERS, Connection()) == ""


async def test_the_setting_turns_open_mode_off():
    assert await _ask(open_mode=False) == 401


async def test_a_wrong_key_does_not_fall_back_to_open_mode():
    assert await _ask(headers={"Authorization": "Bearer hfk_none_" + "s" * 43}) == 401


async def test_open_mode_ends_within_a_second_for_good():
    """Revoking the only key must not open the server again."""
    now = 100.0
    keys = Keys()
    mode = OpenMode(keys.any, enabled=True, owner_of=owned_by_us, clock=lambda: now)
    scope = {"client": ("127.0.0.1", 1), "scheme": "http", "http_version": "1.1"}
    headers = {b"host": b"localhost"}
    assert await mode.admits(scope, headers)
    keys.rows["first"] = KEY
    now += 1.0
    assert not await mode.admits(scope, headers)
    keys.rows.clear()
    now += 1.0
    assert not await mode.admits(scope, headers)


async def test_database_outage_keeps_public_reads_and_refuses_the_rest():
    class Broken(Keys):
        async def any(self) -> bool:
            raise Unavailable

    async with client_of(layer_of(routes, keys=Broken())) as http:
        assert (await http.get("/anyone")).text == "guest"
        answer = await http.post("/staff")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_database_outage_refuses_retry_keys_of_unknown_principals():
    """A retry key belongs to its principal. Sold to a guest, a retry one second later would be sold again."""

    class Broken(Keys):
        async def any(self) -> bool:
            raise Unavailable

    async with client_of(layer_of(routes, keys=Broken())) as http:
        answer = await http.post("/sale", headers={"Idempotency-Key": str(uuid4())})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    async with client_of(layer_of(routes)) as http:
        assert (await http.post("/sale", headers={"Idempotency-Key": str(uuid4())})).text == "open"


SECRET = "s" * 43
SELLER = KeyRow(key_id="seller", secret_hash=sha256(SECRET.encode()).digest(), scopes=frozenset({"sell"}))
STAFF = KeyRow(key_id="staff", secret_hash=SELLER.secret_hash, scopes=frozenset({"organise"}))


@pytest.mark.parametrize("keys", [Keys(), Keys(SELLER)], ids=["open", "closed"])
async def test_a_retry_key_meets_one_rule_in_open_mode_and_behind_keys(keys: Keys):
    """A shop written at home must not break when the server is closed.

    The rule belongs to the route: where guests may call, a caller without an API key needs a random retry key. Every
    caller of every kind of route is tried: guest, open, key; sale, staff, dialect.
    """
    known = {"Idempotency-Key": "order-2026-11-28-000001"}
    random = {"Idempotency-Key": str(uuid4())}
    async with client_of(layer_of([*routes, *dialect], keys=keys)) as http:
        refused = await http.post("/sale", headers=known)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
        assert "uuid4" in refused.json()["detail"]
        assert (await http.post("/sale", headers=random)).status_code == 200
        assert (await http.post("/in-a-dialect", headers=known)).status_code == 200  # it keeps no answers


async def test_staff_and_api_keys_may_use_any_retry_key():
    known = {"Idempotency-Key": "order-17"}
    async with client_of(layer_of(routes)) as http:
        assert (await http.post("/staff", headers=known)).text == "open True"
    async with client_of(layer_of(routes, keys=Keys(SELLER, STAFF))) as http:
        for path, key_id in (("/sale", "seller"), ("/staff", "staff")):
            bearer = {"Authorization": f"Bearer {make_api_key(key_id, SECRET)[0]}"}
            assert (await http.post(path, headers={**known, **bearer})).status_code == 200


async def test_database_outage_is_retried_once_a_second():
    """Each query waits for the pool; later callers must not wait as long again."""
    queried_at, now = [], 100.0

    async def away() -> bool:
        queried_at.append(now)
        raise Unavailable

    mode = OpenMode(away, enabled=True, owner_of=owned_by_us, clock=lambda: now)
    scope = {"client": ("127.0.0.1", 1), "scheme": "http", "http_version": "1.1"}
    for _ in range(3):
        with pytest.raises(Unavailable):
            await mode.admits(scope, {b"host": b"localhost"})
    assert queried_at == [100.0]
    now = 101.0
    with pytest.raises(Unavailable):
        await mode.admits(scope, {b"host": b"localhost"})
    assert queried_at == [100.0, 101.0]


async def test_an_anonymous_route_does_not_identify_the_caller():
    """A liveness probe must not wait for the database, with or without a key."""

    class Away(Keys):
        async def find(self, key_id: str) -> KeyRow | None:
            raise AssertionError("a key was looked up")

        async def any(self) -> bool:
            raise AssertionError("the existence of keys was looked up")

    key = f"hfk_first_{'s' * 43}"
    async with client_of(layer_of(routes, keys=Away()), peer=("127.0.0.1", 50_000), host="localhost") as http:
        for headers in ({}, {"Authorization": f"Bearer {key}"}):
            answer = await http.get("/alive", headers=headers)
            assert (answer.status_code, answer.text) == (200, "guest")
