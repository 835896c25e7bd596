"""Limits of the inventory: every queue and every wait has a bound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryLimits:
    """Max lengths of queues, and max durations."""

    queue_length: int = 4_096
    """Max commands that wait in one lane; a further one is refused with 503 `busy`."""
    batch_maximum: int = 256
    """Max commands of one batch."""
    claims_maximum: int = 2_000
    """Max claims that the commands of one batch request together. A single larger command is a batch of its own."""
    wait_seconds: float = 2.0
    """Max seconds that a command waits. Later it is dropped before BEGIN, with 503 `busy`."""
    answer_seconds: float = 6.0
    """Max seconds that a database may take to answer a batch. Later its connection is closed as lost."""
    occupancy_seats: int = 2_000_000
    """Max seats of all occupancies that one process keeps; the least recently used are dropped first."""
    streams: int = 10_000
    """Max open streams; a further one is refused with 503 `busy`."""
