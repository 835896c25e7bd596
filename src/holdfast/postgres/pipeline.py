"""Pipeline: sends several statements together and reads their answers together, in one round trip.

The driver has pipelines too, but polls the socket for each statement. For a batch of 64 holds that took a third of all
time. This one fills libpq's buffer first and then polls the socket once. It prepares each statement once per connection
and sends parameters as text, or in the binary form if they are bytes. The statement's casts give the types.
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

LOST_STATEMENTS = (psycopg.errors.InvalidSqlStatementName, psycopg.errors.DuplicatePreparedStatement)
"""The session has not the prepared statements that we think it has. After its own rollback, the driver deallocates all
of them, ours included. Afterwards the connection prepares all of them again, so the caller may repeat what it sent."""

_STATES_OF_LOST = tuple(error.sqlstate.encode() for error in LOST_STATEMENTS if error.sqlstate)

LONG_BYTES = 1_000
"""A longer statement is sent at once, so that the server starts on it while we build the next ones."""

PLANS_RENEWED = (16, 64, 256, 1_024)
"""A connection discards its plans after each of these numbers of transactions, and after each multiple of the last.

PostgreSQL keeps a plan until it analyses the table, at most once a minute. A plan that was made for an empty table may
read a complete event for each batch. That would happen in the first minute of the first sale.
"""


class _Session:
    """State of a connection's session in the database."""

    def __init__(self) -> None:
        self.names: set[bytes] = set()
        """Names of the prepared statements."""
        self.losses = 0
        """How often the session was found to have others. Each time, statements get names that no other has had."""
        self.transactions = 0

    @property
    def wants_new_plans(self) -> bool:
        return self.transactions in PLANS_RENEWED or self.transactions % PLANS_RENEWED[-1] == 0


_SESSIONS: WeakKeyDictionary[Connection, _Session] = WeakKeyDictionary()


class Statement:
    """A named statement with numbered placeholders, and its parameters' names in that order."""

    __slots__ = ("name", "parameters", "text")

    def __init__(self, name: str, text: bytes) -> None:
        """`text` uses the driver's placeholders, `%(name)s`."""
        numbers: dict[bytes, int] = {}

        def number(found: re.Match[bytes]) -> bytes:
            return b"$%d" % numbers.setdefault(found[1], len(numbers) + 1)

        self.text = _PLACEHOLDER.sub(number, text).replace(b"%%", b"%")
        self.name = b"holdfast_" + name.encode()
        self.parameters = tuple(name.decode() for name in numbers)


class Pipeline:
    """A connection's pipeline for one transaction. Nothing else may use the connection meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._loads_of: bytes | None = None
        """The text of the statement whose columns the transformer reads now."""
        self._session = _SESSIONS.setdefault(connection, _Session())
        self._names = self._session.names
        self._preparing: dict[bytes, int] = {}
        """Names of statements in preparation, with the indices of their answers."""
        self._sent = 0
        """Number of statements added since the last sync, preparations included."""
        self._requested: list[tuple[int, bytes]] = []
        """The answers that `sync` returns: their indices, and the texts of their statements."""
        self.is_between = True
        """True if every statement has its answer. Only then can others use the connection."""
        self.failed: bytes | None = None
        """The text of the statement whose error the last `sync` raised; None if it raised no statement's error."""
        self._pgconn.enter_pipeline_mode()

    def add(self, statement: Statement, parameters: dict[str, Any]) -> int:
        """Add a statement. Returns the index of its rows in the next sync's result."""
        self.is_between = False
        losses = self._session.losses
        name = statement.name if not losses else b"%s_%d" % (statement.name, losses)
        if name not in self._names and name not in self._preparing:
            self._pgconn.send_prepare(name, statement.text)
            self._preparing[name] = self._sent
            self._sent += 1
        given = [parameters[name] for name in statement.parameters]
        values = [value if isinstance(value, bytes) else as_text(value) for value in given]
        formats = [Format.BINARY if isinstance(value, bytes) else Format.TEXT for value in given]
        self._pgconn.send_query_prepared(name, values, formats, result_format=Format.BINARY)
        if sum(map(len, filter(None, values))) > LONG_BYTES:
            self._pgconn.flush()
        return self._request(statement.text)

    def begin(self) -> None:
        """Add BEGIN, and after some transactions DISCARD PLANS."""
        self._session.transactions += 1
        self.add_plain(b"BEGIN")
        if self._session.wants_new_plans:
            self.add_plain(b"DISCARD PLANS")

    def add_plain(self, text: bytes) -> int:
        """Add a statement without preparation, such as COMMIT or ROLLBACK. Returns its index as `add` does."""
        self.is_between = False
        self._pgconn.send_query_params(text, None)
        return self._request(text)

    def _request(self, text: bytes) -> int:
        self._requested.append((self._sent, text))
        self._sent += 1
        return len(self._requested) - 1

    async def sync(self) -> list[Table]:
        """Send all statements, and return the rows of each. Raises the first statement's error."""
        self.failed = None
        requested, answers = await self._exchange()
        for place, answer in enumerate(answers):
            if answer.status in _FAILED:
                self.failed = next(text for at, text in requested if at >= place)
                raise self._error(answer)
        return [self._table(text, answers[at]) for at, text in requested]

    async def sync_each(self) -> list[Table | psycopg.Error]:
        """Send all statements, and return the rows or the error of each. Raises the error of a preparation.

        The server skips what follows an error: such a statement's error is PipelineAborted.
        """
        requested, answers = await self._exchange()
        places = {at for at, _ in requested}
        for place, answer in enumerate(answers):
            if answer.status in _FAILED and place not in places:
                raise self._error(answer)
        return [self._table_or_error(text, answers[at]) for at, text in requested]

    async def _exchange(self) -> tuple[list[tuple[int, bytes]], list[PGresult]]:
        """Send all statements. Return what was requested, and all answers, those of preparations included."""
        self._pgconn.pipeline_sync()
        await self._flush()
        answers = await self._answers()
        requested, preparing = self._requested, self._preparing
        self._sent, self._requested, self._preparing, self.is_between = 0, [], {}, True
        # A prepared statement belongs to the session: a rollback does not remove it.
        self._names.update(
            name for name, at in preparing.items() if answers[at].status == ExecStatus.COMMAND_OK
        )
        return requested, answers

    def end(self) -> None:
        """Return the connection to ordinary use. Raises the driver's error if an answer is outstanding."""
        self._pgconn.exit_pipeline_mode()

    def _error(self, answer: PGresult) -> psycopg.Error:
        if answer.error_field(DiagnosticField.SQLSTATE) in _STATES_OF_LOST:
            self._names.clear()
            self._session.losses += 1
        return error_from_result(answer, encoding=self._connection.info.encoding)

    def _table_or_error(self, text: bytes, answer: PGresult) -> Table | psycopg.Error:
        if answer.status in _FAILED:
            return self._error(answer)
        if answer.status == ExecStatus.PIPELINE_ABORTED:
            return psycopg.errors.PipelineAborted("an earlier statement failed")
        return self._table(text, answer)

    def _table(self, text: bytes, answer: PGresult) -> Table:
        if answer.status != ExecStatus.TUPLES_OK:
            return Table()
        # The columns of a statement have the same types in each of its answers.
        self._transformer.set_pgresult(answer, set_loaders=text is not self._loads_of)
        self._loads_of = text
        rows = self._transformer.load_rows(0, answer.ntuples, tuple)
        return Table(rows, columns_of(text, answer))

    async def _answers(self) -> list[PGresult]:
        """Return one result for each statement, in order, without the sync's own."""
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
        """Send everything in the buffer. Reads answers meanwhile, because otherwise both sides could wait."""
        while self._pgconn.flush():
            await self._ready(write=True)
            self._pgconn.consume_input()

    async def _ready(self, *, write: bool) -> None:
        """Wait until the socket is readable, or with `write` also until it is writable."""
        loop = asyncio.get_running_loop()
        waiter = Readiness(loop=loop)
        socket = self._pgconn.socket
        loop.add_reader(socket, waiter.set_ready)
        if write:
            loop.add_writer(socket, waiter.set_ready)
        try:
            await waiter
        finally:
            loop.remove_reader(socket)
            if write:
                loop.remove_writer(socket)


class Readiness(asyncio.Future[None]):
    """A future whose `set_ready` resumes the waiting task immediately, ahead of the loop's queue.

    A future of asyncio queues the task behind all others. During a sale these are hundreds of requests that have just
    arrived: the database would be idle until they are read, and the requests would wait while it commits.

    The loop must call `set_ready`: no task can resume another one from inside.
    """

    def add_done_callback(self, resume: Callable[[Any], object], *, context: Context | None = None) -> None:
        self._resume = resume, context or copy_context()
        super().add_done_callback(resume, context=context)

    def set_ready(self) -> None:
        if self.done():
            return
        resume, context = self._resume  # set, because a new instance is awaited at once
        self.remove_done_callback(resume)
        self.set_result(None)
        context.run(resume, self)


def as_text(value: Any) -> bytes | None:
    """Return a parameter in the text form that PostgreSQL reads.

    Raises psycopg.DataError for a text with a NUL, where libpq would end it. Raises TypeError for an unknown type.
    """
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
    """Return the statements by name. `prefix` keeps their prepared names apart from those of another file."""
    return {name: Statement(prefix + name, text) for name, text in texts.items()}
