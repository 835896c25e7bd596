"""Cases: the requests of buyers, in the form of the load's scripts, and the events for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.programs import CAPACITY
from benchmarks.wire import ROW_SEATS, SECTION_ROWS, make_events, seat_map

__all__ = [
    "BEST",
    "BROWSERS",
    "CASES",
    "HOLDS",
    "INSTANT",
    "KEYED",
    "KEYED_CASES",
    "PAIRS",
    "READS",
    "SEATS",
    "Case",
]

SEATS_OF_ONE_OF_MANY = 400
TTL_SECONDS = 1_800
"""A TTL in which nothing lapses, as in the first minutes of an on-sale. No measurement sweeps another's holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    says: str
    script: str = "same"
    method: str = "POST"
    path: str = "/v1/holds"
    body: str | None = None
    """The body, with EVENT for the event. For `seats.lua` it names the last two seats, which that reaches last."""
    seats: int = 0
    """The seats of an event. They sell out, so every measurement has a new event."""
    sells: bool = True
    browsers: int = 0
    """From how many browsers the requests seem to come, each with headers of its own. 0: only what HTTP needs."""

    def make(self, port: int, events: int = 1) -> int:
        """Create events with consecutive numbers, and return the first number."""
        given: dict[str, Any] = {"capacity": CAPACITY}
        if self.seats:
            given = {"seat_map": seat_map(self.seats if events == 1 else SEATS_OF_ONE_OF_MANY)}
        return make_events(port, events, hold_ttl_seconds=TTL_SECONDS, **given)

    def arguments(self, first: int, events: int, *, share: tuple[int, int] = (0, 1)) -> Sequence[object]:
        """Return the script's arguments. `share`: the round and the number of rounds that share the events' seats."""
        match self.script:
            case "pairs":
                return (first, events)
            case "seats":
                seats = self.seats if events == 1 else SEATS_OF_ONE_OF_MANY
                rows = min(SECTION_ROWS, seats // ROW_SEATS)
                start = events * (seats // 2) * share[0] // share[1]
                return (self.path, first, events, rows, seats, start)
            case "keyed":
                return (self.method, self.path, self.body or "-", first, events, self.browsers)
            case _:
                return (self.method, self.path, self.body or "-", first, events)

    def body_for(self, event: int) -> str | None:
        return self.body and self.body.replace("EVENT", str(event))

    def path_for(self, event: int) -> str:
        return self.path.replace("EVENT", str(event))


HOLDS = Case(name="holds", says="holds", body='{"event":EVENT,"lines":[{"quantity":1}]}')
KEYED = Case(name="keyed", says="holds with an Idempotency-Key", script="keyed", body=HOLDS.body)
BROWSERS = Case(
    name="browsers",
    says="the same from 200 different browsers",
    script="keyed",
    body=HOLDS.body,
    browsers=200,
)
PAIRS = Case(name="pairs", says="hold + confirm pairs", script="pairs", body=HOLDS.body)
SEATS = Case(
    name="seats",
    says="named-seat holds (2 of 100,000)",
    script="seats",
    body='{"event":EVENT,"lines":[{"seats":["S40-50-49","S40-50-50"]}]}',
    seats=100_000,
)
BEST = Case(
    name="best",
    says="best-available holds (2 of 50,000)",
    body='{"event":EVENT,"lines":[{"best_available":2}]}',
    seats=50_000,
)
INSTANT = Case(name="instant", says="instant bookings", path="/book", body='{"show_id":EVENT,"seat_count":1}')
READS = Case(
    name="reads",
    says="availability reads",
    method="GET",
    path="/v1/events/EVENT/availability",
    sells=False,
)
CASES = (HOLDS, PAIRS, SEATS, BEST, INSTANT, READS)
KEYED_CASES = (KEYED, BROWSERS)
"""Measured only over the number of connections of the ratios."""
