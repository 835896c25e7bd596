"""The documents as a generator of clients reads them: nothing is untyped, and nothing optional is required.

Each rule is one member of a kind: what a document leaves out, a generated client cannot do. `tests/generated` makes two
clients, and sells with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.api.catalogue import ABOUT, ABOUT_DIALECTS, all_endpoints
from holdfast.http.openapi import openapi_document
from holdfast.http.openapi_responses import errors_of

V1 = openapi_document([one for one in all_endpoints() if not one.is_dialect], ABOUT)
DIALECTS = openapi_document([one for one in all_endpoints() if one.is_dialect], ABOUT_DIALECTS)
BOTH = pytest.mark.parametrize("document", [V1, DIALECTS], ids=["v1", "dialects"])
WORDS = {"status", "event_status", "change", "code"}


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["operationId"]: one for path in document["paths"].values() for one in path.values()}


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema that has members, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict):
            yield value
        for inner in value.values():
            yield from schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from schemas(inner)


@BOTH
def test_every_operation_has_a_summary_and_a_description(document: dict[str, Any]) -> None:
    assert [name for name, one in operations(document).items() if not one.get("summary", "").strip()] == []
    assert [
        name for name, one in operations(document).items() if not one.get("description", "").strip()
    ] == []


@BOTH
def test_every_answer_has_a_schema(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            for kind, content in response.get("content", {}).items():
                assert content["schema"], f"{name} {status} {kind}"


def test_every_word_of_v1_is_an_enumeration() -> None:
    """The problem of all errors is the exception; each status of a route names its codes."""
    components = V1["components"]["schemas"]
    for name, schema in components.items():
        for member, of in schema.get("properties", {}).items():
            if member in WORDS and name not in (
                "CheckIn",
                "CheckTicket",
                "Ticket",
                "LinkSent",
                "SharedTicket",
                "Problem",
                "UseLink",
            ):  # a link has a code that a person types, and a ticket one that a scanner reads
                found = components[of["$ref"].rpartition("/")[2]] if "$ref" in of else of
                kinds = [one for one in found.get("anyOf", [found]) if one.get("type") != "null"]
                for kind in kinds:
                    assert {"enum", "const"} & kind.keys() or kind["type"] == "integer", f"{name}.{member}"


def test_a_status_lists_the_codes_of_its_route() -> None:
    components = V1["components"]["schemas"]
    for endpoint in all_endpoints():
        if endpoint.is_dialect:
            continue
        if endpoint.form is not None:
            continue  # its errors have the form of OAuth
        documented = set()
        for response in operations(V1)[endpoint.operation_id]["responses"].values():
            schema = response.get("content", {}).get("application/problem+json", {}).get("schema")
            if schema is not None:
                whole = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
                documented |= set(whole["allOf"][1]["properties"]["code"]["enum"])
        assert documented == {one.code for one in errors_of(endpoint)}


@BOTH
def test_no_member_has_the_keyword_default(document: dict[str, Any]) -> None:
    """With it, `openapi-typescript` requires the member, in requests too."""
    for schema in schemas(document["components"]["schemas"]):
        assert [name for name, member in schema["properties"].items() if "default" in member] == []
    status = V1["components"]["schemas"]["CreateEvent"]["properties"]["status"]
    assert status["description"] == 'Default: `"published"`.'


def test_tokens_and_retry_keys_are_parameters() -> None:
    found = {
        name: {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}
        for name, operation in operations(V1).items()
    }
    for name in (
        "get_hold",
        "extend_hold",
        "release_hold",
        "get_booking",
        "cancel_booking",
        "exchange_booking",
        "list_tickets",
    ):
        assert "Hold-Token" in found[name], name
    posts = {
        name for path in V1["paths"].values() for name in [path.get("post", {}).get("operationId")] if name
    }
    forms = {one.operation_id for one in all_endpoints() if one.form is not None}
    assert {name for name, headers in found.items() if "Idempotency-Key" in headers} == posts - forms


@BOTH
def test_an_example_keeps_its_nulls(document: dict[str, Any]) -> None:
    """FastAPI leaves them out, and then the example lacks required members."""
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            content = response.get("content", {}).get("application/json", {})
            if "example" in content and "$ref" in content["schema"]:
                model = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
                assert set(model.get("required", [])) <= set(content["example"]), f"{name} {status}"


def test_the_documents_share_no_route_and_have_all() -> None:
    here, there = set(operations(V1)), set(operations(DIALECTS))
    assert not here & there
    assert here | there == {one.operation_id for one in all_endpoints()}
    assert {one.path.split("/")[1] for one in all_endpoints() if not one.is_dialect} >= {"v1", "healthz"}
    assert not [path for path in DIALECTS["paths"] if path.startswith("/v1")]


def test_the_messages_of_the_stream_have_schemas() -> None:
    content = operations(V1)["stream_event"]["responses"]["200"]["content"]["text/event-stream"]
    messages = {
        one["properties"]["event"]["const"]: one["properties"]["data"]["contentSchema"]["$ref"]
        for one in content["x-itemSchema"]["oneOf"]
    }
    assert messages == {"snapshot": "#/components/schemas/Snapshot", "change": "#/components/schemas/Change"}
    availability = V1["components"]["schemas"]["Availability"]["properties"]
    for name in ("Snapshot", "Change"):
        schema = V1["components"]["schemas"][name]
        assert set(schema["properties"]) == set(availability) | {"seats"}
        assert "seats" in schema["required"]
