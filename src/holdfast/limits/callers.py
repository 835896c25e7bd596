"""Callers: whom a limit counts together, and under which number."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

__all__ = ["caller_keys", "site_of"]

_SITE_BITS = 64
"""One IPv6 customer has at least this network."""

_CACHED_KEYS = 10_000


def site_of(client: str) -> str:
    """Return an address as limits count it: each IPv4 address alone, and IPv6 by its network."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> _SITE_BITS:x}/{_SITE_BITS}"


def caller_keys(server_key: bytes) -> Callable[[str, str], int]:
    """Return the function that numbers a caller of a class. The numbers are unguessable, and equal in all workers."""
    secret = blake2b(server_key, digest_size=32, person=b"guest limits").digest()

    @lru_cache(maxsize=_CACHED_KEYS)
    def key_of(name: str, caller: str) -> int:
        digest = blake2b(f"{name} {site_of(caller)}".encode(), digest_size=8, key=secret).digest()
        return int.from_bytes(digest, "big") or 1

    return key_of
