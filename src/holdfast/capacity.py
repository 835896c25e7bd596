"""Capacity: what a crowd needs, from measured costs. It is arithmetic: nothing is started, and nothing measured here.

docs/concepts/scale.md explains the model, and says where each cost was measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Machine", "Need", "Visitors", "first_limit", "needs_of"]

HOT_HOLD, COLD_HOLD, READ, MESSAGE = 80e-6, 230e-6, 34e-6, 10e-6
"""Seconds of a server's core: a hold of a busy event, of a quiet one, a read, a stream message to one client."""
HOT_ROW, COLD_ROW = 40e-6, 180e-6
"""Seconds of PostgreSQL's core for a hold of a busy event, and of a quiet one."""
COLD_BELOW = 50.0
"""An event with fewer attempts per second shares its batches, or has small ones."""
LANE = 5_000.0
"""Attempts that one event decides per second. Its batches take turns, so that further machines do not help."""
WORKER_BYTES, CONNECTION_BYTES, CONNECTIONS = 60e6, 12e3, 50_000
"""Memory of a worker and of a connection, and connections of a worker."""
MESSAGE_BYTES, READ_BYTES, HOLD_BYTES = 200, 1_500, 1_500
MESSAGES_PER_SECOND = 2.0
BUSY_SHARE = 0.7
"""Above this share of its cores, a machine answers late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitors:
    """Who comes. They arrive within `minutes`, and the worst second has `peak` times the average."""

    visitors: int
    events: int = 1
    minutes: float = 10.0
    peak: float = 3.0
    reads: float = 5.0
    """Reads of a visitor."""
    attempts: float = 1.0
    """Holds that a visitor tries to place."""
    stay_minutes: float = 5.0
    watching: float = 0.2
    """The share of visitors who have a stream open."""

    @property
    def per_second(self) -> float:
        """Arrivals in the worst second."""
        return self.visitors / (self.minutes * 60) * self.peak

    @property
    def present(self) -> float:
        """Visitors who are there at the same time."""
        return min(self.visitors, self.per_second * self.stay_minutes * 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    cores: int = 16
    gigabytes: int = 64
    gigabits: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A resource: how much the worst second needs, and how much one unit of it has."""

    what: str
    needed: float
    unit_has: float
    unit: str
    can_grow: bool = True
    """False if a second unit does not help."""

    @property
    def units(self) -> int:
        return math.ceil(self.needed / self.unit_has)

    @property
    def share(self) -> float:
        return self.needed / self.unit_has


def needs_of(crowd: Visitors, machine: Machine) -> list[Need]:
    """Return what the crowd needs, as if every event had the same part of it."""
    wanted = crowd.per_second * crowd.attempts
    of_event = wanted / crowd.events
    decided = min(of_event, LANE) * crowd.events
    is_cold = of_event < COLD_BELOW
    hold, row = (COLD_HOLD, COLD_ROW) if is_cold else (HOT_HOLD, HOT_ROW)
    reads = crowd.per_second * crowd.reads
    messages = crowd.present * crowd.watching * MESSAGES_PER_SECOND
    cores = (decided * hold + reads * READ + messages * MESSAGE) / BUSY_SHARE
    workers = max(cores, crowd.present / CONNECTIONS, 1)
    bits = 8 * (messages * MESSAGE_BYTES + reads * READ_BYTES + wanted * HOLD_BYTES)
    return [
        Need(
            what="one event's lane, attempts/s", needed=of_event, unit_has=LANE, unit="lanes", can_grow=False
        ),
        Need(what="cores of servers", needed=cores, unit_has=machine.cores, unit="machines"),
        Need(
            what="memory of servers, GB",
            needed=(crowd.present * CONNECTION_BYTES + workers * WORKER_BYTES) / 1e9,
            unit_has=machine.gigabytes,
            unit="machines",
        ),
        Need(what="connections", needed=crowd.present, unit_has=CONNECTIONS, unit="workers"),
        Need(what="network, Gbit/s", needed=bits / 1e9, unit_has=machine.gigabits, unit="machines"),
        Need(
            what="cores of PostgreSQL",
            needed=decided * row / BUSY_SHARE,
            unit_has=machine.cores,
            unit="machines",
        ),
    ]


def first_limit(needs: list[Need]) -> Need:
    """Return what ends first. What cannot grow comes before what another machine adds."""
    return max(needs, key=lambda need: (not need.can_grow and need.share > 1, need.share))
