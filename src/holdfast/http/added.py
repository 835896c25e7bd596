"""Added routes: routes that other code adds to the application, answered by FastAPI behind the same handler.

The handler passes a request on if the application's own router has no route for it. FastAPI then works as usual, with
dependencies, models, background tasks and streams. The answer gets the headers of every other answer, and every
refusal is a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from starlette import requests
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from holdfast.errors import (
    BadRequest,
    BodyTooLarge,
    CredentialsRequired,
    Fault,
    FieldError,
    Forbidden,
    HoldfastError,
    InvalidInput,
    Malformed,
    MethodNotAllowed,
    Refusal,
    RouteNotFound,
    TooManyRequests,
    Unavailable,
    UnsupportedMediaType,
)
from holdfast.http.asgi import Message, Receive, Scope, Send
from holdfast.http.decoding import json_pointer
from holdfast.http.metrics import observe_problem
from holdfast.http.model_errors import field_error, invalid_fields
from holdfast.http.problems import problem
from holdfast.http.redaction import named_path
from holdfast.http.references import problem_pages
from holdfast.http.request import Request
from holdfast.http.response_head import added_headers

__all__ = ["AddedRoutes", "OwnRoute", "Sent", "exception_handlers"]

_REQUEST_ID = "holdfast.request_id"
_PAGES = "holdfast.problem_pages"
_MISSING = "holdfast.missing"
"""The scope's key for the refusal of our own router."""


class OwnRoute(APIRoute):
    """One of our routes as FastAPI lists it. No request reaches it, because our router comes first."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - Starlette's signature
        raise scope[_MISSING]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An answer that is already on its way. A `failure` happened after it had begun."""

    status: int
    ended_at: float
    failure: Exception | None = None


class AddedRoutes:
    """Every route of the application that is not ours."""

    def __init__(self, application: FastAPI, *, body_limit: int) -> None:
        self._application = application
        self._router = application.router
        self._router.default = _missing
        self._own = len(self._router.routes)
        self.body_limit = body_limit
        self.stack: ASGIApp | None = None
        """FastAPI's wrapping of its router: exception handlers, and a stack of resources to close."""

    def exist(self) -> bool:
        return len(self._router.routes) > self._own

    async def answer(self, request: Request, missing: HoldfastError, receive: Receive, send: Send) -> Sent:
        """Answer by FastAPI. Raises `missing` without a route, and the errors of a route before its answer."""
        if self._application.middleware_stack is None:
            self._application.middleware_stack = self._application.build_middleware_stack()
        assert self.stack is not None
        scope = {
            **request.scope,
            "app": self._application,
            _MISSING: missing,
            _REQUEST_ID: request.request_id,
            _PAGES: request.problem_pages,
            "method": "GET" if request.method == "HEAD" else request.method,
        }
        outgoing = _Outgoing(send, request)
        failure: Exception | None = None
        try:
            await self.stack(scope, _whole_body(request.body, receive), outgoing.send)
        except Exception as error:
            if outgoing.status is None:
                raise
            failure = error
        finally:
            request.route_path = _declared_path(self._router.routes, scope)
        if outgoing.ended_at is None and failure is None:
            failure = RuntimeError("the route did not finish its answer")
        if outgoing.status is None:
            raise RuntimeError("the route gave no answer")
        return Sent(status=outgoing.status, ended_at=outgoing.ended_at or perf_counter(), failure=failure)


async def _missing(scope: Scope, _receive: Receive, send: Send) -> None:
    """Report that FastAPI has no route either."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        raise scope[_MISSING]


def _declared_path(routes: Sequence[BaseRoute], scope: Scope) -> str | None:
    """Return the declared path of the route that answered, with its router's prefix; None without a route."""
    route = scope.get("route")
    if route is None or isinstance(route, OwnRoute):
        return None
    own = getattr(route, "path", "")
    found = [one.path for one in iter_route_contexts(routes) if one.original_route is route and one.path]
    # A router may be included twice; the prefix distinguishes the two.
    matching = (path for path in found if scope["path"].startswith(path.removesuffix(own)))
    return next(matching, found[0] if found else None)


def _whole_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields an already read body, and then waits like the real one."""
    waiting = [body]

    async def next_message() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return next_message


class _Outgoing:
    """Sends an answer's messages with the headers of every answer. It records the status and the end."""

    def __init__(self, send: Send, request: Request) -> None:
        self._send = send
        self._request_id = request.request_id.encode("ascii")
        self._secure = request.scope["scheme"] == "https"
        self._head = request.method == "HEAD"
        self.status: int | None = None
        self.ended_at: float | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = added_headers(message.get("headers", ()), self._request_id, secure=self._secure)
            message = {**message, "headers": headers}
        elif self._head:
            message = {**message, "body": b""}
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.ended_at = perf_counter()


def exception_handlers() -> dict[int | type[Exception], Callable[[requests.Request, Any], Any]]:
    """Return handlers that render FastAPI's refusals as problems.

    The one for `Exception` serves middleware: the handler answers a route's own exception.
    """
    return {HTTPException: _refused, RequestValidationError: _invalid, Exception: _broken}


async def _refused(request: requests.Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and "Allow" in headers:
        allowed = sorted(headers["Allow"].split(", "))
        raise MethodNotAllowed.at_path(request.method, named_path(request.url.path), allowed)
    kind = _BY_STATUS.get(error.status_code, Refusal)
    return _response(kind(str(error.detail)), request, headers, status=error.status_code)


_BY_STATUS: dict[int, type[HoldfastError]] = {
    one.status: one
    for one in (
        BadRequest,
        CredentialsRequired,
        Fault,
        Forbidden,
        RouteNotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        InvalidInput,
        TooManyRequests,
        Unavailable,
    )
}
"""The error whose code a plain status gets. Other statuses get the code `error`."""


async def _invalid(request: requests.Request, error: RequestValidationError) -> Response:
    found = error.errors()
    broken = next((one for one in found if one["type"] == "json_invalid"), None)
    if broken is not None:
        return _response(Malformed(), request)
    return _response(invalid_fields(_field_error(one) for one in found), request)


async def _broken(request: requests.Request, _error: Exception) -> Response:
    return _response(Unavailable(Fault.UNEXPECTED), request)


def _field_error(found: Mapping[str, Any]) -> FieldError:
    where, *path = found["loc"]
    is_text = where != "body"
    return field_error(found, _pointer(found["loc"]), value=found.get("input"), path=path, is_text=is_text)


def _pointer(location: Sequence[str | int]) -> str:
    """Return a JSON Pointer (RFC 6901) into the body, or `?name` for a parameter of any kind."""
    where, *path = location
    return json_pointer(tuple(path)) if where == "body" else "?" + ".".join(map(str, path))


def _response(
    error: HoldfastError,
    request: requests.Request,
    headers: dict[str, str] | None = None,
    *,
    status: int | None = None,
) -> Response:
    observe_problem(error.code)
    scope = request.scope
    pages = scope.get(_PAGES) or problem_pages("", scope["path"].encode())
    made = problem(error, scope.get(_REQUEST_ID, ""), pages=pages, status=status)
    own = {name.decode("latin-1"): value.decode("latin-1") for name, value in made.headers}
    return Response(
        made.body,
        status_code=made.status,
        headers=own | (headers or {}),
        media_type="application/problem+json",
    )
