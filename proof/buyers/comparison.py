"""Comparison: every acknowledged step against the rows of a recovered database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from proof.buyers.life import Life, Moment

_FOUND = """
SELECT h.event_number, h.id, h.status, h.expires_at, b.id, b.status,
       (SELECT array_agg(s.label)
          FROM claims AS c JOIN seats AS s USING (event_number, seat_number)
         WHERE c.event_number = h.event_number AND c.hold_id = h.id AND c.ended_version IS NULL),
       (SELECT coalesce(sum(c.quantity), 0)
          FROM claims AS c
         WHERE c.event_number = h.event_number AND c.hold_id = h.id AND c.ended_version IS NULL
           AND c.seat_number IS NULL)
FROM holds AS h LEFT JOIN bookings AS b ON b.event_number = h.event_number AND b.hold_id = h.id
WHERE h.event_number = ANY (%s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A hold as its rows show it."""

    event: int
    hold: UUID
    status: str
    expires_at: datetime
    booking: UUID | None
    booking_status: str | None
    seats: frozenset[str]
    quantity: int


def compare(
    url: str, lives: Sequence[Life], events: Sequence[int], moment: Moment
) -> tuple[int, list[dict[str, Any]]]:
    """Return the number of steps acknowledged before the moment, and the differences.

    A difference is an acknowledged step that the database lacks, or a row that nobody requested.
    """
    found = read(url, events)
    certain, wrong = 0, []
    for life in lives:
        steps = len(life.certain(moment))
        certain += steps
        row = found.get(life.hold) if life.hold is not None else None
        complaint = complaint_of(life, row, moment)
        if complaint is not None:
            wrong.append(
                {
                    "rule": "acknowledged",
                    "event": life.event,
                    "detail": complaint,
                    "hold": str(life.hold),
                    "found": None if row is None else f"{row}",
                    "lines": [step.report() for step in life.steps],
                }
            )
    wrong += _not_requested(found.values(), lives, moment)
    return certain, wrong


def complaint_of(life: Life, row: Found | None, moment: Moment) -> str | None:
    """Return what is wrong with the rows of one hold, or None if they are possible."""
    state = None if row is None else (row.status, row.booking_status)
    legal = life.legal(moment)
    if state not in legal:
        if life.hold is None and None not in legal:
            return "it was acknowledged without an id"
        return f"it is {state}, but may only be {sorted(map(str, legal))}"
    if row is None or life.hold is None:
        return None
    if row.booking_status is not None and life.booking is not None and row.booking != life.booking:
        return f"its booking is {row.booking}, but {life.booking} was acknowledged"
    if state in (("active", None), ("confirmed", "confirmed")):
        if row.seats != life.seats or row.quantity != life.quantity:
            return (
                f"it has {sorted(row.seats)} and {row.quantity}, "
                f"but acknowledged were {sorted(life.seats)} and {life.quantity}"
            )
    elif row.seats or row.quantity:
        return "it has ended, but still has admissions"
    extended = any(step.name == "extend" and not step.is_certain(moment) for step in life.steps)
    if life.expires_at is not None and row.expires_at < life.expires_at and not extended:
        return f"it expires at {row.expires_at}, but {life.expires_at} was acknowledged"
    return None


def read(url: str, events: Sequence[int]) -> dict[UUID, Found]:
    """Return all holds of these events by id."""
    with psycopg.connect(url, connect_timeout=60) as connection:
        rows = connection.execute(_FOUND, [list(events)]).fetchall()
    return {
        row[1]: Found(
            event=row[0],
            hold=row[1],
            status=row[2],
            expires_at=row[3],
            booking=row[4],
            booking_status=row[5],
            seats=frozenset(row[6] or ()),
            quantity=row[7],
        )
        for row in rows
    }


def _not_requested(found: Iterable[Found], lives: Sequence[Life], moment: Moment) -> list[dict[str, Any]]:
    """Return holds whose id no buyer received, if there are more than requests that may have been executed."""
    known = {life.hold for life in lives}
    strange = [row for row in found if row.hold not in known]
    possible = sum(step.is_possible(moment) for life in lives if life.hold is None for step in life.steps[:1])
    if len(strange) <= possible and not any(row.booking for row in strange):
        return []
    return [
        {
            "rule": "not requested",
            "event": row.event,
            "detail": f"{len(strange)} holds that nobody requested; only {possible} requests are open",
            "found": f"{row}",
        }
        for row in strange[:5]
    ]
