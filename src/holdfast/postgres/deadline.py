"""Deadlines on a connection: close a connection whose database does not answer in time.

A cancelled task would first send a cancel request to the server and wait for its answer. A shutdown of the socket ends
the wait at once with the error of a lost connection. It works even if the server or the network is silent.
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
    """Shut the connection's socket down if the block takes longer than `seconds`."""
    handle = asyncio.get_running_loop().call_later(seconds, _cut, connection)
    try:
        yield
    finally:
        handle.cancel()


def _cut(connection: psycopg.AsyncConnection[Any]) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as handle:
        handle.shutdown(socket.SHUT_RDWR)
