"""Values: ids, times and zones have one spelling each; all others are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from holdfast.api.values import parse_event_ref
from holdfast.http.values import Time, TimeZone, parse_id, parse_time

CANONICAL = "550e8400-e29b-41d4-a716-446655440000"


@pytest.mark.parametrize("text", [CANONICAL, CANONICAL.upper()])
def test_a_canonical_id_is_parsed_in_any_case(text: str):
    assert parse_id(text) == UUID(CANONICAL)
    assert parse_event_ref(text) == UUID(CANONICAL)


@pytest.mark.parametrize(
    "text",
    [
        "{" + CANONICAL + "}",
        "urn:uuid:" + CANONICAL,
        CANONICAL.replace("-", ""),
        CANONICAL + "\n",
        CANONICAL[:-1],
        CANONICAL.replace("5", "\u0665"),
        "",
    ],
)
def test_other_spellings_of_an_id_are_refused(text: str):
    assert parse_id(text) is None
    assert parse_event_ref(text) is None


@pytest.mark.parametrize("text", ["1", "7", str(2**40 - 1)])
def test_a_number_is_parsed(text: str):
    assert parse_event_ref(text) == int(text)


@pytest.mark.parametrize(
    "text", ["0", "-1", "+1", "01", "1_0", " 1", "1 ", "1\n", "0x1", "1.0", "\u0661", "1e3", str(2**40)]
)
def test_an_invalid_number_is_refused(text: str):
    assert parse_event_ref(text) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02t03:04:05z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.5+02:00", datetime(2026, 1, 2, 1, 4, 5, 500_000, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)),
        ("2024-02-29T00:00:00-05:30", datetime(2024, 2, 29, 5, 30, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2100-12-31T23:59:59Z", datetime(2100, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_rfc_3339_time_is_parsed_to_utc(text: str, moment: datetime):
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-01-02",
        "2026-01-02T03:04Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02T24:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-02T03:04:05-00:00",
        "2026-01-02T03:04:05+99:00",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+0200",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05Z\n",
        "1969-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "tomorrow",
        "infinity",
        "now",
        "1767322800",
        "\u0662026-01-02T03:04:05Z",
        "",
    ],
)
def test_invalid_times_are_refused(text: str):
    assert parse_time(text) is None


@given(moment=st.datetimes(datetime(1970, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC)))
def test_a_formatted_time_is_parsed_back(moment: datetime):
    times = TypeAdapter(Time)
    assert times.validate_json(times.dump_json(moment)) == moment
    assert times.dump_json(moment).endswith(b'Z"')


@pytest.mark.parametrize(
    "zone",
    [
        "../../etc/passwd", "/etc/localtime", "Mars/Olympus", "europe/berlin", "", "UTC\n",
        "localtime", "Factory", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin",
    ],
)  # fmt: skip
def test_unknown_time_zones_are_refused(zone: str):
    """Some systems have files that are no places: the machine's own zone, leap seconds, and one never set up."""
    with pytest.raises(ValidationError):
        TypeAdapter(TimeZone).validate_python(zone)


def test_a_known_time_zone_is_accepted():
    assert TypeAdapter(TimeZone).validate_python("Europe/Berlin") == "Europe/Berlin"
