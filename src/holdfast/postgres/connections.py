"""Connections: map an event's number to the PostgreSQL that stores it.

One PostgreSQL, a Citus coordinator and plain shards are three ways to build the same small object.
"""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ConnStatus, ExecStatus
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from holdfast.errors import Unavailable
from holdfast.postgres import queries
from holdfast.postgres import translate as errors
from holdfast.postgres.deadline import cut_after
from holdfast.postgres.epoch import load_epoch
from holdfast.postgres.placement import Node, Placement, url_of_node
from holdfast.postgres.rows import Row, Table, columns_of

Connection = psycopg.AsyncConnection[Row]
Pool = AsyncConnectionPool[Connection]

SESSION_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "client_encoding": "UTF8",
    "client_min_messages": "notice",  # an interrupted wait for the standby is only a warning
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "bytea_output": "hex",
    "transform_null_equals": "off",
    "exit_on_error": "off",
    "statement_timeout": "5s",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "2s",  # a stopped process cannot keep an event
    "idle_session_timeout": "0",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "plan_cache_mode": "auto",
    "jit": "off",
    "default_table_access_method": "heap",  # a migration's tables are changed row by row
    "gin_fuzzy_search_limit": "0",  # a search of metadata finds all
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
}
"""Settings of every session, whatever the database or the role has. A start checks that they have taken effect."""

_ESCAPED_SPACE = "\\ "
_NETWORK = {
    "connect_timeout": 2,  # libpq tries the next host only after a silent one times out
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}
ANSWER_SECONDS = 6.0
"""A database that does not answer within this time is lost. It is one second more than `statement_timeout`."""

_NODE_SECONDS = 1.0
"""While a node behind a coordinator is lost, copies are forgotten this often."""

_REFUSED_SECONDS = 5.0
"""For how long after a refused write the database counts as one that refuses writes."""

_PLACED_SECONDS = 60.0
"""Shards that have moved are followed after this time. Until then their former node passes statements on."""

_SQL = queries.load("lineage")
_PLACEMENT = queries.load("placement")

LOST = (
    OSError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    PoolTimeout,
)
"""Errors of a database that cannot be reached, or is no primary any more."""


def connection_string(url: str, *, application: str) -> str:
    return make_conninfo(url, options=session_options(url), application_name=application, **_NETWORK)


def session_options(url: str, **changes: str) -> str:
    """Return the session's settings as libpq takes them. Options of the URL stay, such as its search_path."""
    settings = {**SESSION_SETTINGS, **changes}
    ours = [f"-c {name}={value.replace(' ', _ESCAPED_SPACE)}" for name, value in settings.items()]
    return " ".join([str(conninfo_to_dict(url).get("options", "")), *ours]).strip()


async def fetch(
    connection: Connection, statement: bytes, parameters: Mapping[str, Any] | None = None
) -> Table:
    """Return the rows of one statement. Raises the driver's errors."""
    cursor = await connection.execute(statement, parameters, binary=True)
    answer = cursor.pgresult
    # Not `cursor.description`: it builds an object for each column.
    if answer is None or answer.status != ExecStatus.TUPLES_OK:
        return Table()  # a statement that returns nothing
    return Table(await cursor.fetchall(), columns_of(statement, answer))


def connect_once(url: str) -> psycopg.Connection[Row]:
    """Return a connection for a command, with the settings of the server's sessions."""
    return psycopg.connect(connection_string(url, application="holdfast-cli"), connect_timeout=10)


def fetch_once(url: str, statement: bytes) -> Table:
    """The rows of one statement without parameters, over a connection of its own. Raises the driver's errors."""
    with connect_once(url) as connection:
        cursor = connection.execute(statement)
        assert cursor.pgresult is not None
        return Table(cursor.fetchall(), columns_of(statement, cursor.pgresult))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The connections of this process to all its databases."""

    size: int
    max_size: int
    in_use: int
    waiting: int
    """Tasks that wait for a connection."""


class Connections:
    """`pool(event_number)` serves the hot path, `control()` data without an event, `all()` reads of every shard."""

    def __init__(
        self,
        urls: str | Sequence[str],
        *,
        size: int = 8,
        wait_seconds: float = 2.0,
        application: str = "holdfast",
        direct: bool = False,
    ) -> None:
        """`urls`: one PostgreSQL, or plain shards in a fixed order. The first is also the control database.

        An event's shard is its number modulo the number of shards. `wait_seconds`: how long to wait for a connection.
        `direct`: behind a Citus coordinator, connect to the node that has the event.
        """
        self.on_lost: list[Callable[[], None]] = []
        """Called after a lost connection. The next one may lead to a promoted standby that lacks some changes.

        Equal versions then no longer mean equal data.
        """
        self.size = size
        """Max connections to each PostgreSQL."""
        self.server_version = ""
        """The version of the control database's PostgreSQL; empty before the first connection."""
        self.spans = isinstance(urls, str) or len(urls) == 1
        """Whether all events are on one PostgreSQL without nodes. Then one transaction may hold any of them."""
        self._node_lost_at = float("-inf")
        self._refused_at = float("-inf")
        self._why_refused = ""
        self._epoch: str | None = None
        self._timelines: dict[int, int] = {}
        """The newest known timeline of each cluster, by the cluster's identifier."""
        self._urls = [urls] if isinstance(urls, str) else list(urls)
        self._wait_seconds = wait_seconds
        self._application = application
        self._direct = direct
        self._placement: Placement | None = None
        self._placed_at = float("-inf")
        self._placing = asyncio.Lock()
        self.nodes: dict[Node, Pool] = {}
        """Pools of a cluster's nodes. None unless connections go straight to them."""
        self._pools = [self._new_pool(url, is_control=at == 0) for at, url in enumerate(self._urls)]

    def _new_pool(self, url: str, *, is_control: bool) -> Pool:
        return AsyncConnectionPool(
            connection_string(url, application=self._application),
            min_size=1,
            max_size=self.size,
            timeout=self._wait_seconds,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": 2},
            connection_class=psycopg.AsyncConnection,
            configure=partial(self._admit, is_control=is_control),
            reconnect_timeout=0.0,
            max_waiting=10_000,
        )

    def pool(self, event_number: int) -> Pool:
        if self._direct and self._placement is not None:
            return self.nodes[self._placement.node_of(event_number)]
        return self._pools[event_number % len(self._pools)]

    def group_of(self, event_number: int) -> int | None:
        """Return the group of events that one transaction may hold together; None for an event that has its own.

        Behind a coordinator these are the events of a shard. A statement over two shards can lock nothing.
        """
        if self.spans:
            return 0
        return None if self._placement is None else self._placement.shard_of(event_number)

    def by_node(self, event_numbers: Iterable[int]) -> list[tuple[Pool, list[int]]]:
        """Return the events by node: what one round trip of reads may hold.

        A coordinator hides which node was lost, so that there each event is alone.
        """
        if len(self._pools) == 1 and not self.spans and not (self._direct and self._placement):
            return [(self._pools[0], [number]) for number in event_numbers]
        found: dict[Pool, list[int]] = {}
        for number in event_numbers:
            found.setdefault(self.pool(number), []).append(number)
        return [*found.items()]

    def control(self) -> Pool:
        return self._pools[0]

    def all(self) -> list[Pool]:
        return self._pools

    def _every_pool(self) -> list[Pool]:
        return [*self._pools, *self.nodes.values()]

    def usage(self) -> Usage:
        found = [pool.get_stats() for pool in self._every_pool()]

        def total(name: str) -> int:
            return sum(one.get(name, 0) for one in found)

        return Usage(
            size=total("pool_size"),
            max_size=total("pool_max"),
            in_use=total("pool_size") - total("pool_available"),
            waiting=total("requests_waiting"),
        )

    @property
    def epoch(self) -> str:
        """The name of the history in which versions count. Raises Unavailable before the first connection."""
        if self._epoch is None:
            raise Unavailable
        return self._epoch

    def refuse_unless_writable(self) -> None:
        """Raises Unavailable if the database has refused a write in the last seconds.

        A full disk shows only when a write needs more of it. So the last refusal counts, and sales may try again after
        it: the database recovers by itself.
        """
        if time.monotonic() - self._refused_at < _REFUSED_SECONDS:
            raise Unavailable(self._why_refused)

    async def check_epoch(self) -> None:
        """Forget everything if the database was replaced under open connections. Raises Fault.

        It also follows shards that have moved.
        """
        async with self.use(self.control()) as connection:
            is_new = await self._learn_epoch(connection)
            if time.monotonic() >= self._placed_at + _PLACED_SECONDS:
                await self._learn_placement(connection)
        if is_new:
            await self.forget_dead()

    async def open(self) -> None:
        """Open the pools in the background, without waiting for the database."""
        for pool in self._pools:
            await pool.open(wait=False)

    async def close(self) -> None:
        await asyncio.gather(*(pool.close(timeout=2) for pool in self._every_pool()))

    async def ask(self, number: int, statement: bytes, parameters: Mapping[str, Any]) -> Table:
        """Return the rows of one read-only statement from an event's node; see `ask_pool`."""
        return await self.ask_pool(self.pool(number), statement, parameters)

    async def ask_pool(
        self,
        pool: Pool,
        statement: bytes,
        parameters: Mapping[str, Any] | None = None,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> Table:
        """Return the rows of one read-only statement. Retries once if the connection was lost. Raises Fault."""
        for last in (False, True):
            try:
                async with pool.connection() as connection:
                    with cut_after(connection, answer_seconds):
                        return await fetch(connection, statement, parameters)
            except LOST as error:
                if last or not await self.recover(error):
                    raise errors.translate(error) from error
        raise AssertionError("the second try returns or raises")

    @asynccontextmanager
    async def use(
        self, pool: Pool, *, answer_seconds: float = ANSWER_SECONDS, writes: bool = False
    ) -> AsyncIterator[Connection]:
        """Yield a connection for a few statements. `answer_seconds` is their total time.

        Raises Fault. With `writes`, a connection or a node that is lost in the block raises OutcomeUnknown.
        """
        begun = False
        try:
            async with self._lent(pool) as connection:
                begun = True
                with cut_after(connection, answer_seconds):
                    yield connection
        except (psycopg.Error, OSError) as error:
            if begun:
                await self.recover(error)
            if begun and writes and errors.may_be_done(error):
                raise errors.translate(errors.CommitUnknownError()) from error
            raise errors.translate(error) from error

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Connection]:
        """Yield a connection to the control database, in a transaction. Raises Fault as `use` does."""
        async with self.use(self.control(), writes=True) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def _lent(self, pool: Pool) -> AsyncIterator[Connection]:
        """Yield a connection of the pool. One that the server ended while it was idle is replaced before its use.

        Nothing was sent on it, so that a write may use another one. A look at the socket costs no round trip.
        """
        connection = await pool.getconn()
        for _ in range(pool.max_size):
            if not _has_ended(connection):
                break
            await connection.close()
            await pool.putconn(connection)
            await self.forget_dead()
            connection = await pool.getconn()
        try:
            async with connection:
                yield connection
        finally:
            await pool.putconn(connection)

    async def recover(self, error: BaseException) -> bool:
        """Prepare another try after the failure of a connection, or of a node behind a coordinator.

        Returns False for other errors, after which another try is useless. Connections to a coordinator outlive a node,
        and so does what is remembered of other nodes' events. But the node's own may be wrong after a failover. Which
        node it was, the coordinator does not say. So all is forgotten, once a second: nobody reads from a lost node.
        """
        if isinstance(error, psycopg.errors.FeatureNotSupported):
            self._placed_at = float("-inf")  # a shard was split, and a batch had events of both parts
        why = errors.refused_write(error)
        if why is not None:
            self._refused_at, self._why_refused = time.monotonic(), why
        if errors.is_lost(error):
            await self.forget_dead()
            return True
        if not errors.is_of_a_node(error):
            return False
        now = asyncio.get_running_loop().time()
        if now >= self._node_lost_at + _NODE_SECONDS:
            self._node_lost_at = now
            for forget in self.on_lost:
                forget()
        return True

    async def forget_dead(self) -> None:
        """Call after a lost connection: notify `on_lost`, and close the idle connections too.

        They are probably lost as well. A check would wait in vain, because a silent database never answers.
        """
        for forget in self.on_lost:
            forget()
        await asyncio.gather(*(pool.drain() for pool in self._every_pool()), return_exceptions=True)

    async def _admit(self, connection: Connection, *, is_control: bool) -> None:
        """Learn whose history a new connection leads to. Raises psycopg.OperationalError for a replaced primary."""
        await self._refuse_replaced(connection)
        if is_control:
            self.server_version = (connection.info.parameter_status("server_version") or "").partition(" ")[0]
            with cut_after(connection, ANSWER_SECONDS):
                is_new = await self._learn_epoch(connection)
                if self.spans:
                    found = await (await connection.execute(_SQL["has_nodes"])).fetchone()
                    self.spans = found == (False,)
                await self._learn_placement(connection)
            if is_new:
                await self.forget_dead()  # what this process remembers is of another history

    async def _learn_epoch(self, connection: Connection) -> bool:
        """Return whether the database has another epoch than before."""
        before, self._epoch = self._epoch, await load_epoch(connection)
        return before not in (None, self._epoch)

    async def _learn_placement(self, connection: Connection) -> None:
        """Read which node has which shard, behind a coordinator. Connect to the nodes if they are to be used."""
        if self.spans or len(self._pools) > 1:
            return
        self._placed_at = time.monotonic()
        shards = [*(await fetch(connection, _PLACEMENT["list_shards"])).select("low", "host", "port")]
        placement = Placement.of_shards(shards) if shards else None
        async with self._placing:  # several connections may be new, and each node has one pool
            for node in set(placement.nodes if placement and self._direct else ()) - self.nodes.keys():
                pool = self._new_pool(url_of_node(self._urls[0], node), is_control=False)
                await pool.open(wait=False)
                self.nodes[node] = pool
            if placement != self._placement:
                self._placement = placement  # an equal one keeps what it remembers

    async def _refuse_replaced(self, connection: Connection) -> None:
        """Refuse a replaced primary that returns and still acts as one: its data is old, and writes to it are lost.

        Raises psycopg.OperationalError, as for a lost connection.
        """
        try:
            with cut_after(connection, ANSWER_SECONDS):
                found = await (await connection.execute(_SQL["load_lineage"])).fetchone()
        except psycopg.Error:
            if connection.closed:
                raise
            return  # some database services refuse this query
        system, timeline = found or (0, None)
        if timeline is None:
            return
        known = self._timelines.get(system, timeline)
        if timeline < known:
            await connection.close()
            raise psycopg.OperationalError(f"this primary was replaced: timeline {timeline} of {known}")
        self._timelines[system] = timeline
        if timeline > known:
            await self.forget_dead()  # the existing connections lead to the former primary


def _has_ended(connection: Connection) -> bool:
    """Return whether the server has ended an idle session: nothing but its farewell arrives without a request."""
    session = connection.pgconn
    if session.status != ConnStatus.OK:
        return True
    poll = select.poll()  # `select` takes no descriptor above 1,023
    poll.register(session.socket, select.POLLIN)
    return bool(poll.poll(0))
