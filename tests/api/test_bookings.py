"""Bookings over HTTP: one per hold, however many requests ask for it."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx2
import pytest

from holdfast.api.v1.hold_answers import BookingOut
from holdfast.errors import InvariantViolated
from holdfast.ids import EPOCH_MS, make_id
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking
from support.http_app import KeyedClient
from support.http_sales import (
    SEATS,
    ask_booking,
    ask_hold,
    confirm,
    make_event,
    outcome_of,
    place,
    pointers,
    read_hold,
    token_of,
)

NO_BOOKING = "00000000-0119-84fa-8c96-00264f0ce97a"


class TestConfirming:
    async def test_a_hold_becomes_a_booking(self, client: httpx2.AsyncClient):
        event = await make_event(client, capacity=5, seat_map=SEATS)
        hold = await place(client, event, {"seats": ["A-1-1"]}, {"quantity": 2}, buyer="customer-81")
        answer = await ask_booking(client, hold, buyer={"name": "Ada", "email": "ada@example.org"})
        booking = answer.json()
        assert answer.status_code == 201
        assert answer.headers["location"] == f"../v1/bookings/{booking['id']}"
        assert (booking["status"], booking["event_status"]) == ("confirmed", "published")
        assert (booking["hold"], booking["event"]) == (hold["id"], event["id"])
        assert (booking["lines"], booking["quantity"]) == (hold["lines"], 3)
        assert booking["buyer"] == {"reference": "customer-81", "name": "Ada", "email": "ada@example.org"}
        assert booking["cancelled_at"] is None
        assert "hfh_" not in answer.text
        BookingOut.model_validate_json(answer.content)
        read = await read_hold(client, hold)
        assert (read["status"], read["booking"]) == ("confirmed", booking["id"])
        assert read["buyer"] == booking["buyer"]

    async def test_the_token_may_come_in_the_header(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        answer = await client.post("/v1/bookings", json={"hold": hold["id"]}, headers=token_of(hold))
        assert answer.status_code == 201

    async def test_a_repeated_confirm_returns_the_same_booking(self, client: httpx2.AsyncClient):
        """The second request's other members do not matter."""
        hold = await place(client, await make_event(client))
        booking = await confirm(client, hold, buyer={"name": "Ada"})
        again = await ask_booking(client, hold, buyer={"name": "Eve"})
        assert (again.status_code, again.json()) == (200, booking)
        assert "location" not in again.headers

    @pytest.mark.parametrize("buyer", ["customer-81", {"reference": "customer-81"}])
    async def test_a_confirm_may_repeat_the_buyer_reference(
        self, client: httpx2.AsyncClient, buyer: str | dict[str, str]
    ):
        hold = await place(client, await make_event(client), buyer="customer-81")
        assert outcome_of(await ask_booking(client, hold, buyer="customer-82")) == (422, "invalid_input")
        booking = await confirm(client, hold, buyer=buyer)
        assert booking["buyer"] == {"reference": "customer-81", "name": None, "email": None}

    async def test_32_concurrent_confirms_make_one_booking(
        self, client: httpx2.AsyncClient, inventory: Inventory
    ):
        hold = await place(client, await make_event(client), {"quantity": 3})
        answers = await asyncio.gather(*(ask_booking(client, hold) for _ in range(32)))
        assert sorted(answer.status_code for answer in answers) == [200] * 31 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert (await inventory.queries.get_availability(1)).counts.booked == 3

    async def test_a_concurrent_release_and_confirm_have_one_winner(
        self, client: httpx2.AsyncClient, inventory: Inventory
    ):
        event = await make_event(client)
        for _ in range(10):
            hold = await place(client, event)
            released, confirmed = await asyncio.gather(
                client.post(f"/v1/holds/{hold['id']}/release", headers=token_of(hold)),
                ask_booking(client, hold),
            )
            if released.status_code == 200:
                assert outcome_of(confirmed) == (410, "hold_released")
            else:
                assert outcome_of(released) == (409, "hold_already_confirmed")
                await client.post(f"/v1/bookings/{confirmed.json()['id']}/cancel")
        assert (await inventory.queries.get_availability(1)).counts.available == 10

    async def test_invalid_confirms_are_refused(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        for given, pointer, code in (
            ({"hold": None}, "/hold", "wrong_type"),
            ({"hold": "x"}, "/hold", "wrong_format"),
            ({"hold": "{" + hold["id"] + "}"}, "/hold", "wrong_format"),
            ({"hold": hold["id"].replace("-", "")}, "/hold", "wrong_format"),
            ({"hold_token": 7}, "/hold_token", "wrong_type"),
            ({"hold_token": ""}, "/hold_token", "too_short"),
            ({"hold_token": "x" * 256}, "/hold_token", "too_long"),
            ({"buyer": "Ada"}, "/buyer", "not_allowed"),
            ({"buyer": {"reference": "Ada"}}, "/buyer", "not_allowed"),
            ({"buyer": 7}, "/buyer", "wrong_type"),
            ({"buyer": " "}, "/buyer", "invalid_text"),
            ({"buyer": {"reference": "x" * 101}}, "/buyer/reference", "invalid_text"),
            ({"buyer": {"name": " "}}, "/buyer/name", "invalid_text"),
            ({"buyer": {"email": "ada"}}, "/buyer/email", "wrong_format"),
            ({"buyer": {"email": "a b@c"}}, "/buyer/email", "wrong_format"),
            ({"buyer": {"phone": "1"}}, "/buyer/phone", "unknown_field"),
            ({"price": 0}, "/price", "unknown_field"),
        ):
            body = {"hold": hold["id"], "hold_token": hold["hold_token"], **given}
            answer = await client.post("/v1/bookings", json=body)
            assert outcome_of(answer) == (422, "invalid_input"), given
            assert (pointer, code) in pointers(answer), given
        assert (await read_hold(client, hold))["status"] == "active"


class TestCancelling:
    async def test_a_cancelled_bookings_admissions_return(self, client: httpx2.AsyncClient):
        event = await make_event(client, capacity=2, seat_map={"labels": ["A1"]})
        booking = await confirm(client, await place(client, event, {"quantity": 2}, {"seats": ["A1"]}))
        cancelled = (await client.post(f"/v1/bookings/{booking['id']}/cancel")).json()
        assert (cancelled["status"], cancelled["lines"]) == ("cancelled", booking["lines"])
        assert cancelled["cancelled_at"] is not None
        await place(client, event, {"quantity": 2}, {"seats": ["A1"]})

    async def test_a_repeated_cancel_gets_the_same_answer_and_returns_nothing(
        self, client: httpx2.AsyncClient
    ):
        event = await make_event(client, capacity=2)
        booking = await confirm(client, await place(client, event, {"quantity": 2}))
        answers = await asyncio.gather(
            *(client.post(f"/v1/bookings/{booking['id']}/cancel") for _ in range(16))
        )
        assert {answer.content for answer in answers} == {answers[0].content}
        await place(client, event, {"quantity": 2})
        assert outcome_of(await ask_hold(client, event)) == (409, "sold_out")


class TestRights:
    async def test_a_booking_requires_its_token_or_a_permission(
        self, guest: httpx2.AsyncClient, keyed_client: KeyedClient
    ):
        """The hold's token opens it; another token opens nothing for any caller."""
        organiser = await keyed_client("organise")
        event = await make_event(organiser)
        hold, other = await place(guest, event), await place(guest, event)
        booking = await confirm(guest, hold)
        path = f"/v1/bookings/{booking['id']}"
        assert outcome_of(await guest.get(path)) == (401, "credentials_required")
        assert outcome_of(await guest.post(f"{path}/cancel")) == (401, "credentials_required")
        assert (await guest.get(path, headers=token_of(hold))).json() == booking
        for who in (guest, await keyed_client("read")):
            assert outcome_of(await who.get(path, headers=token_of(other))) == (404, "booking_not_found")
        cancel = await guest.post(f"{path}/cancel", json={"hold_token": other["hold_token"]})
        assert outcome_of(cancel) == (404, "booking_not_found")
        for scope in ("read", "sell", "door", "money"):
            without = await keyed_client(scope)
            assert outcome_of(await without.get(path)) == (403, "forbidden")
            assert outcome_of(await without.patch(path, json={"metadata": {}})) == (403, "forbidden")
            assert outcome_of(await without.post(f"{path}/cancel")) == (403, "forbidden")
        assert (await organiser.get(path)).json() == booking
        assert (await organiser.post(f"{path}/cancel")).json()["status"] == "cancelled"
        assert (
            await guest.post(f"{path}/cancel", json={"hold_token": hold["hold_token"]})
        ).status_code == 200

    @pytest.mark.parametrize(
        "id",
        [NO_BOOKING, "x", "a7a1b0f8-7a4b-4b1a-9a45-0d3f9e0d2f11", "00000009-0119-84fa-8c96-00264f0ce97a"],
    )
    async def test_a_missing_booking_is_404(self, client: httpx2.AsyncClient, id: str):
        hold = await place(client, await make_event(client))
        for headers in ({}, token_of(hold)):
            assert outcome_of(await client.get(f"/v1/bookings/{id}", headers=headers)) == (
                404,
                "booking_not_found",
            )
            answer = await client.post(f"/v1/bookings/{id}/cancel", headers=headers)
            assert outcome_of(answer) == (404, "booking_not_found")

    async def test_a_hold_id_is_not_a_booking_id(self, client: httpx2.AsyncClient):
        hold = await place(client, await make_event(client))
        assert outcome_of(await client.get(f"/v1/bookings/{hold['id']}")) == (404, "booking_not_found")


class TestListing:
    async def test_bookings_are_listed_per_event_and_for_all_events(self, client: httpx2.AsyncClient):
        events = [await make_event(client) for _ in range(3)]
        made = [await confirm(client, await place(client, event)) for event in events * 2]
        await client.post(f"/v1/bookings/{made[0]['id']}/cancel")

        async def ids(**query: str) -> list[str]:
            found: list[str] = []
            while True:
                answer = await client.get("/v1/bookings", params={"limit": "2", **query})
                assert answer.status_code == 200, answer.text
                page = answer.json()
                found += [booking["id"] for booking in page["items"]]
                if page["next"] is None:
                    return found
                query["cursor"] = page["next"]

        assert set(await ids()) == {booking["id"] for booking in made}
        assert len(await ids()) == 6
        assert set(await ids(event="2")) == {made[1]["id"], made[4]["id"]}
        assert set(await ids(event=events[0]["id"], status="confirmed")) == {made[3]["id"]}
        assert await ids(status="cancelled") == [made[0]["id"]]

    async def test_invalid_filters_are_refused(self, client: httpx2.AsyncClient):
        for event in ("9", NO_BOOKING):
            assert outcome_of(await client.get(f"/v1/bookings?event={event}")) == (404, "event_not_found")
        for query in ("event=x", "event=0", "status=active", "limit=0", "page=2", "cursor=x"):
            assert outcome_of(await client.get(f"/v1/bookings?{query}")) == (422, "invalid_input"), query


class TestReferences:
    async def test_a_booking_is_found_by_its_reference(self, client: httpx2.AsyncClient):
        event, other = await make_event(client), await make_event(client)
        hold = await place(client, event)
        booking = await confirm(client, hold)
        await confirm(client, await place(client, other))
        reference = booking["reference"]
        assert len(reference) == 8
        assert (await ask_booking(client, hold)).json()["reference"] == reference
        for query in (
            f"reference={reference}",
            f"reference={reference.lower()}",
            f"reference={reference[:4]}-{reference[4:]}",
            f"reference={reference.replace('1', 'L').replace('0', 'o')}&event={event['id']}&status=confirmed&limit=1",
        ):
            found = (await client.get(f"/v1/bookings?{query}")).json()
            assert found == {"items": [booking], "next": None}, query

    @pytest.mark.parametrize("more", ["&event=2", "&status=cancelled"])
    async def test_filters_narrow_a_search(self, client: httpx2.AsyncClient, more: str):
        booking = await confirm(client, await place(client, await make_event(client)))
        await make_event(client)
        found = await client.get(f"/v1/bookings?reference={booking['reference']}{more}")
        assert found.json() == {"items": [], "next": None}

    async def test_an_unknown_reference_finds_nothing(self, client: httpx2.AsyncClient):
        await confirm(client, await place(client, await make_event(client)))
        found = await client.get("/v1/bookings?reference=ZZZZZZZZ")
        assert (found.status_code, found.json()) == (200, {"items": [], "next": None})

    @pytest.mark.parametrize("text", ["", "7K3M", "7K3M01QU", "7K3M01QXX", "7K3M%2001QX"])
    async def test_an_invalid_reference_is_refused(self, client: httpx2.AsyncClient, text: str):
        refused = await client.get(f"/v1/bookings?reference={text}")
        assert outcome_of(refused) == (422, "invalid_input")
        assert pointers(refused) == [("?reference", "wrong_format")]

    async def test_a_taken_booking_reference_is_not_reused(
        self, client: httpx2.AsyncClient, inventory: Inventory
    ):
        """Its batch is halved, so that the other commands succeed."""
        event = await make_event(client)
        booking = await confirm(client, await place(client, event))
        hold, fine = [await place(client, event) for _ in range(2)]
        random_bits = UUID(booking["id"]).int & ((1 << 40) - 1)
        taken = make_id(event["number"], unix_ms=EPOCH_MS, random_bits=random_bits)
        commands = [
            c.ConfirmHold(hold_id=UUID(each["id"]), booking_id=id, authority=c.STAFF)
            for each, id in ((hold, taken), (fine, inventory.new_id(event["number"])))
        ]
        ends = await asyncio.gather(
            *(inventory.execute(event["number"], command) for command in commands), return_exceptions=True
        )
        assert isinstance(ends[0], InvariantViolated)
        assert isinstance(ends[1], Booking)
        assert (await confirm(client, hold))["reference"] != booking["reference"]
