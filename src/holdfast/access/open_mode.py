"""Open mode: a caller without credentials counts as staff, as the examples of the documents assume.

Only a program on this machine counts, and only until the first API key is made. Nothing may suggest a proxy between,
and the kernel must say that the connection belongs to the user of the server, or to root. What remains is a forwarder
of bytes that runs as one of these users: it is what its user has started, and it looks like any other program.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Protocol

from holdfast.access.peers import Address, owner_of
from holdfast.access.refreshing_value import RefreshingValue

__all__ = ["CACHE_SECONDS", "OpenMode", "OwnerOf", "PeerMemory", "is_local_name", "is_loopback"]

CACHE_SECONDS = 1.0
"""The first key ends open mode within this time."""

OwnerOf = Callable[[Address, Address], int | None]
"""`peers.owner_of`, or what a test has in place of a kernel."""

_LOCAL_HOST = re.compile(rb"(?:localhost|127\.0\.0\.1|\[::1\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_ROOT = 0


class PeerMemory(Protocol):
    """A connection, which remembers why its peer cannot be staff. Empty: it can be. None: nobody has asked yet."""

    peer_refusal: str | None


class OpenMode:
    """Decides whether a caller without credentials is staff. `connection` is None under a foreign server."""

    def __init__(
        self,
        any_key: Callable[[], Awaitable[bool]],
        *,
        enabled: bool,
        owner_of: OwnerOf = owner_of,
        users: frozenset[int] = frozenset(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`users`: ids of further users whose programs count, beside the server's own and root."""
        self._any_key = RefreshingValue(any_key, seconds=CACHE_SECONDS, clock=clock)
        self._enabled = enabled
        self._owner_of = owner_of
        self._users = users | {_ROOT, os.geteuid()}
        self._closed = False

    def decides(
        self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], connection: PeerMemory | None = None
    ) -> bool | None:
        """Return whether such a caller counts as staff; None if only `admits` can decide."""
        if self._closed or not self._enabled or self._guest_reason(scope, headers, connection) is not None:
            return False
        has_key = self._any_key.newest()
        return None if has_key is None else not has_key

    def explain(
        self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], connection: PeerMemory | None = None
    ) -> str:
        """Return why open mode does not count, for a refused caller on this machine. Empty for other callers."""
        if not self._enabled:
            return ""
        why = self._guest_reason(scope, headers, connection)
        if why is None:
            has_key = self._closed or self._any_key.newest()
            return " (Open mode ended with the first API key or member.)" if has_key else ""
        return "" if self._closed or why is _ELSEWHERE else f" (Open mode does not apply here: {why}.)"

    def is_undecided(self, connection: PeerMemory | None) -> bool:
        """Return whether the kernel could not name the peer, most likely because it has closed its connection.

        Such a caller counts as a guest, and may have been staff a moment ago.
        """
        return (
            self._enabled
            and not self._closed
            and connection is not None
            and connection.peer_refusal is _UNKNOWN_PEER
        )

    async def admits(
        self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], connection: PeerMemory | None = None
    ) -> bool:
        decided = self.decides(scope, headers, connection)
        if decided is not None:
            return decided
        self._closed = await self._any_key.get()  # a key once made stays known, revoked or not
        return not self._closed

    def _guest_reason(
        self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes], connection: PeerMemory | None
    ) -> str | None:
        """Return why this caller is a guest; None for a program on this machine that used no proxy."""
        reason = _reason_in_request(scope, headers)
        if reason is not None:
            return reason
        if connection is None:
            return self._reason_in_peer(scope) or None
        if (
            connection.peer_refusal is None
        ):  # the owner of a socket does not change, so one question is enough
            connection.peer_refusal = self._reason_in_peer(scope)
        return connection.peer_refusal or None

    def _reason_in_peer(self, scope: Mapping[str, Any]) -> str:
        """Return why the user at the other end is not staff; empty if it is."""
        owner = self._owner_of(scope["client"], scope.get("server") or _NO_SERVER)
        if owner is None:
            return _UNKNOWN_PEER
        return "" if owner in self._users else _FOREIGN_PEER


def _reason_in_request(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str | None:
    """Return why the request cannot be of a program on this machine; None if it can."""
    client = scope.get("client")
    if client is None or not is_loopback(client[0]):
        return _ELSEWHERE
    if scope.get("http_version") != "1.1":
        return "the request is not HTTP/1.1, which suggests a proxy"
    origin = headers.get(b"origin")
    if origin == b"null" and headers.get(b"sec-fetch-site") == b"same-origin":
        origin = None  # a form of a page of ours, which sends no referrer; no page can write either header
    return _reason_in_headers(
        tuple(headers),
        headers.get(b"host", b""),
        origin,
        scope["scheme"],
        (scope.get("server") or _NO_SERVER)[1] or _DEFAULT_PORT,
    )


_ELSEWHERE = "the request came from another machine"
_FOREIGN_PEER = "the connection belongs to another user than the server, as that of a proxy does"
_UNKNOWN_PEER = "the kernel does not say which user the connection belongs to"
_DEFAULT_PORT = 80
_NO_SERVER = ("", 0)
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
        b"akamai- ali- cf- cloudfront- do-connecting- fastly- fly- http-x- incap- ngrok- ssl-client- surrogate- "
        b"tailscale- x-accel- x-akamai- x-amz x-appengine- x-arr- x-azure- x-bluecoat- x-cdn- x-cloudfront- "
        b"x-envoy- x-forwarded- x-goog- x-haproxy x-heroku- x-nf- x-ngrok x-original- x-proxy x-proxyuser- x-render- "
        b"x-ssl- x-sucuri- x-traefik x-vercel-"
    ).split()
)
"""Headers that proxies, load balancers and content networks add. Programs on this machine do not send them."""


@lru_cache(maxsize=1_024)
def _reason_in_headers(
    names: tuple[bytes, ...], host: bytes, origin: bytes | None, scheme: str, port: int
) -> str | None:
    """Return the reason in headers of these names. Clients of one kind send the same, and one look is enough."""
    name = _proxy_header_of(names)
    if name is not None:
        return f"the request came through a proxy, which sent {name.decode('latin-1')}"
    if not is_local_name(host, port):
        return "Host does not name this machine and the port that the server listens on"
    if origin is None or origin.lower() == scheme.encode("ascii") + b"://" + host.lower():
        return None
    return "the request came from a page of another origin"


def _proxy_header_of(names: tuple[bytes, ...]) -> bytes | None:
    """Return the first name of a proxy's header."""
    for name in names:
        usual = name.replace(b"_", b"-")  # some gateways write X_Forwarded_For
        if usual in _PROXY_HEADERS or usual.startswith(_PROXY_PREFIXES):
            return name
    return None


def is_local_name(host: bytes, port: int) -> bool:
    """Return whether `Host` names this machine and this port."""
    found = _LOCAL_HOST.fullmatch(host)
    return found is not None and int(found[1] or _DEFAULT_PORT) == port


@lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """Return whether an address is of this machine."""
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(peer, "ipv4_mapped", None)
    return bool((mapped or peer).is_loopback)
