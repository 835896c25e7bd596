"""Principals: who is calling. A guest, an API key, or the organiser's staff in open mode."""

from __future__ import annotations

import hmac
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Literal

from holdfast.access import permissions
from holdfast.access.permissions import Permission
from holdfast.access.refreshing_value import RefreshingValue
from holdfast.errors import CredentialsRequired, Fault

__all__ = [
    "GUEST",
    "MAIN",
    "OPEN",
    "ApiKeys",
    "KeyRow",
    "Principal",
    "RotatedKey",
    "make_api_key",
    "parse_api_key",
]

TOUCH_SECONDS = 60.0
"""How exact the time of a key's last use is."""

CACHE_SECONDS = 1.0
"""A revoked key stops working within this time."""

_CACHED_KEYS = 1_000
_MIN_DIFFERENT = 8
"""Different characters of a secret. A random one has more; `aaaa…` has not."""
_API_KEY = re.compile(r"hfk_([A-Za-z0-9]{4,40})_([A-Za-z0-9_-]{32,128})")


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
    previous_hash: bytes | None = None
    """The secret before the last rotation, while it works."""

    def has_secret(self, secret: str) -> bool:
        """Return whether it is one of the key's secrets. Both are always compared, in constant time."""
        given = sha256(secret.encode()).digest()
        is_present = hmac.compare_digest(given, self.secret_hash)
        return hmac.compare_digest(given, self.previous_hash or self.secret_hash) or is_present


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedKey:
    """A key with a new secret. The one before works until `previous_until`."""

    name: str
    scopes: Sequence[str]
    expires_at: datetime | None
    previous_until: datetime


def make_api_key(key_id: str, secret: str) -> tuple[str, bytes]:
    """Return the key to show to its owner once, and the hash to store."""
    text = f"hfk_{key_id}_{secret}"
    if not _API_KEY.fullmatch(text):
        raise ValueError(
            "an API key has an id of 4..40 letters and digits and a secret of 32..128 characters"
        )
    return text, sha256(secret.encode("ascii")).digest()


def parse_api_key(text: str) -> tuple[str, bytes]:
    """Return the id of a key that another program has made, and the hash to store. Raises ValueError, without it."""
    form = _API_KEY.fullmatch(text)
    if form is None:
        raise ValueError(
            "must be an API key: hfk_, an id of 4 to 40 letters and digits, _, and a secret of 32 to 128 characters"
        )
    if len(set(form[2])) < _MIN_DIFFERENT:
        raise ValueError("must have a random secret")
    return form[1], sha256(form[2].encode()).digest()


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
        if form is None or row is None or not row.has_secret(form[2]):
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
