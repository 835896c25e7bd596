"""OpenAPI: the document of every declared route, with an example of every answer and every error.

FastAPI renders it. It lists our routes, but their requests never pass through FastAPI.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import orjson
from fastapi import Body, FastAPI, Path, Query
from fastapi.routing import APIRoute

from holdfast.access.policy import Policy
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
    Unavailable,
    UnsupportedMediaType,
    UriTooLong,
)
from holdfast.http.problems import PROBLEM_TYPE, problem_members
from holdfast.http.reply import Reply, encode
from holdfast.http.request import Request
from holdfast.http.routes import BODY_LIMIT, Endpoint, Routes

__all__ = ["add_route", "complete", "document_routes", "errors_of", "openapi_document"]

_BODYLESS = frozenset({204, 304, 307, 308})

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

_SCHEMAS = "#/components/schemas/"
_PAGE = re.compile(r"Page_(\w+)_")

_EXAMPLE_INSTANCE = "4f1c2a90b7d35e680a1f"

_PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457. Some problems carry further members.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "instance", "error"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": [PROBLEM_TYPE + "seat_taken"]},
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
_SECURITY_SCHEMES = {
    "ApiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "hfk_<id>_<secret>"},
    "HoldToken": {"type": "apiKey", "in": "header", "name": "Hold-Token"},
}
_REFUSED = {
    "description": "A parameter or the body was refused.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_RETRY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body get the same answer for 72 hours. "
    "Without credentials it needs at least 22 characters.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


document_routes = Routes(tag="service")


@document_routes.get(
    "/openapi.json", policy=Policy.PUBLIC, anonymous=True, answers={200: {"openapi": "3.1.0"}}
)
async def get_openapi(request: Request) -> Reply:
    """Return this document."""
    return Reply(body=request.openapi(), headers=((b"cache-control", b"no-cache"),))


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
    if endpoint.policy is not Policy.PUBLIC:
        found.append(Forbidden)
    found.append(InvalidInput)
    if endpoint.method != "GET":
        found += [Malformed, RequestTimeout, BodyTooLarge, UnsupportedMediaType, OutcomeUnknown]
    found += [Busy, Unavailable]
    return tuple(dict.fromkeys(found))


def openapi_document(
    endpoints: Iterable[Endpoint], about: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the document of these routes only. `about` holds FastAPI's arguments: title, tags and others."""
    endpoints = list(endpoints)
    app = FastAPI(openapi_url=None, **about)
    for endpoint in endpoints:
        add_route(app, endpoint, APIRoute)
    document = app.openapi()
    complete(document, endpoints)
    return document


def complete(document: dict[str, Any], endpoints: Sequence[Endpoint]) -> None:
    """Remove answers that FastAPI adds but no route gives. Add the tags, the problem schema and the credentials."""
    operations = [one for path in document["paths"].values() for one in path.values()]
    own = {one.operation_id for one in endpoints}
    used = {tag for operation in operations for tag in operation.get("tags", ())}
    if "tags" in document:
        document["tags"] = [tag for tag in document["tags"] if tag["name"] in used]
    for operation in operations:
        responses = operation["responses"]
        if "HTTPValidationError" in str(responses.get("422")):
            del responses["422"]
            if operation["operationId"] not in own:
                responses["422"] = _REFUSED
    for endpoint in endpoints:
        responses = document["paths"][endpoint.path][endpoint.method.lower()]["responses"]
        if endpoint.status in _BODYLESS:
            responses[str(endpoint.status)].pop("content", None)
        elif endpoint.openapi["response_type"] != "application/json":  # FastAPI adds JSON to every route
            content = responses[str(endpoint.status)]["content"]
            content.pop("application/json", None)
            if endpoint.openapi["json_answer"] is not None:
                content["application/json"] = {"example": _json(endpoint.openapi["json_answer"])}
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    _name_schemas(document)
    components["securitySchemes"] = components.get("securitySchemes", {}) | _SECURITY_SCHEMES


def _name_schemas(document: dict[str, Any]) -> None:
    """Call schemas by the nouns of the trade: `HoldOut` is a Hold, `Page[HoldOut]` a HoldPage, `PlaceHoldIn` PlaceHold.

    Schemas of added routes that would get the name of another keep their own.
    """
    schemas = document["components"]["schemas"]
    nouns = Counter(map(_noun_of, schemas))
    names = {name: noun if nouns[noun := _noun_of(name)] == 1 else name for name in schemas}
    document["components"]["schemas"] = {
        names[name]: {**schema, "title": names[name]} for name, schema in sorted(schemas.items())
    }
    _refer(document, {_SCHEMAS + name: _SCHEMAS + noun for name, noun in names.items()})


def _noun_of(name: str) -> str:
    page = _PAGE.fullmatch(name)
    return f"{_noun_of(page[1])}Page" if page else name.removesuffix("Out").removesuffix("In")


def _refer(value: Any, references: Mapping[str, str]) -> None:
    """Rename the references in a document, in place."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            value["$ref"] = references.get(value["$ref"], value["$ref"])
        for inner in value.values():
            _refer(inner, references)
    elif isinstance(value, list):
        for inner in value:
            _refer(inner, references)


def add_route(app: FastAPI, endpoint: Endpoint, route_class: type[APIRoute]) -> None:
    """List one of our routes among the routes of `app`."""
    about = endpoint.openapi
    responses: dict[int | str, dict[str, Any]] = {}
    for status, answer in about["answers"].items():
        responses[status] = {"description": "Not modified." if status == 304 else "Done."}
        if answer is not None:
            responses[status]["content"] = {about["response_type"]: {"example": _json(answer)}}
    if endpoint.status not in responses:
        content: dict[str, Any] = {} if endpoint.status in _BODYLESS else {about["response_type"]: {}}
        responses[endpoint.status] = {"description": "Done.", "content": content}
    responses.update(_problems(endpoint))
    extra: dict[str, Any] = {"security": _security(endpoint)}
    if endpoint.method == "POST" and endpoint.path.startswith("/v1/"):
        extra["parameters"] = [_RETRY_KEY]
    if about["examples"]:
        examples = {name: {"value": _json(value)} for name, value in about["examples"].items()}
        extra["requestBody"] = {"content": {"application/json": {"examples": examples}}}
    description = about["description"]
    if endpoint.body_limit != BODY_LIMIT:
        description += f"\n\nThe body may have up to {endpoint.body_limit // 1024 // 1024} MB."
    app.router.add_api_route(
        endpoint.path,
        _described(endpoint),
        methods=[endpoint.method],
        operation_id=endpoint.operation_id,
        status_code=endpoint.status,
        response_model=endpoint.response,
        responses=responses,
        tags=[about["tag"]],
        summary=about["summary"],
        description=description.strip(),
        openapi_extra=extra,
        name=endpoint.operation_id,
        route_class_override=route_class,
    )


def _described(endpoint: Endpoint) -> Any:
    """Return a function whose signature describes the route to FastAPI. Nobody calls it."""

    def documented() -> None:
        raise AssertionError("the handler answers requests of this route")

    parameters = [
        _parameter(value.name, Annotated[value.annotation, Path()]) for value in endpoint.path_values
    ]
    if endpoint.query is not None:
        for name, info in endpoint.query.model_fields.items():
            default = inspect.Parameter.empty if info.is_required() else info.default
            parameters.append(_parameter(name, Annotated[endpoint.query_annotations[name], Query()], default))
    if endpoint.body is not None:
        default = inspect.Parameter.empty if endpoint.body_required else None
        parameters.append(_parameter("body", Annotated[endpoint.body_annotation, Body()], default))
    documented.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions may carry one
    documented.__name__ = endpoint.function.__name__
    return documented


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _problems(endpoint: Endpoint) -> dict[int | str, dict[str, Any]]:
    """Return the errors by status. Each is an example under its code, as this route renders it."""
    found: dict[int, dict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for error_class in errors_of(endpoint):
        error = error_class()
        status, body = error.status, None
        if endpoint.render_error is not None and error_class not in _FROM_THE_LAYER:
            status, body = endpoint.render_error(error)
        kind = "application/problem+json" if body is None else "application/json"
        value = problem_members(error, _EXAMPLE_INSTANCE, status=status) if body is None else body
        found[status][kind][error.code] = {"summary": error.title, "value": _json(value)}
    return {
        status: {
            "description": ", ".join(f"`{code}`" for examples in kinds.values() for code in examples),
            "content": {
                kind: {"schema": _schema(kind), "examples": examples} for kind, examples in kinds.items()
            },
        }
        for status, kinds in sorted(found.items())
    }


def _schema(kind: str) -> dict[str, Any]:
    return (
        {"$ref": "#/components/schemas/Problem"} if kind == "application/problem+json" else {"type": "object"}
    )


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if endpoint.policy is not Policy.PUBLIC:
        return [{"ApiKey": [endpoint.policy.value]}]
    return [{"HoldToken": []}, {}] if endpoint.openapi["hold_token"] else [{}, {"ApiKey": []}]


def _json(value: Any) -> Any:
    return orjson.loads(encode(value))
