"""Client address: who sent a request, as trusted proxies report it.

Each proxy appends the address that it got a request from, so the list is read from right to left. The first address
that is no trusted proxy is the client. What stands to its left was written by the client itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

__all__ = ["TrustedProxies"]

_FORWARDED_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"([^"\\]*)"|([^;,"\s]*))\s*(?=;|$)', re.IGNORECASE)
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")

_Address = IPv4Address | IPv6Address


class TrustedProxies:
    """The proxies of a deployment. Without any, the client is the peer of the connection."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """`networks`: addresses, or networks as `10.0.0.0/8`. Raises ValueError, which says what is wrong."""
        self._networks = [_network(text) for text in networks]

    def client_of(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str | None:
        """Return the client's address; None if the peer has none, as on a Unix socket."""
        peer = scope.get("client")
        if peer is None:
            return None
        if not self._networks or not self._trusts(_parse(peer[0])):
            return str(peer[0])
        found = {
            self._last_untrusted(peer[0], hops)
            for hops in (_from_x_forwarded_for(headers), _from_forwarded(headers))
            if hops
        }
        # A proxy appends to one of the two headers and passes the other on, as a client wrote it. So two answers that
        # differ are no answer.
        return found.pop() if len(found) == 1 else str(peer[0])

    def _last_untrusted(self, peer: str, hops: list[str]) -> str:
        client = peer
        for hop in reversed(hops):
            address = _parse(hop)
            if address is None:
                break
            client = str(address)
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: _Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError("must list addresses and networks, such as 10.0.0.0/8, without host bits") from None


@lru_cache(maxsize=1_024)
def _parse(text: str) -> _Address | None:
    """Return the address. A socket for both families shows IPv4 as a mapped address."""
    with_port = _WITH_PORT.fullmatch(text)
    if with_port is not None:
        text = with_port[1] if with_port[1] is not None else with_port[2]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _from_x_forwarded_for(headers: Mapping[bytes, bytes]) -> list[str]:
    text = headers.get(b"x-forwarded-for", b"").decode("latin-1")
    return [hop.strip() for hop in text.split(",")] if text else []


def _from_forwarded(headers: Mapping[bytes, bytes]) -> list[str]:
    """Return the `for` of each element (RFC 7239); empty text for an element without a readable one."""
    text = headers.get(b"forwarded", b"").decode("latin-1")
    if not text:
        return []
    found = [_FORWARDED_FOR.search(element.strip()) for element in text.split(",")]
    return [(one[1] if one[1] is not None else one[2]) if one else "" for one in found]
