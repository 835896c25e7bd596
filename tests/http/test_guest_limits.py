"""Guest limits: guests of one address have a rate, and nobody else has."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from holdfast.access.permissions import Permission
from holdfast.access.principals import KeyRow, make_api_key
from holdfast.http.client_address import TrustedProxies
from holdfast.http.guest_limits import GuestLimits
from holdfast.http.rate_table import RateTable
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import Routes
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
def limits(clock: Clock) -> GuestLimits:
    """Ten holds a minute, five of them at once; three other requests."""
    return GuestLimits(
        RateTable(), holds_per_minute=10, requests_per_minute=3, server_key=SERVER_KEY, clock=clock
    )


def closed(limits: GuestLimits, **settings: Any) -> Any:
    return layer_of(routes, open_mode=False, limits=limits, **settings)


async def test_a_guest_may_place_five_holds_at_once_and_one_more_every_six_seconds(
    limits: GuestLimits, clock: Clock
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


async def test_holds_and_other_requests_have_a_rate_each(limits: GuestLimits):
    async with client_of(closed(limits), peer=(GUEST, 1)) as http:
        assert [(await http.get("/thing")).status_code for _ in range(4)] == [200] * 3 + [429]
        assert (await http.post("/hold")).status_code == 201


async def test_another_address_has_a_rate_of_its_own(limits: GuestLimits):
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


async def test_a_mapped_address_is_the_same_as_its_ipv4_address(limits: GuestLimits):
    for address, status in (("203.0.113.7", 200), ("::ffff:203.0.113.7", 200), ("203.0.113.7", 200)):
        async with client_of(closed(limits), peer=(address, 1)) as http:
            assert (await http.get("/thing")).status_code == status
    async with client_of(closed(limits), peer=("::ffff:203.0.113.7", 1)) as http:
        assert (await http.get("/thing")).status_code == 429


async def test_behind_a_trusted_proxy_each_client_has_a_rate(limits: GuestLimits):
    """Only the address that the proxy itself appended counts, so nobody can write another one."""
    layer = closed(limits, proxies=TrustedProxies(["10.0.0.1"]))
    async with client_of(layer, peer=("10.0.0.1", 1)) as http:
        for client in ("203.0.113.7", "203.0.113.8"):
            statuses = [
                (await http.get("/thing", headers={"X-Forwarded-For": f"6.6.6.{n}, {client}"})).status_code
                for n in range(4)
            ]
            assert statuses == [200] * 3 + [429]


async def test_a_key_open_mode_and_probes_have_no_rate(limits: GuestLimits):
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


async def test_a_page_reads_its_rate(limits: GuestLimits):
    layer = closed(limits, allowed_origins=["https://shop.example"])
    async with client_of(layer, peer=(GUEST, 1)) as http:
        answers = [await http.get("/thing", headers={"Origin": "https://shop.example"}) for _ in range(4)]
    assert answers[-1].status_code == 429
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert "ratelimit" in answer.headers["access-control-expose-headers"].split(", ")


def test_a_rate_of_zero_is_no_limit():
    none = GuestLimits(RateTable(), holds_per_minute=0, requests_per_minute=0, server_key=SERVER_KEY)
    assert none.take(GUEST, places_hold=True) is None
    assert none.take(GUEST, places_hold=False) is None


def test_a_full_row_gives_up_the_entry_that_ends_first():
    """The table cannot grow, whatever addresses a stranger uses. The busiest callers stay limited."""
    table = RateTable()
    busy = 1
    for _ in range(5):
        assert table.take(busy, 6.0, 5, 1_000.0)[0] == 0.0
    for number in range(2_000):
        table.take(65_536 * (number + 1) + 1, 6.0, 5, 1_000.0)
    assert table.take(busy, 6.0, 5, 1_000.0)[0] == pytest.approx(6.0)


QUANTITY, PROCESSES = 40, 4
TAKE = """
import sys, time
from pathlib import Path
from holdfast.http.rate_table import RateTable
table = RateTable(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(sum(table.take(77, 3600.0, int(sys.argv[2]), time.monotonic())[0] == 0.0 for _ in range(100)))
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE, str(tmp_path), str(QUANTITY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    yield started
    for one in started:
        one.kill()
        one.communicate()


def test_all_workers_of_a_server_share_a_rate(processes: list[subprocess.Popen[str]]):
    """Of 100 requests at once in each process, at most the rate and one more for each process pass."""
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    passed = sum(int(one.stdout.readline()) for one in processes if one.stdout is not None)
    assert QUANTITY <= passed <= QUANTITY + PROCESSES


def test_a_table_without_a_folder_is_of_its_process(tmp_path: Path):
    shared, same, alone = RateTable(tmp_path), RateTable(tmp_path), RateTable()
    for table in (shared, same, alone):
        waits = [math.ceil(table.take(5, 10.0, 1, 50.0)[0])]
        assert waits == [{id(shared): 0, id(same): 10, id(alone): 0}[id(table)]]
