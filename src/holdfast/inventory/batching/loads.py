"""Needs: what a batch of commands has to have loaded before it can be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.event import MAX_CLAIMS_PER_BATCH, Area, Event

MAX_LAPSED_ROWS = 20_000

AMPLE = 4 * MAX_CLAIMS_PER_BATCH
"""Admissions left over, as far as a process knows, that a few batches of other processes will not have taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedEvent:
    """What a process remembers of an event from its last batch; the load under the lock says whether it still holds."""

    event: Event
    areas: tuple[Area, ...]

    def has(self, wanted: Mapping[int, int]) -> bool:
        """Whether so much was free of these areas."""
        free = {area.number: area.free for area in self.areas}
        return all(free[area] >= quantity for area, quantity in wanted.items())

    def has_ample(self, wanted: Mapping[int, int]) -> bool:
        """Whether so much was free of these areas, and far more, that no lapsed hold will be needed for it."""
        free = {area.number: area.free for area in self.areas}
        return all(free[area] >= quantity + AMPLE for area, quantity in wanted.items())


@dataclass(slots=True)
class LoadPlan:
    """Ids and amounts that the batch names. `wanted`: admissions asked of each counted area."""

    holds: dict[UUID, None] = field(default_factory=dict)
    bookings: dict[UUID, None] = field(default_factory=dict)
    blocks: dict[UUID, None] = field(default_factory=dict)
    buyers: dict[str, None] = field(default_factory=dict)
    scopes: dict[bytes, None] = field(default_factory=dict)
    wanted: dict[int, int] = field(default_factory=dict)
    sweep: int = 0
    seats: bool = False

    @property
    def wanted_rows(self) -> int:
        return min(sum(self.wanted.values()), MAX_LAPSED_ROWS)


def needs_of(commands: Sequence[c.AnyCommand], known: CachedEvent) -> LoadPlan:
    needs = LoadPlan(seats=known.event.map_version > 0)
    counted = {area.name: area for area in known.areas if not area.seated}
    limited = known.event.max_per_buyer is not None or any(map(_sets_limit, commands))
    for command in commands:
        if command.key is not None:
            needs.scopes[command.key.scope] = None
        match command:
            case c.PlaceHold(lines=lines, buyer=buyer):
                for line in lines:
                    if isinstance(line, c.QuantityLine):
                        _want(needs, counted, line.area, line.quantity)
                if buyer is not None and limited:
                    needs.buyers[buyer] = None
            case c.BookInstantly(quantity=quantity, buyer=buyer):
                _want(needs, counted, None, quantity)
                if buyer is not None and limited:
                    needs.buyers[buyer] = None
            case c.ExtendHold(hold_id=id) | c.ReleaseHold(hold_id=id) | c.ConfirmHold(hold_id=id):
                needs.holds[id] = None
            case c.CancelBooking(booking_id=id):
                needs.bookings[id] = None
            case c.BlockAdmissions(block_id=id, area=area, quantity=quantity, extends=extends):
                if extends:
                    needs.blocks[id] = None
                if quantity:
                    _want(needs, counted, area, quantity)
            case c.LiftBlock(block_id=id):
                needs.blocks[id] = None
            case c.ChangeEvent(capacity=capacity, areas=areas):
                if capacity is not None and len(counted) == 1:
                    (only,) = counted.values()
                    _want(needs, counted, only.name, max(0, only.capacity - capacity))
                for spec in areas:
                    if spec.name in counted:
                        _want(needs, counted, spec.name, max(0, counted[spec.name].capacity - spec.capacity))
            case c.ReclaimLapsed(limit=limit):
                needs.sweep = max(needs.sweep, limit)
    return needs


def _sets_limit(command: c.AnyCommand) -> bool:
    """Whether holds further on in the same batch will be counted by buyer."""
    return isinstance(command, c.ChangeEvent) and command.changes.get("max_per_buyer") is not None


def _want(needs: LoadPlan, counted: dict[str, Area], name: str | None, quantity: int) -> None:
    if name is None and len(counted) == 1:
        (area,) = counted.values()
    elif name is not None and name in counted:
        area = counted[name]
    else:
        return  # it will be refused, or the engine picks seats
    needs.wanted[area.number] = needs.wanted.get(area.number, 0) + quantity
