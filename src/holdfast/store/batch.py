"""A batch against the database: lock and load in one round trip, write and commit in another."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb, set_json_dumps

from holdfast.domain.changes import STRUCTURAL, Changes, Claim
from holdfast.domain.commands import Answer
from holdfast.domain.errors import EventNotFound
from holdfast.domain.holdings import Holdings
from holdfast.domain.inventory import BlockRecord, HoldRecord, Inventory
from holdfast.store import arrays, queries, rows
from holdfast.store.connections import Connection
from holdfast.store.errors import CommitUnknownError
from holdfast.store.needs import Known, Needs

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
        number = self.event_number
        await self._send("BEGIN")
        locked = await self._query("lock_inventory")
        event = await self._query("load_event")
        areas = await self._query("load_areas")
        more: dict[str, psycopg.AsyncCursor[Any]] = {}
        named = [*needs.holds, *needs.blocks]
        if needs.holds:
            more["holds"] = await self._query("load_holds", hold_ids=arrays.plain(needs.holds))
        if needs.bookings:
            ids = arrays.plain(needs.bookings)
            more["sold"] = await self._query("load_holds_of_bookings", booking_ids=ids)
            more["sold_claims"] = await self._query("load_claims_of_bookings", booking_ids=ids)
        if needs.blocks:
            more["blocks"] = await self._query("load_blocks", block_ids=arrays.plain(needs.blocks))
        if named:
            more["claims"] = await self._query("load_claims", hold_ids=arrays.plain(named))
        if needs.buyers:
            more["buyers"] = await self._query("load_buyers", buyers=arrays.texts(needs.buyers))
        if needs.scopes:
            more["answers"] = await self._query("load_answers", scopes=arrays.blobs(needs.scopes))
        whole = len(known.areas) == 1
        if needs.sweep:
            more["lapsed"] = await self._query("load_sweep", wanted_rows=needs.sweep)
        elif needs.wanted:
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
        claims = rows.claims_of([*found.get("claims", ()), *found.get("sold_claims", ())])
        holds = [
            rows.hold_of(row, claims.get(row[0], [])) for row in (*found.get("holds", ()), *found.get("sold", ()))
        ]
        lapsed = rows.lapsed_of(found.get("lapsed", ()))
        already = {hold.id: hold for hold in holds}
        inventory = Inventory(
            event=the_event,
            version=version,
            now=max(event_row[0], last_at),
            areas=area_list,
            holds=[*holds, *(hold for hold in lapsed if hold.id not in already)],
            lapsed=[hold.id for hold in lapsed],
            lapsed_complete=bool(needs.sweep) or (bool(needs.wanted) and whole),
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
        """Raises CommitUnknownError once the commit may have happened, the driver's errors where it certainly has not."""
        changes, number = inventory.changes, self.event_number
        version = inventory.version + bool(changes.journal)
        await self._write(changes, inventory, number, version)
        await self._send("COMMIT")
        try:
            await self._pipeline.sync()
        except psycopg.Error as error:
            if error.sqlstate is None or self.connection.broken:
                raise CommitUnknownError from error
            raise
        await self._context.__aexit__(None, None, None)
        inventory.version = version

    async def roll_back(self) -> None:
        """Ends the transaction whatever state it is in; a connection that cannot is closed."""
        with suppress(psycopg.Error):
            await self._context.__aexit__(None, None, None)
        if not self.connection.closed:
            try:
                await self.connection.execute("ROLLBACK")
            except psycopg.Error:
                await self.connection.close()

    async def _write(self, changes: Changes, inventory: Inventory, number: int, version: int) -> None:
        now = inventory.now
        if changes.new_areas:
            new = changes.new_areas
            await self._query(
                "insert_areas",
                numbers=arrays.plain(area.number for area in new),
                names=arrays.texts(area.name for area in new),
                categories=arrays.texts(area.category for area in new),
                seated=arrays.booleans(area.seated for area in new),
                capacities=arrays.plain(area.capacity for area in new),
            )
        if changes.new_seats:
            await self._query(
                "insert_seats", map_version=inventory.event.map_version, **seat_columns(changes.new_seats)
            )
        if changes.event:
            event = inventory.event
            await self._query("update_event", **{name: getattr(event, name) for name in EVENT_COLUMNS})
        ended = [id for id in changes.ended if id not in changes.new_holds]
        if ended:
            await self._query("end_claims", version=version, hold_ids=arrays.plain(ended))
        booked = [id for id in changes.booked if id not in changes.new_holds]
        if booked:
            await self._query("book_claims", version=version, hold_ids=arrays.plain(booked))
        if changes.moved_holds:
            await self._query(
                "move_holds",
                ids=arrays.plain(changes.moved_holds),
                statuses=arrays.texts(status.value for status, _ in changes.moved_holds.values()),
                expiries=arrays.times(expires_at for _, expires_at in changes.moved_holds.values()),
            )
        if changes.new_holds:
            await self._insert_holds(list(changes.new_holds.values()), now)
        if changes.new_holds or changes.new_blocks:
            await self._query("insert_claims", version=version, **claim_columns(changes))
        if changes.new_bookings:
            new_bookings = changes.new_bookings
            await self._query(
                "insert_bookings",
                now=now,
                hold_ids=arrays.plain(booking.hold_id for booking in new_bookings),
                ids=arrays.plain(booking.id for booking in new_bookings),
                names=arrays.texts(booking.name for booking in new_bookings),
                emails=arrays.texts(booking.email for booking in new_bookings),
                confirmed_by=arrays.texts(booking.by for booking in new_bookings),
            )
        if changes.cancelled_bookings:
            await self._query("cancel_bookings", now=now, hold_ids=arrays.plain(changes.cancelled_bookings))
        first_blocks = [block for block in changes.new_blocks if block.first == 0]
        if first_blocks:
            await self._query(
                "insert_blocks",
                now=now,
                ids=arrays.plain(block.id for block in first_blocks),
                reasons=arrays.texts(block.reason for block in first_blocks),
                blocked_by=arrays.texts(block.by for block in first_blocks),
            )
        if changes.lifted_blocks:
            await self._query("lift_blocks", now=now, ids=arrays.plain(changes.lifted_blocks))
        if changes.attempts:
            await self._query(
                "insert_attempts",
                now=now,
                numbers=arrays.plain(attempt.number for attempt in changes.attempts),
                quantities=arrays.plain(attempt.quantity for attempt in changes.attempts),
                statuses=arrays.texts(attempt.status.value for attempt in changes.attempts),
                booking_ids=arrays.plain(attempt.booking_id for attempt in changes.attempts),
            )
        if changes.areas:
            areas = list(changes.areas.values())
            await self._query(
                "update_areas",
                numbers=arrays.plain(area.number for area in areas),
                categories=arrays.texts(area.category for area in areas),
                capacities=arrays.plain(area.capacity for area in areas),
                held=arrays.plain(area.held for area in areas),
                booked=arrays.plain(area.booked for area in areas),
                blocked=arrays.plain(area.blocked for area in areas),
            )
        if changes.answers:
            await self._query(
                "insert_answers",
                now=now,
                scopes=arrays.blobs(scope for scope, _, _ in changes.answers),
                bodies=arrays.blobs(body for _, body, _ in changes.answers),
                statuses=arrays.plain(answer.status for _, _, answer in changes.answers),
                answers=arrays.blobs(answer.body for _, _, answer in changes.answers),
                tokens_for=arrays.plain(answer.token_for for _, _, answer in changes.answers),
            )
        if changes.replayed:
            await self._query("count_replays", scopes=arrays.blobs(changes.replayed))
        if changes.journal:
            await self._query(
                "insert_journal",
                version=version,
                now=now,
                structural=any(entry["change"] in STRUCTURAL for entry in changes.journal),
                changes=Jsonb(changes.journal),
            )
        await self._query("update_inventory", version=version, now=now, reclaimed_until=changes.reclaimed_until)

    async def _insert_holds(self, holds: list[HoldRecord], now: datetime) -> None:
        await self._query(
            "insert_holds",
            now=now,
            ids=arrays.plain(hold.id for hold in holds),
            statuses=arrays.texts(hold.status.value for hold in holds),
            expiries=arrays.times(hold.expires_at for hold in holds),
            quantities=arrays.plain(hold.quantity for hold in holds),
            requested=arrays.plain(hold.requested for hold in holds),
            buyers=arrays.texts(hold.buyer for hold in holds),
            token_hashes=arrays.blobs(hold.token_hash for hold in holds),
            placed_by=arrays.texts(hold.by for hold in holds),
        )

    async def _send(self, statement: str) -> None:
        await self.connection.execute(statement, prepare=False)

    async def _query(self, name: str, **parameters: Any) -> psycopg.AsyncCursor[Any]:
        cursor = self.connection.cursor(binary=True)
        await cursor.execute(SQL[name], {"event_number": self.event_number, **parameters}, prepare=True)
        return cursor


EVENT_COLUMNS = (
    "name",
    "status",
    "venue",
    "time_zone",
    "starts_at",
    "on_sale_at",
    "off_sale_at",
    "sales_stopped",
    "hold_ttl_seconds",
    "max_hold_ttl_seconds",
    "max_per_hold",
    "max_per_buyer",
    "allow_partial",
    "map_version",
)


def claim_columns(changes: Changes) -> dict[str, str]:
    """One row a claim, numbered within its hold or block."""
    table: list[tuple[Any, ...]] = []
    for hold in changes.new_holds.values():
        booked = hold.booking_id is not None
        ended = hold.id in changes.ended
        table.extend(
            (hold.id, number, claim.line, "hold", claim.area, claim.seat, claim.quantity, booked, ended)
            for number, claim in enumerate(hold.claims)
        )
    for block in changes.new_blocks:
        table.extend(
            (block.id, number, claim.line, "block", claim.area, claim.seat, claim.quantity, False, False)
            for number, claim in enumerate(block.claims, block.first)
        )
    ids, numbers, lines, kinds, areas, seats, quantities, booked_flags, ended_flags = zip(*table, strict=True)
    return {
        "hold_ids": arrays.plain(ids),
        "numbers": arrays.plain(numbers),
        "lines": arrays.plain(lines),
        "kinds": arrays.texts(kinds),
        "areas": arrays.plain(areas),
        "seats": arrays.plain(seats),
        "quantities": arrays.plain(quantities),
        "booked": arrays.booleans(booked_flags),
        "ended": arrays.booleans(ended_flags),
    }


def seat_columns(seats: Sequence[tuple[int, Any, int]]) -> dict[str, str]:
    """Of (seat number, what it is, area number)."""
    return {
        "numbers": arrays.plain(number for number, _, _ in seats),
        "labels": arrays.texts(seat.label for _, seat, _ in seats),
        "areas": arrays.plain(area for _, _, area in seats),
        "sections": arrays.texts(seat.section for _, seat, _ in seats),
        "rows": arrays.texts(seat.row for _, seat, _ in seats),
        "positions": arrays.plain(seat.position_in_row for _, seat, _ in seats),
        "names": arrays.texts(seat.name for _, seat, _ in seats),
        "guids": arrays.texts(seat.guid for _, seat, _ in seats),
        "xs": arrays.plain(seat.x for _, seat, _ in seats),
        "ys": arrays.plain(seat.y for _, seat, _ in seats),
    }
