"""Faults: the caller did nothing wrong, and may try again."""

from __future__ import annotations

from holdfast.errors.base import Fault


class Busy(Fault):
    """Refused before any work began: certainly no effect."""

    code, title = "busy", "Busy"
    detail = "The event is busy."

    ANSWERS = "Too many answers wait for their readers."
    CHANGING = "The event is changing."
    CLIENT_LEFT = "The client has closed its connection."
    CONNECTIONS = "The server has no room for another connection."
    QUEUE = "Too many requests are waiting for this event."
    REQUESTS = "The server has no room for more unfinished requests."
    SIGN_UPS = "Too many sign-ups are waiting; try again in a second."
    STOPPING = "The server is stopping."
    STREAMS = "Too many streams are open."
    WAITED = "The event is too busy; the request waited too long."


class Unavailable(Fault):
    """The database could not be reached: certainly no effect."""

    code, title = "unavailable", "Unavailable"
    detail = "The database is not available."

    DATABASE_SILENT = "The database does not answer."
    DISK_FULL_NOW = "The database's disk is full: nothing is written until there is room again. Reads go on."
    DISK_FULL = "The database's disk is nearly full: nothing is sold until there is room again."
    NO_ANSWER = "The application gave no answer."
    READ_ONLY = "The database is read-only: nothing is written until it takes writes again. Reads go on."
    SHUTTING_DOWN = "The server is shutting down."


class OutcomeUnknown(Fault):
    """The commit's answer was lost. A retry with the same Idempotency-Key, or the same hold and token, shows the
    outcome."""

    code, title = "outcome_unknown", "Outcome unknown"
    detail = "The commit's answer was lost; retry with the same Idempotency-Key."

    NOT_READ = "The change may have been made, but its result could not be read."
    STOPPING = "The server is stopping."


class InvariantViolated(Fault):
    """The database refused a decision of the engine: a bug. Nothing was sold, and the bug is counted."""

    code, title = "unavailable", "Unavailable"
    detail = "The request could not be carried out."
