"""Together: reads of many events in one round trip, instead of a connection and a round trip for each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import psycopg

from holdfast.postgres import translate as errors
from holdfast.postgres.connections import ANSWER_SECONDS, LOST, Connection, Connections, Pool
from holdfast.postgres.deadline import cut_after
from holdfast.postgres.pipeline import Pipeline, Statement
from holdfast.postgres.rows import Table

__all__ = ["Answer", "read_together"]

Answer = list[Table] | Exception
"""The rows of each statement of one event, or why there are none. An outage is a Fault."""


async def read_together(
    connections: Connections, statements: Sequence[Statement], numbers: Iterable[int]
) -> dict[int, Answer]:
    """Return the answers to the same read-only statements for each event, in one round trip of each node.

    `event_number` is the only parameter. Each statement has its own moment, and they run in this order. An event whose
    statement fails costs the others nothing but time: they are read again, each alone.
    """
    nodes = connections.by_node(numbers).items()
    found = await asyncio.gather(*(_read_node(connections, pool, own, statements) for pool, own in nodes))
    return {number: answer for answers in found for number, answer in answers.items()}


async def _read_node(
    connections: Connections, pool: Pool, numbers: Sequence[int], statements: Sequence[Statement]
) -> dict[int, Answer]:
    found: dict[int, Answer] = {}
    if len(numbers) > 1:
        try:
            found = await _exchange(pool, numbers, statements)
        except LOST as error:
            if not errors.is_lost(error):
                return dict.fromkeys(numbers, errors.translate(error))
            await connections.forget_dead()
    left = [number for number in numbers if number not in found]
    alone = await asyncio.gather(*(_read_alone(connections, pool, number, statements) for number in left))
    return found | dict(zip(left, alone, strict=True))


async def _read_alone(
    connections: Connections, pool: Pool, number: int, statements: Sequence[Statement]
) -> Answer:
    """Return the answer of one event. Retries once if the connection was lost."""
    for last in (False, True):
        try:
            return (await _exchange(pool, [number], statements))[number]
        except LOST as error:
            if last or not errors.is_lost(error):
                return errors.translate(error)
            await connections.forget_dead()
    raise AssertionError("the second try returns")


async def _exchange(pool: Pool, numbers: Sequence[int], statements: Sequence[Statement]) -> dict[int, Answer]:
    """Return the answers of one round trip. The events after a failed statement have none."""
    connection = await pool.getconn()
    try:
        with cut_after(connection, ANSWER_SECONDS):
            parts = iter(await _send(connection, numbers, statements))
    finally:
        await pool.putconn(connection)
    found: dict[int, Answer] = {}
    for number in numbers:
        answer = _answer_of([next(parts) for _ in statements])
        if answer is not None:
            found[number] = answer
    return found


async def _send(
    connection: Connection, numbers: Sequence[int], statements: Sequence[Statement]
) -> list[Table | psycopg.Error]:
    pipeline = Pipeline(connection)
    try:
        parts = await _send_once(pipeline, numbers, statements)
        if isinstance(
            parts[0], psycopg.errors.InvalidSqlStatementName
        ):  # the session had lost its statements
            parts = await _send_once(pipeline, numbers, statements)
        pipeline.end()
    except BaseException:
        await connection.close()  # the next user would read its outstanding answers
        raise
    return parts


async def _send_once(
    pipeline: Pipeline, numbers: Sequence[int], statements: Sequence[Statement]
) -> list[Table | psycopg.Error]:
    for number in numbers:
        for statement in statements:
            pipeline.add(statement, {"event_number": number})
    return await pipeline.sync_each()


def _answer_of(parts: Sequence[Table | psycopg.Error]) -> Answer | None:
    """Return None for an event that was not read. Raises the error of a lost connection."""
    tables: list[Table] = []
    for part in parts:
        if isinstance(part, Table):
            tables.append(part)
        elif isinstance(part, psycopg.errors.PipelineAborted):
            return None
        elif errors.is_lost(part):
            raise part
        else:
            return errors.translate(part) if isinstance(part, LOST) else part
    return tables
