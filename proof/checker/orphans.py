"""Orphans: holds of the final state whose ids no client was told, each matched with a request that may have made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from proof.checker.claims import REUSING, requested_of
from proof.checker.clock import ServerClock
from proof.history import KEYED, History, Op

__all__ = ["Orphan", "find_orphans"]


class Orphan:
    __slots__ = ("areas", "booking", "event", "hold", "op", "seats")

    def __init__(self, hold: dict[str, Any], booking: dict[str, Any] | None) -> None:
        self.hold = hold
        self.booking = booking
        self.event: str = hold["event"]
        self.seats = tuple(sorted(hold.get("seats") or (booking or {}).get("seats") or ()))
        self.areas: dict[str, int] = hold.get("areas") or (booking or {}).get("areas") or {}
        self.op: Op | None = None
        """The request that may have made it; each makes at most one."""

    @property
    def quantity(self) -> int:
        """`areas` may count the seats in their categories too: what is counted alone is told by the larger."""
        return max(len(self.seats), sum(self.areas.values()))


def find_orphans(history: History, known: set[str], clock: ServerClock) -> list[Orphan]:
    """`known`: the ids that clients were told."""
    sql = (history.dump or {}).get("sql") or {}
    bookings = {booking["hold"]: booking for booking in sql.get("bookings") or ()}
    orphans = [
        Orphan(hold, bookings.get(hold["id"])) for hold in sql.get("holds") or () if hold["id"] not in known
    ]
    if not orphans:
        return []
    wanted = {orphan.event for orphan in orphans}
    makers: dict[str, list[Op]] = defaultdict(list)
    for f in ("hold", "instant"):
        for op in history.ops[f]:
            is_open = op.st == "info" or (op.st == "ok" and not op.out.get("hold"))
            if is_open and op.event in wanted:
                makers[op.event].append(op)
    by_event: dict[str, list[Orphan]] = defaultdict(list)
    for orphan in orphans:
        by_event[orphan.event].append(orphan)
    for event, some in by_event.items():
        _match(some, makers.get(event, []), clock)
    if any("dup" in fault.name for fault in history.faults):
        _match_duplicates(history, [orphan for orphan in orphans if orphan.op is None], clock)
    return orphans


def _match(orphans: list[Orphan], makers: list[Op], clock: ServerClock) -> None:
    """As many as possible (augmenting paths): whoever stays alone has certainly no request of its own."""
    makers.sort(key=lambda op: (op.st != "ok", op.lo))
    fits = [[at for at, op in enumerate(makers) if _may_have_made(op, one, clock)] for one in orphans]
    made: dict[int, int] = {}

    def place(number: int) -> bool:
        """Finds a maker for this one, moving others where that helps."""
        trail: list[tuple[int, int]] = []
        seen: set[int] = set()
        queue: list[tuple[int, Sequence[tuple[int, int]]]] = [(number, trail)]
        while queue:
            current, before = queue.pop()
            for at in fits[current]:
                if at in seen:
                    continue
                seen.add(at)
                path = [*before, (current, at)]
                if at not in made:
                    made.update((maker, one) for one, maker in path)
                    return True
                queue.append((made[at], path))
        return False

    for number in range(len(orphans)):
        place(number)
    for at, number in made.items():
        orphans[number].op = makers[at]


def _match_duplicates(history: History, orphans: list[Orphan], clock: ServerClock) -> None:
    """The network sent requests twice: one without a key may have been done twice, whatever its client was told."""
    by_event: dict[str, list[Op]] = defaultdict(list)
    if orphans:
        for f in ("hold", "instant"):
            for op in history.ops[f]:
                if op.via not in KEYED or not op.key:
                    by_event[op.event].append(op)
    for orphan in orphans:
        makers = by_event.get(orphan.event, [])
        orphan.op = next((op for op in makers if _may_have_made(op, orphan, clock)), None)


def _may_have_made(op: Op, orphan: Orphan, clock: ServerClock) -> bool:
    placed_at = orphan.hold.get("placed_at")
    if (
        clock.is_known
        and placed_at is not None
        and (clock.latest(placed_at) < op.lo or (op.st == "ok" and clock.earliest(placed_at) > op.hi))
    ):
        return False
    if op.f == "instant":
        return orphan.booking is not None and orphan.quantity == op.given["quantity"]
    if orphan.booking is not None and op.via not in REUSING:
        return False  # nobody can have confirmed what nobody was told of
    buyer, asked = orphan.hold.get("buyer"), op.given.get("buyer")
    if buyer is not None and asked is not None and buyer != asked:
        return False
    lines = op.given["lines"]
    if op.st == "ok" and op.out.get("seats") is not None and tuple(sorted(op.out["seats"])) != orphan.seats:
        return False
    named = {label for line in lines for label in line.get("seats") or ()}
    quantity = requested_of(lines)
    if op.given.get("partial"):
        return orphan.quantity <= quantity
    return orphan.quantity == quantity and named <= set(orphan.seats)
