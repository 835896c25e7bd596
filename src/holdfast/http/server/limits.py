"""Limits: the time limit of each connection state, and the memory of a connection and a worker."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.http.headers import MAX_HEADERS_BYTES, MAX_TARGET_BYTES

__all__ = ["ConnectionLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """One set for all connections of a worker. Seconds count from the start of the state; sizes are bytes."""

    head_seconds: float = 5.0
    """Also applies to a new connection that sends nothing."""
    head_bytes: int = MAX_HEADERS_BYTES + MAX_TARGET_BYTES + 4 * 1024
    """Above the handler's own limits, so that most requests get its more exact refusal."""
    empty_line_bytes: int = 64
    """RFC 9112 2.2 lets a client send empty lines before a request."""
    body_seconds: float = 10.0
    answer_seconds: float = 120.0
    """A last limit. Routes have much shorter limits of their own."""
    keep_alive_seconds: float = 30.0
    last_request_seconds: float = 1.0
    """For a stopping server: in which a new connection must have sent its request."""
    requests_per_connection: int = 1_000
    rest_seconds: float = 5.0
    rest_bytes: int = 64 * 1024
    """Max bytes of an answered request's body that are read, so that the connection can be used again."""
    closing_seconds: float = 2.0
    closing_bytes: int = 1024 * 1024
    """Max bytes discarded after the last answer. Closing on unread bytes would reset the connection and lose it."""
    stalled_reader_seconds: float = 15.0
    stalled_reader_bytes: int = 128 * 1024
    """A reader must take this many bytes in that time. Slow readers are served, stalled ones are not."""
    untaken_seconds: float = 30.0
    """The kernel ends a connection whose peer takes none of the bytes in the kernel for this time. Longer than a
    stalled reader has, so that the server decides, and counts, wherever bytes wait for it."""

    connections: int = 49_152
    unsent_bytes: int = 256 * 1024 * 1024
    """Max bytes of answers that wait for their readers. An answer shared by many connections counts once."""
    unread_bytes: int = 256 * 1024 * 1024
    """Max bytes of incomplete requests, and of pipelined requests that wait for their turn."""

    tick_seconds: float = 0.25
    """Seconds between two checks of the deadlines."""
