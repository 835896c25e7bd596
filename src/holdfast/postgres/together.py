"""Together: reads of many events in one round trip, instead of a connection and a round trip for each."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import psycopg

from holdfast.postgres import translate as errors
from holdfast.postgres.arrays import plain
from holdfast.postgres.connections import ANSWER_SECONDS, LOST, Connection, Connections, Pool
from holdfast.postgres.deadline import cut_after
from holdfast.postgres.pipeline import LOST_STATEMENTS, Pipeline, Statement
from holdfast.postgres.rows import Table

__all__ = ["MIN_AT_ONCE", "Answer", "Given", "ask_each", "read_together"]

Given = dict[str, Any]
"""The parameters of one event's statements, its number among them."""

Answer = list[Table] | Exception
"""The rows of each statement of one event, or why there are none. An outage is a Fault."""


MIN_AT_ONCE = 16
"""Fewer events have a statement each. PostgreSQL expects ten events of one, and plans it each time for fewer."""


async def read_together(
    connections: Connections,
    statements: Sequence[Statement],
    givens: Mapping[int, Given],
    *,
    at_once: Statement | None = None,
) -> dict[int, Answer]:
    """Return the answers to the same read-only statements for each event, in one round trip of each node.

    `givens`: parameters by event number. Each statement has its own moment, and they run in this order. An event whose
    statement fails costs the others nothing but time: they are read again, each alone.

    `at_once` may stand for a single statement: it reads all events that its `event_numbers` names. One PostgreSQL that
    has all events gets it instead of one statement for each.
    """
    nodes = [(pool, {number: givens[number] for number in own}) for pool, own in connections.by_node(givens)]
    if not connections.spans:
        at_once = None
    found = await asyncio.gather(*(_read_node(connections, *node, statements, at_once) for node in nodes))
    return {number: answer for answers in found for number, answer in answers.items()}


async def _read_node(
    connections: Connections,
    pool: Pool,
    givens: Mapping[int, Given],
    statements: Sequence[Statement],
    at_once: Statement | None,
) -> dict[int, Answer]:
    found: dict[int, Answer] = {}
    if len(givens) > 1:
        try:
            if at_once is not None and len(givens) >= MIN_AT_ONCE:
                found = await _exchange_at_once(pool, list(givens), at_once)
            if not found:
                found = await _exchange(pool, givens, statements)
        except LOST as error:
            if not await connections.recover(error):
                return dict.fromkeys(givens, errors.translate(error))
    left = [number for number in givens if number not in found]
    alone = await asyncio.gather(
        *(_read_alone(connections, pool, number, givens[number], statements) for number in left)
    )
    return found | dict(zip(left, alone, strict=True))


async def _read_alone(
    connections: Connections, pool: Pool, number: int, given: Given, statements: Sequence[Statement]
) -> Answer:
    """Return the answer of one event. Retries once if the connection or the node was lost."""
    for last in (False, True):
        try:
            return (await _exchange(pool, {number: given}, statements))[number]
        except LOST as error:
            if last or not await connections.recover(error):
                return errors.translate(error)
    raise AssertionError("the second try returns")


async def _exchange(
    pool: Pool, givens: Mapping[int, Given], statements: Sequence[Statement]
) -> dict[int, Answer]:
    """Return the answers of one round trip. The events after a failed statement have none."""
    parts = iter(await ask_each(pool, givens.values(), statements))
    found: dict[int, Answer] = {}
    for number in givens:
        answer = _answer_of([next(parts) for _ in statements])
        if answer is not None:
            found[number] = answer
    return found


async def _exchange_at_once(pool: Pool, numbers: Sequence[int], at_once: Statement) -> dict[int, Answer]:
    """Return the answers of one statement for all events; none if it failed because of one of them."""
    (part,) = await ask_each(pool, [{"event_numbers": plain(numbers)}], [at_once])
    if not isinstance(part, Table):
        _answer_of([part])  # raises the error of a lost connection or node
        return {}
    tables = part.by("event_number")
    return {number: [tables.get(number) or Table()] for number in numbers}


async def ask_each(
    pool: Pool, givens: Collection[Given], statements: Sequence[Statement]
) -> list[Table | psycopg.Error]:
    """Return the rows of each statement for each of `givens`, or its error, in one round trip."""
    connection = await pool.getconn()
    try:
        with cut_after(connection, ANSWER_SECONDS):
            return await _send(connection, givens, statements)
    finally:
        await pool.putconn(connection)


async def _send(
    connection: Connection, givens: Collection[Given], statements: Sequence[Statement]
) -> list[Table | psycopg.Error]:
    pipeline = Pipeline(connection)
    try:
        parts = await _try_once(pipeline, givens, statements)
        if parts is None:
            parts = await _send_once(pipeline, givens, statements)
        pipeline.end()
    except BaseException:
        await connection.close()  # the next user would read its outstanding answers
        raise
    return parts


async def _try_once(
    pipeline: Pipeline, givens: Collection[Given], statements: Sequence[Statement]
) -> list[Table | psycopg.Error] | None:
    """Return None if the session had lost its prepared statements, all or some."""
    try:
        parts = await _send_once(pipeline, givens, statements)
    except LOST_STATEMENTS:
        return None
    return None if any(isinstance(part, LOST_STATEMENTS) for part in parts) else parts


async def _send_once(
    pipeline: Pipeline, givens: Collection[Given], statements: Sequence[Statement]
) -> list[Table | psycopg.Error]:
    for given in givens:
        for statement in statements:
            pipeline.add(statement, given)
    return await pipeline.sync_each()


def _answer_of(parts: Sequence[Table | psycopg.Error]) -> Answer | None:
    """Return None for an event that was not read. Raises the error of a lost connection or node."""
    tables: list[Table] = []
    for part in parts:
        if isinstance(part, Table):
            tables.append(part)
        elif isinstance(part, psycopg.errors.PipelineAborted):
            return None
        elif errors.is_lost(part) or errors.is_of_a_node(part):
            raise part
        else:
            return errors.translate(part) if isinstance(part, LOST) else part
    return tables
