"""Statements: every named statement of the store, with values to plan it with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from holdfast.postgres import queries

NUMBER = 5

FAN_OUT = {
    "read_versions": "reads many events: one small query per node",
    "list_bookings_of_all": "a fan-out read of every node",
    "search_bookings_of_all": "a fan-out read of every node",
    "find_bookings_by_words_of_all": "a fan-out read of every node",
    "find_bookings_of_all": "a fan-out read of every node",
    "count_totals": "a fan-out read of every node",
    "list_events": "a fan-out read of every node",
    "list_capacities": "for a page of events on one node",
    "list_areas": "for a page of events on one node",
    "count_events_on_sale": "a fan-out read of every node",
    "count_live_holds": "a fan-out read of every node",
    "ping": "only checks that a node answers",
    "next_event_number": "a sequence, on the control connection",
    "next_dialect_numbers": "a sequence, on the control connection",
    "claim_creation": "belongs to no event, on the control connection",
    "find_creation": "belongs to no event, on the control connection",
    "finish_creation": "belongs to no event, on the control connection",
}
"""Statements that name no single event, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """`text` has the driver's placeholders."""

    file: str
    name: str
    text: str

    @property
    def parameters(self) -> list[str]:
        return list(dict.fromkeys(re.findall(r"%\((\w+)\)s", self.text)))

    def prepared(self) -> str:
        """With numbered placeholders, as the server sees it."""
        text = self.text
        for at, name in enumerate(self.parameters, 1):
            text = text.replace(f"%({name})s", f"${at}")
        return text.replace("%%", "%")

    @property
    def is_routed(self) -> bool:
        return "event_number" in self.parameters


def all_statements() -> list[Named]:
    return [
        Named(file=file, name=name, text=text.decode())
        for file in queries.all_files()
        for name, text in queries.load(file).items()
    ]


def plan(connection: psycopg.Connection[Any], statement: Named, number: int = NUMBER) -> dict[str, Any]:
    """The generic plan's shape for one event: the server's own choice of types, a value for each."""
    explain = prepare(connection, statement, number)
    found = connection.execute(explain, prepare=False).fetchone()
    assert found is not None
    return dict(found[0][0]["Plan"])


def plans_made(
    connection: psycopg.Connection[Any],
    statement: Named,
    executions: int,
    event_numbers: Sequence[str] = ("1",),
) -> int:
    """How often the server plans the statement in this number of executions for one event, or for these."""
    explain = prepare(connection, statement, event_numbers=event_numbers)
    for _ in range(executions):
        connection.execute(explain, prepare=False)
    row = connection.execute(
        "SELECT custom_plans FROM pg_prepared_statements WHERE name = 'asked'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def prepare(
    connection: psycopg.Connection[Any],
    statement: Named,
    number: int = NUMBER,
    event_numbers: Sequence[str] = ("1",),
) -> bytes:
    """Prepare the statement, and return the EXPLAIN of one execution."""
    connection.execute("DEALLOCATE ALL")
    connection.execute(f"PREPARE asked AS {statement.prepared()}".encode(), prepare=False)
    row = connection.execute(
        "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'asked'"
    ).fetchone()
    assert row is not None
    own = {"event_number": str(number), "event_numbers": f"'{{{','.join(event_numbers)}}}'"}
    values = [
        own.get(name) or value_of(name, type) for name, type in zip(statement.parameters, row[0], strict=True)
    ]
    call = f"asked({', '.join(values)})" if values else "asked"
    return f"EXPLAIN (FORMAT JSON) EXECUTE {call}".encode()


_UUID = "00000000-0500-8000-8000-000000000001"
_VALUES = {
    "uuid": f"'{_UUID}'",
    "text": "'a'",
    "bytea": "'\\x00'",
    "boolean": "false",
    "jsonb": "'{}'",
    "timestamp with time zone": "'2030-01-01Z'",
}


def value_of(name: str, type: str) -> str:
    if name == "whole_event":
        return "false"
    if (name, type) == ("metadata", "jsonb"):
        return """'{"order": "1"}'"""
    if type.endswith("[]"):
        one = _VALUES.get(type.removesuffix("[]"), "1").strip("'")
        return f"""'{{"{one}"}}'""" if "\\" not in one else "ARRAY['\\x00'::bytea]"
    return _VALUES.get(type, "1")


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]
