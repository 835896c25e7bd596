"""Large events: the time to create, read and pick seats of an event of 100,000 seats, in one process."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from benchmarks.result import Row
from benchmarks.selling import new_event, placing
from benchmarks.wire import seat_map
from holdfast.inventory.inventory import Inventory
from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.forms import parse_seat_map

SEATS = 100_000
_LABELS_OF_A_HOLD = 500


async def measure_large_event(inventory: Inventory) -> list[Row]:
    """Measure an event of 100,000 seats, half of which are taken."""
    layout = parse_seat_map(seat_map(SEATS))
    created = Row(of="event of 100,000 seats created")
    began = time.perf_counter()
    number = await new_event(inventory, seats=layout.seats, categories=layout.categories)
    created.add(ms=_ms_since(began))
    labels = [seat.label for index, seat in enumerate(layout.seats) if index % 2]
    for at in range(0, len(labels), _LABELS_OF_A_HOLD):
        line = c.SeatsLine(labels=tuple(labels[at : at + _LABELS_OF_A_HOLD]))
        await placing(inventory, number, line)()
    first = Row(of="its seat state with 50,000 taken, first look of a process")
    first.add(ms=await _timed(lambda: _look(inventory, number)))
    later = Row(of="the same after a sale")
    for at in range(5):
        await placing(inventory, number, c.SeatsLine(labels=(layout.seats[2 * at].label,)))()
        later.add(ms=await _timed(lambda: _look(inventory, number)))
    picked = Row(of="best available of 4 on it, the whole command")
    for _ in range(20):
        best = placing(inventory, number, c.BestAvailableLine(quantity=4, together=False))
        picked.add(ms=await _timed(best))
    occupancy = await inventory._occupancies.get(number, 1)
    picker = occupancy.picker((await inventory.queries.get_availability(number)).as_of)
    decided = Row(of="the same, only decided")
    for _ in range(50):
        began = time.perf_counter()
        picker.best(4, None, together=False)
        decided.add(ms=_ms_since(began))
    return [created, first, later, picked, decided]


async def _look(inventory: Inventory, number: int) -> None:
    """Do the work of `GET …/seats`: update the read model, and write its taken seats as JSON."""
    picture = await inventory.read_models.get_current(number)
    await inventory.read_models.list_seats(picture)


async def _timed(act: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await act()
    return _ms_since(began)


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
