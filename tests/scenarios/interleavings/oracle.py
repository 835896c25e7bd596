"""Oracle: the answers of the batches, and the final event, must be those of the batches one after the other.

The oracle tries all orders on the plain model. An engine that answered before another sent its first statement must
precede it. A batch with an unknown outcome may have happened or not, but never in part.
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
"""What each hold or block has: its state, its seats, and its quantities by counted area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A live claim in its row. `is_dead`: its hold has lapsed, or its event is cancelled."""

    holder: UUID
    state: str
    seat: str | None
    area: str
    quantity: int
    is_dead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The event's rows after all batches. Counters by area are (held, booked, blocked, capacity)."""

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
        """Yield contradictions among the rows, which no order could explain."""
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
                yield f"counters: {area} has {(held, booked, blocked)}, its claims add up to {claimed}"
            if sum(claimed) > capacity:
                yield f"oversold: {area} has {sum(claimed)} claimed of {capacity}"


@dataclass(slots=True)
class Verdict:
    """An order that explains all answers and rows, or the reasons why none does."""

    order: tuple[str, ...] | None = None
    reasons: list[str] = field(default_factory=list)


class GrowingModel(Model):
    """The model of an event that gets more areas and seats while it sells."""

    def change_event(self, command: c.ChangeEvent, now: datetime, _: Any) -> Any:
        super().change_event(command, now, _)
        self.areas |= {spec.name: spec.capacity for spec in command.areas}
        self.seats |= {spec.label: spec.category for spec in command.seats}


def explain(model: Model, batches: Batches, trace: Trace, found: Found) -> Verdict:
    """Return an order that explains the trace. `model` is the state before the batches; it does not change."""
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
                verdict.reasons.append(f"{' '.join(order)}: {_message_of(difference)}")
                continue
            verdict.order = order
            return verdict
    return verdict


def _is_possible(order: Sequence[str], trace: Trace) -> bool:
    """Whether no batch follows one that began after its answer."""
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
    """Replay the order on the model. Raises AssertionError if the model differs."""
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
    assert takings == live, f"the rows have {_named(takings)}, the model has {_named(live)}"
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
    if isinstance(outcome, Fault):  # the batch did nothing
        return
    if command.key is None:
        compare(model, command, outcome, START, exact=False)
        return
    stored = keys.get(command.key.scope)
    if stored is None:
        assert isinstance(outcome, Answered), f"{outcome!r} under an unused key"
        keys[command.key.scope] = (command.key.body, outcome.answer)
        compare(model, command, outcome.outcome, START, exact=False)
    elif stored[0] != command.key.body:
        assert isinstance(outcome, IdempotencyKeyReused), f"{outcome!r} under the key of another body"
    else:
        assert isinstance(outcome, Replayed), f"{outcome!r} under an answered key"
        assert stored[1] is None or outcome.answer == stored[1], "a replay differs from its first answer"


def _assume(
    model: Model, command: c.AnyCommand, keys: dict[bytes, tuple[bytes, c.StoredAnswer | None]]
) -> None:
    """Run the command on the model: it happened, and its answer was lost."""
    if command.key is not None:
        if command.key.scope in keys:
            return
        keys[command.key.scope] = (command.key.body, None)
    try:
        model.run(command, START, seats_chosen(command, None))
    except Refused:
        return


def _message_of(difference: AssertionError) -> str:
    """Return the message of the assertion, or its source line if it has none."""
    message = str(difference) or str(extract_tb(difference.__traceback__)[-1].line)
    return message.splitlines()[0][:300]


def _named(takings: Takings) -> str:
    return str([f"{state} {sorted(seats)} {dict(counted)}" for state, seats, counted in takings.values()])
