"""Environment: what Holdfast does with inherited settings, so that no shell or cluster changes an answer.

The full list: docs/decisions/0016-what-a-process-inherits.md
"""

from __future__ import annotations

import os
import re
import signal
import threading

__all__ = ["clean_environment", "forget_other_databases", "forget_other_programs", "is_injected"]

_LIBPQ_OF_A_SESSION = (
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGAPPNAME",
    "PGCLIENTENCODING",
    "PGTZ",
    "PGDATESTYLE",
    "PGGEQO",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGCONNECT_TIMEOUT",
    "PGMINPROTOCOLVERSION",
    "PGMAXPROTOCOLVERSION",
)
"""These would choose another database, or change what a session answers. The administrator may still set how to
authenticate and to encrypt (PGPASSWORD, PGPASSFILE, PGSSL...)."""

_LIBRARIES = ("PSYCOPG_IMPL", "PROMETHEUS_MULTIPROC_DIR")
"""Variables for other programs with the same libraries. The supervisor sets the second one for its workers."""

_LIBPQ = re.compile(r"PG[A-Z]+")
_INJECTED_NAME = re.compile(r"HOLDFAST_(SERVICE_.+|PORT_\d+_(TCP|UDP|SCTP)(_.+)?)")
_INJECTED_PORT = re.compile(r"(tcp|udp|sctp)://.+")


def clean_environment() -> None:
    """Drop inherited settings that would change an answer or a start. Every program calls it first."""
    for name in _LIBPQ_OF_A_SESSION:
        os.environ.pop(name, None)
    for name in [name for name, value in os.environ.items() if is_injected(name, value)]:
        del os.environ[name]
    if threading.current_thread() is threading.main_thread():
        # If SIGCHLD is ignored, the kernel keeps no exit codes, and a failed child looks successful.
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # A server with a blocked SIGTERM would never stop.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def forget_other_databases() -> None:
    """Drop what the administrator says of another database. Call it where the embedded one is used.

    How another must prove itself and encrypt (PGSSLMODE, PGREQUIREAUTH, PGSSLCERTMODE) is impossible over our socket.
    """
    for name in [name for name in os.environ if _LIBPQ.fullmatch(name)]:
        del os.environ[name]


def forget_other_programs() -> None:
    """Drop what is meant for other programs. A command calls it before it imports a library that reads it."""
    for name in _LIBRARIES:
        os.environ.pop(name, None)


def is_injected(name: str, value: str) -> bool:
    """Return whether Kubernetes (or Docker's old links) set this for a Service named `holdfast`."""
    if _INJECTED_NAME.fullmatch(name):
        return True
    return name == "HOLDFAST_PORT" and _INJECTED_PORT.fullmatch(value) is not None
