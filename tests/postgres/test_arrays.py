"""Arrays: PostgreSQL reads each column as it was, nulls and empty columns included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from holdfast.postgres import arrays
from holdfast.postgres.pipeline import Pipeline, Statement

ID = UUID("00000000-0500-8000-8000-0000000000ff")
MAX_ID = UUID(int=(1 << 128) - 1)
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
HARD_TEXTS = ['a"b', "a\\b", "", "NULL", "{a,b}", " ", "Zoë"]

COLUMNS: dict[str, tuple[Any, str, list[Any]]] = {
    "ids": (arrays.ids, "uuid", [ID, None, UUID(int=0), MAX_ID]),
    "bytes": (arrays.blobs, "bytea", [b"\x00" * 32, None, b"", b"NULL", bytes(range(256)) * 40]),
    "numbers": (arrays.plain, "bigint", [1, None, -(1 << 62)]),
    "texts": (arrays.texts, "text", [None, *HARD_TEXTS]),
    "booleans": (arrays.booleans, "boolean", [True, False]),
    "times": (arrays.times, "timestamptz", [NOON, NOON + timedelta(microseconds=1), NOON]),
    "times or nulls": (arrays.times_or_nulls, "timestamptz", [NOON, None]),
}


async def sent(connection: psycopg.AsyncConnection, type: str, encoded: str | bytes) -> list[Any]:
    name = f"read_{type}"
    statement = Statement(name, f"SELECT n.value FROM unnest(%(values)s::{type}[]) AS n (value)".encode())
    pipeline = Pipeline(connection)
    at = pipeline.add(statement, {"values": encoded})
    answers = await pipeline.sync()
    pipeline.end()
    return answers[at].column("value")


@pytest.mark.parametrize("kind", COLUMNS)
async def test_a_column_arrives_as_it_was(database_url: str, kind: str) -> None:
    encode, type, values = COLUMNS[kind]
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for column in (values, values[:1], []):
            assert await sent(connection, type, encode(column)) == column
