"""First connection: what a server waits for before it accepts requests.

A worker without a connection would make its first buyers wait, or refuse them, while another server could serve them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress

from psycopg_pool import PoolTimeout

from holdfast.postgres.connections import Pool

__all__ = ["wait_for_first"]

_TRY_SECONDS = 0.5
"""A pool that could not connect tries again only when it is asked."""


async def wait_for_first(pools: Iterable[Pool], seconds: float) -> bool:
    """Wait until each open pool has a connection. Return False if one has none within this time."""
    end = time.monotonic() + seconds
    return all(await asyncio.gather(*(_reaches(pool, end) for pool in pools)))


async def _reaches(pool: Pool, end: float) -> bool:
    while (left := end - time.monotonic()) > 0:
        with suppress(PoolTimeout):
            async with pool.connection(timeout=min(left, _TRY_SECONDS)):
                return True
    return False
