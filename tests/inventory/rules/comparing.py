"""Comparison: an engine's outcome of a command against the model's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from holdfast.errors import Refusal
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.booking import Attempt, Block, Booking
from holdfast.inventory.rules.hold import Hold
from inventory.rules.model import Model, Refused

DONE = ("released", "cancelled", "lifted", "CONFIRMED", "FAILED")
"""Words of the model that are not codes of refusals."""


def compare(model: Model, command: c.AnyCommand, outcome: Any, now: datetime, *, exact: bool = True) -> None:
    """Assert that the outcome is the model's answer to the command, with its times if they are `exact`."""
    try:
        expected = model.run(command, now, seats_chosen(command, outcome))
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
        case (Attempt() as attempt, _):
            assert attempt.status == expected
        case Block() if isinstance(command, c.BlockAdmissions):
            assert outcome.quantity == expected


def seats_chosen(command: c.AnyCommand, outcome: Any) -> list[set[str]]:
    """Return the seats of each line; a line that got nothing has an empty entry."""
    if isinstance(command, c.BookInstantly):
        booking = outcome[1] if isinstance(outcome, tuple) else None
        return [{label for line in booking.lines for label in line.seats}] if booking else [set()]
    if not isinstance(command, c.PlaceHold):
        return []
    named = {label for line in command.lines if isinstance(line, c.SeatsLine) for label in line.labels}
    chosen = {label for line in getattr(outcome, "lines", ()) for label in line.seats} - named
    # The line that leaves the choice to the engine is last, and every named free seat was granted.
    return [*(set() for _ in command.lines[1:]), chosen]
