"""Webhooks over HTTP: made, changed, tested and retried in open mode; and the notices of an event for a reader."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx2

from holdfast.http.application import Application
from support.delivering import run_due, runner_of, status_of
from support.house_of import fetch
from support.http_app import KeyedClient, delivery_of
from support.http_sales import make_event, place

URL = "https://shop.example/hook"
NOWHERE = "00000000-0000-4000-8000-000000000000"


async def make(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/webhooks", json={"url": URL, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_secret_is_shown_when_it_is_made_and_never_again(client: httpx2.AsyncClient) -> None:
    made = await make(client, kinds=["booking.confirmed"], description="Shop")
    assert made["secret"].startswith("whsec_")
    read = (await client.get(f"/v1/webhooks/{made['id']}")).json()
    assert read == {**made, "secret": None} or "secret" not in read
    listed = (await client.get("/v1/webhooks")).json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert made["secret"] not in str(listed)
    rotated = (await client.post(f"/v1/webhooks/{made['id']}/rotate")).json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]


async def test_a_retry_makes_one_webhook(client: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "5f0c1b52-7f0e-4a39-9d0a-2f6d1c0b7e11"}
    first = await client.post("/v1/webhooks", json={"url": URL}, headers=key)
    again = await client.post("/v1/webhooks", json={"url": URL}, headers=key)
    assert first.json() == again.json()
    other = await client.post("/v1/webhooks", json={"url": URL + "/other"}, headers=key)
    assert other.json()["code"] == "idempotency_key_reused"
    assert len((await client.get("/v1/webhooks")).json()["items"]) == 1


async def test_a_url_inside_is_refused_at_once(client: httpx2.AsyncClient) -> None:
    made = await make(client)
    for url in (
        "http://shop.example/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://a:b@shop.example/",
    ):
        for answer in (
            await client.post("/v1/webhooks", json={"url": url}),
            await client.patch(f"/v1/webhooks/{made['id']}", json={"url": url}),
        ):
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == "/url"


async def test_a_change_leaves_what_it_does_not_name(client: httpx2.AsyncClient) -> None:
    made = await make(client, kinds=["booking.confirmed"], description="Shop")
    path = f"/v1/webhooks/{made['id']}"
    paused = (await client.patch(path, json={"status": "disabled"})).json()
    assert (paused["status"], paused["kinds"], paused["description"]) == (
        "disabled", ["booking.confirmed"], "Shop",
    )  # fmt: skip
    changed = (await client.patch(path, json={"kinds": [], "description": None})).json()
    assert (changed["status"], changed["kinds"], changed["description"]) == ("disabled", [], None)
    assert (await client.patch(path, json={"kinds": ["hold.eaten"]})).status_code == 422


async def test_the_audit_has_each_change_and_no_secret_of_an_address(client: httpx2.AsyncClient) -> None:
    made = await make(client, kinds=["booking.confirmed"])
    path = f"/v1/webhooks/{made['id']}"
    for _ in range(2):
        await client.patch(path, json={"status": "disabled", "url": "https://other.example/s3cret?t=s3cret"})
    await client.post(f"{path}/rotate")
    for _ in range(2):
        await client.delete(path)
    answer = await client.get(f"/v1/audit?object=webhook:{made['id']}")
    assert "s3cret" not in answer.text
    assert [(entry["action"], entry["detail"]) for entry in reversed(answer.json()["items"])] == [
        ("webhook.created", {"host": "shop.example", "kinds": ["booking.confirmed"]}),
        ("webhook.changed", {"host": "other.example", "status": "disabled"}),
        ("webhook.rotated", {}),
        ("webhook.deleted", {}),
    ]


async def test_a_test_call_is_listed_with_its_answer_and_can_be_retried(
    app: Application, client: httpx2.AsyncClient
) -> None:
    made, other = await make(client), await make(client)
    path = f"/v1/webhooks/{made['id']}"
    delivery_of(app).webhooks._private = False
    sent = await client.post(f"{path}/test")
    assert (sent.status_code, sent.json()["status"], sent.json()["type"]) == (202, "due", "webhook.test")
    await run_due(runner_of(delivery_of(app)))  # the name has no address
    (listed,) = (await client.get(f"{path}/deliveries")).json()["items"]
    assert (listed["id"], listed["attempts"]) == (sent.json()["id"], 1)
    assert listed["last_answer"]
    assert (await client.get(f"/v1/webhooks/{other['id']}/deliveries")).json()["items"] == []
    retry = f"deliveries/{listed['id']}/retry"
    assert (await client.post(f"{path}/{retry}")).status_code == 202
    assert (await client.post(f"/v1/webhooks/{other['id']}/{retry}")).json()["code"] == "delivery_not_found"
    assert (await client.post(f"{path}/deliveries/{NOWHERE}/retry")).json()["code"] == "delivery_not_found"
    assert (await client.post(f"/v1/webhooks/{NOWHERE}/{retry}")).json()["code"] == "webhook_not_found"


async def test_a_deleted_webhook_gets_nothing_more(
    app: Application, client: httpx2.AsyncClient, database_url: str
) -> None:
    """What was due and what was parked ends without being sent, so that no alarm counts it."""
    made, kept = await make(client), await make(client)
    path = f"/v1/webhooks/{made['id']}"
    delivery = delivery_of(app)
    due, parked = [(await client.post(f"{path}/test")).json()["id"] for _ in range(2)]
    fetch(database_url, "UPDATE jobs SET status = 'parked' WHERE id = %s", parked)
    gone = await client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert [each["id"] for each in (await client.get("/v1/webhooks")).json()["items"]] == [kept["id"]]
    for answer in (await client.get(path), await client.delete(path), await client.get(f"{path}/deliveries")):
        assert (answer.status_code, answer.json()["code"]) == (404, "webhook_not_found")
    await run_due(runner_of(delivery))
    for each in (due, parked):
        assert status_of(database_url, UUID(each)) == ("done", 1, "The endpoint no longer exists.")


async def test_another_organisations_webhook_is_absent(client: httpx2.AsyncClient, database_url: str) -> None:
    made = await make(client)
    fetch(database_url, "UPDATE webhook_endpoints SET organisation_number = 2")
    path, nowhere = f"/v1/webhooks/{made['id']}", f"/v1/webhooks/{NOWHERE}"
    assert (await client.get("/v1/webhooks")).json()["items"] == []
    for method, rest, body in (
        ("GET", "", None), ("PATCH", "", {"status": "disabled"}), ("POST", "/rotate", None), ("POST", "/test", None),
        ("DELETE", "", None),
        ("GET", "/deliveries", None), ("POST", f"/deliveries/{NOWHERE}/retry", None),
    ):  # fmt: skip
        foreign, absent = [await client.request(method, start + rest, json=body) for start in (path, nowhere)]
        assert foreign.status_code == absent.status_code == 404
        assert foreign.json()["code"] == absent.json()["code"] == "webhook_not_found"


async def test_no_key_and_no_guest_manages_webhooks(
    client: httpx2.AsyncClient, keyed_client: KeyedClient, guest: httpx2.AsyncClient
) -> None:
    made = await make(client)
    staff = await keyed_client("organise", "read", "sell")
    for caller, status in ((staff, 403), (guest, 401)):
        for answer in (
            await caller.get("/v1/webhooks"),
            await caller.post("/v1/webhooks", json={"url": URL}),
            await caller.get(f"/v1/webhooks/{made['id']}"),
            await caller.post(f"/v1/webhooks/{made['id']}/rotate"),
        ):
            assert answer.status_code == status
            assert "whsec_" not in answer.text


async def test_a_reader_catches_up_with_an_event(
    client: httpx2.AsyncClient, keyed_client: KeyedClient, guest: httpx2.AsyncClient
) -> None:
    event = await make_event(client, capacity=5)
    for _ in range(3):
        await place(client, event)
    reader = await keyed_client("read")
    path = f"/v1/events/{event['number']}/notices"
    found: list[dict[str, Any]] = []
    query = {"limit": "2"}
    while True:
        page = (await reader.get(path, params=query)).json()
        found += page["items"]
        query = {"limit": "2", "since": str(page["since"])}
        if not page["more"]:
            break
    assert [each["type"] for each in found] == ["event.created", *["hold.placed"] * 3]
    assert [each["data"]["version"] for each in found] == [0, 1, 2, 3]
    assert (await reader.get(path, params=query)).json() == {"items": [], "since": 3, "more": False}
    assert (await guest.get(path)).status_code == 401
    assert (await reader.get("/v1/events/999/notices")).status_code == 404
    assert (await reader.get(path, params={"since": "-1"})).status_code == 422
