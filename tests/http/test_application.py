"""The application: composed of its parts, over a real database."""

from __future__ import annotations

import httpx2

from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from support.ageing import age_hold, lapse_hold


async def _hold(inventory: Inventory, *, quantity: int = 1) -> c.PlaceHold:
    event = await inventory.create_event(
        c.NewEvent(name="Concert", areas=(c.AreaSpec(name="general", capacity=1),)), by="test"
    )
    assert event is not None
    line = c.QuantityLine(quantity=quantity)
    return c.PlaceHold(hold_id=inventory.new_id(event.number), lines=(line,))


async def test_the_application_answers(client: httpx2.AsyncClient):
    assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_an_aged_hold_frees_its_admission_without_a_sweep(inventory: Inventory, database_url: str):
    """A hold of two minutes is made 200 seconds old. Its admission is free without a sweep."""
    command = await _hold(inventory)
    hold = await inventory.execute(command.hold_id.int >> 88, command)
    age_hold(database_url, hold.id, 200, inventory=inventory)
    assert (await inventory.queries.get_hold(hold.id, c.STAFF)).status == "expired"
    again = c.PlaceHold(hold_id=inventory.new_id(hold.event_number), lines=command.lines)
    second = await inventory.execute(hold.event_number, again)
    lapse_hold(database_url, second.id, inventory=inventory)
    assert (await inventory.queries.get_availability(hold.event_number)).counts.available == 1
