"""Series of dates: each keeps its hour on the venue's clock, there are as many as were asked for, and a second press
makes none twice.
"""

from __future__ import annotations

from datetime import datetime

import httpx2
import pytest

from holdfast.web.organise.event_form import Draft
from holdfast.web.organise.series import MAX_DATES, bodies_of, read_series
from web.visitor import Page, press, visit

FORM = {"starts_at": "2031-03-28T19:30", "time_zone": "Europe/Berlin", "repeat_count": "3"}


def dates(**typed: str) -> list[str]:
    series = read_series(FORM | typed, Draft())
    assert series is not None
    return [at.isoformat() for at in series.dates]


def test_a_date_keeps_its_hour_after_the_clock_has_changed() -> None:
    """On 30 March 2031 summer time begins in Berlin."""
    assert dates(repeat="day") == [
        "2031-03-28T18:30:00+00:00",
        "2031-03-29T18:30:00+00:00",
        "2031-03-30T17:30:00+00:00",
    ]


def test_an_hour_that_the_clock_leaves_out_is_the_next_one() -> None:
    found = dates(repeat="day", starts_at="2031-03-29T02:30", repeat_count="2")
    assert found == ["2031-03-29T01:30:00+00:00", "2031-03-30T01:30:00+00:00"]


def test_an_hour_that_the_clock_has_twice_is_the_first_one() -> None:
    found = dates(repeat="day", starts_at="2031-10-25T02:30", repeat_count="2")
    assert found == ["2031-10-25T00:30:00+00:00", "2031-10-26T00:30:00+00:00"]


def test_weekdays_and_steps() -> None:
    found = dates(repeat="week", repeat_every="2", repeat_on_fr="1", repeat_on_sa="1", repeat_count="4")
    assert [at[:10] for at in found] == ["2031-03-28", "2031-03-29", "2031-04-11", "2031-04-12"]


def test_a_month_without_the_day_is_left_out() -> None:
    found = dates(repeat="month", starts_at="2031-01-31T20:00", repeat_count="3")
    assert [at[:10] for at in found] == ["2031-01-31", "2031-03-31", "2031-05-31"]


def test_the_sale_of_each_ends_as_long_before_its_start() -> None:
    typed = FORM | {"repeat": "day", "off_sale_at": "2031-03-28T18:30", "on_sale_at": "2031-01-01T10:00"}
    bodies = bodies_of({"on_sale_at": "2031-01-01T09:00:00+00:00"}, read_series(typed, Draft()))
    assert [body["off_sale_at"] for body in bodies] == [
        "2031-03-28T17:30:00+00:00",
        "2031-03-29T17:30:00+00:00",
        "2031-03-30T16:30:00+00:00",
    ]
    assert {body["on_sale_at"] for body in bodies} == {"2031-01-01T09:00:00+00:00"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeat_count": "1"},
        {"repeat_count": str(MAX_DATES + 1)},
        {"repeat_count": ""},
        {"repeat_count": "٣"},
        {"repeat_every": "0"},
        {"repeat_every": "53"},
        {"starts_at": ""},
        {"starts_at": "soon"},
        {"time_zone": "Mars/Olympus"},
    ],
)
def test_a_rule_without_an_end_or_a_start_makes_nothing(wrong: dict[str, str]) -> None:
    draft = Draft()
    assert read_series(FORM | {"repeat": "week"} | wrong, draft) is None
    assert "repeat" in draft.wrong


async def events_of(client: httpx2.AsyncClient) -> list[datetime]:
    items = (await client.get("/v1/events")).json()["items"]
    return sorted(datetime.fromisoformat(each["starts_at"]) for each in items)


async def test_a_press_makes_each_event_once(client: httpx2.AsyncClient) -> None:
    at = "/organise/events/new"
    typed = {"name": "Supper", "area-1-name": "hall", "area-1-capacity": "80", "repeat": "week", **FORM}
    form = (await visit(client, at)).form("/events/new")
    for _ in range(2):
        made = await press(client, at, form, ("act", "publish"), **typed)
        assert "3 events are made." in Page(made.text).text
    found = await events_of(client)
    assert [each.isoformat() for each in found] == [
        "2031-03-28T18:30:00+00:00",
        "2031-04-04T17:30:00+00:00",
        "2031-04-11T17:30:00+00:00",
    ]


async def test_the_preview_lists_the_dates_and_makes_nothing(client: httpx2.AsyncClient) -> None:
    typed = {"name": "Supper", "area-1-name": "hall", "area-1-capacity": "80", "repeat": "day", **FORM}
    at = "/organise/events/new"
    form = (await visit(client, at)).form("/events/new")
    page = Page((await press(client, at, form, ("act", "preview"), **typed)).text)
    assert "3 events" in page.text
    assert "Sunday 30 March 2031, 19:30" in page.text
    assert await events_of(client) == []
    refused = await press(client, at, form, ("act", "publish"), **typed | {"repeat_count": "1"})
    assert refused.status_code == 422
    assert "Write how many dates" in Page(refused.text).text
