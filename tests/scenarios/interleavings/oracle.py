"""Oracle: the batches must have been answered, and have left the event, as if they had come one after the other.

All orders are tried on the plain model. An engine whose answer was there before another's first statement went out must
come before it. A batch whose outcome is unknown may have been carried out or not, but whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from itertools import permutations, product
from traceback import extract_tb
from typing import Any
from uuid import UUID

from holdfast.errors import Fault, IdempotencyKeyReused, OutcomeUnknown
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.decide import Answered, Replayed
from inventory.rules.comparing import compare, seats_chosen
from inventory.rules.ledger import START
from inventory.rules.model import Model, Refused
from scenarios.interleavings.floor import Trace

Batches = Mapping[str, Sequence[c.AnyCommand]]
Takings = dict[UUID, tuple[str, frozenset[str], tuple[tuple[str, int], ...]]]
"""Who has what: held, booked or blocked, by seat and by counted area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A live claim as its row says, and whether its hold is dead all the same (lapsed, or its event cancelled)."""

    holder: UUID
    state: str
    seat: str | None
    area: str
    quantity: int
    is_dead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The event's rows after everything: counters by area are (held, booked, blocked, capacity)."""

    claims: Sequence[ClaimRow]
    counters: Mapping[str, tuple[int, int, int, int]]
    status: str
    is_stopped: bool
    bookings: Mapping[UUID, str]

    def takings(self) -> Takings:
        seats: dict[UUID, set[str]] = {}
        counted: dict[UUID, Counter[str]] = {}
        states: dict[UUID, str] = {}
        for claim in self.claims:
            if claim.is_dead:
                continue
            states[claim.holder] = claim.state
            if claim.seat is not None:
                seats.setdefault(claim.holder, set()).add(claim.seat)
            else:
                counted.setdefault(claim.holder, Counter())[claim.area] += claim.quantity
        return {
            id: (state, frozenset(seats.get(id, ())), tuple(sorted(counted.get(id, {}).items())))
            for id, state in states.items()
        }

    def contradictions(self) -> Iterator[str]:
        """What no order could explain."""
        owners = Counter(claim.seat for claim in self.claims if claim.seat is not None)
        yield from (
            f"seat_twice: {seat} has {count} live claims" for seat, count in owners.items() if count > 1
        )
        sums: dict[str, Counter[str]] = {area: Counter() for area in self.counters}
        for claim in self.claims:
            sums[claim.area][claim.state] += claim.quantity
        for area, (held, booked, blocked, capacity) in self.counters.items():
            claimed = tuple(sums[area][state] for state in ("held", "booked", "blocked"))
            if claimed != (held, booked, blocked):
                yield f"counters: of {area} {(held, booked, blocked)}, its claims say {claimed}"
            if sum(claimed) > capacity:
                yield f"oversold: of {area} {sum(claimed)} of {capacity}"


@dataclass(slots=True)
class Verdict:
    """An order that explains everything, or why none does."""

    order: tuple[str, ...] | None = None
    reasons: list[str] = field(default_factory=list)


class GrowingModel(Model):
    """The model, whose event gets areas and seats while it sells."""

    def change_event(self, command: c.ChangeEvent, now: datetime, _: Any) -> Any:
        super().change_event(command, now, _)
        self.areas |= {spec.name: spec.capacity for spec in command.areas}
        self.seats |= {spec.label: spec.category for spec in command.seats}


def explain(model: Model, batches: Batches, trace: Trace, found: Found) -> Verdict:
    """`model` is as it was before the batches; it is left as it is."""
    verdict = Verdict()
    unknown = [
        who for who, outcomes in trace.answers.items() if any(isinstance(x, OutcomeUnknown) for x in outcomes)
    ]
    for order in permutations(batches):
        if not _is_possible(order, trace):
            continue
        for happened in product([True, False], repeat=len(unknown)):
            left_out = {who for who, did in zip(unknown, happened, strict=True) if not did}
            try:
                _follow(deepcopy(model), order, batches, trace.answers, left_out, found)
            except AssertionError as difference:
                verdict.reasons.append(f"{' '.join(order)}: {_said(difference)}")
                continue
            verdict.order = order
            return verdict
    return verdict


def _is_possible(order: Sequence[str], trace: Trace) -> bool:
    """Nobody who was answered before another began comes after it."""
    return all(
        trace.ended[later] > trace.began.get(earlier, 0)
        for at, earlier in enumerate(order)
        for later in order[at + 1 :]
    )


def _follow(
    model: Model,
    order: Sequence[str],
    batches: Batches,
    answers: Mapping[str, Sequence[Any]],
    left_out: set[str],
    found: Found,
) -> None:
    """Raises AssertionError where the model says something else."""
    keys: dict[bytes, tuple[bytes, c.StoredAnswer | None]] = {}
    for who in order:
        if who in left_out:
            continue
        for command, outcome in zip(batches[who], answers[who], strict=True):
            _one(model, command, outcome, keys)
    live = {
        id: (taking.kind, frozenset(taking.seats), tuple(sorted(taking.counted.items())))
        for id, taking in model.takings.items()
        if any(taking is each for each in model.live(START))
    }
    takings = found.takings()
    assert takings == live, f"the rows say {_named(takings)}, the model {_named(live)}"
    bookings = {
        taking.booking: "cancelled" if taking.ended else "confirmed"
        for taking in model.takings.values()
        if taking.booking is not None
    }
    assert dict(found.bookings) == bookings, f"bookings are {found.bookings}, in the model {bookings}"
    assert (found.status, found.is_stopped) == (model.status, model.stopped), f"the event is {found.status}"
    capacities = {area: its[3] for area, its in found.counters.items() if area in model.areas}
    assert capacities == model.areas, f"capacities are {capacities}, in the model {model.areas}"


def _one(
    model: Model, command: c.AnyCommand, outcome: Any, keys: dict[bytes, tuple[bytes, c.StoredAnswer | None]]
) -> None:
    if isinstance(outcome, OutcomeUnknown):
        _assume(model, command, keys)
        return
    if isinstance(outcome, Fault):  # certainly nothing was done
        return
    if command.key is None:
        compare(model, command, outcome, START, exact=False)
        return
    stored = keys.get(command.key.scope)
    if stored is None:
        assert isinstance(outcome, Answered), f"{outcome!r} under a key that nobody had used"
        keys[command.key.scope] = (command.key.body, outcome.answer)
        compare(model, command, outcome.outcome, START, exact=False)
    elif stored[0] != command.key.body:
        assert isinstance(outcome, IdempotencyKeyReused), f"{outcome!r} under a key of another body"
    else:
        assert isinstance(outcome, Replayed), f"{outcome!r} under a key that was answered"
        assert stored[1] is None or outcome.answer == stored[1], "a replay differs from its first answer"


def _assume(
    model: Model, command: c.AnyCommand, keys: dict[bytes, tuple[bytes, c.StoredAnswer | None]]
) -> None:
    """It was carried out, and nobody heard the answer."""
    if command.key is not None:
        if command.key.scope in keys:
            return
        keys[command.key.scope] = (command.key.body, None)
    try:
        model.run(command, START, seats_chosen(command, None))
    except Refused:
        return


def _said(difference: AssertionError) -> str:
    """Its message; where an assertion has none, its text."""
    said = str(difference) or str(extract_tb(difference.__traceback__)[-1].line)
    return said.splitlines()[0][:300]


def _named(takings: Takings) -> str:
    return str([f"{state} {sorted(seats)} {dict(counted)}" for state, seats, counted in takings.values()])
