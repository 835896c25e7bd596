"""Every route for every signed-in principal: a buyer, each role, a limited member, and sessions that have ended.

The kind is the one of `test_rights_matrix.py`, whose table and requests are used here: a route that forgets to ask who
calls, or whose object it is.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from api.needed_rights import needed
from api.test_rights_matrix import (
    ABSENT,
    ENDPOINTS,
    PROTECTED,
    PUBLIC,
    Shop,
    _ask,
    organiser,
    shop,
)
from api.test_sessions import run
from holdfast.access.permissions import Permission, Role, of_role, permissions_of
from holdfast.http.application import Application
from holdfast.http.routes import Endpoint
from support.comparing import comparable
from support.http_sales import Json, make_event
from support.people import after_a_second, make_account, make_member, signed_in

__all__ = ["organiser", "shop"]

GUARDED = [one for one in ENDPOINTS.values() if needed(one.operation_id) is not Permission.PUBLIC]


async def _status(client: httpx2.AsyncClient, endpoint: Endpoint) -> int:
    path = endpoint.path.format(**{one.name: ABSENT.get(one.name, 999_999) for one in endpoint.path_values})
    return (await client.request(endpoint.method, path)).status_code


async def test_each_role_is_refused_exactly_what_it_lacks(closed_app: Application, database_url: str):
    await make_account(closed_app, "buyer")
    roles = {role.value: of_role(role) for role in Role}
    for role in roles:
        await make_member(closed_app, database_url, role, role)
    async with AsyncExitStack() as stack:
        browsers = {
            name: await stack.enter_async_context(signed_in(closed_app, name)) for name in ["buyer", *roles]
        }
        for endpoint in GUARDED:
            for name, browser in browsers.items():
                may = (
                    needed(endpoint.operation_id) in roles.get(name, permissions_of(None))
                    or endpoint.for_users
                )
                if endpoint.operation_id == "list_mail":
                    may = False  # it has secret links, so only open mode shows it
                status = await _status(browser, endpoint)
                assert (status == 403) is not may, (endpoint.operation_id, name, status)
                assert status != 401, (endpoint.operation_id, name)


@pytest.mark.parametrize(
    "change",
    ["UPDATE sessions SET expires_at = now()", "DELETE FROM sessions", "DELETE FROM memberships"],
    ids=["expired", "revoked", "no member any more"],
)
async def test_a_session_that_has_ended_opens_nothing(
    closed_app: Application, database_url: str, change: str
):
    await make_member(closed_app, database_url, "olga", "owner")
    async with signed_in(closed_app, "olga") as browser:
        cookie = f"holdfast={browser.cookies['holdfast']}"
        await run(database_url, change)
        after_a_second(closed_app)
        for endpoint in GUARDED:
            browser.headers["cookie"] = cookie
            assert await _status(browser, endpoint) == 401, endpoint.operation_id


async def test_an_owner_of_another_organisation_finds_nothing(
    closed_app: Application, database_url: str, shop: Shop
):
    await make_member(closed_app, database_url, "eve", "owner", organisation=2)
    async with signed_in(closed_app, "eve") as stranger:
        for operation in [
            *PROTECTED,
            *PUBLIC,
            "get_booking",
            "change_booking",
            "cancel_booking",
            "exchange_booking",
        ]:
            own = shop.draft if operation in PUBLIC else shop.objects
            answers = [
                comparable(await _ask(stranger, operation, objects, shop.user)) for objects in (own, ABSENT)
            ]
            assert answers[0] == answers[1], operation
            assert answers[0][0] in (400, 404), operation


class TestLimited:
    """A member who may see one event finds no other, and nothing that concerns the whole organisation."""

    @pytest.fixture
    async def events(self, organiser: httpx2.AsyncClient) -> dict[str, Json]:
        return {
            name: await make_event(organiser, status=status)
            for name, status in (("mine", "draft"), ("other", "published"), ("hidden", "draft"))
        }

    async def test_events(self, closed_app: Application, database_url: str, events: dict[str, Json]):
        mine, other, hidden = (events[name]["number"] for name in ("mine", "other", "hidden"))
        await make_member(closed_app, database_url, "dora", "manager", events=[mine])
        async with signed_in(closed_app, "dora") as dora:
            for ref in (mine, events["mine"]["id"]):
                assert (await dora.get(f"/v1/events/{ref}")).status_code == 200
                assert (await dora.get(f"/v1/events/{ref}/availability")).status_code == 200
                assert (await dora.get(f"/v1/events/{ref}/blocks")).status_code == 200
            assert (await dora.get(f"/v1/events/{other}")).status_code == 200
            for ref in (hidden, events["hidden"]["id"], 999_999):
                for path in ("", "/availability", "/blocks", "/holds", "/notices"):
                    assert (await dora.get(f"/v1/events/{ref}{path}")).status_code == 404, path
                hold = {"event": ref, "lines": [{"quantity": 1}]}
                assert (await dora.post("/v1/holds", json=hold)).status_code == 404
            for path in ("/blocks", "/holds", "/notices"):
                assert (await dora.get(f"/v1/events/{other}{path}")).status_code == 404
            assert (await dora.patch(f"/v1/events/{other}", json={"name": "x"})).status_code == 404
            assert (await dora.post(f"/v1/events/{mine}/publish")).status_code == 200
            assert (await dora.get(f"/v1/bookings?event={mine}")).status_code == 200
            assert (await dora.get(f"/v1/bookings?event={other}")).status_code == 404
            listed = (await dora.get("/v1/events?limit=200")).json()["items"]
            assert hidden not in [one["number"] for one in listed]

    async def test_the_whole_organisation(
        self, closed_app: Application, database_url: str, events: dict[str, Json], guest: httpx2.AsyncClient
    ):
        await make_member(closed_app, database_url, "dora", "owner", events=[events["mine"]["number"]])
        async with signed_in(closed_app, "dora") as dora:
            requests: list[tuple[str, str, Any]] = [
                ("GET", "/v1/bookings", None),
                ("GET", "/v1/seat-maps", None),
                ("GET", "/v1/webhooks", None),
                ("GET", "/metrics", None),
                ("GET", "/v1/organisations/1/members", None),
                ("POST", "/v1/events", {"name": "New", "capacity": 5}),
                ("POST", "/events", {"name": "New", "total_seats": 5}),
                ("POST", "/v1/organisations/1/invitations", {"email": "e@example.org", "role": "owner"}),
            ]
            for method, path, body in requests:
                answer = await dora.request(method, path, json=body)
                assert answer.status_code == 403, path
            assert "staff:write" not in (await dora.get("/v1/me")).json()["permissions"]
            hold = await guest.post(
                "/v1/holds", json={"event": events["other"]["number"], "lines": [{"quantity": 1}]}
            )
            token = {"Hold-Token": hold.json()["hold_token"]}
            made = await guest.post("/v1/bookings", json={"hold": hold.json()["id"]}, headers=token)
            assert (await dora.get(f"/v1/bookings/{made.json()['id']}")).status_code == 404
