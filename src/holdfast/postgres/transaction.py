"""Transaction: two pipelined round trips on one connection, and what is known of its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from holdfast.postgres.connections import Connection
from holdfast.postgres.pipeline import LOST_STATEMENTS, Pipeline, Statement
from holdfast.postgres.rows import Table
from holdfast.postgres.translate import CommitUnknownError, may_have_committed

__all__ = ["Transaction"]


class Transaction:
    """Callers add statements to its pipeline. `_commit` or `roll_back` ends it and frees the connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pipeline = Pipeline(connection)

    async def _begin(self, statements: Sequence[tuple[Statement, dict[str, Any]]]) -> list[Table]:
        """Send BEGIN and these statements in one round trip, and return the rows of each."""
        try:
            return await self._send(statements)
        except LOST_STATEMENTS:
            self._pipeline.add_plain(b"ROLLBACK")
            return await self._send(statements)

    async def _send(self, statements: Sequence[tuple[Statement, dict[str, Any]]]) -> list[Table]:
        self._pipeline.begin()
        places = [self._pipeline.add(statement, parameters) for statement, parameters in statements]
        answers = await self._pipeline.sync()
        return [answers[place] for place in places]

    async def _commit(self) -> None:
        """Commit. Raises the driver's errors if nothing was committed, CommitUnknownError if that is unknown."""
        severities: list[str | None] = []

        def note(notice: psycopg.errors.Diagnostic) -> None:
            severities.append(notice.severity_nonlocalized)  # the driver frees the notice afterwards

        self.connection.add_notice_handler(note)
        try:
            self._pipeline.add_plain(b"COMMIT")
            await self._pipeline.sync()  # from here on, the server may have received COMMIT
            self._pipeline.end()
        except psycopg.Error as error:
            at_commit = self._pipeline.failed == b"COMMIT"
            if may_have_committed(error, closed=self.connection.closed, at_commit=at_commit):
                raise CommitUnknownError from error
            raise
        except Exception as error:  # a bug: callers must not treat it as an error before the COMMIT
            raise CommitUnknownError from error
        finally:
            self.connection.remove_notice_handler(note)
        if "WARNING" in severities:
            raise CommitUnknownError  # the wait for the standby was interrupted: PostgreSQL reports only this warning

    async def roll_back(self) -> None:
        """End the transaction in any state. Closes a connection that cannot roll back."""
        if not self._pipeline.is_between:  # the next user would read its outstanding answers
            await self.connection.close()
            return
        try:
            if self.connection.info.transaction_status is not TransactionStatus.IDLE:
                self._pipeline.add_plain(b"ROLLBACK")
                await self._pipeline.sync()
            self._pipeline.end()
        except psycopg.Error:
            await self.connection.close()
