"""A batch against the database: lock and load in one round trip, write and commit in another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.json import set_json_dumps

from holdfast.domain.commands import Answer
from holdfast.domain.errors import EventNotFound
from holdfast.domain.holdings import Holdings
from holdfast.domain.inventory import BlockRecord, HoldRecord, Inventory
from holdfast.store import arrays, queries, rows
from holdfast.store.connections import Connection
from holdfast.store.errors import CommitUnknownError, may_have_committed
from holdfast.store.needs import Known, Needs
from holdfast.store.writing import statements

SQL = queries.load("batch")
MOST_VERSIONS_BEHIND = 1_000
"""A mirror that is further behind than this is loaded whole."""

set_json_dumps(json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode)


class StaleError(Exception):
    """What the process remembered of the event no longer holds: load that anew and run the batch again."""


@dataclass(slots=True, kw_only=True)
class Loaded:
    """The inventory of a batch, and what it was loaded with."""

    inventory: Inventory
    reclaimed_until: datetime
    followed: bool


class Batch:
    """One transaction on one connection. `load`, then `commit` or `roll_back`."""

    def __init__(self, connection: Connection, event_number: int) -> None:
        self.connection = connection
        self.event_number = event_number
        self._context = connection.pipeline()
        self._pipeline: psycopg.AsyncPipeline

    async def load(self, needs: Needs, known: Known, holdings: Holdings | None) -> Loaded:
        """Raises EventNotFound, StaleError, or the driver's errors (nothing was done then)."""
        self._pipeline = await self._context.__aenter__()
        await self._send("BEGIN")
        locked = await self._query("lock_inventory")
        event = await self._query("load_event")
        areas = await self._query("load_areas")
        more: dict[str, psycopg.AsyncCursor[Any]] = {}
        named = [*needs.holds, *needs.blocks]
        if needs.holds:
            more["holds"] = await self._query("load_holds", hold_ids=arrays.ids(needs.holds))
        if needs.bookings:
            ids = arrays.ids(needs.bookings)
            more["sold"] = await self._query("load_holds_of_bookings", booking_ids=ids)
            more["sold_claims"] = await self._query("load_claims_of_bookings", booking_ids=ids)
        if needs.blocks:
            more["blocks"] = await self._query("load_blocks", block_ids=arrays.ids(needs.blocks))
        if named:
            more["claims"] = await self._query("load_claims", hold_ids=arrays.ids(named))
        if needs.buyers:
            more["buyers"] = await self._query("load_buyers", buyers=arrays.texts(needs.buyers))
        if needs.scopes:
            more["answers"] = await self._query("load_answers", scopes=arrays.blobs(needs.scopes))
        whole = len(known.areas) == 1
        if needs.sweep:
            more["sweep"] = await self._query("load_sweep", wanted_rows=needs.sweep)
        if needs.wanted:
            more["lapsed"] = await self._query(
                "load_lapsed",
                wanted_areas=arrays.plain(needs.wanted),
                wanted=arrays.plain(needs.wanted.values()),
                wanted_rows=needs.wanted_rows,
                whole_event=whole,
            )
        if holdings is not None:
            more["journal"] = await self._query(
                "load_journal", version=holdings.version, most=MOST_VERSIONS_BEHIND + 1
            )
        await self._pipeline.sync()
        found = {name: await cursor.fetchall() for name, cursor in more.items()}
        lock = await locked.fetchone()
        event_row = await event.fetchone()
        if lock is None or event_row is None:
            raise EventNotFound("There is no such event.")
        version, last_at, reclaimed_until = lock
        the_event = rows.event_of(event_row[1:])
        if needs.seats != (the_event.map_version > 0) or (
            holdings is not None and holdings.seat_map.version != the_event.map_version
        ):
            raise StaleError("seat map")
        if the_event.max_per_buyer is not None and known.event.max_per_buyer is None:
            raise StaleError("limit per buyer")
        area_list = [rows.area_of(row) for row in await areas.fetchall()]
        if [area.number for area in known.areas] != [area.number for area in area_list] and needs.wanted:
            raise StaleError("areas")
        if holdings is not None:
            self._follow(holdings, found["journal"], version)
        claims = {  # each hold's once, though the batch may name it by its id and by its booking's
            **rows.claims_of(found.get("sold_claims", ())),
            **rows.claims_of(found.get("claims", ())),
        }
        holds = [
            rows.hold_of(row, claims.get(row[0], []))
            for row in (*found.get("holds", ()), *found.get("sold", ()))
        ]
        lapsed = _oldest_first(found.get("sweep", ()), found.get("lapsed", ()))
        already = {hold.id: hold for hold in holds}
        inventory = Inventory(
            event=the_event,
            version=version,
            now=max(event_row[0], last_at),
            areas=area_list,
            holds=[*holds, *(hold for hold in lapsed if hold.id not in already)],
            lapsed=[hold.id for hold in lapsed],
            lapsed_complete=bool(needs.sweep or needs.wanted)
            if whole
            else bool(needs.sweep and not needs.wanted),
            holdings=holdings,
            buyers=found.get("buyers", ()),
            blocks=[
                BlockRecord(id=id, reason=reason, blocked_at=at, lifted_at=lifted, claims=claims.get(id, []))
                for id, reason, at, lifted in found.get("blocks", ())
            ],
            answers={
                bytes(scope): (bytes(body), Answer(status=status, body=bytes(answer), token_for=token_for))
                for scope, body, status, answer, token_for in found.get("answers", ())
            },
        )
        return Loaded(inventory=inventory, reclaimed_until=reclaimed_until, followed=holdings is not None)

    @staticmethod
    def _follow(holdings: Holdings, journal: Sequence[tuple[Any, ...]], version: int) -> None:
        if len(journal) > MOST_VERSIONS_BEHIND:
            raise StaleError("mirror")
        for row_version, at, entries in journal:
            holdings.follow(row_version, at, entries)
        if holdings.version != version:
            raise StaleError("mirror")

    async def commit(self, inventory: Inventory) -> None:
        """Raises CommitUnknownError once it may have happened, the driver's errors where it certainly has not."""
        version = inventory.version + bool(inventory.changes.journal)
        for name, parameters in statements(inventory, version):
            await self._query(name, **parameters)
        severities: list[str | None] = []

        def note(notice: psycopg.errors.Diagnostic) -> None:
            severities.append(notice.severity_nonlocalized)  # at once: the driver takes the notice back

        self.connection.add_notice_handler(note)
        try:
            await self._send("COMMIT")  # from here on the server may have it, and carry it out
            await self._end_pipeline()  # its end is the second round trip: a sync before it would be a third
        except psycopg.Error as error:
            if may_have_committed(error, closed=self.connection.closed):
                raise CommitUnknownError from error
            raise
        finally:
            self.connection.remove_notice_handler(note)
        if "WARNING" in severities:
            raise CommitUnknownError  # the wait for the standby was cut short: PostgreSQL says no more than this
        inventory.version = version

    async def roll_back(self) -> None:
        """Ends the transaction whatever state it is in; a connection that cannot is closed."""
        with suppress(psycopg.Error):
            await self._send("ROLLBACK")
        with suppress(psycopg.Error):
            await self._end_pipeline()
        if self.connection.closed or self.connection.info.transaction_status is TransactionStatus.IDLE:
            return
        try:  # an error had ended the pipeline before its ROLLBACK
            await self.connection.execute("ROLLBACK")
        except psycopg.Error:
            await self.connection.close()

    async def _end_pipeline(self) -> None:
        await self._context.__aexit__(None, None, None)

    async def _send(self, statement: str) -> None:
        await self.connection.execute(statement, prepare=False)

    async def _query(self, name: str, /, **parameters: Any) -> psycopg.AsyncCursor[Any]:
        cursor = self.connection.cursor(binary=True)
        await cursor.execute(SQL[name], {"event_number": self.event_number, **parameters}, prepare=True)
        return cursor


def _oldest_first(sweep: Sequence[tuple[Any, ...]], short: Sequence[tuple[Any, ...]]) -> list[HoldRecord]:
    """Lapsed holds of the sweep's load and of the short areas' load, each once. A batch that has both needs both: the
    sweep's oldest may be of areas that nobody asks for."""
    if not (sweep and short):
        return rows.lapsed_of(sweep or short)
    found = {hold.id: hold for hold in (*rows.lapsed_of(sweep), *rows.lapsed_of(short))}
    return sorted(found.values(), key=lambda hold: (hold.expires_at, hold.id))
