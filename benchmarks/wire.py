"""Wire: single requests that make a measurement's events, and take one answer as it came, byte for byte."""

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
        """For `benchmarks.echo`: what the application has to send, so that the same goes over the wire."""
        kept = [pair for pair in self.headers if pair[0].lower() not in _ADDED_BY_THE_SERVER]
        return {"status": self.status, "headers": kept, "body": self.body.decode()}


def ask(port: int, method: str, path: str, body: Any = None) -> Answer:
    """Raises RuntimeError for an answer that is no success."""
    with contextlib.closing(_connection(port)) as connection:
        return _asked(connection, method, path, body)


def make_event(port: int, **given: Any) -> int:
    """Its number."""
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
    """Sections S1, S2, … of 50 rows of 50 seats; fewer than a section are one with fewer rows."""
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
