"""Environment: what a process inherits and what Holdfast does with it, so that no shell or cluster changes an answer.

The whole list: docs/decisions/0016-what-a-process-inherits.md
"""

from __future__ import annotations

import os
import re
import signal
import threading

__all__ = ["clean_environment", "is_injected"]

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
"""These would choose another database, or change what a session answers. How to authenticate and to encrypt
(PGPASSWORD, PGPASSFILE, PGSSL...) stays the administrator's to set."""

_INJECTED_NAME = re.compile(r"HOLDFAST_(SERVICE_.+|PORT_\d+_(TCP|UDP|SCTP)(_.+)?)")
_INJECTED_PORT = re.compile(r"(tcp|udp|sctp)://.+")


def clean_environment() -> None:
    """Drop inherited settings that would change an answer or a start. Every program calls it before its first work."""
    for name in _LIBPQ_OF_A_SESSION:
        os.environ.pop(name, None)
    for name in [name for name, value in os.environ.items() if is_injected(name, value)]:
        del os.environ[name]
    if threading.current_thread() is threading.main_thread():
        # With an ignored SIGCHLD the kernel keeps no exit codes, and a failed child looks like a good one.
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # A blocked SIGTERM would never stop the server.
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def is_injected(name: str, value: str) -> bool:
    """Whether Kubernetes (or Docker's old links) set this for a Service that is called `holdfast`."""
    if _INJECTED_NAME.fullmatch(name):
        return True
    return name == "HOLDFAST_PORT" and _INJECTED_PORT.fullmatch(value) is not None
