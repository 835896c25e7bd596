"""Request limits: guests have a rate by address, accounts by their id, keys by theirs or their buyer's address."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.access.permissions import Permission
from holdfast.access.principals import KeyRow, make_api_key
from holdfast.http.client_address import TrustedProxies
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.request_limits import RequestLimits, RequestRates
from holdfast.http.routes import Routes
from holdfast.limits import classes
from holdfast.limits.rate_limits import RateLimits
from holdfast.limits.rate_table import RateTable
from support.http_surface import Keys, client_of, layer_of

SERVER_KEY = b"k" * 32
GUEST = "203.0.113.7"
routes = Routes(tag="tests")


@routes.get("/thing", policy=Permission.PUBLIC)
async def get_thing(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode())


@routes.post("/hold", policy=Permission.PUBLIC, places_hold=True)
async def post_hold(request: Request) -> Reply:
    return Reply(status=201, body=request.principal.kind.encode())


@routes.get("/alive", policy=Permission.PUBLIC, anonymous=True)
async def be_alive(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode())


@routes.get("/staff", policy=Permission.EVENTS_READ)
async def get_staff(request: Request) -> Reply:
    return Reply(body=request.principal.kind.encode())


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> RequestLimits:
    """Ten holds a minute, five of them at once; three other requests."""
    return limits_of(clock)


def limits_of(clock: Clock, *, holds: int = 10, requests: int = 3, keys: int = 0) -> RequestLimits:
    rates = RequestRates(
        holds=classes.HOLDS.rate(holds),
        requests=classes.REQUESTS.rate(requests),
        accounts=classes.ACCOUNT_REQUESTS.rate(4),
        keys=classes.KEY_REQUESTS.rate(keys),
    )
    return RequestLimits(RateLimits(RateTable(), server_key=SERVER_KEY, clock=clock), rates)


def closed(limits: RequestLimits, **settings: Any) -> Any:
    return layer_of(routes, open_mode=False, limits=limits, **settings)


async def test_a_guest_may_place_five_holds_at_once_and_one_more_every_six_seconds(
    limits: RequestLimits, clock: Clock
):
    async with client_of(closed(limits), peer=(GUEST, 1)) as http:
        answers = [await http.post("/hold") for _ in range(6)]
        assert [one.status_code for one in answers] == [201] * 5 + [429]
        assert [one.headers["ratelimit"] for one in answers] == [
            '"holds";r=4;t=6',
            '"holds";r=3;t=12',
            '"holds";r=2;t=18',
            '"holds";r=1;t=24',
            '"holds";r=0;t=30',
            '"holds";r=0;t=30',
        ]
        assert {one.headers["ratelimit-policy"] for one in answers} == {'"holds";q=10;w=60'}
        refused = answers[-1]
        assert refused.headers["retry-after"] == "6"
        assert (refused.json()["code"], refused.json()["retry_after_seconds"]) == ("rate_limited", 6)
        clock.now += 5.9
        assert (await http.post("/hold")).headers["retry-after"] == "1"
        clock.now += 0.1
        assert [(await http.post("/hold")).status_code for _ in range(2)] == [201, 429]
        clock.now += 60
        assert [(await http.post("/hold")).status_code for _ in range(6)] == [201] * 5 + [429]


async def test_holds_and_other_requests_have_a_rate_each(limits: RequestLimits):
    async with client_of(closed(limits), peer=(GUEST, 1)) as http:
        assert [(await http.get("/thing")).status_code for _ in range(4)] == [200] * 3 + [429]
        assert (await http.post("/hold")).status_code == 201


async def test_another_address_has_a_rate_of_its_own(limits: RequestLimits):
    """All of one IPv6 customer's addresses are one, since a customer has at least 2^64 of them."""
    groups = (
        ["203.0.113.7"] * 4,
        ["203.0.113.8"] * 4,
        [f"2001:db8::{n}" for n in range(4)],
        ["2001:db8:0:1::"],
    )
    for addresses in groups:
        statuses = []
        for address in addresses:
            async with client_of(closed(limits), peer=(address, 1)) as http:
                statuses.append((await http.get("/thing")).status_code)
        assert statuses == ([200] * 3 + [429])[: len(addresses)]


async def test_a_mapped_address_is_the_same_as_its_ipv4_address(limits: RequestLimits):
    for address, status in (("203.0.113.7", 200), ("::ffff:203.0.113.7", 200), ("203.0.113.7", 200)):
        async with client_of(closed(limits), peer=(address, 1)) as http:
            assert (await http.get("/thing")).status_code == status
    async with client_of(closed(limits), peer=("::ffff:203.0.113.7", 1)) as http:
        assert (await http.get("/thing")).status_code == 429


async def test_behind_a_trusted_proxy_each_client_has_a_rate(limits: RequestLimits):
    """Only the address that the proxy itself appended counts, so nobody can write another one."""
    layer = closed(limits, proxies=TrustedProxies(["10.0.0.1"]))
    async with client_of(layer, peer=("10.0.0.1", 1)) as http:
        for client in ("203.0.113.7", "203.0.113.8"):
            statuses = [
                (await http.get("/thing", headers={"X-Forwarded-For": f"6.6.6.{n}, {client}"})).status_code
                for n in range(4)
            ]
            assert statuses == [200] * 3 + [429]


async def test_a_key_open_mode_and_probes_have_no_rate(limits: RequestLimits):
    text, secret_hash = make_api_key("shop", "s" * 43)
    keys = Keys(KeyRow(key_id="shop", secret_hash=secret_hash, scopes=frozenset({"sell"})))
    async with client_of(closed(limits, keys=keys), peer=(GUEST, 1)) as http:
        http.headers["Authorization"] = f"Bearer {text}"
        await ask_often(http, "key")
    async with client_of(layer_of(routes, limits=limits)) as http:
        await ask_often(http, "open")
    async with client_of(closed(limits), peer=(GUEST, 1)) as http:
        answers = [await http.get("/alive") for _ in range(20)]
        assert {one.status_code for one in answers} == {200}
        assert (await http.get("/staff")).status_code == 401


async def ask_often(http: httpx2.AsyncClient, kind: str) -> None:
    for _ in range(20):
        answer = await http.post("/hold")
        assert (answer.status_code, answer.text) == (201, kind)
        assert "ratelimit" not in answer.headers


async def test_a_page_reads_its_rate(limits: RequestLimits):
    layer = closed(limits, allowed_origins=["https://shop.example"])
    async with client_of(layer, peer=(GUEST, 1)) as http:
        answers = [await http.get("/thing", headers={"Origin": "https://shop.example"}) for _ in range(4)]
    assert answers[-1].status_code == 429
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert "ratelimit" in answer.headers["access-control-expose-headers"].split(", ")


async def test_a_rate_of_zero_is_no_limit(clock: Clock):
    async with client_of(closed(limits_of(clock, holds=0, requests=0)), peer=(GUEST, 1)) as http:
        for answer in [await http.post("/hold") for _ in range(20)] + [await http.get("/thing")]:
            assert answer.is_success
            assert "ratelimit" not in answer.headers


async def test_a_key_binds_its_buyer_by_address(limits: RequestLimits):
    """The shop's own address does not count. Another spelling of the address is the same buyer."""
    async with shop(limits) as http:
        for buyer in ("198.51.100.1", "2001:db8::1"):
            statuses = [
                (await http.post("/hold", headers={"Buyer-Address": buyer})).status_code for _ in range(6)
            ]
            assert statuses == [201] * 5 + [429]
        refused = await http.post("/hold", headers={"Buyer-Address": "2001:DB8::2"})
        assert refused.status_code == 429
        assert "buyer's address" in refused.json()["detail"]
        assert (await http.post("/hold")).status_code == 201


async def test_a_buyers_rate_is_the_guests(limits: RequestLimits):
    """A buyer cannot have both: the shop's page and its server call for one address."""
    layer = closed(limits, keys=shop_keys())
    async with client_of(layer, peer=("198.51.100.1", 1)) as http:
        assert [(await http.post("/hold")).status_code for _ in range(5)] == [201] * 5
    async with shop(limits) as http:
        assert (await http.post("/hold", headers={"Buyer-Address": "198.51.100.1"})).status_code == 429


@pytest.mark.parametrize(
    "text", ["", "shop", "1.2.3", "1.2.3.4, 5.6.7.8", "1.2.3.4:80", "\u00e9", "1.2.3.4/32"]
)
async def test_a_buyers_address_is_one_address(limits: RequestLimits, text: str):
    async with shop(limits) as http:
        answer = await http.post("/hold", headers={"Buyer-Address": text.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert "Buyer-Address" in answer.json()["detail"]


async def test_nobody_but_a_key_names_a_buyers_address(limits: RequestLimits):
    async with client_of(closed(limits), peer=(GUEST, 1)) as http:
        statuses = [
            (await http.post("/hold", headers={"Buyer-Address": f"198.51.100.{n}"})).status_code
            for n in range(6)
        ]
    assert statuses == [201] * 5 + [429]


async def test_a_key_may_have_a_rate_of_its_own(clock: Clock):
    async with shop(limits_of(clock, keys=4)) as http:
        answers = [await http.get("/staff") for _ in range(4)] + [await http.post("/hold")]
    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"key-requests";q=4;w=60'
    assert "API key" in answers[-1].json()["detail"]


def shop_keys() -> Keys:
    return Keys(
        KeyRow(key_id="shop", secret_hash=make_api_key("shop", "s" * 43)[1], scopes=frozenset({"sell"}))
    )


def shop(limits: RequestLimits) -> httpx2.AsyncClient:
    http = client_of(closed(limits, keys=shop_keys()), peer=("192.0.2.80", 1))
    http.headers["Authorization"] = f"Bearer {make_api_key('shop', 's' * 43)[0]}"
    return http
