"""Drafts: only keys of the organiser see an unpublished event."""

from __future__ import annotations

import pytest

from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from support.http_app import engine_of


@pytest.fixture
async def draft(closed_app):
    event = await engine_of(closed_app).create_event(
        c.NewEvent(name="Secret", status="draft", seats=(SeatSpec("A1"),)), by="test"
    )
    return event.number


def paths(draft):
    return (
        f"/events/{draft}",
        f"/seats/?event_id={draft}",
        f"/shows/{draft}/seats",
        f"/shows/{draft}/availability",
    )


async def test_a_guest_cannot_see_a_draft(guest, draft):
    assert (await guest.get(f"/events/{draft}")).status_code == 404
    assert (await guest.post("/holds", json={"event_id": draft, "qty": 1})).status_code == 404
    assert (await guest.get("/shows")).json() == []


async def test_a_seller_sees_a_draft(keyed_client, draft):
    seller = await keyed_client("sell")
    for path in paths(draft):
        assert (await seller.get(path)).status_code == 200
    assert (await seller.get("/seats/")).status_code == 404
    assert (await seller.get("/shows")).json() == []


async def test_a_draft_sells_nothing(keyed_client, draft):
    seller = await keyed_client("sell")
    assert (await seller.post("/holds", json={"event_id": draft, "qty": 1})).status_code == 400
    booked = await seller.post("/book", json={"show_id": draft, "seat_count": 1})
    assert booked.json()["message"] == "Booking FAILED"
    assert (await seller.post(f"/seats/{draft}000001/reserve?user_id=1")).status_code == 400
