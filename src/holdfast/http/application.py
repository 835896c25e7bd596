"""Application: a FastAPI whose own routes are answered quickly, without FastAPI's router.

FastAPI answers the routes that other code adds, behind the same handler. Middleware surrounds both. With any
middleware, requests reach the handler through it, and answers leave as ASGI messages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any

import orjson
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from holdfast.access.access_tokens import AccessTokens, Claims
from holdfast.access.open_mode import OpenMode
from holdfast.access.principals import KeyRow, Principal
from holdfast.http.added import AddedRoutes, OwnRoute, exception_handlers
from holdfast.http.asgi import Receive, Scope, Send
from holdfast.http.client_address import TrustedProxies
from holdfast.http.cross_origin import CrossOrigin
from holdfast.http.gate import Gate
from holdfast.http.handler import RequestHandler
from holdfast.http.openapi import add_route, complete, openapi_document
from holdfast.http.request import Request
from holdfast.http.request_limits import RequestLimits
from holdfast.http.response_head import content_policy
from holdfast.http.router import Router
from holdfast.http.routes import BODY_LIMIT, Endpoint
from holdfast.http.server.request import REQUEST, Cycle

__all__ = ["Application"]

BODY_SECONDS = 10.0

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Application(FastAPI):
    """`about` holds FastAPI's own arguments: title, version, tags and others. `about_dialects`: the same."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        *,
        request_class: type[Request],
        find_key: Callable[[str], Awaitable[KeyRow | None]],
        open_mode: OpenMode,
        touch_key: Callable[[str], Awaitable[None]] | None = None,
        access_tokens: AccessTokens | None = None,
        account_of_token: Callable[[Claims], Awaitable[Principal]] | None = None,
        find_session: Callable[[str], Awaitable[Principal | None]] | None = None,
        about: Mapping[str, Any] = MappingProxyType({}),
        about_dialects: Mapping[str, Any] = MappingProxyType({}),
        public_url: str = "",
        lifespan: Lifespan | None = None,
        leave: Callable[[], None] = lambda: None,
        end_streams: Callable[[], None] = lambda: None,
        body_seconds: float = BODY_SECONDS,
        access_log: bool = True,
        proxies: TrustedProxies | None = None,
        allowed_origins: Sequence[str] = (),
        limits: RequestLimits | None = None,
    ) -> None:
        servers = {"servers": [{"url": public_url}]} if public_url else {}
        super().__init__(
            **{**about, **servers},
            openapi_url=None,
            redirect_slashes=False,
            lifespan=lifespan,
            middleware=[Middleware(_Innermost, application=self)],
            exception_handlers=exception_handlers(),
        )
        self.endpoints = tuple(endpoints)
        for endpoint in self.endpoints:
            add_route(self, endpoint, OwnRoute, in_document=endpoint.is_in_document)
        self.public_url = public_url
        self.request_class = request_class.bind(
            openapi=self._write_openapi,
            dialects_openapi=self._write_dialects_openapi,
            public_url=public_url,
            frame_policy=content_policy(allowed_origins),
            proxies=proxies or TrustedProxies(),
        )
        router = Router(self.endpoints)
        gate = Gate(
            router,
            find_key=find_key,
            touch_key=touch_key,
            access_tokens=access_tokens,
            account_of_token=account_of_token,
            find_session=find_session,
            open_mode=open_mode,
            limits=limits,
        )
        self.handler = RequestHandler(
            gate,
            self.request_class,
            body_seconds=body_seconds,
            access_log=access_log,
            cross_origin=CrossOrigin(allowed_origins, router) if allowed_origins else None,
        )
        self.added = self.handler.added = AddedRoutes(self, body_limit=BODY_LIMIT)
        """The routes that other code adds. Their `body_limit` may be changed."""
        self.leave = leave
        """For a server that stops soon: from now on the application is not ready."""
        self.end_streams = end_streams
        """For a server that waits for its requests to end: streams have no end of their own."""
        self._completed: dict[str, Any] | None = None
        self._written = b""
        self._about_dialects = {**about_dialects, **servers}
        self._written_dialects = b""

    @property
    def serve(self) -> Callable[[Scope, Receive, Send], Awaitable[None]] | None:
        """Return the quick entry for our own server; None while middleware must see the requests."""
        return self.handler.serve if self._is_plain() else None

    @property
    def begin(self) -> Callable[[Cycle], bool] | None:
        """Return the direct entry for our own server; None like `serve`."""
        return self.handler.begin if self._is_plain() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_plain():
            await self.handler.serve(scope, receive, send)
        else:
            scope.pop(REQUEST, None)  # middleware in between handles messages only
            await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the document of all routes, with the added ones. The dialects have a document of their own."""
        document = super().openapi()
        if document is not self._completed:
            complete(document, [one for one in self.endpoints if one.is_in_document])
            self._completed, self._written = document, orjson.dumps(document)
        return document

    def _write_openapi(self) -> bytes:
        self.openapi()
        return self._written

    def _write_dialects_openapi(self) -> bytes:
        if not self._written_dialects:
            dialects = [one for one in self.endpoints if one.is_dialect]
            self._written_dialects = orjson.dumps(openapi_document(dialects, self._about_dialects))
        return self._written_dialects

    def _is_plain(self) -> bool:
        """Return whether there is no added middleware and no instrumentation."""
        return (
            len(self.user_middleware) == 1
            and "build_middleware_stack" not in vars(self)  # OpenTelemetry's instrumentor replaces it
            and not self._native_telemetry.enabled()
        )


class _Innermost:
    """The innermost middleware, which calls the handler. FastAPI's app inside of it leads to the added routes."""

    def __init__(self, app: ASGIApp, application: Application) -> None:
        self._app = app
        self._serve = application.handler.serve
        application.added.stack = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)
