"""Retry keys: random, as a guest's must be, and the same for the same seed."""

from __future__ import annotations

import random
from uuid import UUID

__all__ = ["random_key"]


def random_key(chance: random.Random) -> str:
    """Return the next Idempotency-Key."""
    return str(UUID(int=chance.getrandbits(128), version=4))
