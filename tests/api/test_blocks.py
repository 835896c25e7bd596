"""Blocks over HTTP: admissions are taken off sale and put back."""

from __future__ import annotations

import httpx2
import pytest

from holdfast.api.v1.blocks import BlockOut
from holdfast.inventory.inventory import Inventory
from support.ageing import lapse_hold
from support.http_sales import SEATS, Json, ask_hold, confirm, make_event, outcome_of, place, pointers


async def _ask(client: httpx2.AsyncClient, **body: object) -> httpx2.Response:
    return await client.post("/v1/events/1/blocks", json=body)


async def _block(client: httpx2.AsyncClient, **body: object) -> Json:
    answer = await _ask(client, **body)
    assert answer.status_code == 201, answer.text
    BlockOut.model_validate_json(answer.content)
    block: Json = answer.json()
    return block


async def _lift(client: httpx2.AsyncClient, block: Json) -> httpx2.Response:
    return await client.post(f"/v1/events/1/blocks/{block['id']}/lift")


async def test_blocked_seats_are_not_sold_until_they_are_lifted(
    client: httpx2.AsyncClient, inventory: Inventory
):
    event = await make_event(client, seat_map=SEATS)
    block = await _block(client, seats=["a-1-1", "A-1-2"], reason="camera")
    assert (block["seats"], block["quantity"], block["reason"]) == (["A-1-1", "A-1-2"], 2, "camera")
    assert outcome_of(await ask_hold(client, event, {"seats": ["A-1-1"]})) == (409, "seat_blocked")
    assert outcome_of(await ask_hold(client, event, {"quantity": 9})) == (409, "sold_out")
    counts = (await inventory.queries.get_availability(1)).counts
    assert (counts.available, counts.blocked) == (8, 2)
    lifted = (await _lift(client, block)).json()
    assert {**lifted, "lifted_at": None} == block
    assert lifted["lifted_at"] is not None
    await place(client, event, {"quantity": 10})


async def test_a_quantity_is_blocked_and_lifted(client: httpx2.AsyncClient):
    event = await make_event(client, capacity=10)
    block = await _block(client, quantity=8)
    assert (block["area"], block["quantity"], block["seats"]) == ("general", 8, [])
    assert outcome_of(await ask_hold(client, event, {"quantity": 3})) == (409, "sold_out")
    await _lift(client, block)
    await place(client, event, {"quantity": 10})


async def test_a_repeated_lift_gets_the_same_answer(client: httpx2.AsyncClient):
    """Nothing returns twice."""
    event = await make_event(client, capacity=10)
    block = await _block(client, quantity=8)
    first, second = await _lift(client, block), await _lift(client, block)
    assert first.content == second.content
    await place(client, event, {"quantity": 10})
    assert outcome_of(await ask_hold(client, event)) == (409, "sold_out")


async def test_only_available_admissions_can_be_blocked(
    client: httpx2.AsyncClient, inventory: Inventory, database_url: str
):
    event = await make_event(client, capacity=10, seat_map=SEATS)
    await place(client, event, {"seats": ["A-1-1"]}, {"quantity": 4})
    await confirm(client, await place(client, event, {"seats": ["A-1-2"]}, {"quantity": 4}))
    lapsed = await place(client, event, {"seats": ["A-1-3"]}, {"quantity": 2})
    await _block(client, seats=["A-1-4"])
    lapse_hold(database_url, lapsed["id"], inventory=inventory)
    before = (await inventory.queries.get_availability(1)).counts
    for seat, code in (("A-1-1", "seat_taken"), ("A-1-2", "seat_taken"), ("A-1-4", "seat_blocked")):
        answer = await _ask(client, seats=["A-2-1", seat])
        assert (outcome_of(answer), pointers(answer)) == ((409, code), [("/seats/1", code)])
    answer = await _ask(client, quantity=3)
    assert (outcome_of(answer), answer.json()["available"]) == ((409, "sold_out"), 2)
    assert (await inventory.queries.get_availability(1)).counts == before
    await _block(client, seats=["A-1-3"])
    await _block(client, quantity=2, area="general")


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({}, 422, "invalid_input", ""),
        ({"seats": ["A-1-1"], "quantity": 1}, 422, "invalid_input", ""),
        ({"seats": []}, 422, "invalid_input", "/seats"),
        ({"seats": ["A-1-1"], "area": "pit"}, 422, "invalid_input", ""),
        ({"quantity": 0, "area": "pit"}, 422, "invalid_input", "/quantity"),
        ({"quantity": -1, "area": "pit"}, 422, "invalid_input", "/quantity"),
        ({"quantity": 1, "reason": ""}, 422, "invalid_input", "/reason"),
        ({"quantity": 1, "until": "x"}, 422, "invalid_input", "/until"),
        ({"seats": ["A-1-1", "a-1-1"]}, 409, "duplicate_seat", "/seats/1"),
        ({"seats": ["Z-1-1"]}, 422, "seat_unknown", "/seats/0"),
        ({"quantity": 1, "area": "nowhere"}, 422, "area_unknown", "/area"),
        ({"quantity": 1}, 422, "area_required", "/area"),
    ],
)
async def test_invalid_blocks_are_refused(
    client: httpx2.AsyncClient, body: Json, status: int, code: str, pointer: str
):
    areas = [{"name": "pit", "capacity": 5}, {"name": "bar", "capacity": 5}]
    await make_event(client, areas=areas, seat_map=SEATS)
    answer = await _ask(client, **body)
    assert outcome_of(answer) == (status, code)
    assert pointers(answer)[0][0] == pointer


async def test_the_block_list_filters_active_and_lifted(client: httpx2.AsyncClient):
    await make_event(client, capacity=10)
    blocks = [await _block(client, quantity=1, reason=str(number)) for number in range(3)]
    await _lift(client, blocks[1])

    async def reasons(**query: str) -> set[str]:
        page = (await client.get("/v1/events/1/blocks", params=query)).json()
        return {block["reason"] for block in page["items"]}

    assert await reasons() == {"0", "1", "2"}
    assert await reasons(lifted="false") == {"0", "2"}
    assert await reasons(lifted="true") == {"1"}
    first = (await client.get("/v1/events/1/blocks?limit=2")).json()
    rest = (await client.get("/v1/events/1/blocks", params={"limit": "2", "cursor": first["next"]})).json()
    assert rest["next"] is None
    assert {block["id"] for block in first["items"] + rest["items"]} == {block["id"] for block in blocks}


async def test_a_block_is_lifted_only_under_its_own_event(client: httpx2.AsyncClient):
    await make_event(client)
    block = await _block(client, quantity=1)
    await make_event(client)
    for path in (
        f"/v1/events/2/blocks/{block['id']}",
        f"/v1/events/1/blocks/{'0' * 8}-0119-84fa-8c96-00264f0ce97a",
    ):
        assert outcome_of(await client.post(f"{path}/lift")) == (404, "block_not_found")
    assert outcome_of(await client.post("/v1/events/1/blocks/x/lift")) == (404, "block_not_found")
    assert outcome_of(await client.post(f"/v1/events/3/blocks/{block['id']}/lift")) == (
        404,
        "event_not_found",
    )


async def test_a_cancelled_event_refuses_blocks(client: httpx2.AsyncClient):
    await make_event(client)
    await client.post("/v1/events/1/cancel")
    assert outcome_of(await _ask(client, quantity=1)) == (410, "event_cancelled")
