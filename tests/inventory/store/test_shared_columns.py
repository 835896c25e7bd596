"""Shared columns: rows arrive as they were given, whichever of their columns have one value for all rows.

Each column in turn differs in one row, and is null in one row where it may be. A test reads back what PostgreSQL has,
for each number of rows that takes another statement. On shards a few rows are a list of values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from holdfast.inventory.store.steps import (
    NO_ELEMENTS,
    ON_SHARDS,
    ONE_POSTGRES,
    BatchStep,
    Forms,
    statements_for,
)
from holdfast.inventory.store.writes import WRITES
from holdfast.postgres.pipeline import Pipeline

NUMBER, VERSION = 5, 7
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
GIVEN = {"event_number": NUMBER, "version": VERSION, "now": NOON, "map_version": 1}
Row = tuple[Any, ...]

STEPS: dict[str, BatchStep[list[Row]]] = {
    step.statement: replace(step, rows=lambda rows: rows)
    for step in WRITES
    if step.statement
    in {
        "insert_holds",
        "insert_claims",
        "insert_bookings",
        "insert_attempts",
        "insert_answers",
        "update_areas",
    }
}
READS = {
    "insert_holds": "SELECT id, status, expires_at, quantity, requested, buyer, buyer_identity, buyer_name,"
    " buyer_email, token_hash, placed_by, metadata::text FROM holds",
    "insert_claims": "SELECT hold_id, claim_number, line, kind, area_number, seat_number, quantity,"
    f" coalesce(booked_version = {VERSION}, false), coalesce(ended_version = {VERSION}, false) FROM claims"
    f" WHERE held_version = {VERSION}",
    "insert_bookings": "SELECT hold_id, id, buyer_name, buyer_email, confirmed_by, metadata::text FROM bookings",
    "insert_attempts": "SELECT number, quantity, status, booking_id FROM attempts",
    "insert_answers": "SELECT scope, body, status, answer, token_for, brief FROM idempotency",
    "update_areas": "SELECT area_number, category, capacity, held, booked, blocked FROM areas WHERE held > 0",
}
USUAL: dict[str, Row] = {
    "insert_holds": ("active", NOON, 1, 1, None, None, None, None, b"h" * 32, "open", None),
    "insert_claims": (0, 0, "hold", 1, None, 1, False, False),
    "insert_bookings": (UUID(int=4), None, None, "open", None),
    "insert_attempts": (1, "CONFIRMED", UUID(int=5)),
    "insert_answers": (b"b", 201, b"{}", None, False),
    "update_areas": ("floor", 9, 1, 0, 0),
}
OTHER: dict[str, Row] = {
    "insert_holds": (
        "confirmed",
        NOON + timedelta(1),
        2,
        3,
        "B",
        "b",
        "Ann",
        "a@b",
        None,
        "guest",
        '{"a": "1"}',
    ),
    "insert_claims": (1, 2, "block", 2, 3, 4, True, True),
    "insert_bookings": (UUID(int=6), "Ann", "a@b", "guest", '{"a": "1"}'),
    "insert_attempts": (2**40, "FAILED", None),
    "insert_answers": (b"", 409, b"{}\x00", UUID(int=9), True),
    "update_areas": ("stalls", 8, 2, 1, 3),
}
KEYS = {
    "insert_attempts": lambda at: at,
    "insert_answers": lambda at: b"scope %d" % at,
    "update_areas": lambda at: at,
}


def rows_of(statement: str, count: int) -> Iterator[list[Row]]:
    """Yield rows that are all alike, then rows of which one differs in one column, then others."""
    usual, other = USUAL[statement], OTHER[statement]
    key = KEYS.get(statement, lambda at: UUID(int=at))
    yield [(key(at), *usual) for at in range(1, count + 1)]
    for odd in {1, count}:
        for column in range(len(usual)):
            different = (*usual[:column], other[column], *usual[column + 1 :])
            yield [(key(at), *(different if at == odd else usual)) for at in range(1, count + 1)]
    yield [(key(at), *(other if at % 2 else usual)) for at in range(1, count + 1)]
    yield [(key(at), *other) for at in range(1, count + 1)]


async def write(
    connection: psycopg.AsyncConnection, statement: str, rows: list[Row], forms: Forms
) -> list[str]:
    """Send the rows, and return the names of the statements that were sent."""
    pipeline, names = Pipeline(connection), []
    for name, prepared, parameters in statements_for([STEPS[statement]], [rows], [GIVEN], forms):
        pipeline.add(prepared, parameters)
        names.append(name)
    await pipeline.sync()
    pipeline.end()
    return names


@pytest.mark.parametrize("forms", [ONE_POSTGRES, ON_SHARDS], ids=["one PostgreSQL", "shards"])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("statement", STEPS)
async def test_rows_arrive_as_they_were_given(
    database_url: str, statement: str, count: int, forms: Forms
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(
            "INSERT INTO events (event_number, id, name, status, rules, map_version, created_at)"
            " VALUES (5, gen_random_uuid(), 'E', 'published', '{}', 0, now())"
        )
        # No hold has a seat and a quantity of 4. Here they differ, so that each is read back.
        await connection.execute("ALTER TABLE claims DROP CONSTRAINT claims_check")
        # Nor are there bookings without holds, or two with one id.
        await connection.execute("ALTER TABLE bookings DROP CONSTRAINT bookings_event_number_hold_id_fkey")
        await connection.execute("ALTER TABLE bookings DROP CONSTRAINT bookings_event_number_id_key")
        await connection.execute("DROP INDEX bookings_by_reference")
        for rows in rows_of(statement, count):
            for table in ("bookings", "holds", "claims", "attempts", "idempotency", "areas"):
                await connection.execute(f"DELETE FROM {table}".encode())
            await connection.execute(
                "INSERT INTO areas (event_number, area_number, name, category, seated, capacity)"
                " SELECT 5, at, 'a' || at, 'c', false, 9 FROM generate_series(1, 3) at"
            )
            sent = await write(connection, statement, rows, forms)
            found = await (await connection.execute(f"{READS[statement]} ORDER BY 1".encode())).fetchall()
            assert found == rows
            is_plain = count == 1 or (forms is ON_SHARDS and statement != "update_areas")
            assert sent == [STEPS[statement].single if is_plain else statement]


@pytest.mark.parametrize("statement", ["insert_holds", "insert_claims", "insert_answers"])
def test_rows_that_are_alike_cost_one_value_for_each_column(statement: str) -> None:
    """A column that the statement takes as a plain value has an empty array then, and keys have all elements."""
    alike = next(rows_of(statement, 128))
    ((_, prepared, parameters),) = statements_for([STEPS[statement]], [alike], [GIVEN])
    step = STEPS[statement]
    plain = dict(zip(step.columns, step.names, strict=True))
    shared = {name for name in step.columns if parameters[name] == NO_ELEMENTS}
    assert shared == {name for name in step.columns if plain[name] in prepared.parameters}
    assert 0 < len(shared) < len(step.columns)
