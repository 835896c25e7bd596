"""A batch against the database: lock and load in one round trip, write and commit in another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg

from holdfast.errors import EventNotFound
from holdfast.inventory.batching.loads import CachedEvent, LoadPlan
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.commands import StoredAnswer
from holdfast.inventory.rules.event import Area
from holdfast.inventory.rules.occupancy import Occupancy
from holdfast.inventory.rules.records import BlockRecord, HoldRecord
from holdfast.inventory.store import rows
from holdfast.inventory.store.steps import ONE_EVENT, of_one_event
from holdfast.inventory.store.writes import WRITES
from holdfast.postgres import arrays
from holdfast.postgres.connections import Connection
from holdfast.postgres.transaction import Transaction

MAX_VERSIONS_BEHIND = 1_000
"""A mirror that is further behind than this is loaded whole."""


class StaleError(Exception):
    """What the process remembered of the event no longer holds: load that anew and run the batch again."""


class Batch(Transaction):
    """A batch of one event. `load`, then `commit` or `roll_back`."""

    def __init__(self, connection: Connection, event_number: int) -> None:
        super().__init__(connection)
        self.event_number = event_number

    async def load(self, needs: LoadPlan, known: CachedEvent, occupancy: Occupancy | None) -> BatchState:
        """Raises EventNotFound, StaleError, or the driver's errors (nothing was done then)."""
        try:
            found = await self._ask(needs, known, occupancy)
        except (
            psycopg.errors.InvalidSqlStatementName
        ):  # the session knows none any more; now it is told them again
            self._pipeline.add_plain(b"ROLLBACK")
            found = await self._ask(needs, known, occupancy)
        return inventory_of(found, needs, known, occupancy)

    async def _ask(
        self, needs: LoadPlan, known: CachedEvent, occupancy: Occupancy | None
    ) -> dict[str, list[tuple[Any, ...]]]:
        """Locks, and loads what follows the lock, by the names of the answers."""
        self._pipeline.begin()
        asked = {
            name: self._add(query, **parameters)
            for name, query, parameters in _loads(needs, known, occupancy)
        }
        answers = await self._pipeline.sync()
        return {name: answers[at] for name, at in asked.items()}

    async def commit(self, state: BatchState) -> None:
        """Raises CommitUnknownError once it may have happened, the driver's errors where it certainly has not."""
        version = state.version + bool(state.changes.journal)
        given = {
            "event_number": self.event_number,
            "version": version,
            "now": state.now,
            "map_version": state.event.map_version,
        }
        for statement, parameters in of_one_event(WRITES, state, given):
            self._pipeline.add(statement, parameters)
        await self._commit()
        state.version = version

    def _add(self, name: str, /, **parameters: Any) -> int:
        return self._pipeline.add(ONE_EVENT[name], {"event_number": self.event_number, **parameters})


def inventory_of(
    found: Mapping[str, Sequence[tuple[Any, ...]]],
    needs: LoadPlan,
    known: CachedEvent,
    occupancy: Occupancy | None,
) -> BatchState:
    """What was loaded of one event, by the names of the answers. Raises EventNotFound, StaleError."""
    if not found["lock"] or not found["event"]:
        raise EventNotFound
    (lock,), (event_row,) = found["lock"], found["event"]
    version, last_at = lock
    the_event = rows.event_of(event_row[1:])
    if needs.seats != (the_event.map_version > 0) or (
        occupancy is not None and occupancy.seat_map.version != the_event.map_version
    ):
        raise StaleError("seat map")
    if the_event.max_per_buyer is not None and known.event.max_per_buyer is None:
        raise StaleError("limit per buyer")
    whole = len(known.areas) == 1
    area_list = [rows.area_of(row) for row in found["areas"]]
    if needs.wanted and _sizes(known.areas) != _sizes(area_list):
        raise StaleError("areas")
    if needs.wanted and "lapsed" not in found and _are_short(area_list, needs.wanted):
        raise StaleError("counters")  # other processes have sold more than was thought possible
    if occupancy is not None:
        _follow(occupancy, found["journal"], version)
    claims = {  # each hold's once, though the batch may name it by its id and by its booking's
        **rows.claims_of(found.get("sold_claims", ())),
        **rows.claims_of(found.get("claims", ())),
    }
    holds = [
        rows.hold_of(row, claims.get(row[0], [])) for row in (*found.get("holds", ()), *found.get("sold", ()))
    ]
    lapsed = _oldest_first(found.get("sweep", ()), found.get("lapsed", ()))
    already = {hold.id: hold for hold in holds}
    return BatchState(
        event=the_event,
        version=version,
        now=max(event_row[0], last_at),
        areas=area_list,
        holds=[*holds, *(hold for hold in lapsed if hold.id not in already)],
        lapsed=[hold.id for hold in lapsed],
        lapsed_complete=bool(needs.sweep or needs.wanted)
        if whole
        else bool(needs.sweep and not needs.wanted),
        occupancy=occupancy,
        buyers=found.get("buyers", ()),
        blocks=[
            BlockRecord(id=id, reason=reason, blocked_at=at, lifted_at=lifted, claims=claims.get(id, []))
            for id, reason, at, lifted in found.get("blocks", ())
        ],
        answers={
            bytes(scope): (bytes(body), StoredAnswer(status=status, body=bytes(answer), token_for=token_for))
            for scope, body, status, answer, token_for in found.get("answers", ())
        },
    )


def _follow(occupancy: Occupancy, journal: Sequence[tuple[Any, ...]], version: int) -> None:
    if len(journal) > MAX_VERSIONS_BEHIND:
        raise StaleError("mirror")
    for row_version, at, entries in journal:
        occupancy.follow(row_version, at, entries)
    if occupancy.version != version:
        raise StaleError("mirror")


def _loads(
    needs: LoadPlan, known: CachedEvent, occupancy: Occupancy | None
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name of the answer, statement, parameters): the lock, the event itself, and what the batch's commands need."""
    yield "lock", "lock_inventory", {}
    yield "event", "load_event", {}
    yield "areas", "load_areas", {}
    named = [*needs.holds, *needs.blocks]
    if needs.holds:
        yield "holds", "load_holds", {"hold_ids": arrays.ids(needs.holds)}
    if needs.bookings:
        ids = {"booking_ids": arrays.ids(needs.bookings)}
        yield "sold", "load_holds_of_bookings", ids
        yield "sold_claims", "load_claims_of_bookings", ids
    if needs.blocks:
        yield "blocks", "load_blocks", {"block_ids": arrays.ids(needs.blocks)}
    if named:
        yield "claims", "load_claims", {"hold_ids": arrays.ids(named)}
    if needs.buyers:
        yield "buyers", "load_buyers", {"buyers": arrays.texts(needs.buyers)}
    if needs.scopes:
        yield "answers", "load_answers", {"scopes": arrays.blobs(needs.scopes)}
    if needs.sweep:
        yield "sweep", "load_sweep", {"wanted_rows": needs.sweep}
    if needs.wanted and not known.has_ample(needs.wanted):
        parameters = {
            "wanted_areas": arrays.plain(needs.wanted),
            "wanted": arrays.plain(needs.wanted.values()),
            "wanted_rows": needs.wanted_rows,
            "whole_event": len(known.areas) == 1,
        }
        yield "lapsed", "load_lapsed", parameters
    if occupancy is not None:
        yield "journal", "load_journal", {"version": occupancy.version, "most": MAX_VERSIONS_BEHIND + 1}


def _sizes(areas: Iterable[Area]) -> list[tuple[int, int]]:
    """What the load for short areas went by: how many there are, and how far one would shrink."""
    return [(area.number, area.capacity) for area in areas]


def _are_short(areas: Iterable[Area], wanted: Mapping[int, int]) -> bool:
    return any(area.free < wanted.get(area.number, 0) for area in areas)


def _oldest_first(sweep: Sequence[tuple[Any, ...]], short: Sequence[tuple[Any, ...]]) -> list[HoldRecord]:
    """Lapsed holds of the sweep's load and of the short areas' load, each once. A batch that has both needs both: the
    sweep's oldest may be of areas that nobody asks for."""
    if not (sweep and short):
        return rows.lapsed_of(sweep or short)
    found = {hold.id: hold for hold in (*rows.lapsed_of(sweep), *rows.lapsed_of(short))}
    return sorted(found.values(), key=lambda hold: (hold.expires_at, hold.id))
