"""Loads: what a batch of commands needs, which statement reads it, and how the rows become a BatchState."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from holdfast.errors import EventNotFound
from holdfast.identity import identity_of
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.commands import StoredAnswer
from holdfast.inventory.rules.event import MAX_CAPACITY, MAX_CLAIMS_PER_BATCH, Area, AreaState
from holdfast.inventory.rules.occupancy import Occupancy
from holdfast.inventory.rules.records import BlockRecord, ClaimEnd, HoldRecord
from holdfast.inventory.store import rows
from holdfast.inventory.store.batch import MAX_VERSIONS_BEHIND, Loaded
from holdfast.inventory.store.events import CachedEvent
from holdfast.inventory.store.steps import BatchStep
from holdfast.postgres.arrays import blobs, ids, plain, texts
from holdfast.postgres.rows import Table

MAX_LAPSED_ROWS = 20_000

AMPLE = 4 * MAX_CLAIMS_PER_BATCH
"""Admissions that are known to be free. With this many, a few batches of other processes will not have taken
them all."""


class StaleError(Exception):
    """The process's copy of the event is outdated: load the event again, and run the batch again."""


@dataclass(slots=True)
class LoadPlan:
    """Ids and amounts that the batch names. `wanted`: admissions requested from each counted area."""

    holds: dict[UUID, None] = field(default_factory=dict)
    bookings: dict[UUID, None] = field(default_factory=dict)
    blocks: dict[UUID, None] = field(default_factory=dict)
    buyers: dict[str, None] = field(default_factory=dict)
    """Identities, and the texts as given: a server of an older schema stores the text alone."""
    scopes: dict[bytes, None] = field(default_factory=dict)
    wanted: dict[int, int] = field(default_factory=dict)
    counts: bool = False
    """True if a command names a counted area, or means the only one: then the areas must be as this process knows."""
    sweep: int = 0
    seats: bool = False


def plan_of(commands: Sequence[c.AnyCommand], known: CachedEvent) -> LoadPlan:
    plan = LoadPlan(seats=known.event.map_version > 0)
    counted = {
        area.name: area for area in known.areas if not area.seated and area.state is not AreaState.REMOVED
    }
    limited = known.event.rules.max_per_buyer is not None
    if not limited and c.ChangeEvent in map(type, commands):
        limited = any(map(_sets_limit, commands))
    for command in commands:
        if command.key is not None:
            plan.scopes[command.key.scope] = None
        match command:
            case c.PlaceHold(lines=lines, buyer=buyer):
                for line in lines:
                    if isinstance(line, c.QuantityLine):
                        _want(plan, counted, line.area, line.quantity)
                if buyer is not None and limited:
                    plan.buyers |= {identity_of(buyer): None, buyer: None}
            case c.BookInstantly(quantity=quantity, buyer=buyer):
                _want(plan, counted, None, quantity)
                if buyer is not None and limited:
                    plan.buyers |= {identity_of(buyer): None, buyer: None}
            case (
                c.ExtendHold(hold_id=id)
                | c.ReleaseHold(hold_id=id)
                | c.ConfirmHold(hold_id=id)
                | c.ChangeHold(hold_id=id)
            ):
                plan.holds[id] = None
            case (
                c.CancelBooking(booking_id=id)
                | c.ChangeBooking(booking_id=id)
                | c.CancelAdmissions(booking_id=id)
                | c.TransferBooking(booking_id=id)
            ):
                plan.bookings[id] = None
            case c.ExchangeAdmissions(booking_id=id, lines=lines):
                plan.bookings[id] = None
                for line in lines:
                    if isinstance(line, c.QuantityLine):
                        _want(plan, counted, line.area, line.quantity)
            case c.BlockAdmissions(block_id=id, area=area, quantity=quantity, extends=extends):
                if extends:
                    plan.blocks[id] = None
                if quantity:
                    _want(plan, counted, area, quantity)
            case c.LiftBlock(block_id=id):
                plan.blocks[id] = None
            case c.ChangeEvent(capacity=capacity, areas=areas):
                if capacity is not None and len(counted) == 1:
                    (only,) = counted.values()
                    _want(plan, counted, only.name, max(0, only.capacity - capacity))
                for known_area in counted.values():
                    least = min(
                        (_least(each) for each in areas if _names(each, known_area)), default=MAX_CAPACITY
                    )
                    if least < known_area.capacity:
                        _want(plan, counted, known_area.name, known_area.capacity - least)
                plan.counts = plan.counts or bool(areas)
            case c.ReclaimLapsed(limit=limit):
                plan.sweep = max(plan.sweep, limit)
    return plan


def _names(change: c.AreaChange, area: Area) -> bool:
    return area.name == change.name if change.id is None else area.number == change.id


def _least(change: c.AreaChange) -> int:
    """Return the capacity that the change leaves."""
    if change.state is AreaState.REMOVED:
        return 0
    return MAX_CAPACITY if change.capacity is None else change.capacity


def _sets_limit(command: c.AnyCommand) -> bool:
    """Return whether later holds of the same batch must be counted by buyer."""
    return isinstance(command, c.ChangeEvent) and command.rules.get("max_per_buyer") is not None


def _want(plan: LoadPlan, counted: dict[str, Area], name: str | None, quantity: int) -> None:
    plan.counts = True
    if name is None and len(counted) == 1:
        (area,) = counted.values()
    elif name is not None and name in counted:
        area = counted[name]
    else:
        return  # it will be refused, or the engine picks seats
    plan.wanted[area.number] = plan.wanted.get(area.number, 0) + quantity


@dataclass(slots=True, kw_only=True)
class Member:
    """One event of a batch: what its commands need, and this process's copies of the event."""

    number: int
    known: CachedEvent
    plan: LoadPlan
    occupancy: Occupancy | None

    @property
    def fits(self) -> bool:
        """True if a batch of several events can load it: as far as is known, it needs no blocks and reclaims no
        lapsed holds."""
        plan = self.plan
        return not (plan.sweep or plan.blocks) and self._has(0)

    @property
    def has_one_area(self) -> bool:
        """True if the event has one area, so that every hold of the event is a hold of the area."""
        return len(self.known.areas) == 1

    @property
    def may_be_short(self) -> bool:
        """True if lapsed holds may be needed: little was free, and other processes may have taken it since."""
        return bool(self.plan.wanted) and not self._has(AMPLE)

    @property
    def given(self) -> dict[str, Any]:
        return {
            "event_number": self.number,
            "wanted_rows": min(sum(self.plan.wanted.values()), MAX_LAPSED_ROWS),
            "whole_event": self.has_one_area,
        }

    def _has(self, more: int) -> bool:
        """Return whether all requested admissions were free, and `more` of each area besides."""
        free = {area.number: area.free for area in self.known.areas}
        return all(free[area] >= quantity + more for area, quantity in self.plan.wanted.items())


def _of_the_event(_: Member) -> list[tuple[()]]:
    """Return one row without columns, because the event's number is the only parameter."""
    return [()]


# The lock first: what follows sees the state after it.
LOADS: tuple[BatchStep[Member], ...] = (
    BatchStep(statement="lock_inventory", rows=_of_the_event, columns={}),
    BatchStep(statement="load_event", rows=_of_the_event, columns={}),
    BatchStep(statement="load_areas", rows=_of_the_event, columns={}),
    BatchStep(
        statement="load_holds",
        rows=lambda member: [(id,) for id in member.plan.holds],
        columns={"hold_ids": ids},
    ),
    BatchStep(
        statement="load_holds_of_bookings",
        rows=lambda member: [(id,) for id in member.plan.bookings],
        columns={"booking_ids": ids},
    ),
    BatchStep(
        statement="load_claims_of_bookings",
        rows=lambda member: [(id,) for id in member.plan.bookings],
        columns={"booking_ids": ids},
    ),
    BatchStep(
        statement="load_blocks",
        rows=lambda member: [(id,) for id in member.plan.blocks],
        columns={"block_ids": ids},
    ),
    BatchStep(
        statement="load_claims",
        rows=lambda member: [(id,) for id in (*member.plan.holds, *member.plan.blocks)],
        columns={"hold_ids": ids},
    ),
    BatchStep(
        statement="load_buyers",
        rows=lambda member: [(buyer,) for buyer in member.plan.buyers],
        columns={"buyers": texts},
    ),
    BatchStep(
        statement="load_answers",
        rows=lambda member: [(scope,) for scope in member.plan.scopes],
        columns={"scopes": blobs},
    ),
    BatchStep(
        statement="load_sweep",
        rows=lambda member: [(member.plan.sweep,)] if member.plan.sweep else [],
        columns={"wanted_rows": plain},
        one_by_one=True,
    ),
    BatchStep(
        statement="load_lapsed",
        rows=lambda member: list(member.plan.wanted.items()) if member.may_be_short else [],
        columns={"wanted_areas": plain, "wanted": plain},
        alone=True,
    ),
    BatchStep(
        statement="load_journal",
        rows=lambda member: [] if member.occupancy is None else [(member.occupancy.version,)],
        columns={"version": plain},
        one_by_one=True,
    ),
)

_NO_ROWS = Table()


def state_of(loaded: Loaded, member: Member) -> BatchState:
    """Build the batch state from the loaded rows. Raises EventNotFound, or StaleError if the load does not fit
    them."""
    lock, found = loaded["lock_inventory"], loaded["load_event"]
    event = rows.EVENT.first(found)
    if not lock or event is None:
        raise EventNotFound
    ((version, last_at),) = lock.select("version", "last_at")
    (clock,) = found.column("clock")
    plan, known, occupancy = member.plan, member.known, member.occupancy
    if plan.seats != (event.map_version > 0) or (
        occupancy is not None and occupancy.seat_map.version != event.map_version
    ):
        raise StaleError("seat map")
    if event.rules.max_per_buyer is not None and known.event.rules.max_per_buyer is None:
        raise StaleError("limit per buyer")
    areas = list(rows.AREA.read(loaded["load_areas"]))
    if plan.counts and _sizes(known.areas) != _sizes(areas):
        raise StaleError("areas")
    if plan.wanted and "load_lapsed" not in loaded and _are_short(areas, plan.wanted):
        raise StaleError("counters")  # other processes have sold more than AMPLE allows for
    if occupancy is not None:
        _follow(occupancy, loaded["load_journal"], version)
    claim_ends: dict[UUID, ClaimEnd] = {}
    named_any = bool(plan.holds or plan.bookings or plan.blocks)
    holds, blocks = _named(loaded, claim_ends) if named_any else ([], [])
    lapsed = _oldest_first(loaded) if plan.sweep or plan.wanted else []
    named = {hold.id for hold in holds}
    return BatchState(
        event=event,
        version=version,
        now=max(clock, last_at),
        areas=areas,
        holds=[*holds, *(hold for hold in lapsed if hold.id not in named)],
        lapsed=[hold.id for hold in lapsed],
        lapsed_complete=bool(plan.sweep or plan.wanted)
        if member.has_one_area
        else bool(plan.sweep and not plan.wanted),
        occupancy=occupancy,
        buyers=loaded.get("load_buyers", _NO_ROWS).select("buyer", "id", "quantity", "expires_at"),
        blocks=blocks,
        answers=_answers(loaded.get("load_answers", _NO_ROWS)),
        claim_ends=claim_ends,
    )


def _named(loaded: Loaded, claim_ends: dict[UUID, ClaimEnd]) -> tuple[list[HoldRecord], list[BlockRecord]]:
    """Return the holds and blocks that the commands name, and add the ends of changed bookings to `claim_ends`.

    If a batch names a hold by its own id and by its booking's id, the hold's claims are loaded twice. Those of the
    booking have their numbers, too.
    """
    claims = rows.claims_of(loaded["load_claims"]) if "load_claims" in loaded else {}
    if "load_claims_of_bookings" in loaded:
        claims |= rows.numbered_claims_of(loaded["load_claims_of_bookings"], claim_ends)
    holds: list[HoldRecord] = []
    for name in ("load_holds", "load_holds_of_bookings"):
        if name in loaded:
            holds += rows.holds_of(loaded[name], claims)
    blocks = rows.blocks_of(loaded["load_blocks"], claims) if "load_blocks" in loaded else []
    return holds, blocks


def _answers(table: Table) -> dict[bytes, tuple[bytes, StoredAnswer]]:
    return {
        bytes(scope): (bytes(body), StoredAnswer(status=status, body=bytes(answer), token_for=token_for))
        for scope, body, status, answer, token_for in table.select(
            "scope", "body", "status", "answer", "token_for"
        )
    }


def _follow(occupancy: Occupancy, journal: Table, version: int) -> None:
    if len(journal) > MAX_VERSIONS_BEHIND:
        raise StaleError("occupancy")
    for row_version, at, entries in journal.select("version", "at", "changes"):
        occupancy.follow(row_version, at, entries)
    if occupancy.version != version:
        raise StaleError("occupancy")


def _sizes(areas: Iterable[Area]) -> list[tuple[int, str, AreaState, int]]:
    """Return the areas with the parameters of the load for short areas, to see whether they still fit."""
    return [(area.number, area.name, area.state, area.capacity) for area in areas]


def _are_short(areas: Iterable[Area], wanted: Mapping[int, int]) -> bool:
    return any(area.free < wanted.get(area.number, 0) for area in areas)


def _oldest_first(loaded: Loaded) -> list[HoldRecord]:
    """Return the lapsed holds of the sweep's load and of the short areas' load, each once.

    A batch that has both loads needs both: the sweep's oldest holds may be of areas that nobody requests.
    """
    sweep, short = loaded.get("load_sweep", _NO_ROWS), loaded.get("load_lapsed", _NO_ROWS)
    if not (sweep and short):
        return rows.lapsed_of(sweep or short)
    found = {hold.id: hold for hold in (*rows.lapsed_of(sweep), *rows.lapsed_of(short))}
    return sorted(found.values(), key=lambda hold: (hold.expires_at, hold.id))
