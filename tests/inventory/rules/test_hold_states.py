"""State moves of a hold: every command on every state, as in the API's table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from holdfast.errors import HoldfastError
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Booking
from inventory.rules.ledger import START, Ledger, an_id

HOLD, BOOKING = an_id(1), an_id(2)
MINE, THEIRS = c.Authority(token_hash=b"m" * 32), c.Authority(token_hash=b"t" * 32)
LATER = START + timedelta(seconds=30)

TABLE = {
    # state: (extend, release, confirm, cancel of its booking)
    "active": ("longer", "released", "a new booking", "booking_not_found"),
    "lapsed": ("hold_expired", "hold_expired", "hold_expired", "booking_not_found"),
    "reclaimed": ("hold_expired", "hold_expired", "hold_expired", "booking_not_found"),
    "released": ("hold_released", "the same", "hold_released", "booking_not_found"),
    "confirmed": ("hold_already_confirmed", "hold_already_confirmed", "the same booking", "cancelled"),
    "cancelled": (
        "booking_already_cancelled",
        "booking_already_cancelled",
        "booking_already_cancelled",
        "the same cancelled",
    ),
    "event cancelled": ("event_cancelled", "released", "event_cancelled", "booking_not_found"),
    "event cancelled and swept": ("event_cancelled", "the same", "event_cancelled", "booking_not_found"),
    "absent": ("hold_not_found", "hold_not_found", "hold_not_found", "booking_not_found"),
}


def in_state(state: str) -> Ledger:
    ledger = Ledger(areas={"floor": 10})
    place = c.PlaceHold(
        hold_id=HOLD, lines=(c.QuantityLine(quantity=2),), token_hash=MINE.token_hash, ttl_seconds=60
    )
    confirm = c.ConfirmHold(hold_id=HOLD, booking_id=BOOKING, authority=MINE)
    if state != "absent":
        ledger.run(place, at=START)
    if state in ("lapsed", "reclaimed"):
        ledger.run(
            c.StopSales(), c.ResumeSales(), at=START + timedelta(seconds=60)
        )  # at its expiry it has lapsed
    if state in ("reclaimed", "event cancelled and swept"):
        if state != "reclaimed":
            ledger.run(c.CancelEvent(), at=START)
        outcome = ledger.run(c.ReclaimLapsed(limit=10), at=START)
        assert outcome == ([1] if state == "reclaimed" else [0])
        if state != "reclaimed":
            sweep_cancelled(ledger)
    if state == "released":
        ledger.run(c.ReleaseHold(hold_id=HOLD, authority=MINE), at=START)
    if state in ("confirmed", "cancelled"):
        ledger.run(confirm, at=START)
    if state == "cancelled":
        ledger.run(c.CancelBooking(booking_id=BOOKING, authority=MINE), at=START)
    if state == "event cancelled":
        ledger.run(c.CancelEvent(), at=START)
    return ledger


def sweep_cancelled(ledger: Ledger) -> None:
    """Load every live hold, as the store's load for a sweep of a cancelled event does."""
    ledger.sweeps_everything = True
    assert ledger.run(c.ReclaimLapsed(limit=10), at=START) == [1]


@pytest.mark.parametrize("state", TABLE)
@pytest.mark.parametrize("command", ["extend", "release", "confirm", "cancel"])
def test_every_command_on_every_state(state: str, command: str) -> None:
    expected = TABLE[state][["extend", "release", "confirm", "cancel"].index(command)]
    ledger = in_state(state)
    before = counts(ledger)
    outcome = run(ledger, command, MINE)
    assert word_of(outcome, command) == expected
    free = {"released": 10, "cancelled": 10, "the same cancelled": 10}.get(expected)
    if free is not None:
        assert ledger.areas[1].free == free
    elif expected == "a new booking":
        assert counts(ledger) == (0, 2)
    else:
        assert counts(ledger) == before


REPEATABLE: dict[str, list[c.AnyCommand]] = {
    "release": [c.ReleaseHold(hold_id=HOLD, authority=MINE)],
    "confirm": [c.ConfirmHold(hold_id=HOLD, booking_id=BOOKING, authority=MINE)],
    "cancel": [
        c.ConfirmHold(hold_id=HOLD, booking_id=BOOKING, authority=MINE),
        c.CancelBooking(booking_id=BOOKING, authority=MINE),
    ],
    "lift": [c.BlockAdmissions(block_id=an_id(3), quantity=1), c.LiftBlock(block_id=an_id(3))],
    "publish": [c.PublishEvent()],
    "cancel event": [c.CancelEvent()],
    "stop": [c.StopSales()],
    "resume": [c.StopSales(), c.ResumeSales()],
}


@pytest.mark.parametrize("act", REPEATABLE)
def test_a_repeated_command_commits_again_before_its_answer(act: str) -> None:
    """Nothing changes, but it is committed again: the first commit may be lost if it still waits for its standby."""
    ledger = in_state("active")
    for command in REPEATABLE[act]:
        ledger.run(command, at=START)
    version = ledger.version
    (outcome,) = ledger.run(REPEATABLE[act][-1], at=LATER)
    assert not isinstance(outcome, HoldfastError)
    assert (ledger.version, ledger.last_at) == (version, LATER)


def run(ledger: Ledger, command: str, authority: c.Authority) -> Any:
    at = max(LATER, ledger.last_at)
    made: dict[str, c.AnyCommand] = {
        "extend": c.ExtendHold(hold_id=HOLD, authority=authority, ttl_seconds=90),
        "release": c.ReleaseHold(hold_id=HOLD, authority=authority),
        "confirm": c.ConfirmHold(hold_id=HOLD, booking_id=an_id(99), authority=authority),
        "cancel": c.CancelBooking(booking_id=BOOKING, authority=authority),
    }
    version = ledger.version
    (outcome,) = ledger.run(made[command], at=at)
    changed = ledger.version > version
    return outcome, changed


def word_of(result: Any, command: str) -> str:
    """Return the table's word for an outcome."""
    outcome, changed = result
    if isinstance(outcome, HoldfastError):
        assert not changed, "a refusal left something behind"
        return outcome.code
    if command == "extend":
        assert outcome.expires_at == LATER + timedelta(seconds=90)
        return "longer"
    if command == "release":
        assert outcome.status == "released"
        return "released" if changed else "the same"
    if command == "cancel":
        assert outcome.status == "cancelled"
        return "cancelled" if changed else "the same cancelled"
    assert isinstance(outcome, Booking)
    assert outcome.created == changed
    assert outcome.id == (an_id(99) if changed else BOOKING)
    return "a new booking" if changed else "the same booking"


def counts(ledger: Ledger) -> tuple[int, int]:
    return ledger.areas[1].held, ledger.areas[1].booked


@pytest.mark.parametrize("state", [state for state in TABLE if state != "absent"])
@pytest.mark.parametrize("command", ["extend", "release", "confirm", "cancel"])
@pytest.mark.parametrize(
    "authority", [THEIRS, c.Authority(), c.Authority(buyer="ann")], ids=["token", "none", "buyer"]
)
def test_a_wrong_token_is_answered_as_no_hold(state: str, command: str, authority: c.Authority) -> None:
    ledger = in_state(state)
    outcome, changed = run(ledger, command, authority)
    assert not changed
    assert outcome.code == ("booking_not_found" if command == "cancel" else "hold_not_found")


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ({}, ("Ada", "ada@example.org")),
        ({"buyer_name": "Eve"}, ("Eve", "ada@example.org")),
        ({"buyer_email": "eve@example.org"}, ("Ada", "eve@example.org")),
        ({"buyer_name": "Eve", "buyer_email": "eve@example.org"}, ("Eve", "eve@example.org")),
    ],
)
@pytest.mark.parametrize("in_one_batch", [True, False])
def test_booking_has_the_buyer_of_its_hold_unless_its_confirmation_names_another(
    named: dict[str, str], kept: tuple[str, str], *, in_one_batch: bool
) -> None:
    ledger = Ledger(areas={"floor": 10})
    line = c.QuantityLine(quantity=1)
    buyer = {"buyer": "81", "buyer_name": "Ada", "buyer_email": "ada@example.org"}
    place = c.PlaceHold(hold_id=HOLD, lines=(line,), **buyer)
    confirm = c.ConfirmHold(hold_id=HOLD, booking_id=BOOKING, authority=c.STAFF, **named)
    if in_one_batch:
        hold, booking = ledger.run(place, confirm, at=START)
    else:
        (hold,) = ledger.run(place, at=START)
        (booking,) = ledger.run(confirm, at=LATER)
    assert (hold.buyer, hold.buyer_name, hold.buyer_email) == ("81", "Ada", "ada@example.org")
    assert (booking.buyer, booking.buyer_name, booking.buyer_email) == ("81", *kept)
    assert not {"Ada", "Eve"} & {*str(ledger.journal).split("'")}


def test_an_extension_never_shortens_nor_passes_the_max_lifetime() -> None:
    ledger = Ledger(areas={"floor": 10}, max_hold_ttl_seconds=300)
    (hold,) = ledger.run(
        c.PlaceHold(hold_id=HOLD, lines=(c.QuantityLine(quantity=1),), ttl_seconds=900), at=START
    )
    assert hold.expires_at == START + timedelta(seconds=300)
    for ttl in (1, 250, 1800):
        (hold,) = ledger.run(c.ExtendHold(hold_id=HOLD, authority=c.STAFF, ttl_seconds=ttl), at=LATER)
        assert hold.expires_at == START + timedelta(seconds=300)


def test_reuse_does_not_return_a_confirmed_hold() -> None:
    """In one batch: the buyer's own seat is booked now, so a further request finds the seat taken."""
    from inventory.rules.sales import rows_of

    ledger = Ledger(seats=list(rows_of((2,), ("gold",))))
    ask = c.PlaceHold(hold_id=HOLD, lines=(c.SeatsLine(labels=("A-1-1",)),), buyer="ann", reuse=True)
    again = c.PlaceHold(hold_id=an_id(5), lines=ask.lines, buyer="ann", reuse=True)
    (hold,) = ledger.run(ask, at=START)
    (same,) = ledger.run(again, at=LATER)
    assert (same.id, same.expires_at) == (HOLD, hold.expires_at)
    confirm = c.ConfirmHold(hold_id=HOLD, booking_id=BOOKING, authority=c.Authority(buyer="ann"))
    _, refused = ledger.run(confirm, again, at=LATER)
    assert refused.code == "seat_taken"


def test_a_clock_set_back_never_sells_a_held_seat() -> None:
    """The picker looked at a later moment, in a batch that changed nothing. Now the hold is live again."""
    from inventory.rules.sales import rows_of

    ledger = Ledger(seats=list(rows_of((1,), ("gold",))))
    ledger.run(c.PlaceHold(hold_id=HOLD, lines=(c.SeatsLine(labels=("A-1-1",)),), ttl_seconds=60), at=START)
    too_many = c.PlaceHold(hold_id=an_id(6), lines=(c.BestAvailableLine(quantity=2),))
    assert ledger.run(too_many, at=START + timedelta(hours=1))[0].code == "sold_out"
    one = c.PlaceHold(hold_id=an_id(7), lines=(c.BestAvailableLine(quantity=1),))
    assert ledger.run(one, at=LATER)[0].code == "sold_out"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"off_sale_at": START}, "event_not_on_sale"),
        ({"off_sale_at": LATER}, "event_not_on_sale"),
        ({"on_sale_at": LATER + timedelta(seconds=1)}, "event_not_on_sale"),
        ({"sales_stopped": True}, "sales_stopped"),
    ],
)
def test_what_refuses_a_new_hold_refuses_an_extension_and_no_confirmation(
    change: dict[str, Any], code: str
) -> None:
    """Every member of `Event.refuse_sale` counts: the window's two ends, a stop, and (in TABLE) a cancelled event.

    A draft cannot have holds, because a published event never becomes one again (`event.MOVES`).
    """
    ledger = Ledger(areas={"floor": 10})
    place = c.PlaceHold(
        hold_id=HOLD, lines=(c.QuantityLine(quantity=2),), token_hash=MINE.token_hash, ttl_seconds=60
    )
    ledger.run(place, at=START)
    ledger.event = replace(ledger.event, **change)
    extend = c.ExtendHold(hold_id=HOLD, authority=MINE, ttl_seconds=300)
    again = replace(place, hold_id=an_id(9))
    confirm = c.ConfirmHold(hold_id=HOLD, booking_id=BOOKING, authority=MINE)
    outcomes = ledger.run(extend, again, confirm, at=LATER)
    assert [outcomes[0].code, outcomes[1].code] == [code, code]
    assert isinstance(outcomes[2], Booking)


def test_a_hold_placed_in_time_keeps_its_life_past_the_end_of_the_sale() -> None:
    ledger = Ledger(areas={"floor": 10})
    ledger.event = replace(ledger.event, off_sale_at=START + timedelta(seconds=10))
    line = c.QuantityLine(quantity=2)
    (hold,) = ledger.run(c.PlaceHold(hold_id=HOLD, lines=(line,), ttl_seconds=60), at=START)
    assert hold.expires_at == START + timedelta(seconds=60)
