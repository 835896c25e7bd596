"""Metrics of the HTTP surface: connections, requests by route and status, and how long they took."""

from __future__ import annotations

from functools import lru_cache

from holdfast.metrics import Tally, Timing, counter, gauge, histogram

__all__ = [
    "CONNECTIONS",
    "CONNECTIONS_REFUSED",
    "UNEXPECTED_ERRORS",
    "UNREAD_BYTES",
    "UNSENT_BYTES",
    "count_overdue",
    "observe_problem",
    "observe_request",
]

_REQUESTS = counter("holdfast_http_requests_total", "Requests answered.", ["method", "route", "status"])
_SECONDS = histogram(
    "holdfast_http_request_seconds", "Seconds from a request's head to its answer.", ["method", "route"]
)
_REFUSALS = counter(
    "holdfast_http_problems_total", "Requests answered with a problem, by its code.", ["code"]
)
UNEXPECTED_ERRORS = counter("holdfast_unexpected_errors_total", "Unexpected errors; each is a bug.")

CONNECTIONS = gauge("holdfast_http_connections", "Open connections.")
CONNECTIONS_REFUSED = counter(
    "holdfast_http_connections_refused_total", "Connections and requests refused because the worker was full."
)
UNSENT_BYTES = gauge("holdfast_http_unsent_bytes", "Bytes of answers that wait for their readers.")
UNREAD_BYTES = gauge(
    "holdfast_http_unread_bytes", "Bytes of incomplete requests, and of requests that wait for their turn."
)
_OVERDUE = counter(
    "holdfast_http_connections_overdue_total",
    "Connections ended at the deadline of their state, except idle ones.",
    ["state"],
)


def count_overdue(state: str) -> None:
    _OVERDUE.labels(state).inc()


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer. `route` is the declared path: the requested one would make a time series per stranger."""
    count, duration = _children(method, route, status)
    count.inc()
    duration.observe(seconds)


def observe_problem(code: str) -> None:
    _refusal(code).inc()


@lru_cache(maxsize=4_096)
def _children(method: str, route: str, status: int) -> tuple[Tally, Timing]:
    """Cached, because finding a child by its labels takes a lock and costs more than the count."""
    return Tally(_REQUESTS.labels(method, route, str(status))), _timing(method, route)


@lru_cache(maxsize=1_024)
def _timing(method: str, route: str) -> Timing:
    return Timing(_SECONDS.labels(method, route))


@lru_cache(maxsize=256)
def _refusal(code: str) -> Tally:
    return Tally(_REFUSALS.labels(code))
