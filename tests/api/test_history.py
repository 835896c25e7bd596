"""History: all changes of one seat."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2

from holdfast.api.v1.history import HistoryPage
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from support.ageing import lapse_hold
from support.house_of import confirm, fetch, make_event, place


async def _items(
    client: httpx2.AsyncClient, number: int, label: str = "A-1-1", query: str = ""
) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/events/{number}/seats/{label}/history{query}")
    assert answer.status_code == 200, answer.text
    HistoryPage.model_validate_json(answer.content)
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def _changes(items: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(item["change"], item["version"]) for item in items]


async def _cancel_booking(inventory: Inventory, number: int, booking: UUID) -> None:
    await inventory.execute(number, c.CancelBooking(booking_id=booking, authority=c.STAFF))


async def test_history_lists_every_change_of_a_seat(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event = await make_event(inventory, rows=1)
    number = event.number
    released = await place(inventory, number, "A-1-1")
    await place(inventory, number, "A-1-2")
    await inventory.execute(number, c.ReleaseHold(hold_id=released, authority=c.STAFF))
    sold = await place(inventory, number, "A-1-1", "A-1-3")
    booking = await confirm(inventory, number, sold)
    await _cancel_booking(inventory, number, booking)
    block = inventory.new_id(number)
    await inventory.execute(number, c.BlockAdmissions(block_id=block, labels=("A-1-1",)))
    await inventory.execute(number, c.LiftBlock(block_id=block))
    items = await _items(client, number, "a-1-1")
    assert _changes(items) == [
        ("held", 1), ("released", 3), ("held", 4), ("booked", 5), ("cancelled", 6), ("blocked", 7), ("lifted", 8),
    ]  # fmt: skip
    assert [item.get("hold") for item in items] == [*2 * [str(released)], *3 * [str(sold)], None, None]
    assert [item.get("booking") for item in items[3:5]] == [str(booking)] * 2
    assert [item.get("block") for item in items[5:]] == [str(block)] * 2
    times = [datetime.fromisoformat(item["at"]) for item in items]
    assert times == sorted(times)
    assert times[0] == fetch(database_url, "SELECT at FROM journal WHERE version = 1")[0][0]


async def test_history_lists_an_expiry_at_its_time_before_and_after_a_sweep(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """A sweep does not change the history."""
    event = await make_event(inventory, rows=1)
    hold = await place(inventory, event.number, "A-1-1")
    assert _changes(await _items(client, event.number)) == [("held", 1)]
    lapse_hold(database_url, hold, inventory=inventory)
    before = await _items(client, event.number)
    assert _changes(before) == [("held", 1), ("expired", 1)]
    (expires_at,) = fetch(database_url, "SELECT expires_at FROM holds")[0]
    assert datetime.fromisoformat(before[1]["at"]) == expires_at
    await inventory.execute(event.number, c.ReclaimLapsed(limit=10))
    assert await _items(client, event.number) == before
    await place(inventory, event.number, "A-1-1")
    assert _changes(await _items(client, event.number)) == [("held", 1), ("expired", 1), ("held", 3)]


async def test_history_of_an_instant_booking_has_no_hold(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    await inventory.execute(
        event.number,
        c.BookInstantly(
            attempt_number=await inventory.new_attempt_number(),
            hold_id=inventory.new_id(event.number),
            booking_id=inventory.new_id(event.number),
            quantity=10,
        ),
    )
    assert _changes(await _items(client, event.number)) == [("booked", 1)]


async def test_history_lists_live_holds_of_a_cancelled_event_as_released(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    """They end at that moment, regardless of later sweeps and of their expiry. Bookings stay."""
    event = await make_event(inventory, rows=1)
    number = event.number
    lapsed = await place(inventory, number, "A-1-1")
    lapse_hold(database_url, lapsed, inventory=inventory)
    given_back = await place(inventory, number, "A-1-2")
    await place(inventory, number, "A-1-3")
    await confirm(inventory, number, await place(inventory, number, "A-1-4"))
    await inventory.execute(number, c.CancelEvent())
    expected = {
        "A-1-1": [("held", 1), ("expired", 1)],
        "A-1-2": [("held", 2), ("released", 6)],
        "A-1-3": [("held", 3), ("released", 6)],
        "A-1-4": [("held", 4), ("booked", 5)],
    }
    before = {label: await _items(client, number, label) for label in expected}
    assert {label: _changes(items) for label, items in before.items()} == expected
    await inventory.execute(number, c.ReleaseHold(hold_id=given_back, authority=c.STAFF))
    await inventory.execute(number, c.ReclaimLapsed(limit=10))
    assert {label: await _items(client, number, label) for label in expected} == before


async def test_a_long_history_is_paged(client: httpx2.AsyncClient, inventory: Inventory):
    """Pages may end anywhere, also between a hold and its end. Together they equal one large page."""
    event = await make_event(inventory, rows=1)
    for _ in range(4):
        booking = await confirm(inventory, event.number, await place(inventory, event.number, "A-1-1"))
        await _cancel_booking(inventory, event.number, booking)
    full = await _items(client, event.number, query="?limit=200")
    assert len(full) == 12
    path = f"/v1/events/{event.number}/seats/A-1-1/history"
    for limit in (1, 2, 5, 12):
        items: list[dict[str, Any]] = []
        cursor = ""
        while cursor is not None:
            page = (await client.get(f"{path}?limit={limit}{cursor and f'&cursor={cursor}'}")).json()
            assert 0 < len(page["items"]) <= limit
            items += page["items"]
            cursor = page["next"]
        assert items == full
    other = f"/v1/events/{event.number}/seats/A-1-2/history"
    cursor = (await client.get(f"{path}?limit=1")).json()["next"]
    assert (await client.get(f"{other}?cursor={cursor}")).status_code == 422


async def test_an_untouched_seat_has_no_history(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    assert await _items(client, event.number) == []


async def test_history_of_a_missing_seat_is_404(client: httpx2.AsyncClient, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    for label in ("A-1-11", "%00", "é", "x" * 40):
        answer = await client.get(f"/v1/events/{event.number}/seats/{label}/history")
        assert answer.status_code in (400, 404)
    assert (await client.get(f"/v1/events/{event.number}/seats/Z-9/history")).json()[
        "code"
    ] == "seat_not_found"


async def test_history_requires_a_permission(guest: httpx2.AsyncClient, keyed_client, inventory: Inventory):
    event = await make_event(inventory, rows=1)
    path = f"/v1/events/{event.number}/seats/A-1-1/history"
    assert (await guest.get(path)).status_code == 401
    assert (await (await keyed_client("door")).get(path)).status_code == 403
    assert (await (await keyed_client("read")).get(path)).status_code == 200
