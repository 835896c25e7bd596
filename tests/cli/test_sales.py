"""`holdfast sales`: the figures that the overview plots, at the command line."""

from __future__ import annotations

from support.commands import Run
from support.selling import sql


def test_the_figures_of_an_event_are_printed(holdfast: Run, database_url: str) -> None:
    assert holdfast("event", "create", "Play", "--capacity", 5).code == 0
    assert "Nothing was sold." in holdfast("sales", 1, "--csv").err
    sql(
        database_url,
        "INSERT INTO sale_minutes SELECT 1, date_trunc('minute', now()), kind, count, admissions"
        " FROM (VALUES ('held', 3, 7), ('booked', 2, 5), ('refused:sold_out', 4, 0)) AS n (kind, count, admissions)",
    )
    found = holdfast("sales", 1, "--span", "day", "--json").json
    assert (found["event_number"], found["step_seconds"], len(found["steps"])) == (1, 900, 96)
    assert (found["ends"]["holds"], found["ends"]["booked"]) == (3, 2)
    assert found["refusals"] == [{"reason": "sold_out", "count": 4}]
    (line,) = holdfast("sales", 1).out.splitlines()[1:] or [holdfast("sales", 1).out]
    assert line.split("\t")[1:] == ["3", "2", "5"]
    assert "There is no event 7" in holdfast("sales", 7).complaint
    assert "month" in holdfast("sales", 1, "--span", "year").complaint
