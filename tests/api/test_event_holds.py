"""Holds of an event for its staff: lists, pages and releases."""

from __future__ import annotations

import httpx2

from holdfast.inventory.inventory import Inventory
from support.ageing import lapse_hold
from support.http_sales import (
    act,
    confirm,
    make_event,
    outcome_of,
    place,
)

NO_HOLD = "00000000-0119-84fa-8c96-00264f0ce97a"
WRONG_TOKEN = "hfh_1_q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k"


class TestStaff:
    async def test_the_hold_list_shows_current_statuses(
        self, client: httpx2.AsyncClient, inventory: Inventory, database_url: str
    ):
        event = await make_event(client)
        active, lapsed, released, confirmed = [await place(client, event, buyer=name) for name in "abcd"]
        lapse_hold(database_url, lapsed["id"], inventory=inventory)
        await act(client, released, "release")
        await confirm(client, confirmed)

        async def ids(**query: str) -> list[str]:
            answer = await client.get("/v1/events/1/holds", params=query)
            assert answer.status_code == 200, answer.text
            assert "hold_token" not in answer.text
            return [hold["id"] for hold in answer.json()["items"]]

        assert set(await ids()) == {hold["id"] for hold in (active, lapsed, released, confirmed)}
        assert await ids(status="active") == [active["id"]]
        assert await ids(status="expired") == [lapsed["id"]]
        assert await ids(status="released") == [released["id"]]
        assert await ids(status="confirmed") == [confirmed["id"]]
        assert await ids(buyer="b") == [lapsed["id"]]
        await client.post("/v1/events/1/cancel")
        assert set(await ids(status="released")) == {active["id"], lapsed["id"], released["id"]}

    async def test_pages(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        placed = {(await place(client, event))["id"] for _ in range(5)}
        seen: list[str] = []
        query = {"limit": "2"}
        for _ in range(3):
            page = (await client.get("/v1/events/1/holds", params=query)).json()
            seen += [hold["id"] for hold in page["items"]]
            query["cursor"] = page["next"]
        assert page["next"] is None
        assert (len(seen), set(seen)) == (5, placed)

    async def test_a_cursor_belongs_to_its_event(self, client: httpx2.AsyncClient):
        events = [await make_event(client) for _ in range(2)]
        for event in events * 2:
            await place(client, event)
        cursor = (await client.get("/v1/events/1/holds?limit=1")).json()["next"]
        assert (
            await client.get(f"/v1/events/{events[0]['id']}/holds", params={"cursor": cursor})
        ).status_code == 200
        assert outcome_of(await client.get("/v1/events/2/holds", params={"cursor": cursor})) == (
            422,
            "invalid_input",
        )

    async def test_a_hold_is_released_only_under_its_own_event(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        await make_event(client)
        for path in (
            f"/v1/events/2/holds/{hold['id']}",
            f"/v1/events/1/holds/{NO_HOLD}",
            "/v1/events/1/holds/x",
        ):
            assert outcome_of(await client.post(f"{path}/release")) == (404, "hold_not_found")
        assert outcome_of(await client.post(f"/v1/events/3/holds/{hold['id']}/release")) == (
            404,
            "event_not_found",
        )
