"""Limits: what this machine allows a rush, raised as far as possible."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["RushLimits", "raise_limits"]

_SPARE_DESCRIPTORS = 64
_WANTED_DESCRIPTORS = 65_536
_USUAL_PORTS = 16_384
_SPARE_PORTS = 0.9
_BUYERS_OF_A_PROCESS = 500
"""Fewer buyers do not justify another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RushLimits:
    """The limits in force. Reports show them."""

    cpus: int
    processes: int
    descriptors_before: int
    descriptors: int
    """File descriptors of each process."""
    ports: int
    """Max connections of this machine to one address."""
    connections: int
    """Max connections of all processes together."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def raise_limits(url: str, *, buyers: int, processes: int | None, connections: int | None) -> RushLimits:
    """Return the limits that the person chose, otherwise the machine's. Raises the limit of open files.

    A server on this machine keeps half of its processors.
    """
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if processes is None:
        is_here = urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
        processes = max(1, cpus // 2 if is_here else cpus)
        processes = min(processes, max(1, buyers // _BUYERS_OF_A_PROCESS))
    before, descriptors = _raise_descriptors()
    ports = _ports()
    allowed = min(processes * max(1, descriptors - _SPARE_DESCRIPTORS), ports, max(buyers, processes))
    if connections is not None:
        allowed = min(allowed, max(connections, processes))
    return RushLimits(
        cpus=cpus,
        processes=processes,
        descriptors_before=before,
        descriptors=descriptors,
        ports=ports,
        connections=allowed // processes * processes,
    )


def _raise_descriptors() -> tuple[int, int]:
    """Raise the limit of open files, which new processes inherit. Returns the old and the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = _WANTED_DESCRIPTORS if hard == unlimited else min(hard, max(_WANTED_DESCRIPTORS, soft))
    if soft != unlimited and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    now = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return tuple(_WANTED_DESCRIPTORS if each == unlimited else each for each in (soft, now))  # type: ignore[return-value]  # always two


def _ports() -> int:
    with suppress(OSError, ValueError):
        first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
        return int((last - first + 1) * _SPARE_PORTS)
    return int(_USUAL_PORTS * _SPARE_PORTS)
