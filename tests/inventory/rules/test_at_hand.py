"""Holds at hand: the short way for the simplest hold gives what the long way gives, and nothing else takes it.

Every command of a random sale is applied to two equal states. In one of them each hold is planned, as all holds once
were. The outcomes, the changes and the counters must be equal after each command.
"""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import Refusal
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules import placing
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.decide import RULES
from holdfast.inventory.rules.event import AreaState
from holdfast.inventory.rules.hold import Hold
from holdfast.inventory.rules.records import HoldRecord
from inventory.rules.ledger import START, Ledger, an_id
from inventory.rules.sales import Hall, Known, a_command, a_hall, some_lines

EXAMPLES = 1_000


def place_planned(state: BatchState, command: c.PlaceHold) -> Hold:
    refusal = state.event.refuse_sale(state.now)
    if refusal is not None:
        raise refusal
    return placing._place_planned(state, command)


def apply(state: BatchState, command: c.AnyCommand, *, planned: bool = False) -> Any:
    rule = place_planned if planned and isinstance(command, c.PlaceHold) else RULES[type(command)]
    try:
        return rule(state, command)  # type: ignore[arg-type]  # the rule of this very type
    except (Refusal, ValueError) as error:  # a ValueError: no route lets such a quantity through
        return type(error), vars(error)


def a_hold(random: Random, hall: Hall, known: Known) -> c.PlaceHold:
    """Return a command with every field that a hold can have."""
    lines = some_lines(random, hall)
    if random.random() < 0.7:
        quantity = random.choice([-1, 0, 1, 1, 2, 3, 4, 7])
        lines = (c.QuantityLine(quantity=quantity, area=random.choice([None, *hall.areas])),)
    return c.PlaceHold(
        by=random.choice(["open", "guest"]),
        hold_id=known.new_hold(),
        lines=lines if random.random() < 0.95 else (),
        token_hash=random.choice([b"a" * 32, None]),
        ttl_seconds=random.choice([None, 1, 90, 100_000]),
        allow_partial=random.choice([None, True, False]),
        buyer=random.choice([None, "ann", "Ann"]),
        buyer_name=random.choice([None, "Ann"]),
        buyer_email=random.choice([None, "ann@example.org"]),
        metadata=random.choice([None, {}, {"order": "1"}]),
        reuse=random.random() < 0.3,
    )


def plain(value: Any) -> Any:
    """Return a value that is equal to another's if all that it holds is."""
    if isinstance(value, HoldRecord):
        return {name: getattr(value, name) for name in HoldRecord.__slots__}
    if isinstance(value, Changes):
        return {name: plain(getattr(value, name)) for name in Changes.__slots__}
    return {key: plain(each) for key, each in value.items()} if isinstance(value, dict) else value


TAKEN: Counter[bool] = Counter()
"""Commands to place a hold, by whether the hold was at hand."""


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
@given(random=st.randoms(use_true_random=True))
def play_both_ways(random: Random) -> None:
    hall = a_hall(random)
    areas = {name: capacity + random.choice([0, 20]) for name, capacity in hall.areas.items()}
    ledger = Ledger(areas=areas, seats=list(hall.seats), **hall.rules)
    numbers = itertools.count(1)
    known = Known(lambda: an_id(next(numbers)))
    now = START
    for _ in range(random.randint(0, 3)):
        now += timedelta(seconds=random.choice([0, 1, 120, 2000]))
        ledger.run(*[a_command(random, hall, known) for _ in range(random.randint(1, 6))], at=now)
    for area in ledger.areas.values():
        if random.random() < 0.1:
            area.state = AreaState.CLOSED
    hand, plan = a_state(ledger, now), a_state(ledger, now)
    commands = [a_command(random, hall, known) for _ in range(random.randint(0, 3))]
    commands += [a_hold(random, hall, known) for _ in range(random.randint(1, 5))]
    random.shuffle(commands)
    for command in commands:
        if isinstance(command, c.PlaceHold):
            TAKEN[placing._claim_at_hand(hand, command.lines) is not None] += 1
        outcome, expected = apply(hand, command), apply(plan, command, planned=True)
        assert plain(outcome) == plain(expected), command
        assert plain(hand.changes) == plain(plan.changes), command
        assert hand.areas == plan.areas, command
        assert hand._buyers == plan._buyers, command


def a_state(ledger: Ledger, now: datetime) -> BatchState:
    """Return a state that shares nothing with the ones before it."""
    ledger.occupancy = None
    return ledger.load(now)


def test_a_hold_at_hand_is_what_its_plan_would_be() -> None:
    TAKEN.clear()
    play_both_ways()
    assert min(TAKEN[True], TAKEN[False]) > EXAMPLES // 2, TAKEN
