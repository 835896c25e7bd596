"""Faults: the caller did nothing wrong, and may try again."""

from __future__ import annotations

from holdfast.errors.base import Fault


class Busy(Fault):
    """Shed before anything was begun: certainly no effect."""

    code, title = "busy", "Busy"
    detail = "The event is busy."

    ANSWERS = "Too many answers wait for their readers."
    CHANGING = "The event is changing."
    CLIENT_LEFT = "The client has left."
    CONNECTIONS = "The server has no room for another connection."
    QUEUE = "Too many requests are waiting for this event."
    REQUESTS = "The server has no room for more unfinished requests."
    STOPPING = "The server is stopping."
    STREAMS = "Too many streams are open."
    WAITED = "The event is too busy; the request waited too long."


class Unavailable(Fault):
    """The database could not be asked: certainly no effect."""

    code, title = "unavailable", "Unavailable"
    detail = "The database is not available."

    DATABASE_SILENT = "The database does not answer."
    NO_ANSWER = "The application gave no answer."
    SHUTTING_DOWN = "The server is shutting down."


class OutcomeUnknown(Fault):
    """The commit's answer was lost. The same Idempotency-Key, or the same hold and token, settles it."""

    code, title = "outcome_unknown", "Outcome unknown"
    detail = "The answer of the commit was lost; ask again with the same Idempotency-Key."

    NOT_READ = "It may well be done: only how it is now could not be read."
    STOPPING = "The server is stopping."


class InvariantViolated(Fault):
    """The database refused what the engine had decided: a bug. It sold nothing, and is counted."""

    code, title = "unavailable", "Unavailable"
    detail = "The request could not be carried out."
