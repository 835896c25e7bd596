"""Every route for every principal, on an object of its own, of another organisation, and on none.

The kind is "a route that forgets to ask whose object it is". The table is made from the declared routes, so a new route
without an entry fails. What another organisation owns is answered like what does not exist: with the same bytes, and
with the same statements to the database. Members of an organisation are tried in `tests/access/test_permissions.py`,
because one function decides for them and for keys.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from holdfast import ids
from holdfast.access.permissions import Permission, Scope, of_scopes, scopes_with
from holdfast.access.principals import make_api_key
from holdfast.api.catalogue import all_endpoints
from holdfast.http.application import Application
from holdfast.http.routes import Endpoint
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from support.comparing import comparable
from support.http_app import KeyedClient, access_of, client_of, running_app
from support.http_sales import SEATS, confirm, make_event, place
from support.pictures import PICTURE
from support.wallet_files import wallet_settings

ENDPOINTS = {one.operation_id: one for one in all_endpoints() if not one.operation_id.endswith("_too")}
NOBODY = 999_999
EVENT_ID = str(ids.make_id(NOBODY, unix_ms=ids.EPOCH_MS, random_bits=7))
SEAT_LINE = [{"seats": ["A-2-1"]}]

ABSENT: dict[str, Any] = {
    "event": NOBODY,
    "hold": EVENT_ID,
    "booking": EVENT_ID,
    "block": EVENT_ID,
    "seat_map": "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e10",
    "seat_id": NOBODY * 1_000_000 + 6,
    "webhook": "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e11",
    "delivery": EVENT_ID,
    "key": "k3v9x0q2m7ab",
    "organisation": NOBODY,
    "member": NOBODY,
}
ALIASES = {"show_id": "event", "event_id": "event", "reservation_id": "hold"}
FIXED = {"label": "A-1-1", "map_version": 1, "ticket": 1}
WITHOUT_OBJECT = {
    *(
        "get_health",
        "get_readiness",
        "get_metrics",
        "list_mail",
        "issue_token",
        "get_public_keys",
        "get_ticket_keys",
        "list_audit_entries",
        "get_home",
        "get_docs",
        "get_docs_file",
        "get_openapi",
    ),
    *(
        "get_dialects_openapi",
        "list_problems",
        "get_problem",
        "list_events",
        "list_bookings",
        "list_seat_maps",
        "list_webhooks",
        "list_keys",
        "sign_in",
        "sign_out",
        "sign_out_everywhere",
        "get_me",
    ),
    *("list_sessions", "end_session"),
    *(
        "change_me",
        "sign_up",
        "confirm_account",
        "confirm_address",
        "request_password_reset",
        "reset_password",
    ),
    *("get_second_factor", "enrol_second_factor", "confirm_second_factor", "renew_recovery_codes"),
    *("remove_second_factor", "list_passkeys", "begin_passkey", "add_passkey"),
    *("rename_passkey", "remove_passkey", "begin_passkey_sign_in", "sign_in_with_passkey"),
    *("request_booking_link", "use_booking_link", "use_ticket_link"),
    *("request_sign_in_link", "use_sign_in_link", "set_up", "accept_invitation", "list_organisations"),
    *(
        "create_event",
        "create_seat_map",
        "create_webhook",
        "create_key",
        "box_office_create_event",
        "ticketing_create_user",
        "instant_list_shows",
    ),
    *("ticketing_create_show", "instant_create_show", "book_book", "list_problem_pages", "get_problem_page"),
}
"""Routes that name no object of an organisation. Lists and creations have tests of their own below."""
TOKEN_ONLY = {"get_hold", "change_hold", "extend_hold", "release_hold", "confirm_hold"}
"""Only a hold's token opens these, for any principal."""

BODIES: dict[str, Any] = {
    "place_hold": {"event": "{event}", "lines": SEAT_LINE},
    "box_office_place_hold": {"event_id": "{event}", "qty": 1},
    "confirm_hold": {"hold": "{hold}", "hold_token": "hfh_1_" + "A" * 43},
    "change_hold": {"metadata": {}},
    "preview_message": {"subject": "Doors", "paragraphs": ["At seven."]},
    "send_message": {"subject": "Doors", "paragraphs": ["At seven."]},
    "change_booking": {"metadata": {"a": "b"}},
    "exchange_booking": {"lines": [{"quantity": 1}]},
    "transfer_booking": {"buyer": {"name": "Ada", "email": "ada@example.org"}},
    "change_member": {"role": "door"},
    "check_ticket": {"code": "HF1"},
    "record_check_ins": {"device": "a", "items": [{"seq": 1, "at": "2026-11-05T18:42:00Z", "code": "HF1"}]},
    "change_door": {"re_entry": "never"},
    "change_presentation": {"description": "With a *talk*."},
    "put_poster": {"image": PICTURE},
    "change_organisation": {"requires_second_factor": True},
    "invite_member": {"email": "eve@example.org", "role": "door"},
    "change_event": {"name": "Other"},
    "block_admissions": {"seats": ["A-2-2"]},
    "add_seat_map_version": {"name": "Hall", "seat_map": SEATS},
    "ticketing_create_seats": ["Z1"],
    "reservations_hold_seat": {"show_id": "{event}", "seat_number": "A-2-3", "hold_minutes": 1},
}
QUERIES = {
    "arena_list_seats": {"event_id": "{event}"},
    "arena_reserve_seat": {"user_id": "81"},
    "arena_confirm_seat": {"user_id": "81"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Objects of organisation 1. `draft` has the same seats as `event`."""

    objects: dict[str, Any]
    draft: dict[str, Any]
    user: int


def _filled(value: Any, objects: Mapping[str, Any]) -> Any:
    if isinstance(value, str) and value.startswith("{"):
        return objects[value.strip("{}")]
    if isinstance(value, dict):
        return {name: _filled(one, objects) for name, one in value.items()}
    return value


def _values(endpoint: Endpoint, objects: Mapping[str, Any], user: int) -> dict[str, Any]:
    known = {**FIXED, **objects, "user_id": user}
    return {one.name: known[ALIASES.get(one.name, one.name)] for one in endpoint.path_values}


async def _ask(client: httpx2.AsyncClient, operation: str, objects: Mapping[str, Any], user: int) -> Any:
    endpoint = ENDPOINTS[operation]
    path = endpoint.path.format(**_values(endpoint, objects, user))
    query, body = QUERIES.get(operation, {}), BODIES.get(operation)
    given = {"params": _filled(query, objects)} if query else {}
    if body is not None:
        given["json"] = _filled(body, objects)
    return await client.request(endpoint.method, path, **given)


@pytest.fixture
async def closed_app(database_url: str) -> AsyncIterator[Application]:
    """A closed server with wallets, so that every route has something to answer."""
    async with running_app(database_url, open=False, **wallet_settings()) as layer:
        yield layer


@pytest.fixture
async def organiser(keyed_client: KeyedClient) -> httpx2.AsyncClient:
    client: httpx2.AsyncClient = await keyed_client("organise", "door")
    return client


@pytest.fixture
async def shop(guest: httpx2.AsyncClient, organiser: httpx2.AsyncClient) -> Shop:
    dated = {"seat_map": SEATS, "starts_at": "2099-01-01T20:00:00Z"}
    event = await make_event(organiser, **dated)
    draft = await make_event(organiser, **dated, status="draft")
    await organiser.put(f"/v1/events/{draft['number']}/poster", json={"image": PICTURE})
    booked = await confirm(guest, await place(guest, event, {"seats": ["A-1-1"]}))
    hold = await place(guest, event, {"seats": ["A-1-2"]})
    block = await organiser.post(f"/v1/events/{event['number']}/blocks", json={"seats": ["A-1-3"]})
    stored = await organiser.post("/v1/seat-maps", json={"name": "Hall", "seat_map": SEATS})
    person = {"name": "Ada", "phone_number": "1", "email": "a@b.example", "password": "analytical engine"}
    user = (await organiser.post("/users/", json=person)).json()["id"]
    objects = {
        "event": event["number"],
        "hold": hold["id"],
        "booking": booked["id"],
        "block": block.json()["id"],
        "seat_map": stored.json()["id"],
        "seat_id": event["number"] * 1_000_000 + 6,
        "webhook": "6f2c1a7e-9d1b-4c55-8a43-0c2a7b1f9e12",
        "delivery": hold["id"],
        "key": organiser.headers["authorization"].split("_")[1],
        "organisation": 1,
        "member": user,
    }
    return Shop(objects=objects, draft={**objects, "event": draft["number"]}, user=user)


async def _reserve(organiser: httpx2.AsyncClient, shop: Shop, operation: str) -> dict[str, Any]:
    """Return the objects of the operation: a reservation is a hold of dialect 3, and a confirmation needs a hold."""
    if operation == "arena_confirm_seat":
        await _ask(organiser, "arena_reserve_seat", shop.objects, shop.user)
    if operation.startswith("reservations_") and operation != "reservations_hold_seat":
        made = await organiser.post(
            f"/reservations/{shop.user}/hold",
            json={"show_id": shop.objects["event"], "seat_number": "A-2-4", "hold_minutes": 1},
        )
        return {**shop.objects, "hold": made.json()["id"]}
    return shop.objects


async def _without_rights(app: Application, operation: str) -> list[tuple[httpx2.AsyncClient, int]]:
    """Return clients that the route refuses, with the status."""
    access, found = access_of(app), []
    guests = {"expired": datetime.now(UTC) - timedelta(days=1), "revoked": None}
    for name, expires_at in guests.items():
        text, secret_hash = make_api_key(name, "s" * 43)
        await access.insert_key(
            id=name, secret_hash=secret_hash, name=name, scopes=[*Scope], expires_at=expires_at
        )
        found.append((client_of(app, peer="203.0.113.9", authorization=f"Bearer {text}"), 401))
    await access.revoke_key("revoked")
    for scope in Scope:
        if ENDPOINTS[operation].policy not in of_scopes(frozenset({scope})):
            text, secret_hash = make_api_key(f"only{scope}", "s" * 43)
            await access.insert_key(
                id=f"only{scope}", secret_hash=secret_hash, name="one", scopes=[scope], expires_at=None
            )
            found.append((client_of(app, peer="203.0.113.9", authorization=f"Bearer {text}"), 403))
    return found


WITH_OBJECT = [one for one in ENDPOINTS if one not in WITHOUT_OBJECT]
PROTECTED = [one for one in WITH_OBJECT if ENDPOINTS[one].policy is not Permission.PUBLIC]
PUBLIC = [
    one
    for one in WITH_OBJECT
    if ENDPOINTS[one].policy is Permission.PUBLIC and "booking" not in one and one not in TOKEN_ONLY
]


def test_every_route_is_in_the_matrix():
    for operation, endpoint in ENDPOINTS.items():
        named = {ALIASES.get(one.name, one.name) for one in endpoint.path_values} & ABSENT.keys()
        in_body = operation in BODIES or operation in QUERIES
        assert bool(named or in_body) == (operation not in WITHOUT_OBJECT), operation


@pytest.mark.parametrize("operation", PROTECTED)
async def test_a_route_refuses_others_before_it_looks(
    closed_app: Application, guest: httpx2.AsyncClient, shop: Shop, operation: str
):
    """The lack of a permission is answered alike for every object."""
    for client, status in [(guest, 401), *await _without_rights(closed_app, operation)]:
        answers = [
            comparable(await _ask(client, operation, objects, shop.user))
            for objects in (shop.objects, ABSENT)
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == status


@pytest.mark.parametrize(
    ("operation", "object_of"),
    [
        # No key may have the others; `test_webhooks.py` tries their objects in open mode.
        *((one, "event") for one in PROTECTED if scopes_with(ENDPOINTS[one].policy)),
        *((one, "draft") for one in PUBLIC),
        *((one, "event") for one in ("get_booking", "change_booking", "cancel_booking", "exchange_booking")),
    ],
)
async def test_what_another_organisation_owns_does_not_exist(
    keyed_client: KeyedClient,
    organiser: httpx2.AsyncClient,
    shop: Shop,
    statements: list[str],
    operation: str,
    object_of: str,
):
    stranger = await keyed_client(*Scope, organisation=2)
    own = shop.draft if object_of == "draft" else await _reserve(organiser, shop, operation)
    answers, work = [], []
    for objects in (own, ABSENT):
        for _ in range(2):  # the first request of a process may learn something
            statements.clear()
            answers.append(comparable(await _ask(stranger, operation, objects, shop.user)))
            seen = list(statements)
        work.append(seen)
    assert answers[0] == answers[1] == answers[2] == answers[3]
    assert work[0] == work[1]
    assert answers[0][0] in (404, 400)
    if operation != "stream_event":  # it has no end for its own organisation
        mine = await _ask(organiser, operation, own, shop.user)
        assert mine.status_code not in (401, 403, 404)


class TestLists:
    async def test_lists_show_no_drafts_and_sales_of_others(
        self, keyed_client: KeyedClient, shop: Shop, organiser: httpx2.AsyncClient
    ):
        stranger = await keyed_client(*Scope, organisation=2)
        listed = (await stranger.get("/v1/events")).json()["items"]
        assert [one["number"] for one in listed] == [shop.objects["event"]]
        assert (await stranger.get("/v1/events?status=draft")).json()["items"] == []
        reference = (await organiser.get("/v1/bookings")).json()["items"][0]["reference"]
        for query in ("", f"?reference={reference}", "?metadata[a]=b"):
            assert (await stranger.get(f"/v1/bookings{query}")).json()["items"] == []
        for objects in (shop.objects, ABSENT):
            answer = await stranger.get(f"/v1/bookings?event={objects['event']}")
            assert (answer.status_code, answer.json()["code"]) == (404, "event_not_found")
        assert (await stranger.get("/v1/seat-maps")).json()["items"] == []
        assert (await stranger.get("/seats/")).status_code == 404
        assert (await stranger.get("/metrics")).status_code == 403
        show = {"show_id": shop.objects["event"], "seat_count": 1}
        assert (await stranger.post("/book", json=show)).json()["error"] == "Show not found"

    async def test_a_new_object_belongs_to_its_maker(self, keyed_client: KeyedClient, shop: Shop):
        stranger, organiser = await keyed_client(*Scope, organisation=2), await keyed_client("organise")
        draft = await make_event(stranger, status="draft")
        show = {"title": "Play", "venue": "Hall", "starts_at": "2030-01-01T19:00:00Z"}
        of_dialects = [
            (await stranger.post("/events", json={"name": "x", "total_seats": 5})).json()["number"],
            (await stranger.post("/shows/", json=show)).json()["id"],
            (
                await stranger.post(
                    "/admin/show", json={"name": "x", "start_time": "2030-01-01T19:00:00Z", "total_seats": 5}
                )
            ).json()["show"]["id"],
        ]
        for number in (draft["number"], *of_dialects):
            assert (await stranger.get(f"/v1/events/{number}/blocks")).status_code == 200
            assert (await organiser.get(f"/v1/events/{number}/blocks")).status_code == 404
        stored = (await stranger.post("/v1/seat-maps", json={"name": "Hall", "seat_map": SEATS})).json()["id"]
        assert (await organiser.get(f"/v1/seat-maps/{stored}")).status_code == 404
        copied = [
            comparable(
                await organiser.post("/v1/events", json={"name": "Concert", "seat_map": {"id": map_id}})
            )
            for map_id in (stored, ABSENT["seat_map"])
        ]
        assert copied[0] == copied[1]
        assert copied[0][0] == 422

    async def test_open_mode_acts_for_the_first_organisation(
        self, client: httpx2.AsyncClient, inventory: Inventory
    ):
        foreign = await inventory.create_event(
            c.NewEvent(name="Secret", status="draft", organisation=2), by="test"
        )
        mine = await make_event(client, status="draft")
        assert [one["number"] for one in (await client.get("/v1/events")).json()["items"]] == [mine["number"]]
        for number, status in ((mine["number"], 200), (foreign.number, 404), (NOBODY, 404)):
            for path in ("", "/blocks", "/holds"):
                assert (await client.get(f"/v1/events/{number}{path}")).status_code == status
