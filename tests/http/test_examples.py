"""Examples: what the document of `/v1` shows can be sent, and is what would be answered."""

from __future__ import annotations

import orjson
import pytest
from pydantic import TypeAdapter

from holdfast.api.catalogue import all_endpoints
from holdfast.api.exchange import encode
from holdfast.api.routes import Endpoint

ROUTES = [one for one in all_endpoints() if one.path.startswith("/v1/")]


@pytest.mark.parametrize("endpoint", ROUTES, ids=lambda one: one.operation_id)
def test_examples_are_what_the_models_say(endpoint: Endpoint):
    for name, example in endpoint.openapi["examples"].items():
        assert endpoint.body is not None, name
        endpoint.body.validate_json(orjson.dumps(example))
    if endpoint.response is not None and endpoint.openapi["response_type"] == "application/json":
        for status, answer in endpoint.openapi["answers"].items():
            if status < 300:
                TypeAdapter(endpoint.response).validate_json(encode(answer))
    assert endpoint.openapi["answers"] or endpoint.status >= 300, "an answer without an example"
    if endpoint.body_required:
        assert endpoint.openapi["examples"], "a body without an example"
