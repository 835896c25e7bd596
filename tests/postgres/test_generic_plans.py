"""Plans of prepared statements: a plan for a small table is replaced soon after the table has grown."""

from __future__ import annotations

import psycopg

from holdfast.postgres.pipeline import PLANS_RENEWED, Pipeline, Statement

FIND = Statement("find", b"SELECT number FROM growing WHERE number = ANY(%(numbers)s::bigint[])")


async def find(connection: psycopg.AsyncConnection, *, times: int) -> str:
    """Run the statement in transactions of its own, and return how the last was planned."""
    for _ in range(times):
        pipeline = Pipeline(connection)
        pipeline.begin()
        pipeline.add(FIND, {"numbers": "{1,2,3}"})
        pipeline.add_plain(b"COMMIT")
        await pipeline.sync()
        pipeline.end()
    plan = await connection.execute("EXPLAIN EXECUTE holdfast_find('{1,2,3}')", prepare=False)
    return "\n".join(line for (line,) in await plan.fetchall())


async def test_a_plan_is_replaced_once_its_table_has_grown(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(
            "CREATE TABLE growing (number bigint PRIMARY KEY) WITH (autovacuum_enabled = false)"
        )
        await connection.execute("INSERT INTO growing VALUES (-1)")
        await connection.execute("ANALYZE growing")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        assert "Index" not in await find(connection, times=1), "a table of one page is read in full"
        await connection.execute("INSERT INTO growing SELECT generate_series(1, 50000)")
        assert "Index" not in await find(connection, times=PLANS_RENEWED[0] - 2), (
            "the plan is still the old one"
        )
        assert "Index" in await find(connection, times=1)
