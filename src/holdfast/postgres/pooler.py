"""Pooler: what a connection pooler between the server and PostgreSQL does wrong. A start finds it.

Each worker has a pool of its own, with prepared statements and settings of its sessions. So a pooler must lend a
session of PostgreSQL to each connection, for as long as it lasts, and to all connections at once.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import Any

import psycopg

from holdfast.postgres import queries

__all__ = ["ADVICE", "problems_of_pooler", "refusal_of_a_pooler"]

SQL = queries.load("preconditions")

ADVICE = "connect to PostgreSQL itself, since each worker has a pool, or use the pooler's session mode"
_SECONDS = 5.0
"""A pooler without a session to lend keeps a question waiting, often for minutes."""

Session = psycopg.Connection[Any]


def refusal_of_a_pooler(error: psycopg.OperationalError) -> str | None:
    """Return the problem if a pooler refused the connection for its settings."""
    if "unsupported startup parameter" not in str(error):
        return None
    return f"A connection pooler refuses the settings of Holdfast's sessions: {ADVICE}."


def problems_of_pooler(
    session: Session, connect: Callable[[], Session], *, connections: int
) -> Iterator[str]:
    """Yield a line if a pooler lends too few sessions at once, or one session to two of its clients in turn.

    `connections`: how many the server will open.
    """
    ours = _process(session)
    if ours == session.info.backend_pid:
        return  # a pooler invents the number that it announces
    wanted = max(connections, 2)
    with ExitStack() as opened:
        others: list[Session] = []
        with suppress(psycopg.OperationalError):
            others += (opened.enter_context(connect()) for _ in range(wanted - 1))
        lent = 1 + _count_answers(others)
        if lent < wanted:
            yield (
                f"A connection pooler lends {lent} sessions at once, and the workers open {wanted} connections: raise "
                "its pool size and its limit of clients, or lower HOLDFAST_WORKERS or HOLDFAST_POOL_SIZE."
            )
            return
        # Prepared statements and settings would meet other clients' transactions.
        with others[0].transaction():
            theirs, again = _process(others[0]), _process(session)
    if theirs == ours or again != ours:
        yield f"A connection pooler in transaction mode shares its sessions: {ADVICE}."


def _process(session: Session) -> int:
    (row,) = session.execute(SQL["load_process"]).fetchall()
    return int(row["process"])


def _count_answers(sessions: Sequence[Session]) -> int:
    """Return how many of the sessions answer within some seconds, while all of them ask."""
    answered = 0
    until = time.monotonic() + _SECONDS
    with selectors.DefaultSelector() as waiting:
        for session in sessions:
            session.pgconn.send_query(SQL["load_process"])
            waiting.register(session.pgconn.socket, selectors.EVENT_READ, session.pgconn)
        while waiting.get_map() and (left := until - time.monotonic()) > 0:
            for key, _ in waiting.select(left):
                try:
                    key.data.consume_input()
                    if key.data.is_busy():
                        continue
                    while key.data.get_result() is not None:
                        pass
                    answered += 1
                except psycopg.OperationalError:
                    pass  # the pooler has closed it
                waiting.unregister(key.fileobj)
    return answered
