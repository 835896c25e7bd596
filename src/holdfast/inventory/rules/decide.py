"""Decide: apply a batch of commands to one event. Pure: no I/O, no clock, and one `now` for all commands.

Each command is planned in full before any of it is applied. So a refusal leaves nothing behind, and one bad
item never spoils the others. Outcomes are dense and in order; a refusal is an item of the list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar

from holdfast.errors import HoldfastError, IdempotencyKeyReused, Refusal
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules import exchange, holding, organising, placing, transfer
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.changes import Changes
from holdfast.value import value_class

T = TypeVar("T")


@value_class(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The stored answer of a retry key, to be sent again byte for byte."""

    answer: c.StoredAnswer


@value_class(frozen=True, slots=True, kw_only=True)
class Answered(Generic[T]):
    """An outcome under a retry key, with the answer that a retry will get."""

    outcome: T | Refusal
    answer: c.StoredAnswer


Kept: TypeAlias = Answered[T] | Replayed
"""The outcome of a command with a retry key."""

Outcome: TypeAlias = T | Answered[T] | Replayed | HoldfastError
"""The outcome of a `Command[T]` in a batch. A refusal or a fault is an item, too."""

RULES: dict[type[c.AnyCommand], Callable[[BatchState, Any], object]] = {
    c.PlaceHold: placing.place,
    c.BookInstantly: placing.book_instantly,
    c.ExtendHold: holding.extend,
    c.ReleaseHold: holding.release,
    c.ConfirmHold: holding.confirm,
    c.ChangeHold: holding.change,
    c.ChangeBooking: holding.change_booking,
    c.TransferBooking: transfer.transfer,
    c.CancelBooking: holding.cancel_booking,
    c.CancelAdmissions: exchange.cancel_part,
    c.ExchangeAdmissions: exchange.exchange,
    c.ReclaimLapsed: holding.reclaim,
    c.PublishEvent: organising.publish,
    c.CancelEvent: organising.cancel,
    c.StopSales: organising.stop,
    c.ResumeSales: organising.resume,
    c.ChangeEvent: organising.change,
    c.BlockAdmissions: organising.block,
    c.LiftBlock: organising.lift,
    c.KeepRefusal: organising.keep_refusal,
}
"""The rule of each command. A test compares the types: a rule takes its command and returns that command's
outcome."""


def decide(state: BatchState, commands: Sequence[c.AnyCommand]) -> tuple[list[Outcome[Any]], Changes]:
    """Return one outcome per command, in order, and one set of changes. `state` must not be used again."""
    outcomes = [
        _outcome(state, command) if command.key is None else _kept(state, command, command.key)
        for command in commands
    ]
    return outcomes, state.changes


def _kept(state: BatchState, command: c.AnyCommand, key: c.RetryKey[Any]) -> Outcome[Any]:
    stored = state.answers.get(key.scope)
    if stored is not None:
        body, answer = stored
        if body != key.body:
            return IdempotencyKeyReused()
        state.changes.replayed[key.scope] = None
        return Replayed(answer=answer)
    if isinstance(command, c.FindAnswer):
        return None
    outcome = _outcome(state, command)
    answer = key.render(outcome)
    state.answers[key.scope] = (key.body, answer)
    state.changes.answers.append((key.scope, key.body, answer))
    return Answered(outcome=outcome, answer=answer)


def _outcome(state: BatchState, command: c.AnyCommand) -> Any:
    """Return the result of the command's rule, or its refusal."""
    try:
        return RULES[type(command)](state, command)
    except Refusal as refusal:
        return refusal
