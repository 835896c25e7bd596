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
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.changes import Changes
from holdfast.inventory.rules.holding import DECIDE_HOLD
from holdfast.inventory.rules.organising import DECIDE_EVENT
from holdfast.inventory.rules.placing import DECIDE_PLACE

Outcome = Any
"""A Hold, Booking, Block, Event, Attempt or count; a Refusal; or a Replayed answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The stored answer of a retry key: to be sent as it stands, byte for byte."""

    answer: c.StoredAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An outcome that was answered under a retry key, with the answer as it will be replayed."""

    outcome: Outcome
    answer: c.StoredAnswer


_DECIDE: dict[type[c.Command], Callable[[BatchState, Any], Outcome]] = {
    **DECIDE_PLACE,
    **DECIDE_HOLD,
    **DECIDE_EVENT,
}


def decide(state: BatchState, commands: Sequence[c.Command]) -> tuple[list[Outcome], Changes]:
    """One outcome per command, in order, and one set of changes. `state` is used up."""
    outcomes = [_decide_one(state, command) for command in commands]
    return outcomes, state.changes


def _decide_one(state: BatchState, command: c.Command) -> Outcome:
    key = command.key
    if key is None:
        return _outcome(state, command)
    stored = state.answers.get(key.scope)
    if stored is not None:
        body, answer = stored
        if body != key.body:
            return IdempotencyKeyReused()
        state.changes.replayed[key.scope] = None
        return Replayed(answer=answer)
    if isinstance(command, c.SettleKey) and command.refusal is None:
        return None
    outcome = _outcome(state, command)
    answer = key.render(outcome)
    state.answers[key.scope] = (key.body, answer)
    state.changes.answers.append((key.scope, key.body, answer))
    return Answered(outcome=outcome, answer=answer)


def _outcome(state: BatchState, command: c.Command) -> Outcome:
    if isinstance(command, c.SettleKey):
        return command.refusal
    try:
        return _DECIDE[type(command)](state, command)
    except Refusal as refusal:
        return refusal
