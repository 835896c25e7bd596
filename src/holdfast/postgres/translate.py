"""Translate: turns each error of the driver into a Fault, by its SQLSTATE and by where it happened."""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from holdfast.errors import Busy, Fault, InvariantViolated, OutcomeUnknown, Unavailable

RETRY_WHOLE = ("40001", "40P01")
"""Serialization failure and deadlock: nothing was done, and the same batch may be retried at once."""

IDLE_TOO_LONG = "25P03"
"""PostgreSQL ended the session because it was idle inside a transaction."""

ROLLED_BACK = ("23", "40")
"""Classes of a COMMIT that has certainly failed: a deferred check, or a serialization failure."""

COMPLETION_UNKNOWN = "40003"

NODE_FAILED = ("08", "53", "58", "XX")
"""Classes in which a coordinator reports that another node failed. That node may have done the work before."""

DATA_CLASSES = ("22", "23")
"""Data and integrity errors. One command causes them; halving the batch finds it."""

READ_ONLY = "25006"
"""The server became a standby: nothing was done, and a new connection finds the primary."""


DISK_FULL = "53100"

REFUSED_WRITES = {READ_ONLY: Unavailable.READ_ONLY, DISK_FULL: Unavailable.DISK_FULL_NOW}
"""States in which a database answers reads and refuses writes, and what the caller gets to read."""


class CommitUnknownError(Exception):
    """The connection was lost after COMMIT was sent: the batch may have been committed or not."""


def is_retryable(error: BaseException) -> bool:
    return isinstance(error, psycopg.Error) and error.sqlstate in RETRY_WHOLE


def may_have_committed(error: psycopg.Error, *, closed: bool, at_commit: bool) -> bool:
    """Return whether an error after COMMIT was sent leaves the outcome open.

    `at_commit`: COMMIT itself was answered with the error. A session that goes on after another statement's error has
    rolled back. The error of a COMMIT proves nothing where a coordinator passes COMMIT on: the node may have committed.
    A server that ends an idle session never received COMMIT in time.
    """
    if error.sqlstate is None:
        return True
    if error.sqlstate == IDLE_TOO_LONG:
        return False
    if closed or error.diag.severity_nonlocalized in ("FATAL", "PANIC"):
        return True
    return at_commit and (error.sqlstate == COMPLETION_UNKNOWN or error.sqlstate[:2] not in ROLLED_BACK)


def may_be_done(error: BaseException) -> bool:
    """Return whether a write that committed by itself may have happened although it failed."""
    if refused_write(error) is not None:
        return False
    sqlstate = error.sqlstate if isinstance(error, psycopg.Error) else None
    return is_lost(error) or (sqlstate is not None and sqlstate[:2] in NODE_FAILED)


def refused_write(error: BaseException) -> str | None:
    """Return why the database refused a write that it may accept later; None for other errors."""
    sqlstate = error.sqlstate if isinstance(error, psycopg.Error) else None
    return REFUSED_WRITES.get(sqlstate or "")


def is_of_a_command(error: BaseException) -> bool:
    """Return whether a command of the batch caused the error: bad data, or a bug of ours."""
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return error.sqlstate[:2] in DATA_CLASSES
    if isinstance(error, psycopg.Error):
        return isinstance(error, psycopg.DataError)
    return not isinstance(error, OSError | CommitUnknownError)


def is_lost(error: BaseException) -> bool:
    """Return whether the connection broke or leads to a standby.

    False if only the statement failed, or if the caller never got a connection.
    """
    if isinstance(error, psycopg.Error) and error.sqlstate == READ_ONLY:
        return True
    if isinstance(error, PoolTimeout | TooManyRequests) or not isinstance(
        error, psycopg.OperationalError | psycopg.InterfaceError
    ):
        return False
    if error.sqlstate is None or error.sqlstate == IDLE_TOO_LONG:
        return True
    return (
        error.sqlstate[:2] in ("57", "08")
        and error.sqlstate != "57014"
        and error.diag.severity_nonlocalized != "ERROR"  # then the session goes on
    )


def is_of_a_node(error: BaseException) -> bool:
    """Return whether a coordinator lost its connection to another node, while ours to the coordinator goes on."""
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith("08") and not is_lost(error)


def translate(error: BaseException) -> Fault:
    """Return the Fault for a failure that committed nothing, or for CommitUnknownError."""
    if isinstance(error, CommitUnknownError):
        return OutcomeUnknown()
    if is_of_a_command(error):
        return InvariantViolated()
    if isinstance(error, psycopg.Error) and error.sqlstate == "57014":  # statement_timeout: too much load
        return Busy()
    return Unavailable(refused_write(error))
