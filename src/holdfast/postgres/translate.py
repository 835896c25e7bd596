"""The one door of driver errors: each becomes a fault of ours, by its SQLSTATE and by where it happened."""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from holdfast.errors import Busy, Fault, InvariantViolated, OutcomeUnknown, Unavailable

RETRY_WHOLE = ("40001", "40P01")
"""Serialization failure and deadlock: nothing was done, and the same batch may be tried at once."""

IDLE_TOO_LONG = "25P03"
"""The session was ended for being idle inside a transaction."""

DATA_CLASSES = ("22", "23")
"""Data and integrity errors: one command's fault, found by halving the batch."""

READ_ONLY = "25006"
"""The server became a standby: nothing was done, and the primary is to be found by connecting anew."""


class CommitUnknownError(Exception):
    """The connection was lost after COMMIT had been sent: the batch may or may not have happened."""


def is_retryable(error: BaseException) -> bool:
    return isinstance(error, psycopg.Error) and error.sqlstate in RETRY_WHOLE


def may_have_committed(error: psycopg.Error, *, closed: bool) -> bool:
    """Whether an error after COMMIT was sent leaves open what became of it: the connection broke, or the server ended
    it (but not for having been idle: then COMMIT came too late). Where the session goes on, it has rolled back."""
    if error.sqlstate is None:
        return True
    return error.sqlstate != IDLE_TOO_LONG and (
        closed or error.diag.severity_nonlocalized in ("FATAL", "PANIC")
    )


def is_of_a_command(error: BaseException) -> bool:
    """Whether some command of the batch is at fault: the database refused its data, or it met a bug of ours."""
    if isinstance(error, psycopg.Error) and error.sqlstate:
        return error.sqlstate[:2] in DATA_CLASSES
    if isinstance(error, psycopg.Error):
        return isinstance(error, psycopg.DataError)
    return not isinstance(error, OSError | CommitUnknownError)


def is_lost(error: BaseException) -> bool:
    """Whether the connection broke (or leads to a standby), rather than the statement; not where nobody had one."""
    if isinstance(error, psycopg.Error) and error.sqlstate == READ_ONLY:
        return True
    if isinstance(error, PoolTimeout | TooManyRequests) or not isinstance(
        error, psycopg.OperationalError | psycopg.InterfaceError
    ):
        return False
    if error.sqlstate is None or error.sqlstate == IDLE_TOO_LONG:
        return True
    return error.sqlstate[:2] in ("57", "08") and error.sqlstate != "57014"


def translate(error: BaseException) -> Fault:
    """What a caller is told of a failure in which nothing was committed, or (CommitUnknownError) may have been."""
    if isinstance(error, CommitUnknownError):
        return OutcomeUnknown()
    if is_of_a_command(error):
        return InvariantViolated()
    if (
        isinstance(error, psycopg.Error) and error.sqlstate == "57014"
    ):  # statement_timeout: the event is crowded
        return Busy()
    return Unavailable()
