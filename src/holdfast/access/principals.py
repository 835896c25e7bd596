"""Principals: who is calling. A guest, an API key, or the organiser's staff in open mode."""

from __future__ import annotations

import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Literal

from holdfast.access import permissions
from holdfast.access.permissions import Permission
from holdfast.access.refreshing_value import RefreshingValue
from holdfast.errors import CredentialsRequired, Fault

__all__ = ["GUEST", "MAIN", "OPEN", "ApiKeys", "KeyRow", "OpenMode", "Principal", "make_api_key"]

TOUCH_SECONDS = 60.0
"""How exact the time of a key's last use is."""

CACHE_SECONDS = 1.0
"""A revoked key stops working within this time."""

_CACHED_KEYS = 1_000
_API_KEY = re.compile(r"hfk_([A-Za-z0-9]{4,40})_([A-Za-z0-9_-]{32,128})")
_LOCAL_HOST = re.compile(rb"(?:localhost|127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is calling; `id` names them in the journal and scopes their Idempotency-Keys."""

    kind: Literal["guest", "account", "key", "open"]
    id: str
    permissions: frozenset[Permission]
    organisation: int | None = None
    """Whose staff the caller is. The permissions are about what this organisation owns."""
    events: frozenset[int] | None = None
    """The numbers of the only events that a limited member may see; None: all."""

    @property
    def is_anonymous(self) -> bool:
        """Whether this is a caller without credentials, who shares the scope of retry keys with all others."""
        return self.kind != "key"


MAIN = 1
"""The number of the organisation that every server has. A server of one organiser needs no other."""

GUEST = Principal(kind="guest", id="guest", permissions=frozenset({Permission.PUBLIC}))
OPEN = Principal(kind="open", id="open", permissions=permissions.ALL, organisation=MAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A stored API key: the secret's SHA-256, never the secret. Revoked keys are not found."""

    key_id: str
    secret_hash: bytes
    scopes: frozenset[str]
    organisation: int = MAIN


def make_api_key(key_id: str, secret: str) -> tuple[str, bytes]:
    """Return the key to show to its owner once, and the hash to store."""
    text = f"hfk_{key_id}_{secret}"
    if not _API_KEY.fullmatch(text):
        raise ValueError(
            "an API key has an id of 4..40 letters and digits and a secret of 32..128 characters"
        )
    return text, sha256(secret.encode("ascii")).digest()


class ApiKeys:
    """API keys by id, each cached for at most a second."""

    def __init__(
        self,
        find_key: Callable[[str], Awaitable[KeyRow | None]],
        *,
        touch_key: Callable[[str], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`touch_key` records a use, once the secret was right."""
        self._find_key = find_key
        self._touch_key = touch_key
        self._touched: OrderedDict[str, float] = OrderedDict()
        """When this process recorded the last use of each key."""
        self._clock = clock
        self._cached: OrderedDict[str, RefreshingValue[KeyRow | None]] = OrderedDict()

    async def authenticate(self, credentials: str) -> Principal:
        """Return the principal of a key. Raises one CredentialsRequired for malformed, unknown and revoked keys."""
        form = _API_KEY.fullmatch(credentials)
        row = await self._row(form[1]) if form else None
        if (
            form is None
            or row is None
            or not hmac.compare_digest(sha256(form[2].encode()).digest(), row.secret_hash)
        ):
            raise CredentialsRequired(CredentialsRequired.KEY_INVALID)
        if (
            self._touch_key is not None
            and self._clock() >= self._touched.get(row.key_id, 0.0) + TOUCH_SECONDS
        ):
            await self._touch(row.key_id, self._touch_key)
        return Principal(
            kind="key",
            id=f"key:{row.key_id}",
            permissions=permissions.of_scopes(row.scopes),
            organisation=row.organisation,
        )

    async def _touch(self, key_id: str, touch_key: Callable[[str], Awaitable[None]]) -> None:
        """Record the use of a key. A failure refuses no request: the time is only for people."""
        self._touched[key_id] = self._clock()
        self._touched.move_to_end(key_id)
        if len(self._touched) > _CACHED_KEYS:
            self._touched.popitem(last=False)
        with suppress(Fault):
            await touch_key(key_id)

    async def _row(self, key_id: str) -> KeyRow | None:
        cached = self._cached.get(key_id)
        if cached is None:
            read = partial(self._find_key, key_id)
            cached = self._cached[key_id] = RefreshingValue(read, seconds=CACHE_SECONDS, clock=self._clock)
            if len(self._cached) > _CACHED_KEYS:
                self._cached.popitem(last=False)
        else:
            self._cached.move_to_end(key_id)
        return await cached.get()


class OpenMode:
    """Whether a caller without credentials counts as staff, as the examples of the documents assume.

    Only a program on this machine counts, and only until the first API key is made. Headers must show no proxy between.
    A proxy that adds no header cannot be detected: turn open mode off behind a proxy.
    """

    def __init__(
        self,
        any_key: Callable[[], Awaitable[bool]],
        *,
        enabled: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._any_key = RefreshingValue(any_key, seconds=CACHE_SECONDS, clock=clock)
        self._enabled = enabled
        self._closed = False

    def decides(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool | None:
        """Return whether such a caller counts as staff; None if only `admits` can decide."""
        if self._closed or not self._enabled or _guest_reason(scope, headers) is not None:
            return False
        has_key = self._any_key.newest()
        return None if has_key is None else not has_key

    def explain(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
        """Return why open mode does not count, for a refused caller on this machine. Empty for other callers."""
        why = None if self._closed or not self._enabled else _guest_reason(scope, headers)
        return "" if why is None or why is _ELSEWHERE else f" (Open mode does not apply here: {why}.)"

    async def admits(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
        decided = self.decides(scope, headers)
        if decided is not None:
            return decided
        self._closed = await self._any_key.get()  # a key once made stays known, revoked or not
        return not self._closed


def _guest_reason(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str | None:
    """Return why this caller is a guest; None for a program on this machine that used no proxy."""
    client = scope.get("client")
    if client is None or not _is_loopback(client[0]):
        return _ELSEWHERE
    if scope.get("http_version") != "1.1":
        return "the request is not HTTP/1.1, which suggests a proxy"
    for name in headers:
        if _is_proxy_header(name):
            return f"the request came through a proxy, which sent {name.decode('latin-1')}"
    host = headers.get(b"host", b"")
    if not _is_local_name(host, (scope.get("server") or (None, None))[1] or _DEFAULT_PORT):
        return "Host does not name this machine and the port that the server listens on"
    origin = headers.get(b"origin")
    if origin is None or origin.lower() == scope["scheme"].encode("ascii") + b"://" + host.lower():
        return None
    return "the request came from a page of another origin"


_ELSEWHERE = "the request came from another machine"
_DEFAULT_PORT = 80
_PROXY_HEADERS = frozenset(
    (
        b"cdn-loop client-ip fastly-client-ip forwarded forwarded-for front-end-https max-forwards proxy-authorization "
        b"proxy-connection remote-addr true-client-ip via wl-proxy-client-ip x-client-ip x-cloud-trace-context "
        b"x-cluster-client-ip x-forward x-forwarded x-host x-http-host-override x-nginx-proxy x-originating-ip "
        b"x-proxied-by x-real-host x-real-ip x-real-port x-real-proto x-remote-addr x-remote-ip x-remote-port "
        b"x-request-start x-rewrite-url x-scheme x-script-name x-server-name x-ssl x-ssl-client-cert x-true-client-ip "
        b"x-url-scheme x-varnish"
    ).split()
)
_PROXY_PREFIXES = tuple(
    (
        b"akamai- ali- cf- fastly- fly- x-accel- x-akamai- x-amz x-appengine- x-arr- x-azure- x-bluecoat- x-cdn- "
        b"x-envoy- x-forwarded- x-goog- x-nf- x-original- x-proxy x-proxyuser- x-render- x-traefik x-vercel-"
    ).split()
)
"""Headers that proxies, load balancers and content networks add. Programs on this machine do not send them."""


@lru_cache(maxsize=1_024)
def _is_proxy_header(name: bytes) -> bool:
    return name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIXES)


@lru_cache(maxsize=256)
def _is_local_name(host: bytes, port: int) -> bool:
    found = _LOCAL_HOST.fullmatch(host)
    return found is not None and int(found[1] or _DEFAULT_PORT) == port


@lru_cache(maxsize=256)
def _is_loopback(address: str) -> bool:
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(peer, "ipv4_mapped", None)
    return bool((mapped or peer).is_loopback)
