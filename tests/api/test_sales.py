"""Sales: each step counts what happened in it, and so do the totals.

The kind of fault: a plot that shows what did not happen. A hold that counts twice or in another minute, a count that a
failure loses, and a process that overwrites what another one has counted, are its members.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx2
import psycopg
import pytest

from holdfast.errors import EventNotFound, SoldOut, Unavailable
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.sale_counts import SaleCounts
from holdfast.inventory.sales_figures import SalesReads, SalesSpan
from holdfast.inventory.store.sale_minutes import MinuteCount, SaleMinuteStore
from holdfast.postgres.connections import Connections
from holdfast.workers.sweeper import Sweeper
from support.ageing import age_hold
from support.http_sales import act, ask_hold, confirm, make_event, place


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SaleMinuteStore]:
    connections = Connections(database_url, size=2)
    await connections.open()
    yield SaleMinuteStore(connections)
    await connections.close()


async def figures(client: httpx2.AsyncClient, number: int, span: str = "hour") -> dict[str, Any]:
    answer = await client.get(f"/v1/events/{number}/sales?span={span}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def busy(found: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Return (holds, bookings, admissions) of the steps in which something happened."""
    steps = [(step["holds"], step["bookings"], step["admissions"]) for step in found["steps"]]
    return [step for step in steps if any(step)]


def move_back(url: str, minutes: int) -> None:
    """Let everything that was counted have happened earlier."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE sale_minutes SET at = at - %s", (timedelta(minutes=minutes),))


async def test_each_step_counts_what_happened_in_it(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
) -> None:
    event = await make_event(client, capacity=20)
    await confirm(client, await place(client, event, {"quantity": 2}))
    await inventory.operations.write_sale_counts()
    move_back(database_url, 30)
    for quantity in (3, 4):
        await confirm(client, await place(client, event, {"quantity": quantity}))
    await act(client, await place(client, event, {"quantity": 1}), "release")
    lapsed = await place(client, event, {"quantity": 1})
    age_hold(database_url, lapsed["id"], 3_600, inventory=inventory)
    await Sweeper(inventory).run_once()
    for _ in range(2):
        assert (await ask_hold(client, event, {"quantity": 19})).status_code == 409
    assert (await ask_hold(client, event, {"quantity": 21})).status_code == 422

    found = await figures(client, event["number"])
    steps = busy(found)
    assert steps[0] == (1, 1, 2)
    assert [sum(column) for column in zip(*steps[1:], strict=True)] == [4, 2, 7]
    assert found["ends"] == {"holds": 5, "booked": 3, "released": 1, "expired": 1}
    assert found["refusals"][0] == {"reason": "sold_out", "count": 2}
    assert (len(found["steps"]), found["step_seconds"]) == (60, 60)
    times = [datetime.fromisoformat(step["at"]) for step in found["steps"]]
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=1)}
    assert times[-1] <= datetime.fromisoformat(found["as_of"]) < times[-1] + timedelta(minutes=1)


async def test_a_longer_span_has_what_a_shorter_one_has_not(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
) -> None:
    event = await make_event(client, capacity=50)
    await confirm(client, await place(client, event, {"quantity": 2}))
    await inventory.operations.write_sale_counts()
    move_back(database_url, 3 * 60)
    assert busy(await figures(client, event["number"])) == []
    assert busy(await figures(client, event["number"], "day")) == [(1, 1, 2)]
    assert busy(await figures(client, event["number"], "month")) == [(1, 1, 2)]


async def test_an_instant_booking_counts_as_a_hold_and_a_booking(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, capacity=50)
    body = {"show_id": event["number"], "seat_count": 3}
    assert (await client.post("/book", json=body)).status_code == 200
    assert busy(await figures(client, event["number"])) == [(1, 1, 3)]


async def test_an_event_without_sales_has_empty_steps(client: httpx2.AsyncClient) -> None:
    event = await make_event(client, capacity=5)
    found = await figures(client, event["number"])
    assert (busy(found), found["ends"]["holds"], found["refusals"]) == ([], 0, [])


async def test_the_counts_of_two_processes_add_up(client: httpx2.AsyncClient, store: SaleMinuteStore) -> None:
    event = await make_event(client, capacity=5)
    first = datetime.now(UTC).replace(second=0, microsecond=0)
    for count in (2, 3):
        one = MinuteCount(at=first, kind="booked", count=count, admissions=2 * count)
        await store.add(event["number"], [one])
    (found,) = await store.read(event["number"], first=first, step=timedelta(minutes=1))
    assert (found.count, found.admissions) == (5, 10)


async def test_counts_that_could_not_be_written_are_written_later(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    event = await make_event(client, capacity=5)
    connections = Connections(database_url, size=1)
    counts = SaleCounts(SaleMinuteStore(connections))
    counts.count_refusal(event["number"], SoldOut())
    counts.count_refusal(event["number"], EventNotFound())
    with pytest.raises(Unavailable):
        await counts.flush()  # the connections are not open yet
    await connections.open()
    try:
        assert await counts.flush() == 1
        assert await counts.flush() == 0
        first = datetime.now(UTC) - timedelta(minutes=5)
        (found,) = await SaleMinuteStore(connections).read(
            event["number"], first=first, step=timedelta(hours=1)
        )
        assert (found.kind, found.count) == ("refused:sold_out", 1)
    finally:
        await connections.close()


async def test_readers_of_one_second_share_an_answer(
    client: httpx2.AsyncClient, store: SaleMinuteStore
) -> None:
    """The clock is the test's own."""
    event = await make_event(client, capacity=50)
    now = 100.0
    counts = SaleCounts(store)
    reads = SalesReads(store, counts, clock=lambda: now)
    first = await reads.get(event["number"], SalesSpan.HOUR)
    counts.count_refusal(event["number"], SoldOut())
    assert await reads.get(event["number"], SalesSpan.HOUR) is first
    now += 1
    assert (await reads.get(event["number"], SalesSpan.HOUR)).refusals == {"sold_out": 1}
