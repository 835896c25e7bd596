"""An event from draft to cancelled over HTTP, and who may change it."""

from __future__ import annotations

import httpx2
import pytest

from holdfast.inventory.inventory import Inventory
from support.http_app import KeyedClient
from support.http_sales import (
    ask_booking,
    ask_hold,
    confirm,
    make_event,
    outcome_of,
    place,
    read_hold,
    token_of,
)


class TestLife:
    @pytest.mark.parametrize(
        ("before", "verb", "expected"),
        [
            ("draft", "publish", "published"),
            ("draft", "cancel", "cancelled"),
            ("draft", "stop", "draft"),
            ("draft", "resume", "draft"),
            ("published", "publish", "published"),
            ("published", "cancel", "cancelled"),
            ("published", "stop", "published"),
            ("published", "resume", "published"),
            ("cancelled", "publish", 410),
            ("cancelled", "cancel", "cancelled"),
            ("cancelled", "stop", 410),
            ("cancelled", "resume", 410),
        ],
    )
    async def test_every_event_transition_from_every_state(
        self, client: httpx2.AsyncClient, before: str, verb: str, expected: str | int
    ):
        await make_event(client, status="draft" if before == "draft" else "published")
        if before == "cancelled":
            await client.post("/v1/events/1/cancel")
        for _ in range(2):  # each transition may be repeated
            answer = await client.post(f"/v1/events/1/{verb}")
            if expected == 410:
                assert outcome_of(answer) == (410, "event_cancelled")
            else:
                assert (answer.status_code, answer.json()["status"]) == (200, expected)
                assert answer.json()["sales_stopped"] is (verb == "stop")

    async def test_a_draft_is_not_on_sale_until_it_is_published(self, client: httpx2.AsyncClient):
        event = await make_event(client, status="draft")
        assert outcome_of(await ask_hold(client, event)) == (409, "event_not_on_sale")
        await client.post("/v1/events/1/publish")
        await place(client, event)

    @pytest.mark.parametrize(
        "window", [{"on_sale_at": "2099-01-01T00:00:00Z"}, {"off_sale_at": "2020-01-01T00:00:00Z"}]
    )
    async def test_nothing_is_sold_outside_the_sales_window(
        self, client: httpx2.AsyncClient, window: dict[str, str]
    ):
        event = await make_event(client, **window)
        assert outcome_of(await ask_hold(client, event)) == (409, "event_not_on_sale")
        await client.patch("/v1/events/1", json=dict.fromkeys(window))
        await place(client, event)

    async def test_live_holds_can_be_confirmed_while_sales_are_stopped(self, client: httpx2.AsyncClient):
        event = await make_event(client)
        hold = await place(client, event)
        await client.post("/v1/events/1/stop")
        assert outcome_of(await ask_hold(client, event)) == (409, "sales_stopped")
        answer = await client.post(f"/v1/holds/{hold['id']}/extend", headers=token_of(hold))
        assert outcome_of(answer) == (409, "sales_stopped")
        await confirm(client, hold)
        await client.post("/v1/events/1/resume")
        await place(client, event)

    async def test_cancelling_ends_holds_and_keeps_bookings(
        self, client: httpx2.AsyncClient, inventory: Inventory
    ):
        event = await make_event(client)
        booking = await confirm(client, await place(client, event, {"quantity": 3}))
        hold = await place(client, event, {"quantity": 2})
        await client.post("/v1/events/1/cancel")
        assert (await read_hold(client, hold))["status"] == "released"
        assert outcome_of(await ask_hold(client, event)) == (410, "event_cancelled")
        assert outcome_of(await ask_booking(client, hold)) == (410, "event_cancelled")
        assert (await inventory.queries.get_availability(1)).counts.available == 0
        kept = (await client.get(f"/v1/bookings/{booking['id']}")).json()
        assert (kept["status"], kept["event_status"]) == ("confirmed", "cancelled")


class TestRights:
    async def test_a_guest_reads_events_except_drafts(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient
    ):
        organiser = await keyed_client("organise")
        published = await make_event(organiser, name="Open")
        draft = await make_event(organiser, name="Secret", status="draft")
        ended = await make_event(organiser, name="Off")
        await organiser.post(f"/v1/events/{ended['number']}/cancel")
        assert [one["name"] for one in (await guest.get("/v1/events")).json()["items"]] == ["Off", "Open"]
        assert (await guest.get("/v1/events?status=draft")).json() == {"items": [], "next": None}
        assert (await guest.get(f"/v1/events/{published['id']}")).json() == published
        for ref in (draft["id"], draft["number"]):
            assert outcome_of(await guest.get(f"/v1/events/{ref}")) == (404, "event_not_found")
            assert outcome_of(await (await keyed_client("door")).get(f"/v1/events/{ref}")) == (
                404,
                "event_not_found",
            )
            for scope in ("read", "sell"):
                assert (await (await keyed_client(scope)).get(f"/v1/events/{ref}")).json() == draft
        assert (await organiser.get("/v1/events?status=draft")).json()["items"] == [draft]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/v1/events"),
            ("PATCH", "/v1/events/1"),
            ("POST", "/v1/events/1/publish"),
            ("POST", "/v1/events/1/cancel"),
            ("POST", "/v1/events/1/stop"),
            ("POST", "/v1/events/1/resume"),
            ("POST", "/v1/events/1/blocks"),
            ("POST", "/v1/events/1/blocks/00000000-0119-84fa-8c96-00264f0ce97a/lift"),
        ],
    )
    async def test_only_the_organiser_changes_events(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient, method: str, path: str
    ):
        assert outcome_of(await guest.request(method, path, json={})) == (401, "credentials_required")
        other = await keyed_client("read", "sell")
        assert outcome_of(await other.request(method, path, json={})) == (403, "forbidden")
        organiser = await keyed_client("organise")
        assert outcome_of(await organiser.request(method, path, json={}))[0] in (404, 422)

    @pytest.mark.parametrize(
        ("path", "scopes"),
        [
            ("/v1/events/1/holds", {"read", "sell", "organise"}),
            ("/v1/events/1/blocks", {"read", "sell", "organise"}),
            ("/v1/bookings", {"organise"}),
        ],
    )
    async def test_sales_lists_require_a_permission(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient, path: str, scopes: set[str]
    ):
        await make_event(await keyed_client("organise"))
        assert outcome_of(await guest.get(path)) == (401, "credentials_required")
        for scope in ("read", "sell", "organise", "door", "money"):
            answer = await (await keyed_client(scope)).get(path)
            if scope in scopes:
                assert answer.json() == {"items": [], "next": None}
            else:
                assert outcome_of(answer) == (403, "forbidden")
