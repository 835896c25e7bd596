"""Principals: who is calling. A guest, a signed-in account, an API key, or the organiser's staff in open mode."""

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
from uuid import UUID

from holdfast.access import permissions
from holdfast.access.access_tokens import Claims
from holdfast.access.permissions import Permission
from holdfast.access.refreshing_value import RefreshingValues
from holdfast.errors import AccessTokenInvalid, CredentialsRequired, Fault

__all__ = [
    "ACCOUNT_PREFIX",
    "GUEST",
    "KEY_PREFIX",
    "MAIN",
    "OPEN",
    "ApiKeys",
    "KeyRow",
    "Principal",
    "RotatedKey",
    "is_key_id",
    "make_api_key",
    "parse_api_key",
]

TOUCH_SECONDS = 60.0
"""How exact the time of a key's last use is."""

CACHE_SECONDS = 1.0
"""A revoked key stops working within this time."""

KEY_PREFIX = "key:"
"""Begins the id of a key's principal."""

_CACHED_KEYS = 1_000
_MIN_DIFFERENT = 8
"""Different characters of a secret. A random one has more; `aaaa…` has not."""
_KEY_ID = re.compile(r"[A-Za-z0-9]{4,40}")
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
    by_token: bool = False
    """Whether an access token says who it is."""
    is_narrowed: bool = False
    """Whether the token may do a part only of what its account may do.

    So it may do nothing about the account itself, and nothing as a buyer.
    """
    account_id: int | None = None
    """Who is signed in."""
    session_id: UUID | None = None
    has_second_factor: bool = False
    """Whether the session was opened with a code, too."""
    language: str | None = None
    """The code of the language that the account keeps; None: that of the browser."""

    @property
    def buyer(self) -> str | None:
        """The buyer of what a signed-in buyer holds and books. Staff may name any other."""
        return self.id if self.is_buyer and not self.is_narrowed else None

    @property
    def is_buyer(self) -> bool:
        """Whether this is an account that works for nobody."""
        return self.account_id is not None and self.organisation is None

    @property
    def is_anonymous(self) -> bool:
        """Whether this is a caller without credentials, who shares the scope of retry keys with all others."""
        return self.kind in ("guest", "open")


ACCOUNT_PREFIX = "account:"
"""What the id of a signed-in account begins with, as a principal and as the buyer of a hold."""

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

    @property
    def sessions(self) -> frozenset[str]:
        """Return what access tokens that were given for a secret of this key name as their session."""
        hashes = [self.secret_hash] if self.previous_hash is None else [self.secret_hash, self.previous_hash]
        return frozenset(map(_session_of, hashes))

    def session_of(self, secret: str) -> str:
        """Return the session of an access token for this secret. It ends with the secret."""
        return _session_of(sha256(secret.encode()).digest())

    def has_secret(self, secret: str) -> bool:
        """Return whether it is one of the key's secrets. Both are always compared, in constant time."""
        given = sha256(secret.encode()).digest()
        is_present = hmac.compare_digest(given, self.secret_hash)
        return hmac.compare_digest(given, self.previous_hash or self.secret_hash) or is_present


def _session_of(secret_hash: bytes) -> str:
    return sha256(b"session of " + secret_hash).hexdigest()[:32]


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


def is_key_id(text: str) -> bool:
    """Return whether a text has the form of a key's id. What has not is not looked up."""
    return _KEY_ID.fullmatch(text) is not None


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
        self._rows: RefreshingValues[str, KeyRow | None] = RefreshingValues(
            seconds=CACHE_SECONDS, size=_CACHED_KEYS, clock=clock
        )

    async def authenticate(self, credentials: str) -> Principal:
        """Return the principal of a key. Raises one CredentialsRequired for malformed, unknown and revoked keys."""
        form = _API_KEY.fullmatch(credentials)
        row = await self._rows.get(form[1], partial(self._find_key, form[1])) if form else None
        if form is None or row is None or not row.has_secret(form[2]):
            raise CredentialsRequired(CredentialsRequired.KEY_INVALID)
        if (
            self._touch_key is not None
            and self._clock() >= self._touched.get(row.key_id, 0.0) + TOUCH_SECONDS
        ):
            await self._touch(row.key_id, self._touch_key)
        return Principal(
            kind="key",
            id=KEY_PREFIX + row.key_id,
            permissions=permissions.of_scopes(row.scopes),
            organisation=row.organisation,
        )

    async def of_token(self, claims: Claims) -> Principal:
        """Return the key that a token was given for, with the scopes that both have. Raises AccessTokenInvalid."""
        key_id = claims.subject.removeprefix(KEY_PREFIX)
        row = await self._rows.get(key_id, partial(self._find_key, key_id))
        if row is None or claims.session not in row.sessions:
            raise AccessTokenInvalid(AccessTokenInvalid.ENDED)
        return Principal(
            kind="key",
            id=claims.subject,
            permissions=permissions.of_scopes(row.scopes & claims.scopes),
            organisation=row.organisation,
            by_token=True,
        )

    async def _touch(self, key_id: str, touch_key: Callable[[str], Awaitable[None]]) -> None:
        """Record the use of a key. A failure refuses no request: the time is only for people."""
        self._touched[key_id] = self._clock()
        self._touched.move_to_end(key_id)
        if len(self._touched) > _CACHED_KEYS:
            self._touched.popitem(last=False)
        with suppress(Fault):
            await touch_key(key_id)
