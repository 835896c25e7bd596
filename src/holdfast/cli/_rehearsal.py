"""Rehearsals: events made for practice, whose sales can be returned all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from holdfast.cli._database import BY
from holdfast.cli._progress import progress_bar
from holdfast.cli.output import fail
from holdfast.errors import Refusal
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c

__all__ = ["return_everything"]

_AT_ONCE = 200
"""Commands that wait together, so that a few batches do the work."""


class _Record(Protocol):
    @property
    def id(self) -> UUID: ...


R = TypeVar("R", bound=_Record)


async def return_everything(inventory: Inventory, number: int, *, quiet: bool) -> dict[str, Any]:
    """Return all that is held, booked or blocked in a rehearsal. Raises typer.Exit for another event."""
    event = await inventory.queries.get_event(number)
    if not event.rules.rehearsal:
        raise fail(
            f"Event {number}, {event.name}, is not a rehearsal: only `holdfast event create --rehearsal` makes one."
        )
    queries = inventory.queries

    async def each(
        find: Callable[[], Awaitable[Sequence[R]]], command: Callable[[UUID], c.AnyCommand]
    ) -> int:
        """Run the command for each record until none is found. Return how many it changed."""
        changed = 0
        while found := await find():
            results = await asyncio.gather(
                *(inventory.execute(number, command(one.id)) for one in found), return_exceptions=True
            )
            for result in results:
                if isinstance(result, BaseException) and not isinstance(result, Refusal):
                    raise result
            changed += sum(not isinstance(result, BaseException) for result in results)
            if all(isinstance(result, Refusal) for result in results):
                raise next(result for result in results if isinstance(result, Refusal))
        return changed

    with progress_bar(quiet=quiet) as bar:
        bar.say("returning")
        released = await each(
            lambda: queries.list_holds(number, status="active", limit=_AT_ONCE),
            lambda hold: c.ReleaseHold(by=BY, hold_id=hold, authority=c.STAFF),
        )
        cancelled = await each(
            lambda: queries.list_bookings(number, status="confirmed", limit=_AT_ONCE),
            lambda booking: c.CancelBooking(by=BY, booking_id=booking, authority=c.STAFF),
        )
        lifted = await each(
            lambda: queries.list_blocks(number, live=True, limit=_AT_ONCE),
            lambda block: c.LiftBlock(by=BY, block_id=block),
        )
    counts = (await queries.get_availability(number)).counts
    return {
        "number": number,
        "name": event.name,
        "holds_released": released,
        "bookings_cancelled": cancelled,
        "blocks_lifted": lifted,
        "capacity": counts.capacity,
        "available": counts.available,
    }
