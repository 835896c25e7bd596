"""Webhooks: every notice reaches its endpoint at least once, always with the same id, whatever the receiver does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook as StandardWebhook

from holdfast.delivery.delivery import Delivery
from holdfast.delivery.webhooks import webhooks as webhooks_module
from holdfast.delivery.webhooks.address import ForbiddenAddress, is_public, parse_target, resolve
from holdfast.delivery.webhooks.endpoint import WebhookEndpoint
from holdfast.errors import InvariantViolated
from holdfast.inventory.inventory import Inventory
from holdfast.workers.fanout import Fanout
from holdfast_client.webhooks import BadSignature, verify_notice
from support.delivering import a_delivery, pass_time, run_due, runner_of, status_of
from support.fixtures import unchecked_inventory  # noqa: F401 - a fixture
from support.house_of import confirm, fetch, make_event, place
from support.selling import move_time
from support.webhook_receiver import CUT, HANG, Receiver, answer, receiving

SAME_OWNER = UUID(int=1)
"""One lease for all, so that they do run at once."""


@pytest.fixture
async def delivery(database_url: str) -> AsyncIterator[Delivery]:
    async with a_delivery(database_url, private_webhooks=True) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


async def subscribe(delivery: Delivery, receiver: Receiver, *kinds: str) -> WebhookEndpoint:
    made = await delivery.webhooks.store.insert(
        id=uuid4(), organisation=1, url=receiver.url, kinds=kinds, description=None, by="test"
    )
    assert made is not None
    return made


async def fan_out(inventory: Inventory, delivery: Delivery) -> int:
    return await Fanout(inventory, delivery, owner=SAME_OWNER).run_once()


async def test_a_sale_is_noticed(inventory: Inventory, delivery: Delivery, receiver: Receiver) -> None:
    endpoint = await subscribe(delivery, receiver)
    event = await make_event(inventory, capacity=5)
    hold = await place(inventory, event.number, 2, buyer="ada@example.org")
    booking = await confirm(inventory, event.number, hold)
    await fan_out(inventory, delivery)
    await run_due(runner_of(delivery))
    notices = sorted((got.notice for got in receiver.got), key=lambda each: each["data"]["version"])
    assert [each["type"] for each in notices] == ["event.created", "hold.placed", "booking.confirmed"]
    sale = notices[-1]["data"]
    assert (sale["booking"], sale["hold"], sale["event_number"]) == (str(booking), str(hold), event.number)
    assert sale["areas"] == {"1": 2}
    assert len(sale["reference"]) == 8
    assert all("ada@example.org" not in got.body.decode() for got in receiver.got), "a buyer's reference"
    first = receiver.got[0]
    assert first.line == "POST /hook?a=1 HTTP/1.1"
    assert first.headers["content-type"] == "application/json"
    secret = delivery.webhooks.secrets.secret_of(endpoint.id, 1)
    for got in receiver.got:
        StandardWebhook(secret).verify(got.body, got.headers)
        assert verify_notice(secret, got.headers, got.body).data["id"] == got.id
    assert await fan_out(inventory, delivery) == 0


async def test_an_endpoint_gets_only_the_kinds_that_it_wants_and_nothing_from_before_it(
    inventory: Inventory, delivery: Delivery, database_url: str, receiver: Receiver
) -> None:
    event = await make_event(inventory, capacity=5)
    await confirm(inventory, event.number, await place(inventory, event.number, 1))
    move_time(database_url, event.number, timedelta(hours=1), inventory)
    await subscribe(delivery, receiver, "booking.confirmed")
    await fan_out(inventory, delivery)
    await confirm(inventory, event.number, await place(inventory, event.number, 2))
    await fan_out(inventory, delivery)
    await run_due(runner_of(delivery))
    assert [(got.notice["type"], got.notice["data"]["areas"]) for got in receiver.got] == [
        ("booking.confirmed", {"1": 2})
    ]


async def test_an_endpoint_gets_nothing_of_another_organisations_events(
    inventory: Inventory, delivery: Delivery, database_url: str, receiver: Receiver
) -> None:
    await subscribe(delivery, receiver)
    event = await make_event(inventory, capacity=5)
    fetch(database_url, "UPDATE events SET organisation_number = 2")
    await place(inventory, event.number, 1)
    assert await fan_out(inventory, delivery) == 0


async def test_catching_up_reads_the_same_notices_with_the_same_ids(
    inventory: Inventory, delivery: Delivery, receiver: Receiver
) -> None:
    await subscribe(delivery, receiver)
    event = await make_event(inventory, capacity=50)
    for _ in range(10):
        await place(inventory, event.number, 1)
    await fan_out(inventory, delivery)
    await run_due(runner_of(delivery))
    read, since, more = [], -1, True
    while more:
        page, since, more = await inventory.queries.list_notices(event.number, since=since, max_versions=3)
        read += [str(notice.id) for notice in page]
    assert len(read) == len(set(read)) == 11
    assert sorted(got.id for got in receiver.got) == sorted(read)


async def test_a_crash_of_the_fan_out_at_any_step_loses_and_doubles_nothing(
    inventory: Inventory, delivery: Delivery, database_url: str, receiver: Receiver
) -> None:
    """The mark and the jobs are one transaction; two processes at once move each mark once."""
    await subscribe(delivery, receiver)
    event = await make_event(inventory, capacity=50)
    for _ in range(6):
        await place(inventory, event.number, 1)
    fetch(database_url, "ALTER TABLE jobs ADD CONSTRAINT broken CHECK (key = 'none')")
    with pytest.raises(InvariantViolated):
        await fan_out(inventory, delivery)
    assert fetch(database_url, "SELECT * FROM feeds") == []
    fetch(database_url, "ALTER TABLE jobs DROP CONSTRAINT broken")
    others = [Fanout(inventory, delivery, versions_per_step=2, owner=SAME_OWNER) for _ in range(3)]
    for _ in range(6):
        await asyncio.gather(*(one.run_once() for one in others))
    assert fetch(database_url, "SELECT count(*), count(DISTINCT request->>'id') FROM jobs") == [(7, 7)]


async def test_a_failing_receiver_gets_each_notice_when_it_is_back(
    inventory: Inventory, delivery: Delivery, database_url: str, receiver: Receiver
) -> None:
    """It fails in every way that a server can. Each copy has the same id and the same bytes."""
    receiver.script = [
        answer(429, retry_after="7200"), answer(500, "down"), CUT, "no HTTP at all",
        answer(302, location="http://127.0.0.1:1/"),
    ]  # fmt: skip
    endpoint = await subscribe(delivery, receiver)
    delivery_id = await delivery.webhooks.send_test(endpoint)
    runner = runner_of(delivery)
    await run_due(runner)
    pass_time(database_url, "90 minutes")
    assert await run_due(runner) == 0, "the receiver asked for two hours"
    answers = [str(status_of(database_url, delivery_id)[2])]
    while len(answers) < 5:
        pass_time(database_url, "10 hours")
        await run_due(runner)
        answers.append(str(status_of(database_url, delivery_id)[2]))
    pass_time(database_url, "12 hours")
    await run_due(runner)
    assert [each.split()[0] for each in answers] == [
        "429", "500", "ConnectionError:", "ConnectionError:", "302",
    ]  # fmt: skip
    assert status_of(database_url, delivery_id)[:2] == ("done", 6)
    assert len({(got.id, got.body) for got in receiver.got}) == 1
    found = await delivery.webhooks.store.find(endpoint.id)
    assert found is not None
    assert found.failing_since is None, "it works again"


async def test_a_receiver_that_hangs_is_cut_off_and_delays_no_other(
    inventory: Inventory,
    delivery: Delivery,
    database_url: str,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhooks_module, "_TIMEOUT_SECONDS", 0.2)
    async with receiving(Receiver(always=HANG)) as hanging:
        slow, quick = await subscribe(delivery, hanging), await subscribe(delivery, receiver)
        event = await make_event(inventory, capacity=50)
        for _ in range(20):
            await place(inventory, event.number, 1)
        await fan_out(inventory, delivery)
        runner = runner_of(delivery, at_once=2)
        done = "SELECT count(*) FROM jobs WHERE subject = %s AND status = 'done'"
        async with asyncio.timeout(20):
            while fetch(database_url, done, str(quick.id)) != [(21,)]:
                await runner.run_once()
        assert len(hanging.got) < 21, "the slow one is not through yet"
        await run_due(runner)
        assert fetch(database_url, done, str(slow.id)) == [(0,)]
        assert "No answer" in str(fetch(database_url, "SELECT last_answer FROM jobs WHERE status = 'due'"))


async def test_410_disables_an_endpoint_and_enabling_it_delivers_what_it_missed(
    inventory: Inventory, delivery: Delivery, database_url: str, receiver: Receiver
) -> None:
    receiver.script = [answer(410)]
    endpoint = await subscribe(delivery, receiver)
    event = await make_event(inventory, capacity=50)
    await fan_out(inventory, delivery)
    runner = runner_of(delivery)
    await run_due(runner)
    gone = await delivery.webhooks.store.find(endpoint.id)
    assert gone is not None
    assert (gone.status, gone.reason) == ("disabled", "gone")
    await delivery.webhooks.send_test(endpoint)
    await place(inventory, event.number, 1)
    assert await fan_out(inventory, delivery) == 0
    assert await run_due(runner) == 0
    enabled = await delivery.webhooks.store.change(
        endpoint.id, url=endpoint.url, kinds=(), description=None, status="enabled"
    )
    assert enabled is not None
    assert enabled.reason is None
    assert await delivery.webhooks.retry_parked(enabled) == 1
    await fan_out(inventory, delivery)
    await run_due(runner)
    assert sorted(got.notice["type"] for got in receiver.got) == [
        "event.created", "event.created", "hold.placed", "webhook.test",
    ]  # fmt: skip


async def test_failing_for_three_days_disables_an_endpoint(
    delivery: Delivery, database_url: str, receiver: Receiver
) -> None:
    """Failing often is not enough: one bad hour has many failures."""
    receiver.always = answer(503)
    endpoint = await subscribe(delivery, receiver)
    for _ in range(20):
        await delivery.webhooks.send_test(endpoint)
    await run_due(runner_of(delivery))
    found = await delivery.webhooks.store.find(endpoint.id)
    assert found is not None
    assert found.status == "enabled"
    fetch(database_url, "UPDATE webhook_endpoints SET failing_since = failing_since - interval '73 hours'")
    pass_time(database_url, "10 minutes")
    await run_due(runner_of(delivery))
    found = await delivery.webhooks.store.find(endpoint.id)
    assert found is not None
    assert (found.status, found.reason) == ("disabled", "failing")


async def test_a_rotated_secret_signs_for_a_day_beside_the_new_one(
    delivery: Delivery, database_url: str, receiver: Receiver
) -> None:
    endpoint = await subscribe(delivery, receiver)
    old, new = (delivery.webhooks.secrets.secret_of(endpoint.id, each) for each in (1, 2))
    assert old != new
    await delivery.webhooks.store.rotate(endpoint.id)
    await delivery.webhooks.send_test(endpoint)
    await run_due(runner_of(delivery))
    fetch(database_url, "UPDATE webhook_endpoints SET rotated_at = rotated_at - interval '25 hours'")
    await delivery.webhooks.send_test(endpoint)
    await run_due(runner_of(delivery))
    during, after = receiver.got
    for secret in (old, new):
        StandardWebhook(secret).verify(during.body, during.headers)
    verify_notice(new, after.headers, after.body)
    with pytest.raises(BadSignature):
        verify_notice(old, after.headers, after.body)
    for secret in (old, new):
        assert secret.removeprefix("whsec_") not in str(
            fetch(database_url, "SELECT * FROM webhook_endpoints")
        )


def test_the_sdk_refuses_what_the_server_did_not_send() -> None:
    standard = StandardWebhook("whsec_" + "QUJD" * 8)
    body = b'{"type":"webhook.test","timestamp":"2026-11-05T18:31:00Z","data":{}}'
    at = datetime(2026, 11, 5, 18, 31, tzinfo=UTC)
    good = {
        "Webhook-Id": "1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": "v2,AAAA " + standard.sign("1", at, body.decode()),
    }
    secret, now = "whsec_" + "QUJD" * 8, at.timestamp()
    assert verify_notice(secret, good, body, now=now + 299).type == "webhook.test"
    changed = (
        {"Webhook-Id": "2"}, {"Webhook-Timestamp": "1"}, {"Webhook-Timestamp": "x"}, {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1,ä"}, {"Webhook-Signature": "v1"},
    )  # fmt: skip
    for change in changed:
        with pytest.raises(BadSignature):
            verify_notice(secret, good | change, body, now=now)
    for seconds in (-301, 301):
        with pytest.raises(BadSignature):
            verify_notice(secret, good, body, now=now + seconds)
    for other in (body + b" ", b"\xff", b""):
        with pytest.raises(BadSignature):
            verify_notice(secret, good, other, now=now)
    with pytest.raises(BadSignature):
        verify_notice("whsec_?", good, body, now=now)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "192.0.2.1", "198.18.0.1", "2001:db8::1", "::127.0.0.1", "::10.0.0.1", "64:ff9b:1::a00:1",
    ],
)  # fmt: skip
def test_an_address_inside_is_private_in_every_spelling(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/", "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://a.localhost./",
        "https://user@shop.example/", "https://:pw@shop.example/", "https://shop.example/#x", "https:///path",
        "ftp://shop.example/", "https://shop.example:99999/", "https://shop.example:0/", "https://shöp.example/",
        "https://shop.example/ a", "https://shop.example/\r\nX: y", "https://" + "a" * 2_000, "shop.example", "",
        "https://[::ffff:10.0.0.1]/", "https://[", "https://169.254.169.254/latest/meta-data",
        "https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0/", "https://017700000001/",
        "https://127.0.0.1./", "https://0X7F000001/", "https://[::127.0.0.1]/", "https://[64:ff9b:1::7f00:1]/",
    ],
)  # fmt: skip
def test_a_url_that_no_delivery_may_use_is_refused(url: str) -> None:
    with pytest.raises(ForbiddenAddress):
        parse_target(url, private=False)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost.localdomain"])
async def test_an_odd_spelling_of_a_private_address_is_refused_where_it_is_resolved(host: str) -> None:
    """A resolver reads numbers in many forms, so the check of the URL alone would miss some."""
    with pytest.raises((ForbiddenAddress, OSError)):
        await resolve(parse_target(f"https://{host}/", private=False), private=False)


async def test_a_private_receiver_gets_nothing_unless_it_is_allowed(
    inventory: Inventory, database_url: str, receiver: Receiver
) -> None:
    """An endpoint whose name led elsewhere when it was made."""
    async with a_delivery(database_url) as delivery:
        endpoint = await subscribe(delivery, receiver)
        delivery_id = await delivery.webhooks.send_test(endpoint)
        await run_due(runner_of(delivery))
    assert receiver.got == []
    assert str(status_of(database_url, delivery_id)[2]).startswith("Not sent:")
