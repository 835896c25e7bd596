"""Refused rushes: each prints one line, before anything is sold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from holdfast_client import Client, Quantity
from support.commands import Run
from support.rushing import House
from support.terminal import in_terminal

FEW = ("--buyers", 5, "--over", 0.2)
FUTURE = datetime.now(UTC) + timedelta(days=30)
SEATS = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 4, "category": "stalls"}]}


def test_a_rush_without_a_server_is_refused(run: Run, tmp_path: Path) -> None:
    ended = run("rush", "http://127.0.0.1:9", "--event", 1, *FEW, "--out", tmp_path / "out")
    assert ended.complaint.startswith(
        "Cannot connect to http://127.0.0.1:9: Connection refused. Start a server"
    )
    assert not (tmp_path / "out").exists()


def test_a_server_that_is_not_holdfast_is_refused(run: Run, house: House, tmp_path: Path) -> None:
    """The path prefix leads to no Holdfast."""
    ended = run("rush", f"{house.url}/elsewhere", "--event", 1, *FEW, "--out", tmp_path / "out")
    assert "cannot be used" in ended.complaint


def test_an_unknown_event_is_refused(run: Run, house: House) -> None:
    ended = run("rush", house.url, "--event", 4711, *FEW)
    assert ended.complaint.startswith("The server has no event 4711 on sale.")


def test_a_sold_out_event_is_refused(run: Run, house: House) -> None:
    event = house.sell(capacity=3)
    with Client(house.url) as client:
        client.confirm_hold(client.place_hold(event, Quantity(1)))
        client.place_hold(event, Quantity(2))
    complaint = run("rush", house.url, "--event", event, *FEW).complaint
    assert complaint == (
        f"Event {event} is already sold out: none of 3 is available; 2 are held and may return."
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"status": "draft"}, "is draft, so it is not for sale"),
        ({"on_sale_at": FUTURE}, "is on sale from 20"),
        ({"off_sale_at": datetime(2020, 1, 1, tzinfo=UTC)}, "ended at 2020-01-01T00:00:00Z"),
    ],
)
def test_an_event_that_is_not_on_sale_is_refused_with_the_reason(
    given: dict[str, object], words: str, run: Run, house: House
) -> None:
    assert words in run("rush", house.url, "--event", house.sell(capacity=5, **given), *FEW).complaint


def test_a_real_event_is_sold_only_with_an_agreement(run: Run, house: House, tmp_path: Path) -> None:
    """Kind of bug: a tool that changes much without a question. The others: event cancel, booking cancel, restore."""
    event = house.sell(capacity=50, rehearsal=False)
    out = ("--out", tmp_path / "out")
    refused = run("rush", house.url, "--event", event, *FEW, *out)
    assert refused.code == 2
    assert "would sell its 50 available admissions" in refused.complaint
    assert "--yes" in refused.complaint
    kept = in_terminal("rush", house.url, "--event", event, *FEW, *out, answers="n\n")
    assert (kept.code, "Nothing was changed." in kept.text) == (1, True)
    with Client(house.url) as client:
        assert client.get_availability(event).available == 50
        assert client.get_event(event).rehearsal is False
    assert not (tmp_path / "out").exists()
    quick = (*FEW, "--pay-seconds", "0-0.1", "--abandon", 0, *out)
    agreed = in_terminal("rush", house.url, "--event", event, *quick, answers="y\n")
    assert agreed.code == 0, agreed.text
    assert run("rush", house.url, "--event", event, *FEW, "--yes", "--out", tmp_path / "again").code == 0


def test_an_event_with_stopped_sales_is_refused(run: Run, house: House) -> None:
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
        ({"seat_map": SEATS}, ["--seats", "5"], "No row has 5 seats"),
        ({"areas": [{"name": "a", "capacity": 1}, {"name": "b", "capacity": 1}]}, [], "has several areas"),
        ({"capacity": 9, "max_hold_ttl_seconds": 60}, ["--ttl-seconds", "61"], "live at most 60 s"),
    ],
)
def test_a_wish_that_the_event_always_refuses_is_refused(
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
        (["--abandon", "0.7", "--release", "0.6"], "add up to more than 1"),
        (["--seats", "1", "--area", "hall"], "--area goes with --quantity"),
        (["--category", "stalls"], "--category goes with --best-available or --seats"),
    ],
)
def test_contradictory_options_are_wrong_usage(options: list[str], words: str, run: Run) -> None:
    ended = run("rush", "http://127.0.0.1:9", "--event", 1, *options)
    assert ended.code == 2
    assert words in ended.complaint


def test_an_address_without_a_scheme_is_wrong_usage(run: Run) -> None:
    ended = run("rush", "tickets.example", "--event", 1)
    assert (ended.code, "starts with http://" in ended.complaint) == (2, True)


def test_an_address_with_a_password_is_wrong_usage(run: Run) -> None:
    ended = run("rush", "http://box:office@127.0.0.1:9", "--event", 1)
    assert (ended.code, "HOLDFAST_API_KEY" in ended.complaint) == (2, True)


def test_an_existing_report_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    complaint = run("rush", "http://127.0.0.1:9", "--event", 1, "--out", tmp_path).complaint
    assert "already has a report" in complaint
    assert (tmp_path / "report.json").read_text() == "{}"


def test_an_unwritable_folder_is_refused_before_the_rush(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    complaint = run("rush", "http://127.0.0.1:9", "--event", 1, "--out", tmp_path / "file" / "out").complaint
    assert "cannot write to" in complaint


def test_the_address_may_come_from_the_environment(run: Run, tmp_path: Path) -> None:
    by_url = run("rush", "--event", 1, *FEW, url="http://127.0.0.1:9")
    assert "http://127.0.0.1:9" in by_url.complaint
    by_port = run("rush", "--event", 1, *FEW, port=9)
    assert "http://127.0.0.1:9" in by_port.complaint


def test_a_wrong_key_is_refused_and_a_valid_one_stays_secret(
    own_house: House, run: Run, tmp_path: Path
) -> None:
    event = own_house.sell(capacity=50)
    settings = {"database_url": own_house.database_url, "secret_key": "x" * 40}
    key = run("keys", "create", "box office", "--scope", "sell", "--json", **settings).json["key"]
    wrong = run("rush", own_house.url, "--event", event, *FEW, "--api-key", f"{key[:-1]}?")
    assert wrong.complaint.startswith("The server requires an API key:")
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
