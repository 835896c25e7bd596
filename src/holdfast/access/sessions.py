"""Sessions: who is signed in. A cookie names a session, and so does the `sid` of an access token.

The database has only SHA-256 of a cookie's value. Each process remembers a session for a second, so that an ended one
stops working within that time everywhere. Requests without a session pay nothing.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID, uuid4

from holdfast.access.permissions import permissions_of
from holdfast.access.principals import ACCOUNT_PREFIX, CACHE_SECONDS, TOUCH_SECONDS, Principal
from holdfast.access.refreshing_value import RefreshingValues
from holdfast.errors import Fault, SessionNotFound
from holdfast.postgres import queries
from holdfast.postgres.connections import Connection, Connections, fetch
from holdfast.postgres.rows import RowReader

__all__ = ["BUYER", "SQL", "STAFF", "Lifetime", "ListedSession", "OpenedSession", "Sessions", "csrf_of"]

SQL = queries.load("sessions")
_CACHED_SESSIONS = 10_000
MAX_LISTED = 200


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts at most, and how long without a use."""

    absolute: timedelta
    idle: timedelta


BUYER = Lifetime(absolute=timedelta(days=30), idle=timedelta(days=7))
STAFF = Lifetime(absolute=timedelta(hours=12), idle=timedelta(minutes=60))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """A new session. `token` is the cookie's value, which is shown once."""

    id: UUID
    token: str
    expires_at: datetime
    lifetime: Lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A session, as its person sees it."""

    id: UUID
    organisation: int | None
    is_of_program: bool
    """Whether it began with a token, and not in a browser."""
    has_second_factor: bool
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _SessionRow:
    id: UUID
    account_id: int
    organisation: int | None
    role: str | None
    events: Sequence[int] | None
    expires_at: datetime
    has_second_factor: bool
    language: str | None

    def to_principal(self) -> Principal:
        return Principal(
            kind="account",
            id=f"{ACCOUNT_PREFIX}{self.account_id}",
            permissions=permissions_of(self.role, is_limited=self.events is not None),
            organisation=self.organisation,
            events=None if self.events is None else frozenset(self.events),
            account_id=self.account_id,
            session_id=self.id,
            has_second_factor=self.has_second_factor,
            language=self.language,
        )


_SESSION = RowReader(_SessionRow)
_LISTED = RowReader(ListedSession)


def csrf_of(token: str) -> str:
    """Return the value that a form of the session sends along. A page of another origin cannot read it."""
    return sha256(b"holdfast csrf " + token.encode("ascii")).hexdigest()


def _hash(token: str) -> bytes:
    return sha256(token.encode("ascii")).digest()


class Sessions:
    """Opens, finds and ends sessions."""

    def __init__(self, connections: Connections, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._connections = connections
        self._clock = clock
        self._found: RefreshingValues[bytes | UUID, _SessionRow | None] = RefreshingValues(
            seconds=CACHE_SECONDS, size=_CACHED_SESSIONS, clock=clock
        )
        self._touched: OrderedDict[UUID, float] = OrderedDict()
        """When this process recorded the last use of each session."""

    async def open(self, account_id: int, organisation: int | None) -> OpenedSession:
        """Open a session of a buyer, or with an organisation of its member."""
        async with self._connections.changing() as connection:
            return await self.open_within(connection, account_id, organisation)

    async def open_within(
        self,
        connection: Connection,
        account_id: int,
        organisation: int | None,
        *,
        has_second_factor: bool = False,
    ) -> OpenedSession:
        """Open a session in the caller's transaction."""
        lifetime = BUYER if organisation is None else STAFF
        id, token = uuid4(), f"hfs_{secrets.token_urlsafe(32)}"
        await connection.execute(SQL["delete_ended_sessions"])
        rows = await fetch(
            connection,
            SQL["insert_session"],
            {
                "id": id,
                "token_hash": _hash(token),
                "account_id": account_id,
                "organisation": organisation,
                "has_second_factor": has_second_factor,
                "idle_seconds": int(lifetime.idle.total_seconds()),
                "seconds": int(lifetime.absolute.total_seconds()),
            },
        )
        (expires_at,) = rows.column("expires_at")
        return OpenedSession(id=id, token=token, expires_at=expires_at, lifetime=lifetime)

    async def authenticate(self, token: str) -> Principal | None:
        """Return who has the cookie; None if its session has ended or never was."""
        key = _hash(token)
        return await self._authenticate(key, "find_session", {"token_hash": key})

    async def authenticate_id(self, id: UUID) -> Principal | None:
        """Return whose session it is, for an access token that names it."""
        return await self._authenticate(id, "find_session_by_id", {"id": id})

    async def end(self, id: UUID, token: str | None = None) -> None:
        """End a session. With its token, this process forgets it at once."""
        await self._execute("end_session", {"id": id})
        self._found.forget(id)
        if token is not None:
            self._found.forget(_hash(token))

    def forget(self, id: UUID, token: str | None = None) -> None:
        """Forget a session that another statement has ended or changed."""
        self._found.forget(id)
        if token is not None:
            self._found.forget(_hash(token))

    async def list(self, account_id: int) -> Sequence[ListedSession]:
        """Return the newest sessions of an account."""
        control, parameters = self._connections.control(), {"account_id": account_id, "max_rows": MAX_LISTED}
        return list(_LISTED.read(await self._connections.ask_pool(control, SQL["list_sessions"], parameters)))

    async def end_own(self, id: UUID, account_id: int) -> None:
        """End a session of an account. Raises SessionNotFound."""
        async with self._connections.changing() as connection:
            if not await fetch(connection, SQL["end_own_session"], {"id": id, "account_id": account_id}):
                raise SessionNotFound
        self._found.forget(id)

    async def end_all(self, account_id: int) -> None:
        """End every session of an account."""
        await self._execute("end_sessions_of_account", {"account_id": account_id})

    async def _authenticate(
        self, key: bytes | UUID, query: str, parameters: dict[str, object]
    ) -> Principal | None:
        row = await self._found.get(key, partial(self._find, query, parameters))
        if row is None:
            return None
        if self._clock() >= self._touched.get(row.id, 0.0) + TOUCH_SECONDS:
            await self._touch(row.id)
        return row.to_principal()

    async def _find(self, query: str, parameters: dict[str, object]) -> _SessionRow | None:
        control = self._connections.control()
        return _SESSION.first(await self._connections.ask_pool(control, SQL[query], parameters))

    async def _touch(self, id: UUID) -> None:
        """Record a use, at most once a minute. A failure refuses no request."""
        self._touched[id] = self._clock()
        self._touched.move_to_end(id)
        if len(self._touched) > _CACHED_SESSIONS:
            self._touched.popitem(last=False)
        with suppress(Fault):
            await self._execute("touch_session", {"id": id})

    async def _execute(self, query: str, parameters: dict[str, object]) -> None:
        async with self._connections.use(self._connections.control(), writes=True) as connection:
            await connection.execute(SQL[query], parameters)
