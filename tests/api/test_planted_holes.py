"""A hole in any one route is found: each route is weakened alone, and the rights matrix must see it.

Three kinds of holes are planted in the running application. A route asks for a lesser permission. A route forgets
whose object it is. A route does not ask for the hold's token. The first kind is planted in every declared route, and
must be found by keys alone and by access tokens alone. The second needs an object or a list that a key of another
organisation may name, so it leaves out what no key may do. Before each hole the same question is asked of the whole
application, so a hole is found for its own reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from api.needed_rights import NEEDED, needed
from api.test_rights_matrix import (
    ABSENT,
    ENDPOINTS,
    PROTECTED,
    PUBLIC,
    TOKEN_ONLY,
    Shop,
    _ask,
    _reserve,
    organiser,
    shop,
)
from holdfast.access.permissions import Permission, Scope, of_scopes, scopes_with
from holdfast.api.catalogue import all_endpoints
from holdfast.api.request import Request
from holdfast.api.v1 import bookings, holds
from holdfast.http.application import Application
from holdfast.http.routes import Endpoint
from holdfast.inventory.rules.commands import STAFF
from support.comparing import comparable
from support.http_app import KeyedClient
from support.tokens import Caller, token_callers

__all__ = ["organiser", "shop"]

GUARDED = [
    one
    for one in all_endpoints()
    if needed(one.operation_id) is not Permission.PUBLIC
    and one.operation_id
    != "list_mail"  # open mode is asked for a second time, so no lesser permission opens it
]
OF_OBJECTS = [
    *((one, "event") for one in PROTECTED if scopes_with(NEEDED[one])),
    *((one, "draft") for one in PUBLIC),
    *((one, "event") for one in ("get_booking", "change_booking", "cancel_booking", "exchange_booking")),
]
LAST = ("reservations_confirm_reservation", "stop_sales", "cancel_event")
"""After these, planted, the event sells no more."""
LISTS = ("list_bookings", "list_seat_maps")


@contextmanager
def changed(endpoint: Endpoint, **parts: Any) -> Iterator[None]:
    """Plant a hole in a declared route for a while. The applications of the tests share the declarations."""
    before = {name: getattr(endpoint, name) for name in parts}
    for name, value in parts.items():
        object.__setattr__(endpoint, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(endpoint, name, value)


@pytest.fixture(params=["keys", "tokens"])
async def callers(
    request: pytest.FixtureRequest,
    guest: httpx2.AsyncClient,
    keyed_client: KeyedClient,
    closed_app: Application,
    database_url: str,
) -> AsyncIterator[dict[str, Caller]]:
    """A guest and a key for each scope; or the access tokens of keys and accounts."""
    if request.param == "keys":
        yield {"guest": Caller(client=guest, permissions=of_scopes(frozenset()), refusal=401)} | {
            scope.value: Caller(
                client=await keyed_client(scope.value), permissions=of_scopes(frozenset({scope}))
            )
            for scope in Scope
        }
        return
    async with AsyncExitStack() as stack:
        yield await token_callers(closed_app, database_url, stack)


async def let_in(callers: dict[str, Caller], endpoint: Endpoint) -> set[str]:
    """Return the callers whom a route does not refuse, though they lack what it needs."""
    wanted, found = needed(endpoint.operation_id), set()
    for name, caller in callers.items():
        if wanted not in caller.permissions and not (endpoint.for_users and caller.is_user):
            path = endpoint.path.format(**{one.name: 1 for one in endpoint.path_values})
            answer = await asyncio.wait_for(caller.client.request(endpoint.method, path), 10)
            if answer.status_code != caller.refusal:
                found.add(name)
    return found


def test_every_route_needs_what_the_table_says() -> None:
    """A new route is a new line of the table, which its author has thought about."""
    declared = {one.operation_id: one.policy for one in all_endpoints()}
    assert declared == {one: needed(one) for one in declared if one.removesuffix("_too") in NEEDED}
    assert {one.removesuffix("_too") for one in declared} == NEEDED.keys()


async def test_a_route_with_a_lesser_permission_is_found(callers: dict[str, Caller]) -> None:
    for endpoint in GUARDED:
        assert await let_in(callers, endpoint) == set(), endpoint.operation_id
        for lesser in Permission:
            if any(
                lesser in caller.permissions and endpoint.policy not in caller.permissions
                for caller in callers.values()
                if not (endpoint.for_users and caller.is_user)
            ):
                with changed(endpoint, policy=lesser):
                    assert await let_in(callers, endpoint), (endpoint.operation_id, lesser)


async def _same_answer(client: httpx2.AsyncClient, operation: str, own: Any, user: int) -> bool:
    """Return whether an object is answered like one that does not exist."""
    try:
        async with asyncio.timeout(2):  # a stream that was opened has no end
            found = await _ask(client, operation, own, user)
    except TimeoutError:
        return False
    absent = await _ask(client, operation, ABSENT, user)
    return found.status_code == absent.status_code and comparable(found) == comparable(absent)


async def test_a_route_that_forgets_whose_object_it_is_is_found(
    keyed_client: KeyedClient, organiser: httpx2.AsyncClient, shop: Shop
) -> None:
    stranger = await keyed_client(*Scope, organisation=2)
    for operation, object_of in sorted(OF_OBJECTS, key=_turn):
        endpoint = ENDPOINTS[operation]
        own = shop.draft if object_of == "draft" else await _reserve(organiser, shop, operation)
        assert await _same_answer(stranger, operation, own, shop.user), operation
        with changed(endpoint, function=_as_owner(endpoint)):
            assert not await _same_answer(stranger, operation, own, shop.user), operation
    for operation in LISTS:
        endpoint = ENDPOINTS[operation]
        assert (await stranger.get(endpoint.path)).json()["items"] == []
        with changed(endpoint, function=_as_owner(endpoint)):
            assert (await stranger.get(endpoint.path)).json()["items"] != []


def _turn(case: tuple[str, str]) -> int:
    return LAST.index(case[0]) if case[0] in LAST else -1


def _as_owner(endpoint: Endpoint) -> Any:
    """Return the route's function, which takes every caller for one of organisation 1."""
    function = endpoint.function

    async def forgetful(request: Request, **arguments: Any) -> Any:
        request.principal = replace(request.principal, organisation=1)
        return await function(request, **arguments)

    return forgetful


async def test_a_route_that_does_not_ask_for_the_token_is_found(
    guest: httpx2.AsyncClient, shop: Shop, closed_app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Releasing or confirming ends the hold, so the routes that leave it alone are asked first.
    for operation in sorted(
        TOKEN_ONLY, key=("get_hold", "change_hold", "extend_hold").__contains__, reverse=True
    ):
        refused = (await _ask(guest, operation, shop.objects, shop.user)).status_code
        assert refused in (401, 404), operation
        with monkeypatch.context() as planted:
            for module in (holds, bookings):
                planted.setattr(module, "hold_authority", lambda *_: STAFF)
            opened = (await _ask(guest, operation, shop.objects, shop.user)).status_code
        assert opened not in (401, 404), operation
