"""Layer: the one plain ASGI application in front of everything.

A request passes, in this order: request id, limits on its head, route, principal, policy, retry key,
limits on its body, the body itself, and then the route's own function. Whatever goes wrong is one error
of the tree and leaves as a problem; an exception that nobody expected leaves as `unavailable`, is
counted and logged with its traceback, never as a 500.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from time import perf_counter
from typing import Any

import structlog

from holdfast.access.policy import Policy, authorise
from holdfast.access.principals import GUEST, OPEN, Keyring, KeyRow, OpenMode, Principal
from holdfast.api.conditions import answer_conditionally
from holdfast.api.exchange import Exchange
from holdfast.api.routes import Endpoint
from holdfast.api.table import RouteTable
from holdfast.errors import (
    BadRequest,
    BodyTooLarge,
    CredentialsRequired,
    HeadersTooLarge,
    HoldfastError,
    InvalidInput,
    MethodNotAllowed,
    OutcomeUnknown,
    PreconditionFailed,
    RequestTimeout,
    RouteNotFound,
    Unavailable,
)
from holdfast.http.asgi import Receive, Send
from holdfast.http.cursors import Cursors
from holdfast.http.headers import (
    check_body_headers,
    check_host,
    credentials,
    idempotency_key,
    new_request_id,
    path_segments,
    query_values,
    read_headers,
    request_id,
    too_large,
)
from holdfast.http.metrics import UNEXPECTED_ERRORS, observe_problem, observe_request
from holdfast.http.problems import problem
from holdfast.http.redaction import redact
from holdfast.http.reply import JSON, Reply, StreamReply, encode
from holdfast.http.response_head import PROBLEM
from holdfast.http.sending import send_reply, send_stream
from holdfast.http.server.request import ClientLeft

__all__ = ["Layer"]

BODY_SECONDS = 10.0
_CLOSING = (BadRequest, BodyTooLarge, HeadersTooLarge, RequestTimeout)
"""After these the rest of the request may still be on its way; the connection cannot be used again."""

_READING = frozenset({"GET", "HEAD"})
_MOST_KEPT_PATHS = 2_000
_LONGEST_KEPT_PATH = 200

_Found = tuple[Endpoint, str, Mapping[str, str], Mapping[str, Any] | None]
"""A path's endpoint, the path itself as text, the values in it, and these as the endpoint takes them (None: it will
say that there is no such thing)."""

log = structlog.get_logger("holdfast.http")

Lifespan = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]


class Layer:
    """The ASGI application. `engine` is handed to every route as `exchange.engine`."""

    def __init__(
        self,
        table: RouteTable,
        *,
        engine: Any,
        server_key: bytes,
        find_key: Callable[[str], Awaitable[KeyRow | None]],
        any_key: Callable[[], Awaitable[bool]],
        open_mode: bool,
        lifespan: Lifespan | None = None,
        body_seconds: float = BODY_SECONDS,
        access_log: bool = True,
    ) -> None:
        self.table = table
        self._found: dict[tuple[str, bytes], _Found] = {}
        """Where the paths of late lead: those of an event on sale are asked for again and again."""
        self._engine = engine
        self._cursors = Cursors(server_key)
        self._keyring = Keyring(find_key)
        self._open_mode = OpenMode(any_key, enabled=open_mode)
        self._lifespan = lifespan
        self._body_seconds = body_seconds
        self._access_log = access_log

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self.serve(scope, receive, send)
            case "lifespan":
                await (self._lifespan or _no_lifespan)(scope, receive, send)
            case _:
                await send({"type": "websocket.close", "code": 1008})

    def end_streams(self) -> None:
        """For a server that is about to wait for its requests to end: these would not end by themselves."""
        self._engine.streams.close()

    async def serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one request, whatever happens. Our own protocol calls it straight."""
        started = perf_counter()
        exchange = Exchange(scope, engine=self._engine, cursors=self._cursors)
        close = False
        reply: Reply | StreamReply
        try:
            reply = await self._answer(exchange, receive)
        except ClientLeft:
            return
        except HoldfastError as error:
            exchange.request_id = exchange.request_id or request_id(scope["headers"])
            reply = _refusal(error, exchange)
            close = isinstance(error, _CLOSING)
        except Exception:  # noqa: BLE001 - the last line of defence: counted, logged, and answered
            exchange.request_id = exchange.request_id or request_id(scope["headers"])
            reply = _unexpected(exchange)
        status = reply.status
        try:
            status = await self._send(exchange, reply, receive, send, close=close)
        except Exception:  # noqa: BLE001 - the last door: the head is out, so the server cuts the connection
            if not exchange.client_left():  # to write to who has left is no bug
                status = _unexpected(exchange).status
        self._record(exchange, status, perf_counter() - started)

    async def _send(
        self, exchange: Exchange, reply: Reply | StreamReply, receive: Receive, send: Send, *, close: bool
    ) -> int:
        """Returns the status that was sent."""
        scope = exchange.scope
        head, secure = exchange.method == "HEAD", scope["scheme"] == "https"
        own_id = exchange.request_id.encode("ascii")
        if isinstance(reply, StreamReply):
            await send_stream(
                send, receive, reply, request_id=own_id, secure=secure, head=head, request=exchange.request
            )
            return reply.status
        if exchange.request is not None:
            return exchange.request.answer(reply, request_id=own_id, secure=secure, head=head, closes=close)
        rest = receive if close and not exchange.is_read else None
        await send_reply(send, reply, request_id=own_id, secure=secure, head=head, close=close, rest=rest)
        return reply.status

    async def _answer(self, exchange: Exchange, receive: Receive) -> Reply | StreamReply:
        scope = exchange.scope
        headers = exchange.headers = read_headers(scope["headers"])
        exchange.request_id = request_id(scope["headers"]) if b"x-request-id" in headers else new_request_id()
        check_host(headers, scope.get("http_version"))
        endpoint = self._find_endpoint(exchange)
        api_key = None
        if b"authorization" in headers or b"hold-token" in headers:
            exchange.hold_token, api_key = credentials(headers)
        principal = exchange.principal = (
            GUEST if endpoint.anonymous else await self._identify(exchange, endpoint, api_key)
        )
        exchange.open_mode = principal is OPEN
        try:
            authorise(endpoint.policy, principal)
        except CredentialsRequired as refused:
            raise CredentialsRequired(refused.detail + self._open_mode.explain(scope, headers)) from None
        if scope["query_string"]:
            try:
                exchange.query = query_values(scope["query_string"])
            except InvalidInput as error:
                if endpoint.render_error is None:
                    raise
                return _rendered(error, exchange, endpoint)
        if b"idempotency-key" in headers and exchange.method == "POST":
            exchange.idempotency_key = idempotency_key(headers, guest=principal is GUEST)
        if check_body_headers(headers, limit=endpoint.body_limit):
            exchange.body = await self._read_body(exchange, receive, endpoint.body_limit)
        try:
            if b"if-match" in headers or b"if-none-match" in headers:
                return await answer_conditionally(exchange, endpoint)
            return await endpoint.answer(exchange)
        except PreconditionFailed:
            raise
        except HoldfastError as error:
            if endpoint.render_error is None:
                raise
            return _rendered(error, exchange, endpoint)

    def _find_endpoint(self, exchange: Exchange) -> Endpoint:
        raw_path = exchange.scope.get("raw_path") or exchange.scope["path"].encode()
        # A HEAD is a GET whose answer has no body: probes and caches ask so.
        method = "GET" if exchange.method == "HEAD" else exchange.method
        found = self._found.get((method, raw_path))
        if found is None:
            segments = path_segments(raw_path)
            exchange.path = "/" + "/".join(segments)
            endpoint, values, allowed = self.table.find(method, segments)
            if endpoint is None:
                if allowed:
                    raise MethodNotAllowed(f"This path takes {', '.join(allowed)}.", allow=allowed)
                raise RouteNotFound("There is nothing here.")
            found = endpoint, exchange.path, values, endpoint.find_arguments(values)
            self._keep_found(method, raw_path, found)
        exchange.endpoint, exchange.path, exchange.path_values, exchange.arguments = found
        return found[0]

    def _keep_found(self, method: str, raw_path: bytes, found: _Found) -> None:
        if len(raw_path) <= _LONGEST_KEPT_PATH:
            if len(self._found) >= _MOST_KEPT_PATHS:
                self._found.clear()
            self._found[method, raw_path] = found

    async def _identify(self, exchange: Exchange, endpoint: Endpoint, api_key: str | None) -> Principal:
        if api_key is not None:
            return await self._keyring.authenticate(api_key)
        try:
            admitted = self._open_mode.decides(exchange.scope, exchange.headers)
            if admitted is None:
                admitted = await self._open_mode.admits(exchange.scope, exchange.headers)
        except HoldfastError:
            # A retry key counts for who sent it, and that must not be guessed: its retry would be somebody else's.
            if endpoint.policy is not Policy.PUBLIC or exchange.method == "POST":
                raise
            return GUEST  # the database cannot be asked; what anyone may read stays open
        return OPEN if admitted else GUEST

    async def _read_body(self, exchange: Exchange, receive: Receive, limit: int) -> bytes:
        request = exchange.request
        if request is not None:  # the connection sees to its length and to its deadline
            body = request.take_body()
            if body is None:
                return await request.read(limit)
            if len(body) > limit:
                raise too_large(limit)
            return body
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientLeft
                    exchange.is_read = not message.get("more_body", False)
                    part = message.get("body", b"")
                    size += len(part)
                    if size > limit:
                        raise too_large(limit)
                    parts.append(part)
                    if exchange.is_read:
                        break
        except TimeoutError:
            exchange.is_read = True  # as far as it will be
            raise RequestTimeout(f"The body did not arrive within {self._body_seconds:g} seconds.") from None
        return self._checked(exchange, b"".join(parts), limit)

    @staticmethod
    def _checked(exchange: Exchange, body: bytes, limit: int) -> bytes:
        if len(body) > limit:
            raise too_large(limit)
        length = exchange.headers.get(b"content-length")
        if length is not None and int(length) != len(body):
            raise BadRequest("The body is not as long as Content-Length says.")
        return body

    def _record(self, exchange: Exchange, status: int, seconds: float) -> None:
        endpoint = exchange.endpoint
        if endpoint is None:
            observe_request("other", "none", status, seconds)
        else:
            observe_request(exchange.method, endpoint.path, status, seconds)
        if self._access_log:
            client = exchange.scope.get("client")
            log.info(
                "request",
                request_id=exchange.request_id,
                method=exchange.method[:20],
                route=endpoint.path if endpoint else None,
                path=redact(exchange.path[:200]),
                status=status,
                milliseconds=round(seconds * 1000, 2),
                principal=exchange.principal.id,
                client=client[0] if client else None,
            )


def _refusal(error: HoldfastError, exchange: Exchange) -> Reply:
    observe_problem(error.code)
    made = problem(error, exchange.request_id)
    return Reply(status=made.status, body=made.body, headers=made.headers, content_type=PROBLEM)


def _rendered(error: HoldfastError, exchange: Exchange, endpoint: Endpoint) -> Reply:
    assert endpoint.render_error is not None
    observe_problem(error.code)
    status, body = endpoint.render_error(error)
    made = problem(error, exchange.request_id, status=status)
    if body is None:
        return Reply(status=status, body=made.body, headers=made.headers, content_type=PROBLEM)
    return Reply(status=status, body=encode(body), headers=made.headers, content_type=JSON)


def _unexpected(exchange: Exchange) -> Reply:
    UNEXPECTED_ERRORS.inc()
    log.exception(  # noqa: LOG004 - called from the two handlers above
        "unexpected_error", request_id=exchange.request_id, path=redact(exchange.path[:200])
    )
    # Nobody knows how far it came: only of what changes nothing is it certain that nothing was done.
    kind = Unavailable if exchange.method in _READING else OutcomeUnknown
    return _refusal(kind("Something went wrong here; it was noted under this request id."), exchange)


async def _no_lifespan(_scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
