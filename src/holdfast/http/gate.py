"""Gate: the steps between a request's head and its route, each of them once, for both ways of a request.

The handler calls them in order: find, principal, authorise, count, admit. None of them waits, except those that ask
the database or Redis. Each of those stands beside the one that answers at once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from holdfast.access.access_tokens import AccessTokens, Claims, is_access_token
from holdfast.access.authorisation import authorise, whole_account_needed
from holdfast.access.open_mode import OpenMode
from holdfast.access.permissions import Permission
from holdfast.access.principals import GUEST, KEY_PREFIX, OPEN, ApiKeys, KeyRow, Principal
from holdfast.errors import (
    Busy,
    CredentialsRequired,
    Forbidden,
    HoldfastError,
    InvalidInput,
    MethodNotAllowed,
    Refusal,
    RouteNotFound,
    SessionEnded,
)
from holdfast.http.cookies import is_own_page
from holdfast.http.error_replies import SAFE_METHODS
from holdfast.http.headers import (
    check_body_headers,
    credentials,
    idempotency_key,
    path_segments,
    query_values,
)
from holdfast.http.redaction import named_path
from holdfast.http.request import Request
from holdfast.http.request_limits import RequestLimits
from holdfast.http.router import Router
from holdfast.http.routes import Endpoint

__all__ = ["Found", "Gate"]

_MAX_CACHED_PATHS = 2_000
_MAX_CACHED_PATH_BYTES = 200

Found = tuple[Endpoint, str, Mapping[str, str], Mapping[str, Any] | None]
"""A path's endpoint, the path as text, its raw values, and its parsed values (None: they name nothing that can
exist)."""


class Gate:
    """Finds a request's route and its principal, and raises the refusal of a request that must not pass."""

    def __init__(
        self,
        router: Router,
        *,
        find_key: Callable[[str], Awaitable[KeyRow | None]],
        touch_key: Callable[[str], Awaitable[None]] | None,
        access_tokens: AccessTokens | None,
        account_of_token: Callable[[Claims], Awaitable[Principal]] | None,
        find_session: Callable[[str], Awaitable[Principal | None]] | None,
        open_mode: OpenMode,
        limits: RequestLimits | None,
    ) -> None:
        self.router = router
        self._found: dict[tuple[str, bytes], Found] = {}
        """The endpoints of recent paths, because the paths of an event on sale repeat constantly."""
        self._keyring = ApiKeys(find_key, touch_key=touch_key)
        self._access_tokens = access_tokens
        self._account_of_token = account_of_token
        self._find_session = find_session
        self._open_mode = open_mode
        self._limits = limits
        self.settles = limits is not None and limits.settles
        """Whether each request must wait for `settle` before it is counted."""

    def find_direct(self, method: str, raw_path: bytes) -> Found | None:
        """Return the direct route of a path, if it is known from an earlier request."""
        found = self._found.get((method, raw_path))
        return found if found is not None and found[0].direct else None

    def find(self, request: Request) -> Endpoint:
        """Return the route. Raises RouteNotFound, MethodNotAllowed, and the errors of an unreadable path."""
        raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
        # A HEAD is a GET whose answer has no body; probes and caches use it.
        method = "GET" if request.method == "HEAD" else request.method
        found = self._found.get((method, raw_path))
        if found is None:
            segments = path_segments(raw_path)
            request.path = "/" + "/".join(segments)
            endpoint, values, allowed = self.router.find(method, segments)
            if endpoint is None:
                if allowed:
                    raise MethodNotAllowed.at_path(method, named_path(request.path), allowed)
                raise RouteNotFound(RouteNotFound.PATH.format(path=named_path(request.path)))
            found = endpoint, request.path, values, endpoint.find_arguments(values)
            self._cache_path(method, raw_path, found)
        return self.enter(request, found)

    def enter(self, request: Request, found: Found) -> Endpoint:
        """Give the request what is known of its path, and return the route."""
        endpoint, request.path, request.path_values, request.arguments = found
        request.route_path, request.permission = endpoint.path, endpoint.policy
        if endpoint.render_page is not None:
            request.render_page = endpoint.render_page
        return endpoint

    def _cache_path(self, method: str, raw_path: bytes, found: Found) -> None:
        if len(raw_path) <= _MAX_CACHED_PATH_BYTES:
            if len(self._found) >= _MAX_CACHED_PATHS:
                self._found.clear()
            self._found[method, raw_path] = found

    def principal(self, request: Request, endpoint: Endpoint) -> Principal | None:
        """Return who calls; None if only `identify` can."""
        headers = request.headers
        if (b"authorization" in headers or b"hold-token" in headers) and endpoint.form is None:
            request.hold_token, request.api_key = credentials(headers)
        if endpoint.anonymous:
            return GUEST
        if request.api_key is not None or b"cookie" in headers:
            return None
        admitted = self._open_mode.decides(request.ends, headers, request.peer)
        return None if admitted is None else OPEN if admitted else GUEST

    async def identify(self, request: Request, endpoint: Endpoint) -> Principal:
        """Return who calls, as the database knows it. Raises the refusal of credentials that are not right."""
        if request.api_key is not None:
            if self._access_tokens is not None and is_access_token(request.api_key):
                return await self._of_token(self._access_tokens.read(request.api_key))
            return await self._keyring.authenticate(request.api_key)
        try:
            if b"cookie" in request.headers and (signed_in := await self._signed_in(request, endpoint)):
                return signed_in
            admitted = await self._open_mode.admits(request.ends, request.headers, request.peer)
        except Refusal:
            raise
        except HoldfastError:
            # A retry key belongs to its principal. A wrong guess would give the retry to somebody else.
            if endpoint.policy is not Permission.PUBLIC or request.method == "POST":
                raise
            return GUEST  # without the database, public reads stay available
        return OPEN if admitted else GUEST

    async def _signed_in(self, request: Request, endpoint: Endpoint) -> Principal | None:
        """Return who the cookie's session belongs to; None without one, and for a read of what is public.

        Raises SessionEnded, and Forbidden for a change that no page of this server asked for.
        """
        token = request.session_token
        if token is None or self._find_session is None:
            return None
        principal = await self._find_session(token)
        is_safe = request.method in SAFE_METHODS
        if principal is None:
            # What a signed-in buyer sends again must not become a guest's.
            if is_safe and endpoint.policy is Permission.PUBLIC:
                return None
            raise SessionEnded
        if not (is_safe or is_own_page(request.scope, request.headers, request.public_url)):
            raise Forbidden(Forbidden.FOREIGN_PAGE)
        return principal

    async def _of_token(self, claims: Claims) -> Principal:
        """Return whom an access token stands for. Raises AccessTokenInvalid."""
        if claims.subject.startswith(KEY_PREFIX) or self._account_of_token is None:
            return await self._keyring.of_token(claims)
        return await self._account_of_token(claims)

    def authorise(self, request: Request, endpoint: Endpoint, principal: Principal) -> None:
        """Set the principal. Raises CredentialsRequired and Forbidden if the route is not open to it."""
        request.principal = principal
        request.open_mode = principal is OPEN
        if endpoint.policy in principal.permissions:
            return
        refusal = authorise(principal, endpoint.policy)
        if principal.account_id is not None and endpoint.for_users:
            refusal = whole_account_needed() if principal.is_narrowed else None
        if refusal is not None:
            if isinstance(refusal, CredentialsRequired):
                why = self._open_mode.explain(request.ends, request.headers, request.peer)
                refusal = CredentialsRequired(refusal.detail + why)
            raise refusal

    async def settle(self, request: Request, endpoint: Endpoint) -> None:
        """Wait until the caller's earlier requests are counted everywhere."""
        if self._limits is not None and not endpoint.anonymous:
            await self._limits.settle(request, endpoint, request.principal)

    def admit(self, request: Request, endpoint: Endpoint, raw_query: bytes) -> bool:
        """Count the request, and read its query and its retry key. Return whether a body follows.

        Raises TooManyRequests, and the errors of what cannot be read.
        """
        headers, principal = request.headers, request.principal
        if self._limits is not None and not endpoint.anonymous:
            self._limits.count(request, endpoint, principal)
        if raw_query:
            try:
                request.query = query_values(raw_query)
            except InvalidInput:
                request.render_error = endpoint.render_error
                raise
        if b"idempotency-key" in headers and request.method == "POST":
            if principal is GUEST and self._open_mode.is_undecided(request.peer):
                # A retry key belongs to its principal. The retry of a caller that has left would be another's.
                raise Busy(Busy.CLIENT_LEFT)
            random = principal.is_anonymous and endpoint.keeps_guest_answers
            request.idempotency_key = idempotency_key(headers, random=random)
        return check_body_headers(headers, limit=endpoint.body_limit, is_form=endpoint.form is not None)
