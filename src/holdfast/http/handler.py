"""Handler: the path of every request.

A request passes these steps in order: request id, limits on its head, route, principal, policy, retry key, limits on
its body, the body, and the route's function. Every refusal is one error of the tree (`error_replies.py`).

There are two ways along the same steps. `serve` is a coroutine, and waits where a step must. `begin` is for a direct
route under our own server: it takes a request that is complete, and whose steps need not wait, without a coroutine, a
task or an ASGI scope. It does nothing for any other request, which `serve` then answers from the same bytes.
"""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter
from typing import Any

import structlog

from holdfast.errors import HoldfastError, MethodNotAllowed, RouteNotFound
from holdfast.http.added import AddedRoutes, Sent
from holdfast.http.asgi import ClientLeft, Receive, Scope, Send
from holdfast.http.body import arrived_body, read_body
from holdfast.http.conditions import answer_conditionally
from holdfast.http.cross_origin import CrossOrigin
from holdfast.http.error_replies import reply_to_error, reply_to_unexpected
from holdfast.http.gate import Gate
from holdfast.http.headers import (
    check_host,
    check_query,
    has_body,
    new_request_id,
    read_headers,
    request_id,
)
from holdfast.http.metrics import observe_request
from holdfast.http.pending_reply import PendingReply
from holdfast.http.redaction import redact
from holdfast.http.reply import Headers, Reply, StreamReply
from holdfast.http.request import Request
from holdfast.http.routes import Endpoint
from holdfast.http.sending import send_reply, send_stream
from holdfast.http.server.first_step import begin
from holdfast.http.server.request import Cycle

__all__ = ["RequestHandler"]

log = structlog.get_logger("holdfast.http")


class RequestHandler:
    """Answers requests. Each is an object of `request_class`, which every route gets.

    `added` answers paths that our router does not know, if other code has added routes.
    """

    def __init__(
        self,
        gate: Gate,
        request_class: type[Request],
        *,
        body_seconds: float,
        access_log: bool,
        cross_origin: CrossOrigin | None,
    ) -> None:
        self.gate = gate
        self._request_class = request_class
        self._body_seconds = body_seconds
        self._access_log = access_log
        self._cross_origin = cross_origin
        self.added: AddedRoutes | None = None

    def begin(self, cycle: Cycle) -> bool:
        """Begin to answer a complete request of a direct route, and return True; else return False."""
        gate, headers = self.gate, cycle.head.headers
        found = gate.find_direct(cycle.method, cycle.target.raw_path)
        if found is None or headers is None or gate.settles:
            return False
        started = perf_counter()
        request = self._request_class(cycle.method, cycle)
        request.headers = headers
        try:
            request.request_id = (
                request_id(cycle.head.fields) if b"x-request-id" in headers else new_request_id()
            )
            check_host(headers, "1.1")
            endpoint = gate.enter(request, found)
            principal = gate.principal(request, endpoint)
            if principal is None:
                return False
            gate.authorise(request, endpoint, principal)
            if gate.admit(request, endpoint, cycle.target.query):
                body = cycle.take_body()
                assert body is not None  # it has arrived, and its length is within the limit
                request.body = body
            answer = _call(request, endpoint)
        except Exception as error:  # noqa: BLE001 - the last line of defence: counted, logged, and answered
            self._finish(request, cycle, *reply_to_error(error, request), started)
            return True
        if isinstance(answer, PendingReply):
            answer.notify(lambda _: self._complete(request, cycle, answer, started))
        else:
            work = self._wait(request, cycle, endpoint, answer, started)
            begin(work, cycle.connection.service.loop)
        return True

    def _complete(self, request: Request, cycle: Cycle, answer: PendingReply[Any], started: float) -> None:
        """Send the answer to a direct request, whose outcome is there."""
        try:
            reply, closes = answer.reply(), False
        except Exception as error:  # noqa: BLE001 - an outcome may be any error, and each is answered
            reply, closes = reply_to_error(error, request)
        self._finish(request, cycle, reply, closes, started)

    async def _wait(
        self, request: Request, cycle: Cycle, endpoint: Endpoint, answer: Awaitable[Any], started: float
    ) -> None:
        """Wait for the answer to a direct request, and send it."""
        try:
            reply, closes = endpoint.encode(await answer), False
            assert isinstance(reply, Reply)  # a direct route has no streams
        except Exception as error:  # noqa: BLE001 - a route may raise any error, and each is answered
            reply, closes = reply_to_error(error, request)
        self._finish(request, cycle, reply, closes, started)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and raise nothing. Our own server calls it directly."""
        started = perf_counter()
        request = self._request_class.of_scope(scope)
        cycle = request.cycle
        reply: Reply | StreamReply | Sent
        closes = False
        try:
            try:
                reply = await self._answer(request, receive, send)
            except ClientLeft:
                return
            except Exception as error:  # noqa: BLE001 - whatever fails, the caller gets an answer
                request.request_id = request.request_id or request_id(scope["headers"])
                reply, closes = reply_to_error(error, request)
            if isinstance(reply, Sent):
                self._record(request, reply.status, reply.ended_at - started)
            elif isinstance(reply, Reply) and cycle is not None:
                self._finish(request, cycle, reply, closes, started)
            else:
                await self._send(request, reply, receive, send, closes=closes, started=started)
        finally:
            if request.release is not None:
                request.release()

    async def _answer(self, request: Request, receive: Receive, send: Send) -> Reply | StreamReply | Sent:
        scope, gate = request.scope, self.gate
        read = None if request.cycle is None else request.cycle.headers
        headers = request.headers = read_headers(scope["headers"]) if read is None else read
        request.request_id = request_id(scope["headers"]) if b"x-request-id" in headers else new_request_id()
        check_host(headers, scope.get("http_version"))
        try:
            endpoint = gate.find(request)
        except (RouteNotFound, MethodNotAllowed) as missing:
            if request.method == "OPTIONS" and scope["path"] == "*":
                # For the server as a whole (RFC 9110 9.3.7): what every caller may know of it.
                return Reply(status=204, headers=((b"allow", ", ".join(gate.router.methods).encode()),))
            if self._cross_origin is not None and (preflight := self._cross_origin.preflight(request)):
                return preflight
            if self.added is None or not self.added.exist():
                raise
            return await self._answer_added(self.added, request, missing, receive, send)
        principal = gate.principal(request, endpoint)
        if principal is None:
            principal = await gate.identify(request, endpoint)
        gate.authorise(request, endpoint, principal)
        if gate.settles:
            await gate.settle(request, endpoint)
        if gate.admit(request, endpoint, scope["query_string"]):
            body = arrived_body(request, endpoint.body_limit)
            if body is None:
                body = await read_body(request, receive, endpoint.body_limit, seconds=self._body_seconds)
            request.body = body
        return endpoint.encode(await _call(request, endpoint))

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
            self._fail(request, sent.failure)
        return sent

    def _finish(self, request: Request, cycle: Cycle, reply: Reply, closes: bool, started: float) -> None:
        """Write the reply to the request's own connection, and record it."""
        if request.allowance is not None or self._cross_origin is not None:
            reply = reply.with_headers(self._added_headers(request))
        status = reply.status
        try:
            status = cycle.answer(
                reply,
                request_id=request.request_id.encode("ascii"),
                secure=cycle.connection.ends["scheme"] == "https",
                head=request.method == "HEAD",
                closes=closes,
            )
        except Exception as error:  # noqa: BLE001 - the head may be sent, so the server must close the connection
            if not request.client_left():  # a failed write to a client that left is not a bug
                status = self._fail(request, error)
        self._record(request, status, perf_counter() - started)

    async def _send(
        self,
        request: Request,
        reply: Reply | StreamReply,
        receive: Receive,
        send: Send,
        *,
        closes: bool,
        started: float,
    ) -> None:
        """Send a stream, or a reply to a foreign server, and record it."""
        reply = reply.with_headers(self._added_headers(request))
        status = reply.status
        own_id, head = request.request_id.encode("ascii"), request.method == "HEAD"
        secure = request.ends["scheme"] == "https"
        try:
            if isinstance(reply, StreamReply):
                await send_stream(
                    send, receive, reply, request_id=own_id, secure=secure, head=head, request=request.cycle
                )
            else:
                rest = receive if closes and not request.is_read else None
                await send_reply(
                    send, reply, request_id=own_id, secure=secure, head=head, close=closes, rest=rest
                )
        except Exception as error:  # noqa: BLE001 - the head was sent, so the server must close the connection
            if not request.client_left():  # as above
                status = self._fail(request, error)
        self._record(request, status, perf_counter() - started)

    def _added_headers(self, request: Request) -> Headers:
        """Return the headers of the caller's rate, and those for pages of other origins."""
        headers = () if request.allowance is None else request.allowance.headers
        return headers if self._cross_origin is None else headers + self._cross_origin.headers_for(request)

    @staticmethod
    def _fail(request: Request, error: Exception) -> int:
        """Give up an answer that has begun. Return the status to record."""
        status = reply_to_unexpected(error, request).status
        if request.cycle is not None:
            request.cycle.abandon()
        return status

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
                client=request.client_address,
            )


def _call(request: Request, endpoint: Endpoint) -> Awaitable[Any]:
    """Call the route's function, under the request's conditions."""
    request.render_error = endpoint.render_error
    headers = request.headers
    if b"if-match" in headers or b"if-none-match" in headers:
        return answer_conditionally(request, endpoint)
    return endpoint.call(request)
