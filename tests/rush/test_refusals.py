"""Why there is no rush: one line each, before anything is sold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from holdfast.client import Client, Quantity
from support.commands import Run
from support.rushing import House

FEW = ("--buyers", 5, "--over", 0.2)
FUTURE = datetime.now(UTC) + timedelta(days=30)
SEATS = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 4, "category": "stalls"}]}


def test_without_a_server_there_is_none(run: Run, tmp_path: Path) -> None:
    ended = run("rush", "http://127.0.0.1:9", "--event", 1, *FEW, "--out", tmp_path / "out")
    assert ended.complaint.startswith("No server answers at http://127.0.0.1:9.")
    assert not (tmp_path / "out").exists()


def test_another_server_is_told_from_holdfast(run: Run, house: House, tmp_path: Path) -> None:
    """A path in front of everything leads nowhere on this one."""
    ended = run("rush", f"{house.url}/elsewhere", "--event", 1, *FEW, "--out", tmp_path / "out")
    assert "cannot be used" in ended.complaint


def test_an_event_that_is_not_there_is_named(run: Run, house: House) -> None:
    ended = run("rush", house.url, "--event", 4711, *FEW)
    assert ended.complaint.startswith("The server has no event 4711 on sale.")


def test_an_event_that_is_sold_out_says_so(run: Run, house: House) -> None:
    event = house.sell(capacity=3)
    with Client(house.url) as client:
        client.confirm_hold(client.place_hold(event, Quantity(1)))
        client.place_hold(event, Quantity(2))
    complaint = run("rush", house.url, "--event", event, *FEW).complaint
    assert complaint == (
        f"Event {event} is sold out before the start: of 3 none is available; 2 are held and may return."
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"status": "draft"}, "is draft: nothing of it is for sale"),
        ({"on_sale_at": FUTURE}, "is on sale from 20"),
        ({"off_sale_at": datetime(2020, 1, 1, tzinfo=UTC)}, "ended at 2020-01-01T00:00:00Z"),
    ],
)
def test_an_event_that_is_not_on_sale_says_why(
    given: dict[str, object], words: str, run: Run, house: House
) -> None:
    assert words in run("rush", house.url, "--event", house.sell(capacity=5, **given), *FEW).complaint


def test_stopped_sales_stay_stopped(run: Run, house: House) -> None:
    event = house.sell(capacity=5)
    with Client(house.url) as client:
        client.stop_sales(event)
    assert "are stopped" in run("rush", house.url, "--event", event, *FEW).complaint


@pytest.mark.parametrize(
    ("event", "options", "words"),
    [
        ({"capacity": 9, "max_per_hold": 2}, ["--quantity", "1-3"], "at most 2 to one hold"),
        ({"capacity": 9, "max_per_buyer": 2}, ["--quantity", "3"], "at most 2 to one buyer"),
        ({"capacity": 9}, ["--seats", "1"], "no numbered seats; use --quantity"),
        ({"capacity": 9}, ["--best-available", "1"], "no numbered seats; use --quantity"),
        ({"capacity": 9}, ["--area", "hall"], "has no area hall: it has general"),
        ({"seat_map": SEATS}, ["--seats", "1", "--category", "x"], "has no category x: it has stalls"),
        ({"seat_map": SEATS}, ["--seats", "5"], "No row has so many seats"),
        ({"areas": [{"name": "a", "capacity": 1}, {"name": "b", "capacity": 1}]}, [], "has several areas"),
        ({"capacity": 9, "max_hold_ttl_seconds": 60}, ["--ttl-seconds", "61"], "live 60 s at most"),
    ],
)
def test_what_the_event_would_refuse_to_everybody_is_not_asked(
    event: dict[str, object], options: list[str], words: str, run: Run, house: House
) -> None:
    assert words in run("rush", house.url, "--event", house.sell(**event), *FEW, *options).complaint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--quantity", "1", "--seats", "1"], "--quantity and --seats exclude each other"),
        (["--quantity", "0"], "from 1 to 100"),
        (["--quantity", "2-1"], "2-1 is not"),
        (["--quantity", "1.5"], "from 1 to 100"),
        (["--pay-seconds", "soon"], "soon is not"),
        (["--abandon", "0.7", "--release", "0.6"], "more than 1 together"),
        (["--seats", "1", "--area", "hall"], "--area goes with --quantity"),
        (["--category", "stalls"], "--category goes with --best-available or --seats"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(options: list[str], words: str, run: Run) -> None:
    ended = run("rush", "http://127.0.0.1:9", "--event", 1, *options)
    assert ended.code == 2
    assert words in ended.complaint


def test_an_address_without_a_scheme_is_wrong_usage(run: Run) -> None:
    ended = run("rush", "tickets.example", "--event", 1)
    assert (ended.code, "starts with http://" in ended.complaint) == (2, True)


def test_an_address_with_a_password_is_not_carried_into_reports(run: Run) -> None:
    ended = run("rush", "http://box:office@127.0.0.1:9", "--event", 1)
    assert (ended.code, "HOLDFAST_API_KEY" in ended.complaint) == (2, True)


def test_a_report_is_never_written_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    complaint = run("rush", "http://127.0.0.1:9", "--event", 1, "--out", tmp_path).complaint
    assert "has a report already" in complaint
    assert (tmp_path / "report.json").read_text() == "{}"


def test_a_folder_that_cannot_be_written_to_is_found_out_before(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    complaint = run("rush", "http://127.0.0.1:9", "--event", 1, "--out", tmp_path / "file" / "out").complaint
    assert "no folder that you may write to" in complaint


def test_the_address_may_come_from_the_environment(run: Run, tmp_path: Path) -> None:
    by_url = run("rush", "--event", 1, *FEW, url="http://127.0.0.1:9")
    assert "http://127.0.0.1:9" in by_url.complaint
    by_port = run("rush", "--event", 1, *FEW, port=9)
    assert "http://127.0.0.1:9" in by_port.complaint


def test_a_key_that_is_wrong_is_not_sold_with(own_house: House, run: Run, tmp_path: Path) -> None:
    event = own_house.sell(capacity=50)
    settings = {"database_url": own_house.database_url, "secret_key": "x" * 40}
    key = run("keys", "create", "box office", "--scope", "sell", "--json", **settings).json["key"]
    wrong = run("rush", own_house.url, "--event", event, *FEW, "--api-key", f"{key[:-1]}?")
    assert wrong.complaint.startswith("The server wants a key for this:")
    right = run(
        *(
            "rush",
            own_house.url,
            "--event",
            event,
            *FEW,
            "--pay-seconds",
            0,
            "--out",
            tmp_path / "out",
            "--json",
        ),
        api_key=key,
    )
    assert right.code == 0, right.err
    assert key not in right.out
    assert key not in (tmp_path / "out" / "report.html").read_text()
    assert "api_key" not in json.dumps(right.json)
