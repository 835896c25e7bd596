"""Steps: the tables of a batch and the SQL files name the same parameters, in both forms."""

from __future__ import annotations

import pytest

from holdfast.inventory.store.steps import ONE_EVENT, SEVERAL_EVENTS, of_several_events
from holdfast.inventory.store.writes import INSERT_AREAS, WRITES
from holdfast.postgres import arrays

GIVEN = {"event_number", "version", "now", "map_version"}
GIVEN_EACH = {"event_numbers", "versions", "nows"}


@pytest.mark.parametrize("step", WRITES, ids=lambda step: step.statement)
def test_a_write_sends_what_its_statements_take(step) -> None:
    columns = set(step.columns)
    taken = set(ONE_EVENT[step.statement].parameters)
    assert columns <= taken <= columns | GIVEN
    if step.statement in SEVERAL_EVENTS:
        assert set(SEVERAL_EVENTS[step.statement].parameters) - GIVEN_EACH <= columns


@pytest.mark.parametrize("statements", [ONE_EVENT, SEVERAL_EVENTS], ids=["one event", "several events"])
def test_every_write_of_the_sql_files_is_in_the_table(statements) -> None:
    written = {name for name, each in statements.items() if each.text.startswith((b"INSERT", b"UPDATE"))}
    assert written <= {step.statement for step in WRITES}


def test_rows_of_several_events_say_whose_they_are() -> None:
    (step,) = [step for step in WRITES if step.statement == "count_replays"]
    replays = [type(step)(statement=step.statement, rows=list, columns=step.columns)]
    events = [[(b"a",), (b"b",)], [], [(b"c",)]]
    ((statement, parameters),) = of_several_events(
        replays, events, {"event_numbers": (arrays.plain, [5, 6, 7]), "versions": (arrays.plain, [1, 1, 1])}
    )
    assert statement is SEVERAL_EVENTS["count_replays"]
    assert parameters == {"event_numbers": "{5,5,7}", "scopes": '{"\\\\x61","\\\\x62","\\\\x63"}'}


def test_no_rows_make_empty_arrays() -> None:
    assert INSERT_AREAS.arrays([]) == dict.fromkeys(INSERT_AREAS.columns, "{}")
