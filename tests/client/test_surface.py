"""Both clients have the same methods and arguments, and a method for every route."""

from __future__ import annotations

import dataclasses
import inspect

import pytest

import holdfast_client
from holdfast.api.catalogue import all_endpoints
from holdfast.http.openapi import openapi_document
from holdfast_client import (
    AsyncClient,
    Client,
    access,
    audit,
    catalogue,
    delivery,
    door,
    inventory,
    keys,
    models,
    presentations,
    sales,
    seat_maps,
    tickets,
)
from holdfast_client.calls import Call
from holdfast_client.retrying import Retries
from holdfast_client.streaming import Following


def methods(kind: type) -> dict[str, inspect.Signature]:
    found = inspect.getmembers(kind, inspect.isroutine)
    return {name: inspect.signature(method) for name, method in found if not name.startswith("_")}


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    blocking, waiting = methods(Client), methods(AsyncClient)
    assert {name: list(it.parameters.values()) for name, it in blocking.items()} == {
        name: list(it.parameters.values()) for name, it in waiting.items()
    }
    assert len(blocking) > 30


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_method_has_a_docstring(kind: type) -> None:
    for name in methods(kind):
        method = getattr(kind, name)
        assert method.__name__ == name
        assert len(inspect.getdoc(method) or "") > 10


_VALUES: dict[str, object] = {"scans": (), "image": b"picture"}
"""Arguments that no text can be."""


def calls() -> list[Call[object]]:
    """Return every call of the SDK, with valid arguments."""
    made: list[Call[object]] = [Following("{}", Retries()).call()]
    modules = (
        access,
        audit,
        catalogue,
        delivery,
        door,
        inventory,
        keys,
        presentations,
        sales,
        seat_maps,
        tickets,
    )
    for module in modules:
        for name, build in inspect.getmembers(module, inspect.isfunction):
            if build.__module__ != module.__name__ or name.startswith("_"):
                continue
            needed = [
                one
                for one in inspect.signature(build).parameters.values()
                if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
            ]
            made.append(build(*[_VALUES.get(one.name, "{}") for one in needed]))
    return made


OF_BROWSERS = {one.operation_id for one in all_endpoints() if one.openapi["tag"] == "accounts"} - {
    "get_me",
    "sign_up",
}
"""Routes of people who sign in with a browser. A program has a key or an access token."""


def test_every_route_of_v1_has_a_method() -> None:
    """And no method uses a route that does not exist."""
    spoken = {(call.method, call.path.replace("%7B%7D", "{}")) for call in calls()}
    routes = set()
    for endpoint in all_endpoints():
        if endpoint.operation_id in OF_BROWSERS:
            continue
        if endpoint.path.startswith("/v1/") or endpoint.path in ("/healthz", "/readyz"):
            parts = ["{}" if part.startswith("{") else part for part in endpoint.path.split("/")]
            routes.add((endpoint.method, "/".join(parts)))
    # A version of the seat map is an argument of `get_seat_map`.
    assert spoken | {("GET", "/v1/events/{}/seat-map/{}")} == routes


SAME_AS = {
    "Area": "Part",
    "AreaCounts": "Counts",
    "AreaLine": "Line",
    "Category": "Part",
    "CategoryCounts": "Counts",
    "CheckIn": "Scan",
    "HistoryItem": "SeatChange",
    "PlacedHold": "Hold",
    "RecordedCheck": "CheckIn",
    "SeatState": "Seat",
    "SeatsLine": "Line",
}
"""Schemas whose objects the SDK calls otherwise."""

OF_PEOPLE = {"Me": {"account", "csrf", "current", "memberships"}}
"""Members for people who sign in with a browser."""


def test_a_model_has_every_member_of_its_schema() -> None:
    """What the server sends must not be dropped. The SDK left out which tables are sold whole, and every flag of a
    seat, so that a shop could not draw them."""
    public = [one for one in all_endpoints() if one.is_in_document]
    schemas = openapi_document(public, {"title": "Holdfast"})["components"]["schemas"]
    compared = 0
    for name, schema in schemas.items():
        model = getattr(models, SAME_AS.get(name, name), None)
        if model is not None:
            kept = {field.name for field in dataclasses.fields(model)}
            assert set(schema["properties"]) - OF_PEOPLE.get(name, set()) <= kept, name
            compared += 1
    assert compared > 30


def test_every_exported_name_exists() -> None:
    assert sorted(holdfast_client.__all__) == sorted(set(holdfast_client.__all__))
    assert all(hasattr(holdfast_client, name) for name in holdfast_client.__all__)


def test_the_url_and_the_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_URL", "https://tickets.example/")
    monkeypatch.setenv("HOLDFAST_API_KEY", "hfk_abcd_" + "s" * 40)
    with Client() as client:
        assert client.url == "https://tickets.example"
        assert client._http.headers["authorization"] == "Bearer hfk_abcd_" + "s" * 40
        assert "hfk_" not in repr(client)
    with Client("http://other.example", "hfk_mine_" + "s" * 40) as client:
        assert client.url == "http://other.example"
        assert client._http.headers["authorization"] == "Bearer hfk_mine_" + "s" * 40


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "tickets.example"])
def test_an_invalid_url_is_refused_immediately(url: str) -> None:
    with pytest.raises(ValueError, match="http://"):
        Client(url)
