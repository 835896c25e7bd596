"""Descriptors: how many files and connections a process may have open, and how many of them streams may take."""

from __future__ import annotations

import contextlib
import resource

__all__ = ["connections_within", "raise_descriptor_limit", "streams_within"]

_WANTED = 65_536
"""More than a process has work for. In the millions it makes programs slow that close whatever they might have open."""
_SHARE_OF_STREAMS = 0.75
"""The others are for those who buy, and for the database."""
_SHARE_OF_CONNECTIONS = 0.9
_OTHER_DESCRIPTORS = 100
"""At least so many are for files, the database, and connections that are refused: without one left there is silence."""


def raise_descriptor_limit() -> int:
    """As far as this process is let, its children with it; returns how many it may have open from now on."""
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
    """How many streams a process with so many descriptors may keep open, and no more than wanted."""
    return max(1, min(wanted, int(descriptors * _SHARE_OF_STREAMS)))


def connections_within(descriptors: int, wanted: int) -> int:
    """How many connections a process with so many descriptors may accept, and no more than wanted."""
    most = min(int(descriptors * _SHARE_OF_CONNECTIONS), descriptors - _OTHER_DESCRIPTORS)
    return max(1, min(wanted, most))
