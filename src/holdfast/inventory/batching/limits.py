"""Limits of the engine: everything that waits is bounded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryLimits:
    """How much may wait, and for how long."""

    queue_length: int = 4_096
    """Commands waiting in one lane; one more is refused with 503 `busy`."""
    batch_maximum: int = 256
    """Commands decided together."""
    claims_maximum: int = 2_000
    """Claims that the commands of one batch may ask for together (a single larger one goes alone)."""
    wait_seconds: float = 2.0
    """A command that waited longer is dropped before BEGIN, with 503 `busy`."""
    answer_seconds: float = 6.0
    """A database that has not answered a batch for so long is taken for lost."""
    mirrored_seats: int = 2_000_000
    """Seats of all mirrors that one process keeps; the least lately used go first."""
    watchers: int = 10_000
    """Streams that are open; one more is refused with 503 `busy`."""
