"""Descriptors: how many files and connections a process may have open, and how many streams among them."""

from __future__ import annotations

import contextlib
import resource

__all__ = ["connections_within", "raise_descriptor_limit", "streams_within"]

_WANTED = 65_536
"""More than a process needs. A limit in the millions slows programs that close every possible descriptor."""
_SHARE_OF_STREAMS = 0.75
"""The rest is for buyers and for the database."""
_SHARE_OF_CONNECTIONS = 0.9
_OTHER_DESCRIPTORS = 100
"""Minimum for files, the database and refused connections. A process without a free one cannot even refuse."""


def raise_descriptor_limit() -> int:
    """Raise the limit of open files as far as the system allows, for this process and its children.

    Returns the number of files that the process may now have open.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft == resource.RLIM_INFINITY:
        return _WANTED
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft


def streams_within(descriptors: int, wanted: int) -> int:
    """Return the max streams for a process with these descriptors; never more than wanted, at least 1."""
    return max(1, min(wanted, int(descriptors * _SHARE_OF_STREAMS)))


def connections_within(descriptors: int, wanted: int) -> int:
    """Return the max connections for a process with these descriptors; never more than wanted, at least 1."""
    allowed = min(int(descriptors * _SHARE_OF_CONNECTIONS), descriptors - _OTHER_DESCRIPTORS)
    return max(1, min(wanted, allowed))
