"""Pipeline: statements that go out together and are answered together, one round trip for all of them.

The driver has pipelines, too, and looks at the socket for each statement that it puts into one: of a batch of 64 holds
that was a third of all time. Here statements are only put into libpq's buffer, prepared once a connection, with
parameters as text (the statement's casts say the types), and the socket is looked at when all are in it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextvars import Context, copy_context
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGresult

from holdfast.postgres.connections import Connection
from holdfast.postgres.rows import Table, columns_of

_PLACEHOLDER = re.compile(rb"%\((\w+)\)s")
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE, ExecStatus.NONFATAL_ERROR)

_UNKNOWN_STATEMENT = b"26000"
"""After a rollback of its own the driver deallocates whatever the session has prepared, ours included."""

LONG_BYTES = 1_000
"""A statement that is longer goes out at once: the server works on it while the next ones are being made."""

PLANS_RENEWED = (16, 64, 256, 1_024)
"""After so many transactions of a connection, and then after each such last number, its statements are planned anew.

PostgreSQL keeps a plan until it has counted the table again, which it does once a minute at the most. One that was made
when the table was empty may read a whole event for each batch: the first minute of the first sale, of all times.
"""


class _Session:
    """What a connection's session in the database knows."""

    def __init__(self) -> None:
        self.names: set[bytes] = set()
        """Of statements that are prepared."""
        self.transactions = 0

    @property
    def wants_new_plans(self) -> bool:
        return self.transactions in PLANS_RENEWED or self.transactions % PLANS_RENEWED[-1] == 0


_SESSIONS: WeakKeyDictionary[Connection, _Session] = WeakKeyDictionary()


class Statement:
    """A named statement with numbered placeholders, and the parameters in their order."""

    __slots__ = ("name", "parameters", "text")

    def __init__(self, name: str, text: bytes) -> None:
        """`text` has the driver's placeholders, `%(name)s`."""
        numbers: dict[bytes, int] = {}

        def number(found: re.Match[bytes]) -> bytes:
            return b"$%d" % numbers.setdefault(found[1], len(numbers) + 1)

        self.text = _PLACEHOLDER.sub(number, text).replace(b"%%", b"%")
        self.name = b"holdfast_" + name.encode()
        self.parameters = tuple(name.decode() for name in numbers)


class Pipeline:
    """One connection's pipeline, for one transaction at a time. The connection is this pipeline's alone meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._session = _SESSIONS.setdefault(connection, _Session())
        self._names = self._session.names
        self._preparing: dict[bytes, int] = {}
        """Names that are being prepared, and the places of their answers."""
        self._asked = 0
        """Statements put in since the last sync, preparations included."""
        self._wanted: list[tuple[int, bytes]] = []
        """The answers that were asked for: their places, and the texts of their statements."""
        self.is_between = True
        """Whether everything that was put in has been answered: only then is the connection of use to anyone."""
        self._pgconn.enter_pipeline_mode()

    def add(self, statement: Statement, parameters: dict[str, Any]) -> int:
        """Puts a statement in; its number is its place in the next sync's answers."""
        self.is_between = False
        if statement.name not in self._names and statement.name not in self._preparing:
            self._pgconn.send_prepare(statement.name, statement.text)
            self._preparing[statement.name] = self._asked
            self._asked += 1
        values = [as_text(parameters[name]) for name in statement.parameters]
        self._pgconn.send_query_prepared(statement.name, values, result_format=Format.BINARY)
        if sum(map(len, filter(None, values))) > LONG_BYTES:
            self._pgconn.flush()
        return self._want(statement.text)

    def begin(self) -> None:
        """BEGIN, and now and then new plans."""
        self._session.transactions += 1
        self.add_plain(b"BEGIN")
        if self._session.wants_new_plans:
            self.add_plain(b"DISCARD PLANS")

    def add_plain(self, text: bytes) -> int:
        """COMMIT, ROLLBACK and such: nothing to prepare."""
        self.is_between = False
        self._pgconn.send_query_params(text, None)
        return self._want(text)

    def _want(self, text: bytes) -> int:
        self._wanted.append((self._asked, text))
        self._asked += 1
        return len(self._wanted) - 1

    async def sync(self) -> list[Table]:
        """Sends all of it, and returns the rows of each statement. Raises the first statement's error."""
        self._pgconn.pipeline_sync()
        await self._flush()
        answers = await self._answers()
        wanted, preparing = self._wanted, self._preparing
        self._asked, self._wanted, self._preparing, self.is_between = 0, [], {}, True
        # Whatever failed after it: a prepared statement is the session's, and no transaction takes it back.
        self._names.update(
            name for name, at in preparing.items() if answers[at].status == ExecStatus.COMMAND_OK
        )
        for answer in answers:
            if answer.status in _FAILED:
                if answer.error_field(DiagnosticField.SQLSTATE) == _UNKNOWN_STATEMENT:
                    self._names.clear()
                raise error_from_result(answer, encoding=self._connection.info.encoding)
        return [self._table(text, answers[at]) for at, text in wanted]

    def end(self) -> None:
        """Gives the connection back to ordinary use. Raises the driver's error where something is unanswered."""
        self._pgconn.exit_pipeline_mode()

    def _table(self, text: bytes, answer: PGresult) -> Table:
        if answer.status != ExecStatus.TUPLES_OK:
            return Table()
        self._transformer.set_pgresult(answer)
        rows = self._transformer.load_rows(0, answer.ntuples, tuple)
        return Table(rows, columns_of(text, answer))

    async def _answers(self) -> list[PGresult]:
        """One result a statement, in order, until the sync's own."""
        found: list[PGresult] = []
        while True:
            while not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:  # the end of one statement's answer
                    if self._pgconn.status == ConnStatus.BAD:
                        raise psycopg.OperationalError("the connection is lost")
                    continue
                if result.status == ExecStatus.PIPELINE_SYNC:
                    return found
                found.append(result)
            await self._ready(write=False)
            self._pgconn.consume_input()

    async def _flush(self) -> None:
        """What the socket does not take at once waits; answers are read meanwhile, or both sides would wait."""
        while self._pgconn.flush():
            await self._ready(write=True)
            self._pgconn.consume_input()

    async def _ready(self, *, write: bool) -> None:
        """Until the socket can be read (or, with `write`, written)."""
        loop = asyncio.get_running_loop()
        waiter = Readiness(loop=loop)
        socket = self._pgconn.socket
        loop.add_reader(socket, waiter.come)
        if write:
            loop.add_writer(socket, waiter.come)
        try:
            await waiter
        finally:
            loop.remove_reader(socket)
            if write:
                loop.remove_writer(socket)


class Readiness(asyncio.Future[None]):
    """A future that, when `come` is called, goes on at once with the task that waits for it.

    asyncio's own has it queue up behind all others, and in a sale these are the requests that have just arrived, by the
    hundred: the database would have nothing to do until they are read, and they nothing while it commits.

    `come` is a callback of the loop's: inside of a task no other one can go on.
    """

    def add_done_callback(self, goes_on: Callable[[Any], object], *, context: Context | None = None) -> None:
        self._goes_on = goes_on, context or copy_context()
        super().add_done_callback(goes_on, context=context)

    def come(self) -> None:
        if self.done():
            return
        goes_on, context = self._goes_on  # it is awaited as soon as it is made
        self.remove_done_callback(goes_on)
        self.set_result(None)
        context.run(goes_on, self)


def as_text(value: Any) -> bytes | None:
    """A parameter as PostgreSQL reads it. Raises psycopg.DataError for a NUL in a text: libpq would end it there."""
    match value:
        case None:
            return None
        case str():
            text = value.encode()
            if b"\0" in text:
                raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
            return text
        case bool():
            return b"t" if value else b"f"
        case int() | float():
            return str(value).encode()
        case datetime():
            return value.isoformat().encode()
        case UUID():
            return str(value).encode()
        case _:
            raise TypeError(f"no parameter of a batch has the type {type(value).__name__}")


def statements_of(texts: dict[str, bytes], *, prefix: str = "") -> dict[str, Statement]:
    """`prefix` sets the prepared statements apart from those of another file."""
    return {name: Statement(prefix + name, text) for name, text in texts.items()}
