"""OpenAPI: the document of every declared route, with a schema and an example of every answer and every error.

FastAPI renders it. It lists our routes, but their requests never pass through FastAPI. Generators of clients read it:
tests compile and use what they make of it.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import orjson
from fastapi import Body, FastAPI, Path, Query
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from holdfast.access.permissions import Permission, Scope, scopes_with
from holdfast.http.forms import MEDIA_TYPE as FORM_TYPE
from holdfast.http.openapi_responses import errors_of, example_json, problem_schemas, responses_of
from holdfast.http.reply import Reply
from holdfast.http.request import Request
from holdfast.http.routes import BODY_LIMIT, Endpoint, Routes

__all__ = ["add_route", "complete", "document_routes", "errors_of", "openapi_document"]

_SCHEMAS = "#/components/schemas/"
_PAGE = re.compile(r"Page_(\w+)_")

_SCOPES = {scope.value: f"What an API key with the scope `{scope}` may do." for scope in Scope}
_SECURITY_SCHEMES = {
    "ApiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "hfk_<id>_<secret>"},
    "Client": {"type": "http", "scheme": "basic"},
    "OAuth2": {
        "type": "oauth2",
        "description": "An access token of `POST /v1/token`: of an account by its password, or of an API key, whose id "
        "and secret are those of the client.",
        "flows": {
            "password": {
                "tokenUrl": "v1/token",
                "refreshUrl": "v1/token",
                "scopes": {"account": "Everything that the account may do.", **_SCOPES},
            },
            "clientCredentials": {
                "tokenUrl": "v1/token",
                "scopes": _SCOPES,
            },
        },
    },
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
    "Where a guest may call, a caller without an API key needs a random one, such as a uuid4.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_HOLD_TOKEN = {
    "name": "Hold-Token",
    "in": "header",
    "required": False,
    "description": "The token from the answer that placed the hold. It opens the hold, and later its booking.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


document_routes = Routes(tag="service")


@document_routes.get(
    "/openapi.json",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=dict[str, Any],
    answers={200: {"openapi": "3.1.0"}},
)
async def get_openapi(request: Request) -> Reply:
    """Return this document."""
    return Reply(body=request.openapi(), headers=_NO_CACHE)


@document_routes.get(
    "/dialects/openapi.json",
    policy=Permission.PUBLIC,
    anonymous=True,
    response=dict[str, Any],
    answers={200: {"openapi": "3.1.0"}},
)
async def get_dialects_openapi(request: Request) -> Reply:
    """Return the document of the dialects: the wire formats of older systems, at the root."""
    return Reply(body=request.dialects_openapi(), headers=_NO_CACHE)


_NO_CACHE = ((b"cache-control", b"no-cache"),)


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
    """Replace FastAPI's answers of our routes by all that they give. Add tags, schemas, parameters and credentials."""
    operations = [one for path in document["paths"].values() for one in path.values()]
    used = {tag for operation in operations for tag in operation.get("tags", ())}
    if "tags" in document:
        document["tags"] = [tag for tag in document["tags"] if tag["name"] in used]
    for operation in operations:
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            operation["responses"]["422"] = _REFUSED
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for endpoint in endpoints:
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        operation["responses"] = responses_of(endpoint, operation["responses"])
        if endpoint.body is not None and not endpoint.body_required:
            _leave_out_null(operation["requestBody"]["content"]["application/json"])
        schemas.update(_message_schemas(endpoint))
    schemas.update(problem_schemas(endpoints))
    _name_schemas(document)
    for schema in document["components"]["schemas"].values():
        _write_defaults(schema)
    components["securitySchemes"] = components.get("securitySchemes", {}) | _SECURITY_SCHEMES


def _leave_out_null(body: dict[str, Any]) -> None:
    """A body that may be missing is not one that may be null: a generated client would always send something."""
    (body["schema"],) = [one for one in body["schema"].pop("anyOf") if one != {"type": "null"}]


def _message_schemas(endpoint: Endpoint) -> dict[str, Any]:
    """Return the schemas of a stream's messages, which FastAPI does not know."""
    models = endpoint.openapi["messages"].values()
    _, schemas = models_json_schema(
        [(one, "serialization") for one in models], ref_template=_SCHEMAS + "{model}"
    )
    return dict(schemas.get("$defs", {}))


def _write_defaults(schema: dict[str, Any]) -> None:
    """Say each default in the description: generators for TypeScript require a member that has the keyword."""
    for member in schema.get("properties", {}).values():
        default = member.pop("default", None)
        if default is not None and "Default:" not in member.get("description", ""):
            text = f"Default: `{orjson.dumps(default).decode()}`."
            member["description"] = f"{member.get('description', '')} {text}".strip()


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


def add_route(
    app: FastAPI, endpoint: Endpoint, route_class: type[APIRoute], *, in_document: bool = True
) -> None:
    """List one of our routes among the routes of `app`."""
    about = endpoint.openapi
    parameters = [
        *(_object_parameter(endpoint, name) for name in sorted(endpoint.query_objects)),
        *_headers(endpoint),
    ]
    extra: dict[str, Any] = {"security": _security(endpoint), "parameters": parameters}
    if endpoint.form is not None:
        content = {FORM_TYPE: {"schema": endpoint.form.model_json_schema()}}
        extra["requestBody"] = {"required": True, "content": content}
    if about["examples"]:
        examples = {name: {"value": example_json(value)} for name, value in about["examples"].items()}
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
        tags=[about["tag"]],
        summary=about["summary"],
        description=description.strip(),
        openapi_extra=extra,
        include_in_schema=in_document,
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
            if name in endpoint.query_objects:
                continue
            default = inspect.Parameter.empty if info.is_required() else info.default
            parameters.append(_parameter(name, Annotated[endpoint.query_annotations[name], Query()], default))
    if endpoint.body is not None:
        default = inspect.Parameter.empty if endpoint.body_required else None
        parameters.append(_parameter("body", Annotated[endpoint.body_annotation, Body()], default))
    documented.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # functions may carry one
    documented.__name__ = endpoint.function.__name__
    return documented


def _object_parameter(endpoint: Endpoint, name: str) -> dict[str, Any]:
    """Return a query's object parameter. FastAPI has no such parameters."""
    assert endpoint.query is not None
    about = endpoint.query.model_json_schema()["properties"][name]
    schema = next(one for one in about.get("anyOf", [about]) if one.get("type") == "object")
    description = schema.pop("description", about.get("description", ""))
    return {
        "name": name,
        "in": "query",
        "required": False,
        "style": "deepObject",
        "explode": True,
        "description": description,
        "schema": schema,
    }


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    """Return the request headers that matter to the route."""
    found = [_HOLD_TOKEN] if endpoint.openapi["hold_token"] else []
    if endpoint.method == "POST" and endpoint.path.startswith("/v1/") and endpoint.form is None:
        found.append(_RETRY_KEY)
    return found


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if endpoint.form is not None:
        return [{"Client": []}]
    if endpoint.policy is not Permission.PUBLIC:
        scopes = scopes_with(endpoint.policy)
        by_token = [{"OAuth2": [scopes[0].value]}] if scopes else []
        return [{"ApiKey": [endpoint.policy.value]}, *by_token]
    return [{}, {"ApiKey": []}, {"OAuth2": []}]
