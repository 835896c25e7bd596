"""Routes: one declaration per route, for the handler, the OpenAPI document and the tests."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from holdfast.access.permissions import Permission
from holdfast.errors import HoldfastError, NotFound
from holdfast.http.decoding import decode
from holdfast.http.forms import Form
from holdfast.http.model_errors import invalid_input
from holdfast.http.problems import ErrorRenderer
from holdfast.http.reply import Reply, StreamReply, encode
from holdfast.http.request import Request
from holdfast.http.values import FromPath

__all__ = ["BODY_LIMIT", "SEAT_MAP_LIMIT", "Endpoint", "PageRenderer", "Routes"]

BODY_LIMIT = 64 * 1024
SEAT_MAP_LIMIT = 32 * 1024 * 1024
"""The body limit of routes that accept a seat map: creating or changing an event, and dialect 3's seats."""

_MAX_KNOWN_BODIES = 4_096
"""An on-sale of a thousand events has a few bodies for each."""
_MAX_KNOWN_BODY = 256

PageRenderer = Callable[[HoldfastError, Request], Reply]
"""A page's form of an error: what happened, and what to do."""

_REPLIES = (Reply, StreamReply)
_Function = Callable[..., Awaitable[Any]]
_NAME_IN_PATH = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathValue:
    """A named part of the path."""

    name: str
    annotation: Any
    form: FromPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A declared route: its policy, its inputs, its answers, and its function."""

    method: str
    path: str
    policy: Permission
    function: _Function
    operation_id: str
    status: int
    body_limit: int
    errors: tuple[type[HoldfastError], ...]
    render_error: ErrorRenderer | None
    path_values: tuple[PathValue, ...]
    query: type[BaseModel] | None
    query_annotations: dict[str, Any]
    query_kinds: dict[str, type]
    query_objects: frozenset[str]
    """Parameters that are objects, each member as `name[key]=value` (OpenAPI's deepObject)."""
    query_defaults: dict[str, Any] | None
    """The arguments without a query; None if the route requires one."""
    body: TypeAdapter[Any] | None
    body_annotation: Any
    body_required: bool
    response: Any
    form: type[Form] | None = None
    """What the body is, if it is a form and not JSON. Then `Authorization` is read by the route."""
    lenient: bool = False
    """For a dialect: unknown query parameters are ignored, and so is a body without a model."""
    is_dialect: bool = False
    """A route of the dialects' document, and not of `/openapi.json`."""
    render_page: PageRenderer | None = None
    """Only a page has this. It is in no document, and its errors are pages, too."""
    anonymous: bool = False
    """The caller makes no difference and is not identified. So the route answers during a database outage."""
    places_hold: bool = False
    """A request may take admissions off sale, so guests have a lower rate of them."""
    for_users: bool = False
    """A signed-in account may call it without the policy's permission, for itself. The function sees to that."""
    direct: bool = False
    """Our own server may begin the request outside a task, so the function uses no timeout of asyncio's. It returns
    no stream. It may return a `PendingReply`, so that nothing waits for the outcome."""
    known_bodies: dict[bytes, tuple[Any, Any]] | None = None
    """Cache of decoded and validated bodies, for a route that receives many equal bodies."""
    openapi: dict[str, Any] = field(default_factory=dict)
    """Summary, description, tags and examples: only the document needs them (`openapi.py`)."""

    @property
    def is_in_document(self) -> bool:
        return not self.is_dialect and self.render_page is None

    @property
    def keeps_guest_answers(self) -> bool:
        """Whether a guest may send a retry key, under which the answer is stored. A dialect ignores the key."""
        return self.policy is Permission.PUBLIC and not self.is_dialect and self.form is None

    @property
    def takes_seat_map(self) -> bool:
        return self.body_limit > BODY_LIMIT

    async def answer(self, request: Request) -> Reply | StreamReply:
        """Parse the request, call the function and encode its result. Raises HoldfastError."""
        return self.encode(await self.call(request))

    def call(self, request: Request) -> Awaitable[Any]:
        """Parse the request and call the function. Raises HoldfastError. `encode` takes what is awaited."""
        arguments = dict(
            self._read_path(request.path_values) if request.arguments is None else request.arguments
        )
        if self.query is not None:
            arguments.update(self._read_query(request))
        elif request.query and not self.lenient:
            raise invalid_input(_refuse_all(request.query), request.query, annotation=_NO_QUERY, prefix="?")
        if self.body is not None:
            arguments["body"] = self._read_body(self.body, request)
        elif self.form is not None:
            form = arguments["form"] = self.form.read(request.body)
            request.decoded = form.model_dump(mode="json")
        elif request.body and self.method != "GET":
            self._read_body(_ANYTHING if self.lenient else _NOTHING, request)
        return self.function(request, **arguments)

    def encode(self, result: Any) -> Reply | StreamReply:
        """Return the function's result as a reply."""
        return result if isinstance(result, _REPLIES) else Reply(status=self.status, body=encode(result))

    def find_arguments(self, path_values: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return the parsed values of the path; None if they name something that cannot exist."""
        try:
            return self._read_path(path_values)
        except NotFound:
            return None

    def _read_path(self, path_values: Mapping[str, str]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for value in self.path_values:
            found = value.form.parse(path_values[value.name])
            if found is None:
                raise value.form.missing()
            arguments[value.name] = found
        return arguments

    def _read_body(self, adapter: TypeAdapter[Any], request: Request) -> Any:
        raw, known = request.body, self.known_bodies
        if not raw and not self.body_required:
            return None
        if known is not None and (read := known.get(raw)) is not None:
            request.decoded, body = read
            return body
        request.decoded = decode(raw, large_arrays=self.takes_seat_map)
        try:
            body = adapter.validator.validate_json(raw)
        except ValidationError as failed:
            raise invalid_input(failed, request.decoded, annotation=self.body_annotation) from None
        if known is not None and len(raw) <= _MAX_KNOWN_BODY:
            if len(known) >= _MAX_KNOWN_BODIES:
                known.clear()
            known[raw] = request.decoded, body
        return body

    def _read_query(self, request: Request) -> dict[str, Any]:
        """Return the query's parameters. All are text, so digits become numbers if a number is expected, and so on."""
        if not request.query and self.query_defaults is not None:
            return self.query_defaults
        model = self.query
        assert model is not None
        given: dict[str, Any] = {}
        objects: dict[str, dict[str, str]] = {}
        for name, text in request.query.items():
            of_object = _MEMBER.fullmatch(name) if self.query_objects else None
            if of_object and of_object[1] in self.query_objects:
                objects.setdefault(of_object[1], {})[of_object[2]] = text
            elif name in model.model_fields or not self.lenient:
                given[name] = _from_text(text, self.query_kinds.get(name))
        try:
            found = model.model_validate_json(orjson.dumps(given := {**objects, **given}))
        except ValidationError as failed:
            raise invalid_input(failed, given, annotation=model, prefix="?") from None
        return {name: getattr(found, name) for name in model.model_fields}


class Routes:
    """A collection of routes: one per file of `api/v1` and `api/dialects`.

    ```python
    routes = Routes(tag="holds")


    @routes.post("/v1/holds", policy=Permission.PUBLIC, status=201, errors=[SeatTaken, SoldOut])
    async def place_hold(request: Request, body: PlaceHoldIn) -> HoldOut: ...
    ```

    The signature declares the rest. `body` is the model of the body, optional with `| None`; `form` is that of a form.
    Names of the path come from the path, other names from the query. The return annotation is the answer's schema.
    """

    def __init__(
        self,
        *,
        tag: str,
        render_error: ErrorRenderer | None = None,
        lenient: bool = False,
        is_dialect: bool = False,
        render_page: PageRenderer | None = None,
    ) -> None:
        self.tag = tag
        self.render_error = render_error
        self.lenient = lenient
        self.is_dialect = is_dialect
        self.render_page = render_page
        self.endpoints: list[Endpoint] = []

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def get(self, path: str, **declared: Any) -> Callable[[_Function], _Function]:
        return self.route("GET", path, **declared)

    def post(self, path: str, **declared: Any) -> Callable[[_Function], _Function]:
        return self.route("POST", path, **declared)

    def patch(self, path: str, **declared: Any) -> Callable[[_Function], _Function]:
        return self.route("PATCH", path, **declared)

    def route(
        self,
        method: str,
        path: str,
        *,
        policy: Permission,
        errors: Sequence[type[HoldfastError]] = (),
        status: int = 200,
        operation_id: str | None = None,
        response: Any = None,
        body_limit: int = BODY_LIMIT,
        render_error: ErrorRenderer | None = None,
        hold_token: bool = False,
        anonymous: bool = False,
        alike: bool = False,
        direct: bool = False,
        places_hold: bool = False,
        for_users: bool = False,
        examples: dict[str, Any] | None = None,
        answers: dict[int, Any] | None = None,
        response_type: str = "application/json",
        json_answer: Any = None,
        messages: Mapping[str, type[BaseModel]] | None = None,
        summary: str | None = None,
    ) -> Callable[[_Function], _Function]:
        """Declare a route.

        Args:
            errors: errors that the function may raise; those of the handler and the decoder are added.
                    response: the answer's schema, if the return annotation is not.
                    body_limit: in bytes; SEAT_MAP_LIMIT also lifts the limit on items of an array.
                    render_error: a dialect's translation; defaults to the collection's.
                    anonymous: the route is public and does not identify the caller.
                    alike: many requests bring equal bodies, so each is parsed once. The model must not change.
                    direct: hot, and begun at once. Its function uses no timeout of asyncio's.
                    places_hold: a request may take admissions off sale.
                    for_users: a signed-in account may call it for itself, without the permission.
                    hold_token: the route reads `request.hold_token` (for the document).
                    examples: bodies by name, for the document.
                    answers: an example of the answer for each success status, for the document.
                    response_type: media type of those answers.
                    json_answer: for a route of another type, an example of its answer to `Accept: application/json`.
                    messages: for a stream, the model of `data` for each `event`.
        """

        if anonymous and policy is not Permission.PUBLIC:
            raise TypeError(f"{method} {path}: an anonymous route must be public")

        def declare(function: _Function) -> _Function:
            self.endpoints.append(
                Endpoint(
                    method=method,
                    path=path,
                    policy=policy,
                    function=function,
                    operation_id=operation_id or function.__name__,
                    status=status,
                    body_limit=body_limit,
                    errors=tuple(errors),
                    render_error=render_error or self.render_error,
                    lenient=self.lenient,
                    is_dialect=self.is_dialect,
                    render_page=self.render_page,
                    anonymous=anonymous,
                    direct=direct,
                    places_hold=places_hold,
                    for_users=for_users,
                    known_bodies={} if alike else None,
                    **_parts(function, path, response),
                    openapi={
                        "tag": self.tag,
                        "summary": summary or function.__name__.replace("_", " ").capitalize(),
                        "description": inspect.getdoc(function) or "",
                        "hold_token": hold_token,
                        "examples": examples or {},
                        "answers": answers or {},
                        "response_type": response_type,
                        "json_answer": json_answer,
                        "messages": messages or {},
                    },
                )
            )
            return function

        return declare


def _parts(function: _Function, path: str, response: Any) -> dict[str, Any]:
    """Return the path values, query, body and answer that the function's signature declares."""
    hints = get_type_hints(function, include_extras=True)
    parameters = dict(inspect.signature(function).parameters)
    first = next(iter(parameters), None)
    if first != "request":
        raise TypeError(f"{function.__qualname__}: the first parameter must be `request`")
    del parameters["request"]
    path_values = []
    for name in _NAME_IN_PATH.findall(path):
        read = next((one for one in get_args(hints[name])[1:] if isinstance(one, FromPath)), None)
        if read is None:
            raise TypeError(f"{function.__qualname__}: `{name}` in the path needs a FromPath type")
        path_values.append(PathValue(name=name, annotation=hints[name], form=read))
        del parameters[name]
    body = parameters.pop("body", None)
    form = _form_of(hints)
    if form is not None:
        del parameters["form"]
    query: dict[str, Any] = {
        name: (hints[name], ... if one.default is inspect.Parameter.empty else one.default)
        for name, one in parameters.items()
    }
    model = create_model(f"{function.__name__}_query", __config__=_QUERY_CONFIG, **query) if query else None
    returned = hints.get("return")
    return {
        "path_values": tuple(path_values),
        "query": model,
        "query_annotations": {name: hints[name] for name in query},
        "query_kinds": {name: kind for name in query if (kind := _kind(hints[name]))},
        "query_objects": frozenset(name for name in query if _is_object(hints[name])),
        "query_defaults": _defaults(model) if model else None,
        "body": TypeAdapter(hints["body"]) if body else None,
        "body_annotation": hints.get("body"),
        "form": form,
        "body_required": body is not None and not _allows_none(hints["body"]),
        "response": response or (None if returned in (Reply, StreamReply, type(None)) else returned),
    }


def _form_of(hints: dict[str, Any]) -> type[Form] | None:
    """Return the form that the body is. A parameter `form` of another type comes from the query."""
    found = hints.get("form")
    return found if isinstance(found, type) and issubclass(found, Form) else None


_QUERY_CONFIG = ConfigDict(extra="forbid", strict=True)
_NOTHING: TypeAdapter[Any] = TypeAdapter(create_model("Nothing", __config__=_QUERY_CONFIG))
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_NO_QUERY = create_model("NoQuery", __config__=_QUERY_CONFIG)
_MEMBER = re.compile(r"([a-z_]+)\[([^\[\]]*)\]")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


def _refuse_all(query: Any) -> ValidationError:
    try:
        _NO_QUERY.model_validate(dict(query))
    except ValidationError as failed:
        return failed
    raise AssertionError("a model without fields accepted a field")


def _defaults(model: type[BaseModel]) -> dict[str, Any] | None:
    try:
        none_given = model()
    except ValidationError:
        return None
    return {name: getattr(none_given, name) for name in model.model_fields}


def _allows_none(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


def _kind(annotation: Any) -> type | None:
    """Return int or bool if the annotation asks for one; else None."""
    if annotation in (int, bool):
        return annotation  # type: ignore[no-any-return]  # typing's own helpers return Any
    arguments = get_args(annotation)
    inner = arguments[:1] if get_origin(annotation) is Annotated else arguments
    return next((kind for one in inner if (kind := _kind(one))), None)


def _is_object(annotation: Any) -> bool:
    """Return whether the annotation is a dict, or optionally one."""
    return get_origin(annotation) is dict or any(map(_is_object, get_args(annotation)))


def _from_text(text: str, kind: type | None) -> Any:
    if kind is int and _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    if kind is bool and text in ("true", "false"):
        return text == "true"
    return text
