"""Guest limits: how often guests from one address may place holds, and send other requests."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from holdfast.http.rate_table import RateTable
from holdfast.http.reply import Headers, Reply, StreamReply

__all__ = ["Allowance", "GuestLimits", "Rate"]

_MINUTE = 60
_ROUNDING = 1e-6
_SITE_BITS = 64
"""One IPv6 customer has at least this network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`quantity` requests in a minute, `burst` of them at once."""

    name: str
    quantity: int
    burst: int
    interval_seconds: float


class Allowance(NamedTuple):
    """What a guest has left of a rate after its request."""

    rate: Rate
    wait_seconds: float
    """0 for a request within the rate."""
    reset_seconds: float

    @property
    def retry_after_seconds(self) -> int:
        return math.ceil(self.wait_seconds)

    @property
    def remaining(self) -> int:
        rate = self.rate
        left = rate.burst - self.reset_seconds / rate.interval_seconds
        return 0 if self.wait_seconds else int(left + _ROUNDING)

    def show(self, reply: Reply | StreamReply) -> Reply | StreamReply:
        """Return the reply with the headers of draft-ietf-httpapi-ratelimit-headers."""
        name = self.rate.name
        shown: Headers = (
            (b"ratelimit-policy", f'"{name}";q={self.rate.quantity};w={_MINUTE}'.encode()),
            (b"ratelimit", f'"{name}";r={self.remaining};t={math.ceil(self.reset_seconds)}'.encode()),
        )
        return replace(reply, headers=reply.headers + shown)


class GuestLimits:
    """The rates of a deployment. A rate of 0 requests a minute is no limit."""

    def __init__(
        self,
        table: RateTable,
        *,
        holds_per_minute: int,
        requests_per_minute: int,
        server_key: bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`server_key` makes the places in the table unguessable, and equal in all workers."""
        self._table = table
        self._holds = _rate("holds", holds_per_minute, burst=math.ceil(holds_per_minute / 2))
        self._requests = _rate("requests", requests_per_minute, burst=requests_per_minute)
        self._key_of = lru_cache(maxsize=10_000)(_Keys(server_key))
        self._clock = clock

    def take(self, client: str | None, *, places_hold: bool) -> Allowance | None:
        """Count one request of a guest. Return None if no rate limits it."""
        rate = self._holds if places_hold else self._requests
        if not rate.quantity or client is None:
            return None
        key = self._key_of(rate.name, client)
        return Allowance(rate, *self._table.take(key, rate.interval_seconds, rate.burst, self._clock()))


def _rate(name: str, quantity: int, *, burst: int) -> Rate:
    interval_seconds = _MINUTE / quantity if quantity else 0.0
    return Rate(name=name, quantity=quantity, burst=burst, interval_seconds=interval_seconds)


class _Keys:
    """The key of each address in the table."""

    def __init__(self, server_key: bytes) -> None:
        self._secret = blake2b(server_key, digest_size=32, person=b"guest limits").digest()

    def __call__(self, name: str, client: str) -> int:
        digest = blake2b(f"{name} {_site(client)}".encode(), digest_size=8, key=self._secret).digest()
        return int.from_bytes(digest, "big") or 1


def _site(client: str) -> str:
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
