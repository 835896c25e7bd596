"""Answers of older and newer servers become dataclasses; invalid ones raise one error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from json import dumps
from typing import Any
from uuid import UUID

import pytest

from holdfast_client.calls import Answer, page, path, time_text
from holdfast_client.errors import BadAnswer
from holdfast_client.models import Availability, Hold, MapSeat, Page
from holdfast_client.reading import read

HOLD: dict[str, Any] = {
    "id": "00000000-0001-8000-8000-000000000001",
    "event": "00000000-0001-8000-8000-000000000000",
    "event_number": 1,
    "status": "active",
    "lines": [{"area": "general", "quantity": 4}],
    "quantity": 4,
    "requested": 4,
    "placed_at": "2026-11-05T18:30:00Z",
    "expires_at": "2026-11-05T18:32:00.25Z",
    "server_time": "2026-11-05T18:30:00Z",
    "hold_token": "hfh_secret",
}


def test_times_are_aware_and_ids_are_ids() -> None:
    hold = read(Hold, HOLD)
    assert hold.expires_at == datetime(2026, 11, 5, 18, 32, 0, 250_000, tzinfo=UTC)
    assert hold.id == UUID(HOLD["id"])
    assert hold.lines[0].quantity == 4


def test_a_newer_server_does_not_break_an_older_client() -> None:
    """New members are ignored at every depth; a new word is passed on."""
    newer = HOLD | {
        "status": "frozen",
        "colour": "red",
        "lines": [{"area": "general", "quantity": 4, "row": 1}],
    }
    assert read(Hold, newer).status == "frozen"
    assert read(Hold, newer).lines == read(Hold, HOLD).lines


def test_a_token_is_hidden_in_repr() -> None:
    assert "hfh_secret" not in repr(read(Hold, HOLD))


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        HOLD | {"id": "7"},
        HOLD | {"id": 7},
        HOLD | {"quantity": "4"},
        HOLD | {"quantity": True},
        HOLD | {"lines": {}},
        HOLD | {"placed_at": "2026-11-05T18:30:00"},
        HOLD | {"placed_at": 3},
        {name: value for name, value in HOLD.items() if name != "expires_at"},
    ],
)
def test_an_invalid_hold_is_a_bad_answer(broken: object) -> None:
    with pytest.raises(BadAnswer):
        read(Hold, broken)


@pytest.mark.parametrize("content", [b"", b"<html>", b"{}", b'{"items": 3}', b"\xff", b"[" * 100_000])
def test_an_invalid_page_is_a_bad_answer(content: bytes) -> None:
    with pytest.raises(BadAnswer):
        page(Availability)(Answer(status=200, content=content))


def test_path_parts_are_quoted() -> None:
    assert path("events", 7, "seats", "A/1 ?#%", "history") == "/v1/events/7/seats/A%2F1%20%3F%23%25/history"


def test_a_time_without_a_zone_is_refused() -> None:
    moment = datetime(2026, 11, 5, 20, 30, tzinfo=UTC)
    assert time_text(moment + timedelta(hours=1)) == "2026-11-05T21:30:00Z"
    with pytest.raises(ValueError, match="zone"):
        time_text(moment.replace(tzinfo=None))


def test_a_page_reads_its_items() -> None:
    content = dumps({"items": [HOLD], "next": "cursor", "total": 1}).encode()
    assert page(Hold)(Answer(status=200, content=content)) == Page(items=(read(Hold, HOLD),), next="cursor")


def test_booleans_are_not_numbers() -> None:
    """`true` is an int in Python but not here. A float member accepts an integer."""
    seat = {"label": "A-1-1", "position": 0, "category": "stalls", "x": 20, "y": 20.5}
    assert read(MapSeat, seat).x == 20
    with pytest.raises(BadAnswer):
        read(MapSeat, seat | {"x": True})
