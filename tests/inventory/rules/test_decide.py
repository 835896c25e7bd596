"""Decide against the model: in whatever batches, the answers are those of one command at a time."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules import placing as decide_place
from holdfast.inventory.rules.availability import availability_of
from inventory.rules.comparing import compare
from inventory.rules.ledger import START, Ledger, an_id
from inventory.rules.model import Model
from inventory.rules.sales import Known, a_command, a_hall


@settings(max_examples=2_000, derandomize=True)
@given(random=st.randoms(use_true_random=True))
def test_batches_answer_as_the_model_does(random: Random) -> None:
    """Places, extensions, releases, confirms, cancellations, blocks and rules in any order, while time passes.

    The random numbers have a seed from Hypothesis. If it drew each choice, shrinking them would not end in
    time.
    """
    hall = a_hall(random)
    ledger = Ledger(areas=hall.areas, seats=list(hall.seats), **hall.rules)
    model = Model(areas=hall.areas, seats=hall.labels, **hall.rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decide_place, "LAPSED_FREED_PER_LOOK", random.choice([1, 2, 1_000]))
        sell(random, hall, ledger, model)


def sell(random: Random, hall: Any, ledger: Ledger, model: Model) -> None:
    numbers = itertools.count(1)
    known = Known(lambda numbers=numbers: an_id(next(numbers)))
    now, sweeps = START, False
    for _ in range(random.randint(1, 10)):
        now += timedelta(seconds=random.choice([0, 1, 59, 120, 2000]))
        batch = [a_command(random, hall, known) for _ in range(random.randint(1, 6))]
        if random.random() < 0.03:
            batch += [c.ReclaimLapsed(limit=100), c.CancelEvent()]
            sweeps = random.random() < 0.5
        if random.random() < 0.3:
            ledger.occupancy = None  # as after any failure
        try:
            outcomes = ledger.run(*batch, at=now)
            for command, outcome in zip(batch, outcomes, strict=True):
                compare(model, command, outcome, now)
            compare_availability(model, ledger, now)
            ledger.sweeps_everything = ledger.event.status == "cancelled" and sweeps
        except Exception as error:
            error.add_note(f"{hall}\n" + "\n".join(map(str, batch)))
            raise


def compare_availability(model: Model, ledger: Ledger, now: datetime) -> None:
    lapsed = [h for h in ledger.holds.values() if h.status == "active" and h.expires_at <= now]
    by_area: dict[int, int] = {}
    for hold in lapsed:
        for row in ledger.claims:
            if row.holder == hold.id and row.live:
                by_area[row.claim.area] = by_area.get(row.claim.area, 0) + row.claim.quantity
    answered = availability_of(
        ledger.event,
        ledger.areas.values(),
        epoch="",
        version=ledger.version,
        lapsed=len(lapsed),
        lapsed_by_area=by_area,
        as_of=now,
        next_expiry=None,
    ).counts
    counts = model.counts(now)
    assert {name: getattr(answered, name) for name in counts} == counts
