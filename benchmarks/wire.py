"""Wire: single requests that create the events of a measurement, and record one answer byte for byte."""

from __future__ import annotations

import contextlib
import http.client
import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Answer", "ask", "make_event", "make_events", "seat_map"]

_SECONDS = 120.0
_ADDED_BY_THE_SERVER = {"date", "server", "connection", "transfer-encoding"}
SECTION_ROWS, ROW_SEATS = 50, 50


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def as_sent(self) -> dict[str, Any]:
        """Return the messages with which `benchmarks.echo` sends the same bytes."""
        kept = [pair for pair in self.headers if pair[0].lower() not in _ADDED_BY_THE_SERVER]
        return {"status": self.status, "headers": kept, "body": self.body.decode()}


def ask(port: int, method: str, path: str, body: Any = None) -> Answer:
    """Send a request, and return the answer. Raises RuntimeError if it is no success."""
    with contextlib.closing(_connection(port)) as connection:
        return _asked(connection, method, path, body)


def make_event(port: int, **given: Any) -> int:
    """Create an event, and return its number."""
    return make_events(port, 1, **given)


def make_events(port: int, count: int, **given: Any) -> int:
    """Create equal events with consecutive numbers, and return the first. Raises RuntimeError if they have gaps."""
    with contextlib.closing(_connection(port)) as connection:
        numbers = [
            int(_asked(connection, "POST", "/v1/events", {"name": "benchmark", **given}).json["number"])
            for _ in range(count)
        ]
    if numbers != list(range(numbers[0], numbers[0] + count)):
        raise RuntimeError("the numbers of the events do not follow each other")
    return numbers[0]


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)


def _asked(connection: http.client.HTTPConnection, method: str, path: str, body: Any) -> Answer:
    content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
    headers = {"Accept": "application/json"}
    if content is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, body=content, headers=headers)
    came = connection.getresponse()
    answer = Answer(came.status, tuple(came.getheaders()), came.read())
    if answer.status not in (200, 201):
        raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
    return answer


def seat_map(seats: int) -> dict[str, Any]:
    """Return a seat map of sections S1, S2, … with 50 rows of 50 seats. A small map has one section with fewer rows."""
    of_a_section = SECTION_ROWS * ROW_SEATS
    sections, rows = max(1, seats // of_a_section), min(SECTION_ROWS, seats // ROW_SEATS)
    if sections * rows * ROW_SEATS != seats:
        raise ValueError(f"{seats} seats do not make whole rows and sections")
    return {
        "sections": [
            {"name": f"S{number}", "rows": rows, "seats_per_row": ROW_SEATS, "category": "all"}
            for number in range(1, sections + 1)
        ]
    }
