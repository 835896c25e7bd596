"""The store's SQL, parsed by PostgreSQL's own parser: rules Q1 to Q5 of distribution, and no frozen clock.

Statements of every node have two more rules, which a Citus cluster has shown: no join with a list of ranges, and no
row without columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pglast import parse_sql
from pglast.ast import (
    CommonTableExpr,
    FuncCall,
    InsertStmt,
    JoinExpr,
    MergeStmt,
    Node,
    RangeFunction,
    RangeVar,
    SelectStmt,
    SQLValueFunction,
    UpdateStmt,
)
from pglast.enums import SQLValueFunctionOp

from holdfast.inventory.audit.store import EVENT_TABLES as WITHOUT_KEYS
from holdfast.postgres import schema
from postgres.statements import Named, all_statements

VOLATILE = {"clock_timestamp", "random", "gen_random_uuid", "nextval", "timeofday", "statement_timestamp"}
NAMES = {
    SQLValueFunctionOp.SVFOP_CURRENT_USER,
    SQLValueFunctionOp.SVFOP_SESSION_USER,
    SQLValueFunctionOp.SVFOP_CURRENT_SCHEMA,
}
FROZEN = {"now", "transaction_timestamp"}
"""They return the start of the transaction, which may be long before its turn."""

ALLOWED = {
    ("accounts", "volatile"): "belongs to no event: on the control connection, one plain PostgreSQL",
    ("venue_maps", "volatile"): "belong to no event: on the control connection, one plain PostgreSQL",
    ("restored", "volatile"): "belong to no event: on a connection of a command, one plain PostgreSQL",
    ("sessions", "volatile"): "belong to no event: on the control connection, one plain PostgreSQL",
    ("refresh_tokens", "volatile"): "belong to no event: on the control connection, one plain PostgreSQL",
    ("passkeys", "volatile"): "belong to no event: on the control connection, one plain PostgreSQL",
    ("second_factors", "volatile"): "belong to no event: on the control connection, one plain PostgreSQL",
    ("webhooks", "volatile"): "endpoints belong to no event: on the control connection, one plain PostgreSQL",
    ("workers", "volatile"): "leases and old rows: belong to no event's sale",
}

STATEMENTS = [each for each in all_statements() if each.file != "backup"]
EVENT_TABLES = set(
    re.findall(
        r"^CREATE TABLE (\w+) \(\n    event_number ",
        (Path(schema.__file__).with_name("schema.sql")).read_text(),
        re.MULTILINE,
    )
)


def walk(node: Any) -> Iterator[Node]:
    if isinstance(node, Node):
        yield node
        for name in node:
            yield from walk(getattr(node, name))
    elif isinstance(node, tuple | list):
        for each in node:
            yield from walk(each)


def functions(node: Any) -> set[str]:
    return {each.funcname[-1].sval for each in walk(node) if isinstance(each, FuncCall)}


def faults(text: str) -> set[str]:
    (tree,) = parse_sql(text)
    found = set()
    for node in walk(tree.stmt):
        if isinstance(node, MergeStmt):
            found.add("MERGE")
        if isinstance(node, CommonTableExpr) and isinstance(node.ctequery, InsertStmt):
            found.add("INSERT in a CTE")
        if isinstance(node, InsertStmt | UpdateStmt) and functions(node) & VOLATILE:
            found.add("volatile")
        if (
            isinstance(node, InsertStmt)
            and isinstance(node.selectStmt, SelectStmt)
            and node.selectStmt.fromClause
        ):
            sources = list(walk(node.selectStmt.fromClause))
            if any(isinstance(each, RangeFunction) for each in sources) and not any(
                isinstance(each, RangeVar) and each.relname == "events" for each in sources
            ):
                found.add("INSERT SELECT without an anchor")
        if isinstance(node, SelectStmt | UpdateStmt) and "clock_timestamp" in functions(node.whereClause):
            found.add("clock_timestamp in WHERE")
        if (isinstance(node, SQLValueFunction) and node.op not in NAMES) or (
            isinstance(node, FuncCall) and node.funcname[-1].sval in FROZEN
        ):
            found.add("a frozen clock")
    return found


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda each: f"{each.file}.{each.name}")
def test_a_statement_keeps_the_rules(statement: Named) -> None:
    found = {fault for fault in faults(statement.prepared()) if (statement.file, fault) not in ALLOWED}
    assert found == set()


def fan_out_faults(text: str) -> set[str]:
    """Return what a Citus coordinator refuses in a statement of several nodes."""
    (tree,) = parse_sql(text)
    found = set()
    for node in walk(tree.stmt):
        if not isinstance(node, SelectStmt):
            continue
        sources = list(walk(node.fromClause))
        tables = {each.relname for each in sources if isinstance(each, RangeVar)} & EVENT_TABLES
        if tables and not node.targetList:
            found.add("a row without columns")
        if tables and any(map(_is_or_joins_a_function, node.fromClause or ())):
            found.add("a join with a list")
    return found


def _is_or_joins_a_function(source: Node) -> bool:
    if isinstance(source, JoinExpr):
        return any(map(_is_or_joins_a_function, (source.larg, source.rarg)))
    return isinstance(source, RangeFunction)


FAN_OUTS = [
    each
    for each in all_statements()
    if not each.is_routed and each.file not in ("spanning", "together", "batch")
]


@pytest.mark.parametrize("statement", FAN_OUTS, ids=lambda each: f"{each.file}.{each.name}")
def test_a_statement_of_every_node_suits_a_coordinator(statement: Named) -> None:
    """`spanning` and `together` work on one PostgreSQL only."""
    assert fan_out_faults(statement.prepared()) == set()


def test_the_check_looks_for_strays_in_every_table_without_a_key_to_events() -> None:
    assert EVENT_TABLES - {"events", "inventories", "areas"} == set(WITHOUT_KEYS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT EXISTS (SELECT FROM events)", "a row without columns"),
        (
            "SELECT 1 FROM unnest($1::int[]) AS n CROSS JOIN LATERAL (SELECT 1 FROM holds) h",
            "a join with a list",
        ),
        ("SELECT 1 FROM holds, unnest($1::int[]) AS n", "a join with a list"),
    ],
)
def test_the_lint_reports_what_a_coordinator_refuses(text: str, said: str) -> None:
    assert fan_out_faults(text) == {said}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("MERGE INTO holds USING events ON true WHEN MATCHED THEN DELETE", "MERGE"),
        ("WITH a AS (INSERT INTO holds SELECT 1 RETURNING id) SELECT * FROM a", "INSERT in a CTE"),
        ("UPDATE holds SET expires_at = clock_timestamp() WHERE id = $1", "volatile"),
        ("INSERT INTO holds SELECT * FROM unnest($1::uuid[])", "INSERT SELECT without an anchor"),
        ("SELECT 1 FROM holds WHERE expires_at < clock_timestamp()", "clock_timestamp in WHERE"),
        ("SELECT now()", "a frozen clock"),
        ("SELECT current_timestamp", "a frozen clock"),
    ],
)
def test_the_lint_reports_each_kind_of_fault(text: str, said: str) -> None:
    assert said in faults(text)


def test_every_insert_of_one_row_names_its_columns() -> None:
    """A later schema has further columns."""
    for statement in STATEMENTS:
        (tree,) = parse_sql(statement.prepared())
        for node in walk(tree.stmt):
            assert not isinstance(node, InsertStmt) or node.cols, statement.name


def test_no_statement_of_an_event_selects_all_columns() -> None:
    """A prepared `*` fails for ever once a migration has added a column."""
    for statement in STATEMENTS:
        assert ".*" not in statement.text.replace("l.*", ""), statement.name


def test_a_schema_may_have_any_name() -> None:
    """A cast to regnamespace reads a name as SQL writes it: Box.Office without quotes is no name."""
    unquoted = re.compile(r"(?<!quote_ident\()current_schema\(\)::regnamespace")
    assert [each.name for each in all_statements() if unquoted.search(each.text)] == []
