"""Ballast: the rows of a long and busy sale, inserted at once, with ids in the form of the engine."""

from __future__ import annotations

from typing import Literal

import psycopg

__all__ = ["Kind", "load", "load_bookings", "settle"]

Kind = Literal["live", "lapsed", "old"]

_IDS = "(lpad(to_hex(%(number)s::bigint), 10, '0') || '0080008000' || lpad(to_hex(n), 12, '0'))::uuid"

_HOLDS = f"""
INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, token_hash, placed_by)
SELECT %(number)s, {_IDS}, %(status)s, now() - interval '1 day', now() + %(expiry)s * interval '1 second', 1, 1,
       sha256(n::text::bytea), 'guest'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""  # noqa: S608 - it contains no outside input

_CLAIMS = f"""
INSERT INTO claims (
    event_number, hold_id, claim_number, line, kind, area_number, quantity, held_version, ended_version
)
SELECT %(number)s, {_IDS}, 0, 0, 'hold', 1, 1, 0, %(ended)s
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""  # noqa: S608 - it contains no outside input

_BOOKED = f"""
WITH made AS (
    SELECT n, {_IDS} AS id, (n * 7919) %% 1009 AS first, (n * 104729) %% 9973 AS last
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
), hold AS (
    INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, token_hash, placed_by)
    SELECT %(number)s, id, 'confirmed', now() - interval '1 day', now() - interval '23 hours', 1, 1,
           sha256(n::text::bytea), 'guest'
    FROM made
), claim AS (
    INSERT INTO claims (
        event_number, hold_id, claim_number, line, kind, area_number, quantity, held_version, booked_version
    )
    SELECT %(number)s, id, 0, 0, 'hold', 1, 1, 0, 0 FROM made
)
INSERT INTO bookings (event_number, hold_id, id, status, confirmed_at, confirmed_by, buyer_name, buyer_email)
SELECT %(number)s, id, id, 'confirmed', now() - interval '1 day', 'guest',
       initcap(translate(first::text, '0123456789', 'aeioubcdlm')) || ' '
           || initcap(translate(last::text, '0123456789', 'aeiourstnk')),
       translate(first::text, '0123456789', 'aeioubcdlm') || n || '@example.org'
FROM made
"""  # noqa: S608 - it contains no outside input

_STEP = 500_000
_DAY_SECONDS = 86_400


def load(url: str, number: int, kind: Kind, count: int) -> None:
    """Insert holds of one admission each in the first area of the event, with their claims.

    `live` holds last another day, `lapsed` ones are not swept, and `old` ones are expired and ended.
    """
    values = {
        "number": number,
        "status": "expired" if kind == "old" else "active",
        "expiry": _DAY_SECONDS if kind == "live" else -3_600,
        "ended": 1 if kind == "old" else None,
    }
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(1, count + 1, _STEP):
            span = {"first": first, "last": min(count, first + _STEP - 1)}
            for statement in (_HOLDS, _CLAIMS):
                connection.execute(statement, values | span)
        if kind != "old":
            connection.execute(
                "UPDATE areas SET held = held + %s WHERE event_number = %s AND area_number = 1",
                (count, number),
            )
        connection.execute(
            "UPDATE inventories SET reclaimed_until = 'epoch' WHERE event_number = %s", (number,)
        )


def load_bookings(url: str, number: int, count: int) -> None:
    """Insert bookings of one admission each in the first area, by buyers with a name of two words and an address."""
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(1, count + 1, _STEP):
            span = {"number": number, "first": first, "last": min(count, first + _STEP - 1)}
            connection.execute(_BOOKED, span)
        connection.execute(
            "UPDATE areas SET booked = booked + %s WHERE event_number = %s AND area_number = 1",
            (count, number),
        )


def settle(url: str) -> None:
    """Vacuum and write to disk, as autovacuum does within minutes. So no measurement includes these writes."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("holds", "claims", "bookings", "inventories", "areas", "seats", "events"):
            connection.execute(f"VACUUM (ANALYZE) {table}")
