"""Transaction: two pipelined round trips on one connection, and what is known of its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from holdfast.postgres.connections import Connection
from holdfast.postgres.pipeline import Pipeline, Statement
from holdfast.postgres.rows import Table
from holdfast.postgres.translate import CommitUnknownError, may_have_committed

__all__ = ["Transaction"]


class Transaction:
    """Statements are put into its pipeline; `_commit` or `roll_back` ends it and gives the connection back to use."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._pipeline = Pipeline(connection)

    async def _begin(self, statements: Sequence[tuple[Statement, dict[str, Any]]]) -> list[Table]:
        """BEGIN and these statements with their parameters, in one round trip."""
        try:
            return await self._send(statements)
        except (
            psycopg.errors.InvalidSqlStatementName
        ):  # the session forgot all of them, and so did the pipeline now
            self._pipeline.add_plain(b"ROLLBACK")
            return await self._send(statements)

    async def _send(self, statements: Sequence[tuple[Statement, dict[str, Any]]]) -> list[Table]:
        self._pipeline.begin()
        places = [self._pipeline.add(statement, parameters) for statement, parameters in statements]
        answers = await self._pipeline.sync()
        return [answers[place] for place in places]

    async def _commit(self) -> None:
        """Raises CommitUnknownError once it may have happened, the driver's errors where it certainly has not."""
        severities: list[str | None] = []

        def note(notice: psycopg.errors.Diagnostic) -> None:
            severities.append(notice.severity_nonlocalized)  # at once: the driver takes the notice back

        self.connection.add_notice_handler(note)
        try:
            self._pipeline.add_plain(b"COMMIT")
            await self._pipeline.sync()  # from here on the server may have it, and carry it out
            self._pipeline.end()
        except psycopg.Error as error:
            if may_have_committed(error, closed=self.connection.closed):
                raise CommitUnknownError from error
            raise
        except Exception as error:  # a bug: it must not be taken for one from before the COMMIT
            raise CommitUnknownError from error
        finally:
            self.connection.remove_notice_handler(note)
        if "WARNING" in severities:
            raise CommitUnknownError  # the wait for the standby was cut short: PostgreSQL says no more than this

    async def roll_back(self) -> None:
        """Ends the transaction whatever state it is in; a connection that cannot is closed."""
        if not self._pipeline.is_between:  # its answers would be taken for someone else's
            await self.connection.close()
            return
        try:
            if self.connection.info.transaction_status is not TransactionStatus.IDLE:
                self._pipeline.add_plain(b"ROLLBACK")
                await self._pipeline.sync()
            self._pipeline.end()
        except psycopg.Error:
            await self.connection.close()
