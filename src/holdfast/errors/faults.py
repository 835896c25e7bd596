"""Faults: the caller did nothing wrong, and may try again."""

from __future__ import annotations

from holdfast.errors.base import Fault


class Busy(Fault):
    """Refused before any work began: certainly no effect."""

    code, title = "busy", "Busy"
    detail = "The event is busy: try again in a moment."

    ANSWERS = "Too many answers wait for their readers: try again in a moment."
    CHANGING = "The event is changing: try again in a moment."
    CLIENT_LEFT = "The client has closed its connection: send the request again."
    CONNECTIONS = "The server has no room for another connection: try again in a moment."
    DOCUMENTS = "Too many documents are waiting to be made: try again in a moment."
    PASSWORDS = "Too many sign-ups and sign-ins are waiting: try again in a moment."
    QUEUE = "Too many requests are waiting for this event: try again in a moment."
    REQUESTS = "The server has no room for more unfinished requests: try again in a moment."
    STOPPING = "The server is stopping: try again in a moment."
    STREAMS = "Too many streams are open: try again in a moment."
    WAITED = "The event is too busy, and the request waited too long: try again in a moment."


class Unavailable(Fault):
    """The database could not be reached: certainly no effect."""

    code, title = "unavailable", "Unavailable"
    detail = "The database is not available: try again in a moment."

    ATTEMPTS = "Attempts cannot be counted now, so none is allowed: try again in a moment."
    DATABASE_SILENT = "The database does not answer: try again in a moment."
    DISK_FULL_NOW = "The database's disk is full: nothing is written until there is room again. Reads go on."
    DISK_FULL = "The database's disk is nearly full: nothing is sold until there is room again."
    DOCUMENT = "The document could not be made. The tickets are valid without it."
    NO_ANSWER = "The application gave no answer: try again in a moment."
    READ_ONLY = "The database is read-only: nothing is written until it takes writes again. Reads go on."
    SHUTTING_DOWN = "The server is shutting down: try again in a moment."


class OutcomeUnknown(Fault):
    """The commit's answer was lost. A retry with the same Idempotency-Key, or the same hold and token, shows the
    outcome."""

    code, title = "outcome_unknown", "Outcome unknown"
    detail = "The commit's answer was lost: send it again with the same Idempotency-Key."

    NOT_READ = (
        "The change may have been made, but its result could not be read: send it again with the same "
        "Idempotency-Key."
    )
    STOPPING = "The server is stopping, and the change may have been made: send it again with the same Idempotency-Key."


class InvariantViolated(Fault):
    """The database refused a decision of the engine: a bug. Nothing was sold, and the bug is counted."""

    code, title = "unavailable", "Unavailable"
    detail = "The server refused its own decision, and changed nothing: try again, and report it."
