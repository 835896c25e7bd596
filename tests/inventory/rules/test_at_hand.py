"""Holds at hand: the short way for the simplest hold gives what the long way gives, and nothing else takes it.

Every command of a random sale is applied to two equal states. In one of them each hold is planned, as all holds once
were. The outcomes, the changes and the counters must be equal after each command.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import Refusal
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules import placing
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.decide import RULES
from holdfast.inventory.rules.event import AreaState
from holdfast.inventory.rules.hold import Hold, Shared
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
    if random.random() < 0.6:  # a hold without a buyer, which others may be like
        return c.PlaceHold(hold_id=known.new_hold(), lines=lines, token_hash=b"a" * 32)
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

ALIKE: defaultdict[Shared, list[Hold]] = defaultdict(list)
"""Holds that say that they share all but their ids."""


@settings(max_examples=EXAMPLES, derandomize=True)
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
    for command in [each for each in commands if isinstance(each, c.PlaceHold)]:
        for _ in range(random.choice([0, 0, 1, 3])):
            again = replace(command, hold_id=known.new_hold(), token_hash=random.choice([b"b" * 32, None]))
            commands.insert(random.randint(0, len(commands)), again)
    for command in commands:
        if isinstance(command, c.PlaceHold):
            TAKEN[placing._claim_at_hand(hand, command.lines) is not None] += 1
        outcome, expected = apply(hand, command), apply(plan, command, planned=True)
        if isinstance(outcome, Hold) and outcome.shared is not None:
            ALIKE[outcome.shared].append(outcome)
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
    ALIKE.clear()
    play_both_ways()
    assert min(TAKEN[True], TAKEN[False]) > EXAMPLES // 2, TAKEN
    assert sum(map(len, ALIKE.values())) > EXAMPLES // 10
    for first, *others in ALIKE.values():
        for other in others:
            assert replace(other, id=first.id) == first


def test_bookings_that_say_that_they_share_differ_in_their_ids_only() -> None:
    """Both ways: with a booking of the batch that is alike, and with each booking made of its own hold."""
    shared, numbers, names = 0, itertools.count(1), ["general", "balcony"]
    for seed in range(200):
        random = Random(seed)
        ledger = Ledger(areas=dict.fromkeys(names, 30))
        placed = [
            c.PlaceHold(
                hold_id=an_id(next(numbers)),
                lines=(c.QuantityLine(quantity=random.choice([1, 1, 2]), area=random.choice(names)),),
                buyer=random.choice([*[None] * 9, "ann"]),
                buyer_name=random.choice([*[None] * 9, "Ann"]),
                metadata=random.choice([*[None] * 9, {"order": "1"}]),
            )
            for _ in range(8)
        ]
        ledger.run(*placed, at=START)
        state = ledger.load(START)
        for hold in placed:
            if random.random() < 0.1:
                apply(
                    state,
                    c.ChangeEvent(areas=(c.AreaChange(name="general", capacity=random.randint(30, 40)),)),
                )
            command = c.ConfirmHold(
                hold_id=hold.hold_id,
                booking_id=an_id(next(numbers)),
                authority=c.STAFF,
                buyer_email=random.choice([*[None] * 9, "ann@example.org"]),
            )
            booking = apply(state, command)
            assert isinstance(booking, Booking)
            shared += booking.shared is not None
            assert booking == state.holds[hold.hold_id].to_booking(state, created=True)
    assert shared > 200


def test_a_hold_is_alike_only_while_nothing_has_changed() -> None:
    """Each change of a batch that may change the result of the rules ends the likeness."""
    place = partial(c.PlaceHold, by="guest", lines=(c.QuantityLine(quantity=2),))
    numbers = itertools.count(1)

    def shares(*between: c.AnyCommand, **other: Any) -> bool:
        state = Ledger(areas={"general": 7}).load(START)
        for command in (place(hold_id=an_id(next(numbers))), *between):
            apply(state, command)
        outcome = apply(state, place(hold_id=an_id(next(numbers)), **other))
        return isinstance(outcome, Hold) and outcome.shared is not None

    assert shares()
    assert shares(c.ReclaimLapsed(limit=1))
    assert not shares(lines=(c.QuantityLine(quantity=2),))  # equal lines of another body: planned again
    assert not shares(ttl_seconds=5)
    assert not shares(by="open")
    assert not shares(buyer="ann")
    assert not shares(buyer_name="Ann")
    assert not shares(buyer_email="ann@example.org")
    assert not shares(metadata={"order": "1"})
    assert not shares(c.StopSales())
    assert not shares(c.ChangeEvent(rules={"max_per_hold": 1}))
    assert not shares(c.ChangeEvent(areas=(c.AreaChange(name="balcony", capacity=1, adds=True),)))
    assert not shares(place(hold_id=an_id(next(numbers)), lines=(c.QuantityLine(quantity=4),)))  # one is left


def test_every_field_is_considered_in_the_likeness() -> None:
    """A new field may make two holds, or two bookings, differ: `AlikeHolds.include` and `HoldRecord.plain_terms`."""
    own = {"hold_id", "token_hash", "key"}
    compared = {"lines", "ttl_seconds", "by", "buyer", "buyer_name", "buyer_email", "metadata"}
    for_seats_or_shortage = {"allow_partial", "reuse"}
    assert {field.name for field in fields(c.PlaceHold)} == own | compared | for_seats_or_shortage
    of_booking = {"booking_id", "booking_status", "confirmed_at", "cancelled_at", "status"} | {
        "transferred_at",
        "transfers",
    }
    not_in_answer = {"token_hash", "placed_at", "expires_at", "requested", "by"}
    answered = {"claims", "quantity", "buyer", "buyer_name", "buyer_email", "metadata"}
    assert set(HoldRecord.__slots__) == {"id"} | of_booking | not_in_answer | answered
