"""Decide: what becomes of a batch of commands, purely: no I/O, no clock, one `now` for all of them.

Each command is planned whole before anything of it is applied, so that a refusal leaves nothing behind and one bad
item never spoils the rest. Outcomes are dense and in order; a refusal is an item of the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.errors import IdempotencyKeyReused, Refusal
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import Inventory
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.holding import DECIDE_HOLD
from holdfast.inventory.rules.organising import DECIDE_EVENT
from holdfast.inventory.rules.placing import DECIDE_PLACE

Outcome = Any
"""A Hold, Booking, Block, Event, Attempt or count; a Refusal; or a Replayed answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The stored answer of a retry key: to be sent as it stands, byte for byte."""

    answer: c.Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An outcome that was answered under a retry key, with the answer as it will be replayed."""

    outcome: Outcome
    answer: c.Answer


_DECIDE: dict[type[c.Command], Callable[[Inventory, Any], Outcome]] = {
    **DECIDE_PLACE,
    **DECIDE_HOLD,
    **DECIDE_EVENT,
}


def decide(inventory: Inventory, commands: Sequence[c.Command]) -> tuple[list[Outcome], Changes]:
    """One outcome per command, in order, and one set of changes. `inventory` is used up."""
    outcomes = [_decide_one(inventory, command) for command in commands]
    return outcomes, inventory.changes


def _decide_one(inventory: Inventory, command: c.Command) -> Outcome:
    key = command.key
    if key is None:
        return _outcome(inventory, command)
    stored = inventory.answers.get(key.scope)
    if stored is not None:
        body, answer = stored
        if body != key.body:
            return IdempotencyKeyReused("This Idempotency-Key was used with another body.")
        inventory.changes.replayed[key.scope] = None
        return Replayed(answer=answer)
    if isinstance(command, c.SettleKey) and command.refusal is None:
        return None
    outcome = _outcome(inventory, command)
    answer = key.render(outcome)
    inventory.answers[key.scope] = (key.body, answer)
    inventory.changes.answers.append((key.scope, key.body, answer))
    return Answered(outcome=outcome, answer=answer)


def _outcome(inventory: Inventory, command: c.Command) -> Outcome:
    if isinstance(command, c.SettleKey):
        return command.refusal
    try:
        return _DECIDE[type(command)](inventory, command)
    except Refusal as refusal:
        return refusal
