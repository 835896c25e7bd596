"""The loads of an occupancy: everything that is taken, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.inventory.rules.occupancy import Occupancy, Occupant
from holdfast.inventory.seating.seat_map import SeatMap
from holdfast.inventory.store.batch import MAX_VERSIONS_BEHIND
from holdfast.postgres import queries
from holdfast.postgres.connections import Connections
from holdfast.postgres.pipeline import Statement
from holdfast.postgres.rows import Table
from holdfast.postgres.together import read_together

SQL = queries.load("occupancies")
BATCH_SQL = queries.load("batch")

_LOAD_OCCUPANCY = Statement("load_occupancy", SQL["load_occupancy"])
_OCCUPANT_COLUMNS = (
    "hold_id",
    "kind",
    "placed_at",
    "expires_at",
    "booked",
    "buyer",
    "requested",
    "seats",
    "areas",
    "quantities",
)


async def load_occupancies(
    connections: Connections, seat_maps: Mapping[int, SeatMap]
) -> dict[int, Occupancy | Exception]:
    """Return everything that is taken of each event, as of one version, or the event's error, in one round trip."""
    givens = {number: {"event_number": number} for number in seat_maps}
    answers = await read_together(connections, [_LOAD_OCCUPANCY], givens)
    return {
        number: answer if isinstance(answer, Exception) else _occupancy_of(answer[0], seat_maps[number])
        for number, answer in answers.items()
    }


def _occupancy_of(table: Table, seat_map: SeatMap) -> Occupancy:
    occupancy = Occupancy(seat_map, next(iter(table.column("version")), 0))
    for (
        hold_id,
        kind,
        placed_at,
        expires_at,
        booked,
        buyer,
        requested,
        seats,
        areas,
        quantities,
    ) in table.select(*_OCCUPANT_COLUMNS):
        if hold_id is None:
            continue
        by_area: dict[int, int] = {}
        for area, quantity in zip(areas, quantities, strict=True):
            by_area[area] = by_area.get(area, 0) + quantity
        occupancy.add(
            Occupant(
                id=hold_id,
                kind=kind,
                placed_at=placed_at,
                expires_at=None if kind == "block" or booked else expires_at,
                booked=bool(booked),
                seats=tuple(seats or ()),
                areas=by_area,
                buyer=buyer,
                requested=requested or 0,
            )
        )
    return occupancy


async def follow_journal(connections: Connections, number: int, occupancy: Occupancy) -> bool:
    """Bring the occupancy up to the newest version. Return False if it is too far behind and must be loaded in
    full."""
    parameters = {"event_number": number, "version": occupancy.version, "max_rows": MAX_VERSIONS_BEHIND + 1}
    table = await connections.ask(number, BATCH_SQL["load_journal"], parameters)
    if len(table) > MAX_VERSIONS_BEHIND:
        return False
    for version, at, entries in table.select("version", "at", "changes"):
        if any(entry["change"] == "seats_added" for entry in entries):
            return False
        occupancy.follow(version, at, entries)
    return True
