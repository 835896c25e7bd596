"""Extremes: the max of everything works, one more is refused, and no sum overflows."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from holdfast.http.application import Application
from holdfast.inventory.rules.event import MAX_AREAS, MAX_CAPACITY
from scenarios.hostile.asking import JSON as JSON_TYPE
from scenarios.hostile.asking import Ask, ask, digest
from support.http_sales import make_event

Json = dict[str, Any]


async def test_the_largest_event_sells_and_grows_no_further(client: httpx2.AsyncClient, database_url: str):
    event = await make_event(client, capacity=MAX_CAPACITY, max_per_hold=None)
    path = f"/v1/events/{event['number']}"
    line = {"quantity": 1_000_000}
    for _ in range(3):
        answer = await client.post("/v1/holds", json={"event": event["number"], "lines": [line] * 50})
        assert answer.status_code == 201, answer.text
    counts = (await client.get(f"{path}/availability")).json()
    assert (counts["capacity"], counts["held"]) == (MAX_CAPACITY, 150_000_000)
    before = digest(database_url)
    for body in [
        {"capacity": MAX_CAPACITY + 1},
        {"areas": [{"name": "second", "capacity": 1}]},
        {"areas": [{"name": "second", "capacity": MAX_CAPACITY}]},
        {"areas": [{"name": f"area {n}", "capacity": MAX_CAPACITY} for n in range(3)]},
        {"seat_map": {"labels": ["A1"]}},
        {"areas": [{"name": f"area {n}", "capacity": 0} for n in range(MAX_AREAS)]},
    ]:
        answer = await client.patch(path, json=body)
        assert answer.status_code == 422, (body, answer.text)
    assert digest(database_url) == before


async def test_the_smallest_event_sells_nothing(client: httpx2.AsyncClient):
    event = await make_event(client, capacity=0, max_per_hold=None)
    for line in [{"quantity": 1}, {"quantity": 1_000_000}]:
        answer = await client.post(
            "/v1/holds", json={"event": event["number"], "lines": [line], "allow_partial": True}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "sold_out")


@pytest.mark.parametrize("ttl", [1, 1_800, 1_801, (1 << 31) - 1, 1 << 31, 1 << 53, (1 << 63) - 1])
async def test_no_ttl_exceeds_the_max_of_the_event(client: httpx2.AsyncClient, ttl: int):
    """Dialect 1 has no limit of its own: a longer TTL is cut, and no sum of times overflows."""
    event = await make_event(client)
    answer = await client.post("/holds", json={"event_id": event["id"], "qty": 1, "ttl": ttl})
    assert answer.status_code == 201, answer.text
    hold = answer.json()
    shown = await client.get(f"/v1/holds/{hold['hold_id']}", headers={"Hold-Token": hold["payment_token"]})
    assert shown.json()["status"] == "active"


@pytest.mark.parametrize(
    "times",
    [
        {"starts_at": "1970-01-01T00:00:00Z"},
        {"starts_at": "2100-12-31T23:59:59.999999999Z"},
        {"starts_at": "2100-12-31T23:59:59+23:59"},
        {"on_sale_at": "1970-01-01T00:00:00Z", "off_sale_at": "2100-12-31T23:59:59Z"},
        {"starts_at": "2028-02-29T23:59:59.1Z", "time_zone": "America/Argentina/ComodRivadavia"},
        {"starts_at": "2027-03-28t02:30:00z", "time_zone": "Europe/Berlin"},
    ],
)
async def test_extreme_times_are_accepted(client: httpx2.AsyncClient, times: Json):
    event = await make_event(client, **times)
    shown = (await client.get(f"/v1/events/{event['number']}")).json()
    for name, given in times.items():
        assert shown[name] == given if name == "time_zone" else shown[name].endswith("Z")


async def test_a_body_of_the_max_size_is_accepted(client: httpx2.AsyncClient, app: Application):
    """1,000 seats in a block, 500 in a hold, exactly 64 KB."""
    sections = [{"name": "A", "rows": 40, "seats_per_row": 40, "category": "stalls"}]
    event = await make_event(client, seat_map={"sections": sections}, max_per_hold=None)
    labels = [f"A-{row}-{seat}" for row in range(1, 41) for seat in range(1, 41)]
    path = f"/v1/events/{event['number']}/blocks"
    assert (await client.post(path, json={"seats": labels[:1_001]})).status_code == 422
    assert (await client.post(path, json={"seats": labels[:1_000]})).status_code == 201
    largest = {"event": event["number"], "lines": [{"seats": labels[1_000:1_500]}]}
    assert (await client.post("/v1/holds", json=largest)).status_code == 201
    for size, status in [(65_536, 404), (65_537, 413)]:
        body = b'{"event":987654321,"lines":[{"quantity":1}]}'
        request = Ask(method="POST", path=b"/v1/holds", headers=(JSON_TYPE,), body=body.ljust(size))
        assert (await ask(app, request)).status == status
