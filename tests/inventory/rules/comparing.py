"""Comparison: an engine's outcome of a command against the model's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from holdfast.errors import Refusal
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Attempt, Block, Booking
from holdfast.inventory.rules.hold import Hold
from inventory.rules.model import Model, Refused

DONE = ("released", "confirmed", "cancelled", "lifted", "CONFIRMED", "FAILED")
"""Words of the model that are not codes of refusals."""


def compare(model: Model, command: c.AnyCommand, outcome: Any, now: datetime, *, exact: bool = True) -> None:
    """Assert that the outcome is the model's answer to the command, with its times if they are `exact`."""
    try:
        expected = model.run(
            command, now, seats_chosen(command, outcome, before=_seats_before(model, command))
        )
    except Refused as refused:
        expected = refused.args[0]
    if isinstance(outcome, Refusal) or (isinstance(expected, str) and expected not in DONE):
        assert getattr(outcome, "code", outcome) == expected, (command, outcome)
        return
    assert not isinstance(outcome, Exception), (
        f"{command} was refused ({outcome!r}); the model says {expected}"
    )
    match outcome:
        case Hold() if isinstance(command, c.PlaceHold):
            assert outcome.quantity == expected
            assert not exact or outcome.expires_at == model.takings[command.hold_id].expires_at
        case Hold() if isinstance(command, c.ExtendHold):
            assert not exact or outcome.expires_at == expected
        case Hold():
            assert outcome.status == expected
        case Booking() if isinstance(command, c.ConfirmHold):
            assert outcome.id == expected
        case Booking():
            assert outcome.status == expected
            if isinstance(command, c.CancelAdmissions | c.ExchangeAdmissions) and expected == "confirmed":
                _compare_admissions(model, outcome)
        case (Attempt() as attempt, _):
            assert attempt.status == expected
        case Block() if isinstance(command, c.BlockAdmissions):
            assert outcome.quantity == expected


def _compare_admissions(model: Model, booking: Booking) -> None:
    taking = next(t for t in model.takings.values() if t.booking == booking.id)
    counted: dict[str, int] = {}
    for line in booking.lines:
        if line.area is not None:
            counted[line.area] = counted.get(line.area, 0) + line.quantity
    seats = [label for line in booking.lines for label in line.seats]
    assert (set(seats), len(seats)) == (taking.seats, len(taking.seats))
    assert counted == {area: quantity for area, quantity in taking.counted.items() if quantity}
    assert booking.quantity == taking.quantity


def _seats_before(model: Model, command: c.AnyCommand) -> set[str]:
    """Return the seats of the booking that the command exchanges."""
    if not isinstance(command, c.ExchangeAdmissions):
        return set()
    return {label for t in model.takings.values() if t.booking == command.booking_id for label in t.seats}


def seats_chosen(
    command: c.AnyCommand, outcome: Any, before: Collection[str] = frozenset()
) -> list[set[str]]:
    """Return the seats of each line; a line that got nothing has an empty entry."""
    if isinstance(command, c.BookInstantly):
        booking = outcome[1] if isinstance(outcome, tuple) else None
        return [{label for line in booking.lines for label in line.seats}] if booking else [set()]
    if not isinstance(command, c.PlaceHold | c.ExchangeAdmissions):
        return []
    named = {label for line in command.lines if isinstance(line, c.SeatsLine) for label in line.labels}
    chosen = {label for line in getattr(outcome, "lines", ()) for label in line.seats} - named - {*before}
    # The line that leaves the choice to the engine is last, and every named free seat was granted.
    return [*(set() for _ in command.lines[1:]), chosen]
