"""Orphans: holds of the final state whose ids no client received, matched with requests that may have made them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from proof.checker.claims import REUSING, requested_of
from proof.checker.clock import ServerClock
from proof.history import KEYED, History, Op

__all__ = ["Orphan", "find_orphans"]


class Orphan:
    __slots__ = ("areas", "booking", "event", "hold", "is_duplicate", "op", "seats", "since")

    def __init__(self, hold: dict[str, Any], booking: dict[str, Any] | None, counted: Iterable[str]) -> None:
        self.hold = hold
        self.booking = booking
        self.event: str = hold["event"]
        self.seats = tuple(sorted(hold.get("seats") or (booking or {}).get("seats") or ()))
        areas: dict[str, int] = hold.get("areas") or (booking or {}).get("areas") or {}
        self.areas = {name: areas[name] for name in counted if name in areas}
        self.op: Op | None = None
        """The request that may have made it; each makes at most one."""
        self.since: int | None = None
        """The start of the first request that may have made it, because the real one may be unknown."""
        self.is_duplicate = False
        """True if the network duplicated the request, and both copies were done."""

    @property
    def quantity(self) -> int:
        return len(self.seats) + sum(self.areas.values())


def find_orphans(history: History, known: set[str], clock: ServerClock) -> list[Orphan]:
    """Return the holds that are not among the `known` ids, each with its request if one matches."""
    sql = (history.dump or {}).get("sql") or {}
    bookings = {booking["hold"]: booking for booking in sql.get("bookings") or ()}
    orphans = [
        Orphan(hold, bookings.get(hold["id"]), history.halls[hold["event"]].areas)
        for hold in sql.get("holds") or ()
        if hold["id"] not in known and hold["event"] in history.halls
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
        for orphan in some:
            possible = (op.lo for op in makers.get(event, ()) if _may_have_made(op, orphan, clock))
            orphan.since = min(possible, default=None)
    if any("dup" in fault.name for fault in history.faults):
        _match_duplicates(history, [orphan for orphan in orphans if orphan.op is None], clock)
    return orphans


def _match(orphans: list[Orphan], makers: list[Op], clock: ServerClock) -> None:
    """Match as many as possible: an unmatched success is a lost hold, and an unmatched hold is a phantom."""
    orphans.sort(key=_placed_at)
    makers.sort(key=lambda op: op.lo)
    placed = [_placed_at(orphan) for orphan in orphans]
    begun = [op.lo for op in makers]

    def made_by(number: int) -> Iterator[int]:
        """Yield earlier requests, the latest first: most holds are made soon after their request."""
        bound = bisect_right(begun, clock.latest(placed[number])) if clock.is_known else len(makers)
        for at in range(bound - 1, -1, -1):
            if _may_have_made(makers[at], orphans[number], clock):
                yield at

    def made(at: int) -> Iterator[int]:
        first = bisect_left(placed, clock.server_time(begun[at])) if clock.is_known else 0
        for number in range(first, len(orphans)):
            if _may_have_made(makers[at], orphans[number], clock):
                yield number

    result: dict[int, int] = {}
    maker: dict[int, int] = {}
    # A matched request or hold stays matched, perhaps with another partner. So those that must match go
    # first.
    for at, op in enumerate(makers):
        if op.st == "ok":
            _augment(at, made, result, maker)
    for number in range(len(orphans)):
        if number not in maker:
            _augment(number, made_by, maker, result)
    for number, at in maker.items():
        orphans[number].op = makers[at]


def _augment(
    start: int, partners: Callable[[int], Iterator[int]], mine: dict[int, int], theirs: dict[int, int]
) -> None:
    """Find a partner for one, and rematch others if necessary."""
    reached_from: dict[int, int] = {}
    queue = deque([start])
    while queue:
        one = queue.popleft()
        for other in partners(one):
            if other in reached_from:
                continue
            reached_from[other] = one
            if other in theirs:
                queue.append(theirs[other])
                continue
            freed: int | None = other
            while freed is not None:
                giver, taken = reached_from[freed], freed
                freed = mine.get(giver)
                mine[giver], theirs[taken] = taken, giver
            return


def _placed_at(orphan: Orphan) -> int:
    at: int = orphan.hold.get("placed_at") or 0
    return at


def _match_duplicates(history: History, orphans: list[Orphan], clock: ServerClock) -> None:
    """Match duplicated requests: one without a key may have been done twice, whatever its client received."""
    by_event: dict[str, list[Op]] = defaultdict(list)
    if orphans:
        for f in ("hold", "instant"):
            for op in history.ops[f]:
                if op.via not in KEYED or not op.key:
                    by_event[op.event].append(op)
    for orphan in orphans:
        makers = by_event.get(orphan.event, [])
        orphan.op = next((op for op in makers if _may_have_made(op, orphan, clock, copy=True)), None)
        orphan.is_duplicate = orphan.op is not None


def _may_have_made(op: Op, orphan: Orphan, clock: ServerClock, *, copy: bool = False) -> bool:
    """A copy may arrive after the original's answer, and get other admissions."""
    placed_at = orphan.hold.get("placed_at")
    if (
        clock.is_known
        and placed_at is not None
        and (clock.latest(placed_at) < op.lo or (not copy and clock.earliest(placed_at) > op.hi))
    ):
        return False
    if op.f == "instant":
        return orphan.booking is not None and orphan.quantity == op.given["quantity"]
    if orphan.booking is not None and op.via not in REUSING:
        return False  # nobody can confirm a hold that nobody received
    buyer, requested = orphan.hold.get("buyer"), op.given.get("buyer")
    if buyer is not None and requested is not None and buyer != requested:
        return False
    answered = op.out.get("seats")
    if answered is not None and not copy and tuple(sorted(answered)) != orphan.seats:
        return False
    return _may_have_got(op, orphan)


def _may_have_got(op: Op, orphan: Orphan) -> bool:
    """Partial fulfilment gives less than requested, and never anything else."""
    lines, is_partial = op.given["lines"], bool(op.given.get("partial"))
    quantity = requested_of(lines)
    if orphan.quantity > quantity or (orphan.quantity < quantity and not is_partial):
        return False
    named = {label for line in lines for label in line.get("seats") or ()}
    has_choice = any(not line.get("seats") and not line.get("area") for line in lines)
    if not has_choice and not named >= set(orphan.seats):
        return False
    return is_partial or named <= set(orphan.seats)
