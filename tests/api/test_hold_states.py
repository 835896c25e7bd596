"""Every command of a hold in every state, over HTTP."""

from __future__ import annotations

import httpx2
import pytest

from holdfast.errors import HoldfastError
from holdfast.inventory.inventory import Inventory
from support.ageing import lapse_hold
from support.http_sales import (
    Json,
    act,
    ask_booking,
    confirm,
    make_event,
    outcome_of,
    place,
    read_hold,
)

STATES = [
    "active",
    "lapsed",
    "released",
    "confirmed",
    "cancelled",
    "event_cancelled",
    "event_cancelled_booked",
]
EXPIRED, RELEASED, GONE = "hold_expired", "hold_released", "event_cancelled"
CONFIRMED, CANCELLED = "hold_already_confirmed", "booking_already_cancelled"
MATRIX = {
    "extend": [200, EXPIRED, RELEASED, CONFIRMED, CANCELLED, GONE, CONFIRMED],
    "release": [200, EXPIRED, 200, CONFIRMED, CANCELLED, 200, CONFIRMED],
    "staff_release": [200, EXPIRED, 200, CONFIRMED, CANCELLED, 200, CONFIRMED],
    "confirm": [201, EXPIRED, RELEASED, 200, CANCELLED, GONE, 200],
    "cancel": [None, None, None, 200, 200, None, 200],
}
AFTERWARDS = {
    ("active", "extend"): "active",
    ("active", "release"): "released",
    ("active", "staff_release"): "released",
    ("active", "confirm"): "confirmed",
}
BEFORE = ["active", "expired", "released", "confirmed", "confirmed", "released", "confirmed"]


@pytest.mark.parametrize("state", STATES)
async def test_every_hold_command_in_every_state(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str, state: str
):
    """Each command runs twice, because the second must succeed like the first. The hold's status follows."""
    for verb, row in MATRIX.items():
        expected = row[STATES.index(state)]
        if expected is not None:  # without a booking, none can be cancelled
            await _try_command(client, inventory, database_url, verb, state, expected)


async def _try_command(
    client: httpx2.AsyncClient,
    inventory: Inventory,
    database_url: str,
    verb: str,
    state: str,
    expected: int | str,
) -> None:
    event = await make_event(client)
    own = f"/v1/events/{event['id']}"
    hold = await place(client, event, {"quantity": 2})
    booking: Json | None = None
    match state:
        case "lapsed":
            lapse_hold(database_url, hold["id"], inventory=inventory)
        case "released":
            await act(client, hold, "release")
        case "confirmed" | "cancelled" | "event_cancelled_booked":
            booking = await confirm(client, hold)
    if state == "cancelled":
        assert booking is not None
        await client.post(f"/v1/bookings/{booking['id']}/cancel")
    if state.startswith("event_cancelled"):
        await client.post(f"{own}/cancel")

    async def ask() -> httpx2.Response:
        match verb:
            case "staff_release":
                return await client.post(f"{own}/holds/{hold['id']}/release")
            case "confirm":
                return await ask_booking(client, hold)
            case "cancel":
                assert booking is not None
                return await client.post(f"/v1/bookings/{booking['id']}/cancel")
            case _:
                return await act(client, hold, verb)

    first, second = await ask(), await ask()
    if isinstance(expected, int):
        assert first.status_code == expected, (verb, first.text)
        assert second.status_code == 200
        if verb == "confirm":
            assert second.json()["id"] == first.json()["id"] == (booking or first.json())["id"]
    else:
        assert outcome_of(first) == outcome_of(second) == (status_of(expected), expected), verb
    status = AFTERWARDS.get((state, verb), BEFORE[STATES.index(state)])
    assert (await read_hold(client, hold))["status"] == status, verb
    counts = (await inventory.queries.get_availability(event["number"])).counts
    booked = 2 if status == "confirmed" and state != "cancelled" and verb != "cancel" else 0
    held = 2 if status == "active" else 0
    assert (counts.held, counts.booked) == (held, booked), verb


def status_of(code: str) -> int:
    return next(one.status for one in _errors(HoldfastError) if one.code == code)


def _errors(error: type[HoldfastError]) -> list[type[HoldfastError]]:
    return [error, *(one for sub in error.__subclasses__() for one in _errors(sub))]
