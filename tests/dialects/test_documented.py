"""The document of the dialects: every route, an example of every answer, and each dialect's own errors."""

from __future__ import annotations

import pytest

from holdfast.api.catalogue import ABOUT, all_endpoints
from holdfast.http.openapi import openapi_document

DOCUMENTED = {
    ("POST", "/events"),
    ("POST", "/holds"),
    ("POST", "/book"),
    ("GET", "/events/{event_id}"),
    ("GET", "/seats/"),
    ("POST", "/seats/{seat_id}/reserve"),
    ("POST", "/seats/{seat_id}/confirm"),
    ("POST", "/users/"),
    ("POST", "/shows/"),
    ("POST", "/shows/{show_id}/seats"),
    ("GET", "/shows/{show_id}/seats"),
    ("GET", "/shows/{show_id}/availability"),
    ("POST", "/reservations/{user_id}/hold"),
    ("POST", "/reservations/{reservation_id}/confirm"),
    ("POST", "/reservations/{reservation_id}/release"),
    ("POST", "/admin/show"),
    ("GET", "/shows"),
}
ROUTES = sorted(DOCUMENTED)


@pytest.fixture(scope="module")
def document():
    return openapi_document(all_endpoints(), ABOUT)


def test_each_dialect_route_is_served_with_and_without_a_slash():
    served = {(endpoint.method, endpoint.path.rstrip("/")) for endpoint in all_endpoints()}
    slashed = {(one.method, one.path) for one in all_endpoints() if one.path.endswith("/")}
    for method, path in DOCUMENTED:
        assert (method, path.rstrip("/")) in served
        assert (method, path.rstrip("/") + "/") in slashed


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_has_a_schema_and_an_example(document, method, path):
    operation = document["paths"][path][method.lower()]
    (success,) = [status for status in operation["responses"] if status.startswith("2")]
    content = operation["responses"][success]["content"]["application/json"]
    assert content["schema"]
    assert content["example"]
    if "requestBody" in operation:
        assert operation["requestBody"]["content"]["application/json"]["examples"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_error_is_known_to_its_dialect(document, method, path):
    """No dialect answers 410, and only ticketing has 409 and 422."""
    operation = document["paths"][path][method.lower()]
    statuses = {int(status) for status in operation["responses"]}
    ticketing = "ticketing" in operation["operationId"] or "reservations" in operation["operationId"]
    assert 410 not in statuses
    assert ticketing or not statuses & {409, 422}
    assert 503 in statuses


def test_the_instant_dialect_answers_its_documents_errors(document):
    def examples(method, path, status):
        content = document["paths"][path][method]["responses"][status]["content"]["application/json"]
        return [example["value"] for example in content["examples"].values()]

    wrong = {"error": "All fields are required and must be valid"}
    assert wrong in examples("post", "/admin/show", "400")
    assert {"error": "Invalid input"} in examples("post", "/book", "400")
    assert {"error": "Show not found"} in examples("post", "/book", "404")


@pytest.mark.parametrize("path", ["/seats/7000001/reserve?user_id=1&user_id=2", "/admin/show?a=1&a=2"])
async def test_a_repeated_parameter_is_refused_in_the_dialects_form(client, path):
    """A 422 would be wrong where the document has only 400."""
    assert (await client.post(path)).status_code == 400
