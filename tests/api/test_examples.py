"""Examples: the requests in the document of `/v1` can be sent, and the answers are real ones."""

from __future__ import annotations

import orjson
import pytest
from pydantic import TypeAdapter

from holdfast.api.catalogue import all_endpoints
from holdfast.api.v1.stream import ChangeOut
from holdfast.http.openapi import openapi_document
from holdfast.http.reply import encode
from holdfast.http.routes import Endpoint

ROUTES = [one for one in all_endpoints() if one.path.startswith("/v1/")]


OTHER_TYPES = [one for one in all_endpoints() if one.openapi["response_type"] != "application/json"]


@pytest.mark.parametrize("endpoint", OTHER_TYPES, ids=lambda one: one.operation_id)
def test_a_non_json_answer_is_documented_with_type_and_example(endpoint: Endpoint):
    operation = openapi_document([endpoint])["paths"][endpoint.path]["get"]
    content = operation["responses"]["200"]["content"]
    json_too = {"application/json"} if endpoint.openapi["json_answer"] is not None else set()
    assert set(content) == {endpoint.openapi["response_type"]} | json_too
    assert all(one["example"] for one in content.values())


def test_the_stream_example_is_a_message_with_json_data():
    (stream,) = [one for one in OTHER_TYPES if one.path.endswith("/stream")]
    fields = dict(line.split(": ", 1) for line in stream.openapi["answers"][200].splitlines() if line)
    message = ChangeOut.model_validate_json(fields["data"])
    assert fields["id"] == f"{message.epoch}.{message.version}"


@pytest.mark.parametrize("endpoint", ROUTES, ids=lambda one: one.operation_id)
def test_examples_match_their_models(endpoint: Endpoint):
    for name, example in endpoint.openapi["examples"].items():
        assert endpoint.body is not None, name
        endpoint.body.validate_json(orjson.dumps(example))
    if endpoint.response is not None and endpoint.openapi["response_type"] == "application/json":
        for status, answer in endpoint.openapi["answers"].items():
            if status < 300:
                TypeAdapter(endpoint.response).validate_json(encode(answer))
    assert endpoint.openapi["answers"] or endpoint.status >= 204, "an answer without an example"
    if endpoint.body_required:
        assert endpoint.openapi["examples"], "a body without an example"
