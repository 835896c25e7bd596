"""Faults: the caller did nothing wrong, and may try again."""

from __future__ import annotations

from holdfast.errors.base import Fault


class Busy(Fault):
    """Shed before anything was begun: certainly no effect."""

    code, title = "busy", "Busy"
    detail = "The event is busy."


class Unavailable(Fault):
    """The database could not be asked: certainly no effect."""

    code, title = "unavailable", "Unavailable"
    detail = "The database is not available."


class OutcomeUnknown(Fault):
    """The commit's answer was lost. The same Idempotency-Key, or the same hold and token, settles it."""

    code, title = "outcome_unknown", "Outcome unknown"
    detail = "The answer of the commit was lost; ask again with the same Idempotency-Key."


class InvariantViolated(Fault):
    """The database refused what the engine had decided: a bug. It sold nothing, and is counted."""

    code, title = "unavailable", "Unavailable"
    detail = "The request could not be carried out."
