"""Address: where a delivery may go. A name is resolved once, and the connection uses that address.

A second look-up could answer with another address, and a redirect could lead to one. So neither happens.
"""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

__all__ = ["ForbiddenAddress", "WebhookTarget", "is_public", "parse_target", "resolve"]

MAX_URL_LENGTH = 2_000
_WITH_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))
"""NAT64, and the form of old: an IPv4 address is their end."""
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\.?\Z")
"""The last label of a host that a resolver reads as an IPv4 address: `127.1`, `0x7f.1`, `2130706433`."""


class ForbiddenAddress(Exception):
    """Its text says why a delivery does not go there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """The parts of an endpoint's URL."""

    is_tls: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.is_tls else 80) else f"{name}:{self.port}"


def parse_target(url: str, *, private: bool) -> WebhookTarget:
    """Return the parts of a URL. Raises ForbiddenAddress. `private`: plain HTTP and private addresses are allowed."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ForbiddenAddress("it is not a URL") from None
    if parts.scheme not in (("https", "http") if private else ("https",)):
        raise ForbiddenAddress("it must begin with https://")
    host = parts.hostname or ""
    if not host or parts.username is not None or parts.password is not None or "#" in url or port == 0:
        raise ForbiddenAddress("it must have a host, and no user, password or fragment")
    if len(url) > MAX_URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        raise ForbiddenAddress("it must have max 2,000 ASCII characters and no spaces")
    if not private and _is_private_literal(host):
        raise ForbiddenAddress("it must not be a private address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebhookTarget(
        is_tls=parts.scheme == "https",
        host=host,
        port=port or (443 if parts.scheme == "https" else 80),
        path=path,
    )


async def resolve(target: WebhookTarget, *, private: bool) -> str:
    """Return one address of the target's host. Raises ForbiddenAddress if any of them is private, OSError if none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not private and not all(map(is_public, addresses)):
        raise ForbiddenAddress("the host has a private address")
    return addresses[0]


def is_public(text: str) -> bool:
    """Return whether the whole internet may reach an address. An IPv6 form of a private IPv4 address is private."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _ipv4_within(address)
        if inner is not None:
            return is_public(str(inner))
        if address in _LOCAL_NAT64:
            return False
    return address.is_global and not address.is_multicast


def _ipv4_within(address: IPv6Address) -> IPv4Address | None:
    if any(address in network for network in _WITH_IPV4):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _is_private_literal(host: str) -> bool:
    """Return whether a host is a private address, a name of this machine, or an address in an odd spelling."""
    if host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:
        return _NUMBER.match(host.rpartition(".")[2] or host.rstrip(".").rpartition(".")[2]) is not None
