"""Plans: on a filled database every hot statement finds its rows by an index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from holdfast.postgres.together import MIN_AT_ONCE
from postgres.statements import Named, all_statements, nodes, plan, plans_made
from support.postgres import TestDatabases

FILL = """
INSERT INTO events (event_number, id, name, status, rules, map_version, created_at)
SELECT e, lpad(to_hex(e), 32, '0')::uuid, 'E', 'published', '{}', 1, clock_timestamp()
FROM generate_series(1, 20) e;
INSERT INTO inventories (event_number, version, last_at, reclaimed_until)
SELECT e, 2000, clock_timestamp(), clock_timestamp() - interval '1 day' FROM generate_series(1, 20) e;
INSERT INTO areas (event_number, area_number, name, category, seated, capacity)
SELECT e, a, 'a' || a, 'a' || a, true, 100000 FROM generate_series(1, 20) e, generate_series(1, 2) a;
INSERT INTO seats (event_number, seat_number, label, area_number, map_version, section, row_name, position)
SELECT e, s, 'A-' || s, 1, 1, 'A', '1', s FROM generate_series(1, 20) e, generate_series(1, 2000) s;
INSERT INTO holds (event_number, id, status, placed_at, expires_at, quantity, requested, buyer, placed_by)
SELECT e, lpad(to_hex(e * 10000 + h), 32, '0')::uuid, CASE WHEN h % 4 = 0 THEN 'active' ELSE 'expired' END,
       clock_timestamp(), clock_timestamp() + (h - 1000) * interval '1 second', 1, 1, 'b' || h, 'test'
FROM generate_series(1, 20) e, generate_series(1, 2000) h;
INSERT INTO claims (event_number, hold_id, claim_number, line, kind, area_number, seat_number, quantity, held_version,
                    ended_version)
SELECT e, lpad(to_hex(e * 10000 + h), 32, '0')::uuid, 0, 0, 'hold', 1, h, 1, h, CASE WHEN h % 4 = 0 THEN NULL ELSE h END
FROM generate_series(1, 20) e, generate_series(1, 2000) h;
INSERT INTO bookings (event_number, hold_id, id, status, confirmed_at, confirmed_by)
SELECT e, lpad(to_hex(e * 10000 + h), 32, '0')::uuid, lpad(to_hex(e * 10000 + h + 5000), 32, '0')::uuid, 'confirmed',
       clock_timestamp(), 'test'
FROM generate_series(1, 20) e, generate_series(1, 1000) h;
INSERT INTO journal (event_number, version, at, structural, changes)
SELECT e, v, clock_timestamp(), false, '[]' FROM generate_series(1, 20) e, generate_series(0, 2000) v;
INSERT INTO idempotency (event_number, scope, body, status, answer, created_at)
SELECT e, decode(lpad(to_hex(k), 64, '0'), 'hex'), '\\x00', 201, '\\x00', clock_timestamp()
FROM generate_series(1, 20) e, generate_series(1, 2000) k;
ANALYZE
"""

LARGE = {"holds", "claims", "seats", "journal", "idempotency", "bookings"}

HOT = {
    "batch": None,  # all of them
    "reads": (
        "read_state", "read_lapsed_state", "read_hold", "read_hold_of_booking", "version_at", "structural_since",
        "journal_since", "released_at", "read_hold_of_seat", "read_booked_claims",
    ),
    "live_check": None,
    "together": None,
}  # fmt: skip

HOT_STATEMENTS = [
    each
    for each in all_statements()
    if each.file in HOT
    and (each.is_routed or each.file == "together")
    and (HOT[each.file] is None or each.name in HOT[each.file])
]


@pytest.fixture(scope="module")
def filled(databases: TestDatabases) -> Iterator[str]:
    url = databases.create()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in FILL.split(";"):
            connection.execute(statement.encode())
    yield url
    databases.drop(url)


@pytest.mark.parametrize("statement", HOT_STATEMENTS, ids=lambda each: f"{each.file}.{each.name}")
def test_a_hot_statement_scans_no_large_table(filled: str, statement: Named) -> None:
    with psycopg.connect(filled, autocommit=True) as connection:
        scanned = {
            node["Relation Name"]
            for node in nodes(plan(connection, statement))
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
        }
    assert scanned == set()


def test_lapsed_holds_are_found_by_their_expiry(filled: str) -> None:
    """The times are conditions of the index, not a filter over every live hold."""
    for name in ("load_lapsed", "load_sweep", "read_state", "read_states", "read_lapsed_state"):
        (statement,) = [each for each in all_statements() if each.name == name]
        with psycopg.connect(filled, autocommit=True) as connection:
            found = nodes(plan(connection, statement))
        by_expiry = [node for node in found if node.get("Index Name") == "holds_by_expiry"]
        assert by_expiry, name
        assert all("expires_at" in node["Index Cond"] for node in by_expiry), name


SMALL_EVENTS = re.sub(r"generate_series\(([01]), (1000|2000)\)", r"generate_series(\1, 6)", FILL).replace(
    "generate_series(1, 20)", "generate_series(1, 500)"
)
BY_MORE_THAN_THE_EVENT = {"holds", "claims", "bookings", "idempotency", "journal"}
LANES = [
    each
    for each in all_statements()
    # If several cold events share a batch, the size of whole tables matters, and it is read again at
    # intervals.
    if each.file == "batch" or (each.file == "spanning" and each.name.startswith("load"))
]


@pytest.fixture(scope="module", params=[True, False], ids=["counted", "never counted"])
def small_events(request: pytest.FixtureRequest, databases: TestDatabases) -> Iterator[str]:
    """Many events with a few rows each. A plan that is made for one of them also runs for a hot event."""
    url = databases.create()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in SMALL_EVENTS.split(";"):
            if request.param or "ANALYZE" not in statement:
                connection.execute(statement.encode())
    yield url
    databases.drop(url)


@pytest.mark.parametrize("statement", LANES, ids=lambda each: f"{each.file}.{each.name}")
def test_no_batch_reads_a_whole_event_because_events_are_small(small_events: str, statement: Named) -> None:
    with psycopg.connect(small_events, autocommit=True) as connection:
        if connection.info.server_version < 170_000 and "= ANY(" in statement.text:
            pytest.skip("before 17 an array of keys may be looked for in all rows of the event")
        connection.execute("SET plan_cache_mode = force_generic_plan")
        looked_at = [
            node
            for node in nodes(plan(connection, statement))
            if node.get("Relation Name") in BY_MORE_THAN_THE_EVENT
        ]
    whole = [
        f"{node['Relation Name']}: {node['Node Type']}"
        for node in looked_at
        if node["Node Type"] != "ModifyTable" and not ON_ITS_OWN_KEY.search(_conditions(node))
    ]
    assert whole == []


# All holds, bookings and journal entries belong to event 1; the 499 other events have none yet.
ONE_LARGE_EVENT = (
    FILL.replace(
        "generate_series(1, 20) e, generate_series(1, 2) a",
        "generate_series(1, 500) e, generate_series(1, 2) a",
    )
    .replace("generate_series(1, 20) e,", "generate_series(1, 1) e,")
    .replace("generate_series(1, 2000)", "generate_series(1, 40000)")
    .replace("generate_series(0, 2000)", "generate_series(0, 40000)")
    .replace("generate_series(1, 20) e;", "generate_series(1, 500) e;")
)

READ_OFTEN = (
    "read_state",
    "read_hold",
    "read_hold_of_booking",
    "read_hold_of_seat",
    "released_at",
    "version_at",
)


@pytest.fixture(scope="module")
def one_large_event(databases: TestDatabases) -> Iterator[str]:
    url = databases.create()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in ONE_LARGE_EVENT.split(";"):
            connection.execute(statement.encode())
    yield url
    databases.drop(url)


@pytest.mark.parametrize("name", READ_OFTEN)
def test_one_large_event_costs_the_others_no_plans(one_large_event: str, name: str) -> None:
    """PostgreSQL keeps a plan only if it costs about what a plan for the event at hand costs.

    If the kept plan expects the rows of the largest event, each read of another event is planned again. That was 300 of
    the 350 µs of PostgreSQL's CPU for an availability. These are the reads of one request each. A batch's loads are
    planned because of their arrays, once for all of its requests: with kept plans a pair cost 91 to 127 µs of
    PostgreSQL, and 110 to 131 with new ones, within the noise of a shared machine.
    """
    (statement,) = [each for each in all_statements() if (each.file, each.name) == ("reads", name)]
    with psycopg.connect(one_large_event, autocommit=True) as connection:
        planned = plans_made(connection, statement, executions=12)
    assert planned <= 5


def test_the_plan_for_many_events_is_kept(one_large_event: str) -> None:
    """PostgreSQL expects ten events. With fewer a plan for them is cheaper than the kept one, so it plans each time."""
    (statement,) = [each for each in all_statements() if each.name == "read_states"]
    for first in (1, 100):  # with the large event, and without it
        numbers = [str(first + at) for at in range(MIN_AT_ONCE)]
        with psycopg.connect(one_large_event, autocommit=True) as connection:
            planned = plans_made(connection, statement, executions=12, event_numbers=numbers)
        assert planned <= 5


def _conditions(scan: dict[str, Any]) -> str:
    """Return the conditions of a node's index, or of the bitmaps under it."""
    return " ".join(each.get(name, "") for each in nodes(scan) for name in ("Index Cond", "Recheck Cond"))


ON_ITS_OWN_KEY = re.compile(r"\b(id|hold_id|scope|version|expires_at|buyer)\b")
