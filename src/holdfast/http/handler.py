"""Handler: the one path of every request.

A request passes these steps in order: request id, limits on its head, route, principal, policy, retry key, limits on
its body, the body, and the route's function. Every refusal is one error of the tree and leaves as a problem. An
unexpected exception leaves as `unavailable`, never as a 500; it is counted, and logged with its traceback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from time import perf_counter
from typing import Any

import structlog

from holdfast.access.authorisation import authorise
from holdfast.access.open_mode import OpenMode
from holdfast.access.permissions import Permission
from holdfast.access.principals import GUEST, OPEN, ApiKeys, KeyRow, Principal
from holdfast.errors import (
    BadRequest,
    BodyTooLarge,
    Busy,
    CredentialsRequired,
    Fault,
    HeadersTooLarge,
    HoldfastError,
    InvalidInput,
    MethodNotAllowed,
    OutcomeUnknown,
    PreconditionFailed,
    RequestTimeout,
    RouteNotFound,
    TooManyRequests,
    Unavailable,
)
from holdfast.http.added import AddedRoutes, Sent
from holdfast.http.asgi import ClientLeft, Receive, Send
from holdfast.http.body import arrived_body, read_body
from holdfast.http.client_address import TrustedProxies
from holdfast.http.conditions import answer_conditionally
from holdfast.http.cross_origin import CrossOrigin
from holdfast.http.guest_limits import GuestLimits
from holdfast.http.headers import (
    check_body_headers,
    check_host,
    check_query,
    credentials,
    has_body,
    idempotency_key,
    new_request_id,
    path_segments,
    query_values,
    read_headers,
    request_id,
)
from holdfast.http.metrics import UNEXPECTED_ERRORS, observe_problem, observe_request
from holdfast.http.problems import problem
from holdfast.http.redaction import named_path, redact
from holdfast.http.reply import JSON, Reply, StreamReply, encode
from holdfast.http.request import Request
from holdfast.http.response_head import PROBLEM
from holdfast.http.router import Router
from holdfast.http.routes import Endpoint
from holdfast.http.sending import send_reply, send_stream

__all__ = ["RequestHandler"]

_CLOSING = (BadRequest, BodyTooLarge, HeadersTooLarge, RequestTimeout)
"""After these, the rest of the request may still arrive, so the connection cannot be used again."""

_READING = frozenset({"GET", "HEAD"})
_MAX_CACHED_PATHS = 2_000
_MAX_CACHED_PATH_BYTES = 200

_Found = tuple[Endpoint, str, Mapping[str, str], Mapping[str, Any] | None]
"""A path's endpoint, the path as text, its raw values, and its parsed values (None: they name nothing that can
exist)."""

log = structlog.get_logger("holdfast.http")


class RequestHandler:
    """Answers requests. Each is an object of `request_class`, which every route gets.

    `added` answers paths that our router does not know, if other code has added routes.
    """

    def __init__(
        self,
        router: Router,
        request_class: type[Request],
        *,
        find_key: Callable[[str], Awaitable[KeyRow | None]],
        touch_key: Callable[[str], Awaitable[None]] | None,
        open_mode: OpenMode,
        body_seconds: float,
        access_log: bool,
        proxies: TrustedProxies,
        cross_origin: CrossOrigin | None,
        limits: GuestLimits | None,
    ) -> None:
        self._router = router
        self._found: dict[tuple[str, bytes], _Found] = {}
        """The endpoints of recent paths, because the paths of an event on sale repeat constantly."""
        self._request_class = request_class
        self._keyring = ApiKeys(find_key, touch_key=touch_key)
        self._open_mode = open_mode
        self._body_seconds = body_seconds
        self._access_log = access_log
        self._proxies = proxies
        self._cross_origin = cross_origin
        self._limits = limits
        self.added: AddedRoutes | None = None

    def is_direct(self, scope: MutableMapping[str, Any]) -> bool:
        """Return whether the request is of a direct route, as far as its path is known from an earlier request."""
        found = self._found.get((scope["method"], scope["raw_path"]))
        return found is not None and found[0].direct

    async def serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request and raise nothing. Our own server calls it directly."""
        started = perf_counter()
        request = self._request_class(scope)
        close = False
        reply: Reply | StreamReply | Sent
        try:
            reply = await self._answer(request, receive, send)
        except ClientLeft:
            return
        except HoldfastError as error:
            request.request_id = request.request_id or request_id(scope["headers"])
            reply = _refusal(error, request)
            close = isinstance(error, _CLOSING)
        except Exception:  # noqa: BLE001 - the last line of defence: counted, logged, and answered
            request.request_id = request.request_id or request_id(scope["headers"])
            reply = _unexpected(request)
        if isinstance(reply, Sent):
            self._record(request, reply.status, reply.ended_at - started)
            return
        if request.allowance is not None:
            reply = request.allowance.show(reply)
        if self._cross_origin is not None:
            reply = self._cross_origin.open(reply, request)
        status = reply.status
        try:
            status = await self._send(request, reply, receive, send, close=close)
        except Exception:  # noqa: BLE001 - the head was sent, so the server must close the connection
            if not request.client_left():  # a failed write to a client that left is not a bug
                status = _unexpected(request).status
                if request.cycle is not None:
                    request.cycle.abandon()
        self._record(request, status, perf_counter() - started)

    async def _send(
        self, request: Request, reply: Reply | StreamReply, receive: Receive, send: Send, *, close: bool
    ) -> int:
        """Send the reply and return the status that was sent."""
        scope = request.scope
        head, secure = request.method == "HEAD", scope["scheme"] == "https"
        own_id = request.request_id.encode("ascii")
        if isinstance(reply, StreamReply):
            await send_stream(
                send, receive, reply, request_id=own_id, secure=secure, head=head, request=request.cycle
            )
            return reply.status
        if request.cycle is not None:
            return request.cycle.answer(reply, request_id=own_id, secure=secure, head=head, closes=close)
        rest = receive if close and not request.is_read else None
        await send_reply(send, reply, request_id=own_id, secure=secure, head=head, close=close, rest=rest)
        return reply.status

    async def _answer(self, request: Request, receive: Receive, send: Send) -> Reply | StreamReply | Sent:
        scope = request.scope
        headers = request.headers = read_headers(scope["headers"])
        request.request_id = request_id(scope["headers"]) if b"x-request-id" in headers else new_request_id()
        check_host(headers, scope.get("http_version"))
        try:
            endpoint = self._find_endpoint(request)
        except (RouteNotFound, MethodNotAllowed) as missing:
            if self._cross_origin is not None and (known := self._cross_origin.preflight(request)):
                return known
            if self.added is None or not self.added.exist():
                raise
            return await self._answer_added(self.added, request, missing, receive, send)
        api_key = None
        if b"authorization" in headers or b"hold-token" in headers:
            request.hold_token, api_key = credentials(headers)
        principal = GUEST if endpoint.anonymous else self._principal(request, api_key)
        if principal is None:
            principal = await self._identify(request, endpoint, api_key)
        request.principal = principal
        request.open_mode = principal is OPEN
        refusal = authorise(principal, endpoint.policy)
        if refusal is not None:
            if isinstance(refusal, CredentialsRequired):
                why = self._open_mode.explain(scope, headers, request.peer)
                refusal = CredentialsRequired(refusal.detail + why)
            raise refusal
        if self._limits is not None and principal is GUEST and not endpoint.anonymous:
            client = self._proxies.client_of(scope, headers)
            allowance = request.allowance = self._limits.take(client, places_hold=endpoint.places_hold)
            if allowance is not None and allowance.wait_seconds:
                raise TooManyRequests(
                    TooManyRequests.OF_GUESTS, retry_after_seconds=allowance.retry_after_seconds
                )
        if scope["query_string"]:
            try:
                request.query = query_values(scope["query_string"])
            except InvalidInput as error:
                if endpoint.render_error is None:
                    raise
                return _rendered(error, request, endpoint)
        if b"idempotency-key" in headers and request.method == "POST":
            if principal is GUEST and self._open_mode.is_undecided(request.peer):
                # A retry key belongs to its principal. The retry of a caller that has left would be another's.
                raise Busy(Busy.CLIENT_LEFT)
            random = principal.is_anonymous and endpoint.keeps_guest_answers
            request.idempotency_key = idempotency_key(headers, random=random)
        if check_body_headers(headers, limit=endpoint.body_limit):
            body = arrived_body(request, endpoint.body_limit)
            if body is None:
                body = await read_body(request, receive, endpoint.body_limit, seconds=self._body_seconds)
            request.body = body
        try:
            if b"if-match" in headers or b"if-none-match" in headers:
                return await answer_conditionally(request, endpoint)
            return await endpoint.answer(request)
        except PreconditionFailed:
            raise
        except HoldfastError as error:
            if endpoint.render_error is None:
                raise
            return _rendered(error, request, endpoint)

    def _find_endpoint(self, request: Request) -> Endpoint:
        raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
        # A HEAD is a GET whose answer has no body; probes and caches use it.
        method = "GET" if request.method == "HEAD" else request.method
        found = self._found.get((method, raw_path))
        if found is None:
            segments = path_segments(raw_path)
            request.path = "/" + "/".join(segments)
            endpoint, values, allowed = self._router.find(method, segments)
            if endpoint is None:
                if allowed:
                    raise MethodNotAllowed.at_path(method, named_path(request.path), allowed)
                raise RouteNotFound(RouteNotFound.PATH.format(path=named_path(request.path)))
            found = endpoint, request.path, values, endpoint.find_arguments(values)
            self._cache_path(method, raw_path, found)
        endpoint, request.path, request.path_values, request.arguments = found
        request.route_path, request.permission = endpoint.path, endpoint.policy
        return endpoint

    def _cache_path(self, method: str, raw_path: bytes, found: _Found) -> None:
        if len(raw_path) <= _MAX_CACHED_PATH_BYTES:
            if len(self._found) >= _MAX_CACHED_PATHS:
                self._found.clear()
            self._found[method, raw_path] = found

    def _principal(self, request: Request, api_key: str | None) -> Principal | None:
        """Return the principal; None if only `_identify` can, which may ask the database."""
        if api_key is not None:
            return None
        admitted = self._open_mode.decides(request.scope, request.headers, request.peer)
        return None if admitted is None else OPEN if admitted else GUEST

    async def _identify(self, request: Request, endpoint: Endpoint, api_key: str | None) -> Principal:
        if api_key is not None:
            return await self._keyring.authenticate(api_key)
        try:
            admitted = await self._open_mode.admits(request.scope, request.headers, request.peer)
        except HoldfastError:
            # A retry key belongs to its principal. A wrong guess would give the retry to somebody else.
            if endpoint.policy is not Permission.PUBLIC or request.method == "POST":
                raise
            return GUEST  # without the database, public reads stay available
        return OPEN if admitted else GUEST

    async def _answer_added(
        self, added: AddedRoutes, request: Request, missing: HoldfastError, receive: Receive, send: Send
    ) -> Sent:
        """Answer by FastAPI. Raises its errors from before the answer began."""
        check_query(request.scope["query_string"])
        if has_body(request.headers, limit=added.body_limit):
            request.body = await read_body(request, receive, added.body_limit, seconds=self._body_seconds)
        is_left = request.client_left
        sent = await added.answer(request, missing, receive, send)
        if sent.failure is not None and not is_left():
            _unexpected(request, sent.failure)
            if request.cycle is not None:
                request.cycle.abandon()
        return sent

    def _record(self, request: Request, status: int, seconds: float) -> None:
        path = request.route_path
        if path is None:
            observe_request("other", "none", status, seconds)
        else:
            observe_request(request.method, path, status, seconds)
        if self._access_log:
            log.info(
                "request",
                request_id=request.request_id,
                method=request.method[:20],
                route=path,
                path=redact(request.path[:200]),
                status=status,
                milliseconds=round(seconds * 1000, 2),
                principal=request.principal.id,
                client=self._proxies.client_of(request.scope, request.headers),
            )


def _refusal(error: HoldfastError, request: Request) -> Reply:
    observe_problem(error.code)
    made = problem(error, request.request_id, pages=request.problem_pages)
    return Reply(status=made.status, body=made.body, headers=made.headers, content_type=PROBLEM)


def _rendered(error: HoldfastError, request: Request, endpoint: Endpoint) -> Reply:
    assert endpoint.render_error is not None
    observe_problem(error.code)
    status, body = endpoint.render_error(error)
    made = problem(error, request.request_id, pages=request.problem_pages, status=status)
    if body is None:
        return Reply(status=status, body=made.body, headers=made.headers, content_type=PROBLEM)
    return Reply(status=status, body=encode(body), headers=made.headers, content_type=JSON)


def _unexpected(request: Request, error: BaseException | None = None) -> Reply:
    UNEXPECTED_ERRORS.inc()
    log.exception(  # noqa: LOG004 - the exception handlers above call this function
        "unexpected_error",
        request_id=request.request_id,
        path=redact(request.path[:200]),
        exc_info=error or True,
    )
    # An exception may come at any point. Only a safe method has certainly changed nothing.
    kind = Unavailable if request.method in _READING else OutcomeUnknown
    return _refusal(kind(Fault.UNEXPECTED), request)
