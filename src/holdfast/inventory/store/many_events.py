"""Spanning: a batch of several events in one transaction, for events that have little to do each.

A lone hold costs two round trips, a dozen statements and an fsync, whichever event it is of; two hundred events with a
hold each cost that once. Only on one PostgreSQL: where events are spread, each has a batch of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from holdfast.errors import EventNotFound
from holdfast.inventory.batching.loads import CachedEvent, LoadPlan
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.occupancy import Occupancy
from holdfast.inventory.store.one_event import MAX_VERSIONS_BEHIND, StaleError, inventory_of
from holdfast.inventory.store.steps import SEVERAL_EVENTS, of_several_events
from holdfast.inventory.store.writes import WRITES
from holdfast.postgres import arrays
from holdfast.postgres.transaction import Transaction

__all__ = ["Member", "SpanningBatch"]

Rows = list[tuple[Any, ...]]


@dataclass(slots=True, kw_only=True)
class Member:
    """One event of the batch, and what its commands need to have loaded."""

    number: int
    known: CachedEvent
    needs: LoadPlan
    occupancy: Occupancy | None

    @property
    def fits(self) -> bool:
        """Whether this batch can load it: no lapsed holds to reclaim, no blocks, as far as the process knows."""
        needs = self.needs
        return not (needs.sweep or needs.blocks) and self.known.has(needs.wanted)


class SpanningBatch(Transaction):
    """`load`, then `commit` or `roll_back`."""

    async def load(self, members: Sequence[Member]) -> dict[int, BatchState]:
        """By event number. Left out is who was locked by others, or is not what this process thought: those need a
        batch of their own. Raises the driver's errors (nothing was done then)."""
        try:
            found = await self._ask(members)
        except psycopg.errors.InvalidSqlStatementName:  # the session knows none any more
            self._pipeline.add_plain(b"ROLLBACK")
            found = await self._ask(members)
        states = {}
        for member in members:
            mine = found[member.number]
            if not mine["lock"]:
                continue
            try:
                states[member.number] = inventory_of(mine, member.needs, member.known, member.occupancy)
            except (EventNotFound, StaleError):
                continue
        return states

    async def _ask(self, members: Sequence[Member]) -> dict[int, dict[str, Rows]]:
        """Rows by event and by the names of the answers, each without its event's number."""
        self._pipeline.begin()
        asked = {
            name: self._pipeline.add(SEVERAL_EVENTS[query], parameters)
            for name, query, parameters in _loads(members)
        }
        answers = await self._pipeline.sync()
        found: dict[int, dict[str, Rows]] = {
            member.number: {name: [] for name in asked} for member in members
        }
        for name, at in asked.items():
            for row in answers[at]:
                found[row[0]][name].append(row[1:])
        return found

    async def commit(self, states: Sequence[BatchState]) -> None:
        """Those that have changed. Raises CommitUnknownError once it may have happened, the driver's errors else."""
        versions = [one.version + bool(one.changes.journal) for one in states]
        given = {
            "event_numbers": (arrays.plain, [one.event.number for one in states]),
            "versions": (arrays.plain, versions),
            "nows": (arrays.times, [one.now for one in states]),
        }
        for statement, parameters in of_several_events(WRITES, states, given):
            self._pipeline.add(statement, parameters)
        await self._commit()
        for state, version in zip(states, versions, strict=True):
            state.version = version


def _loads(members: Sequence[Member]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name of the answer, statement, parameters), as in a batch of one event."""
    numbers = {"event_numbers": arrays.plain([member.number for member in members])}
    yield "lock", "lock_inventory", numbers
    yield "event", "load_event", numbers
    yield "areas", "load_areas", numbers
    holds = [(member.number, id) for member in members for id in member.needs.holds]
    if holds:
        named = {**_numbers(holds), "hold_ids": arrays.ids([id for _, id in holds])}
        yield "holds", "load_holds", named
        yield "claims", "load_claims", named
    bookings = [(member.number, id) for member in members for id in member.needs.bookings]
    if bookings:
        sold = {**_numbers(bookings), "booking_ids": arrays.ids([id for _, id in bookings])}
        yield "sold", "load_holds_of_bookings", sold
        yield "sold_claims", "load_claims_of_bookings", sold
    buyers = [(member.number, buyer) for member in members for buyer in member.needs.buyers]
    if buyers:
        yield (
            "buyers",
            "load_buyers",
            {**_numbers(buyers), "buyers": arrays.texts([buyer for _, buyer in buyers])},
        )
    scopes = [(member.number, scope) for member in members for scope in member.needs.scopes]
    if scopes:
        yield (
            "answers",
            "load_answers",
            {**_numbers(scopes), "scopes": arrays.blobs([scope for _, scope in scopes])},
        )
    mirrored = [
        (member.number, member.occupancy.version) for member in members if member.occupancy is not None
    ]
    if mirrored:
        versions = arrays.plain([version for _, version in mirrored])
        yield (
            "journal",
            "load_journal",
            {**_numbers(mirrored), "versions": versions, "most": MAX_VERSIONS_BEHIND + 1},
        )


def _numbers(pairs: Iterable[tuple[int, Any]]) -> dict[str, str]:
    return {"event_numbers": arrays.plain([number for number, _ in pairs])}
