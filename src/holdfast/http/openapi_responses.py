"""Responses of a route in the OpenAPI document: each status with its media types, schemas and examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

import orjson

from holdfast.access.permissions import Permission
from holdfast.errors import (
    BadRequest,
    BodyTooLarge,
    Busy,
    CredentialsRequired,
    Forbidden,
    HeadersTooLarge,
    HoldfastError,
    InvalidInput,
    Malformed,
    OutcomeUnknown,
    RequestTimeout,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
    UriTooLong,
)
from holdfast.http.problems import problem_members
from holdfast.http.references import problem_pages
from holdfast.http.reply import encode
from holdfast.http.routes import Endpoint

__all__ = ["errors_of", "example_json", "problem_schemas", "responses_of"]

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_BODYLESS = frozenset({204, 303, 304, 307, 308})

_FROM_THE_LAYER = frozenset(
    {
        BadRequest,
        BodyTooLarge,
        CredentialsRequired,
        Forbidden,
        HeadersTooLarge,
        RequestTimeout,
        UnsupportedMediaType,
        UriTooLong,
    }
)
"""Every route answers these as problems, without a dialect's renderer."""

_EXAMPLE_INSTANCE = "4f1c2a90b7d35e680a1f"

_PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457. Some problems carry further members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "instance", "error"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Leads to a page about the problem: the public address, or relative to the request's.",
            "examples": ["../problems/seat_taken", "https://tickets.example/problems/seat_taken"],
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable, snake_case."},
        "instance": {"type": "string", "description": "The request id, as in X-Request-Id."},
        "error": {"type": "string", "description": "The text of `detail`, repeated."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON Pointer into the body, or `?name` of a query parameter.",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def errors_of(endpoint: Endpoint) -> tuple[type[HoldfastError], ...]:
    """Return all errors of a route: its own, and those of the handler and the decoder."""
    found: list[type[HoldfastError]] = [
        *endpoint.errors,
        BadRequest,
        CredentialsRequired,
        UriTooLong,
        HeadersTooLarge,
    ]
    found.extend(value.form.missing for value in endpoint.path_values)
    if endpoint.policy is not Permission.PUBLIC:
        found.append(Forbidden)
    if not endpoint.anonymous:
        found.append(TooManyRequests)
    found.append(InvalidInput)
    if endpoint.method != "GET":
        found += [] if endpoint.form else [Malformed]
        found += [RequestTimeout, BodyTooLarge, UnsupportedMediaType, OutcomeUnknown]
    found += [Busy, Unavailable]
    return tuple(dict.fromkeys(found))


def responses_of(endpoint: Endpoint, of_fastapi: dict[str, Any]) -> dict[str, Any]:
    """Return all responses of a route. `of_fastapi` has the schema of its model, if it has one."""
    content = of_fastapi[str(endpoint.status)].get("content", {})
    model = content.get(_JSON, {}).get("schema") if endpoint.response is not None else None
    answers = {endpoint.status: None} | endpoint.openapi["answers"]
    done = {status: _success(endpoint, status, example, model) for status, example in answers.items()}
    return {str(status): one for status, one in sorted((done | _problems(endpoint)).items())}


def problem_schemas(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the problem of all errors, and one for each short list of codes that a status of a route has."""
    found: dict[str, Any] = {"Problem": _PROBLEM_SCHEMA}
    for endpoint in endpoints:
        for response in _problems(endpoint).values():
            codes = response["content"].get(_PROBLEM, {}).get("examples", ())
            if codes and (name := _problem_name(codes)) is not None:
                found[name] = _problem_with(codes)
    return found


def example_json(value: Any) -> Any:
    return orjson.loads(encode(value))


def _success(endpoint: Endpoint, status: int, example: Any, model: dict[str, Any] | None) -> dict[str, Any]:
    if status in _BODYLESS:
        return {"description": "Not modified." if status == 304 else "Done."}
    about = endpoint.openapi
    if about["response_type"] == _JSON:
        return {"description": "Done.", "content": {_JSON: _shown(example, model)}}
    content = {about["response_type"]: _shown(example, {"type": "string"})}
    if about["messages"]:
        content[about["response_type"]]["x-itemSchema"] = _message_schema(about["messages"])
    if about["json_answer"] is not None:
        content[_JSON] = _shown(about["json_answer"], None)
    return {"description": "Done.", "content": content}


def _shown(example: Any, schema: dict[str, Any] | None) -> dict[str, Any]:
    """Return a media type. FastAPI would leave null out of the example."""
    if example is None:
        return {"schema": schema or {}}
    example = example_json(example)
    return {"schema": schema or _schema_like(example), "example": example}


def _message_schema(messages: dict[str, type]) -> dict[str, Any]:
    """Return the schema of one message of a stream, in the form of OpenAPI 3.2's `itemSchema`."""
    return {
        "oneOf": [
            {
                "type": "object",
                "required": ["event", "id", "data"],
                "properties": {
                    "event": {"const": name},
                    "id": {"type": "string"},
                    "data": {
                        "type": "string",
                        "contentMediaType": _JSON,
                        "contentSchema": {"$ref": f"#/components/schemas/{model.__name__}"},
                    },
                },
            }
            for name, model in messages.items()
        ]
    }


def _schema_like(example: Any) -> dict[str, Any]:
    """Return the schema of an answer without a model, from its example."""
    match example:
        case dict():
            members = {name: _schema_like(value) for name, value in example.items()}
            return {"type": "object", "properties": members, "required": list(members)}
        case list():
            return {"type": "array", "items": _schema_like(example[0]) if example else {}}
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "integer" if isinstance(example, int) else "number"}
        case str():
            return {"type": "string"}
        case _:
            return {}


def _problems(endpoint: Endpoint) -> dict[int, dict[str, Any]]:
    """Return the errors by status. Each is an example under its code, as this route renders it."""
    found: dict[int, dict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    pages = problem_pages("", endpoint.path.encode())
    for error_class in errors_of(endpoint):
        error = error_class()
        status, body = error.status, None
        if endpoint.render_error is not None and error_class not in _FROM_THE_LAYER:
            status, body = endpoint.render_error(error)
        kind = _PROBLEM if body is None else _JSON
        value = body
        if value is None:
            value = problem_members(error, _EXAMPLE_INSTANCE, pages=pages, status=status)
        found[status][kind][error.code] = {"summary": error.title, "value": example_json(value)}
    return {
        status: {
            "description": ", ".join(f"`{code}`" for examples in kinds.values() for code in examples),
            "content": {
                kind: {"schema": _error_schema(kind, examples), "examples": examples}
                for kind, examples in kinds.items()
            },
        }
        for status, kinds in found.items()
    }


def _error_schema(kind: str, examples: dict[str, Any]) -> dict[str, Any]:
    """Return a problem with exactly these codes, or the form of a dialect's error."""
    if kind == _JSON:
        forms: list[dict[str, Any]] = []
        for example in examples.values():
            if (form := _schema_like(example["value"])) not in forms:
                forms.append(form)
        return forms[0] if len(forms) == 1 else {"anyOf": forms}
    name = _problem_name(examples)
    return _problem_with(examples) if name is None else {"$ref": f"#/components/schemas/{name}"}


def _problem_name(codes: Collection[str]) -> str | None:
    """Return the name of the schema that all routes with these codes share; None for a long list of one route."""
    if len(codes) > _MAX_NAMED_CODES:
        return None
    nouns = ("".join(word.capitalize() for word in code.split("_")) for code in sorted(codes))
    return f"{'Or'.join(nouns)}Problem"


_MAX_NAMED_CODES = 3


def _problem_with(codes: Collection[str]) -> dict[str, Any]:
    code = {"type": "string", "enum": sorted(codes)}
    return {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "required": ["code"], "properties": {"code": code}},
        ]
    }
