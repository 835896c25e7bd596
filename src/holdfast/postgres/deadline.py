"""Deadlines on a connection: a database that does not answer in time is cut off, not waited for.

A cancelled wait would first ask the server to cancel the statement, and then wait for that. Shutting the socket down
ends the wait at once, with the error of a lost connection, whatever the server or the network between is doing.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg


@contextmanager
def cut_after(connection: psycopg.AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """Within the block the connection has so long; then it is lost."""
    handle = asyncio.get_running_loop().call_later(seconds, _cut, connection)
    try:
        yield
    finally:
        handle.cancel()


def _cut(connection: psycopg.AsyncConnection[Any]) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as handle:
        handle.shutdown(socket.SHUT_RDWR)
