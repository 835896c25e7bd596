"""The box office's commands: sell, find and cancel bookings, block seats, and change events."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from uuid import UUID

import pytest

from holdfast.inventory.rules.commands import PlaceHold, SeatsLine
from holdfast.samples import theatre
from support.commands import Run
from support.selling import an_engine
from support.terminal import in_terminal


@pytest.fixture
def play(holdfast: Run, tmp_path: Path) -> list[str]:
    """Create event 1 with numbered seats, and return their labels."""
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"labels": ["A1", "A2", "A3", "A4"], "category": "stalls"}))
    made = holdfast("event", "create", "Play", "--seat-map", plan, "--area", "stand=5", "--json")
    assert made.json["capacity"] == 9
    return ["A1", "A2", "A3", "A4"]


def test_sell_books_seats_and_prints_the_reference(holdfast: Run, play: list[str]) -> None:
    sold = holdfast("sell", 1, "a1", "A2", "--name", "Ada", "--email", "ada@example.org", "--json")
    assert sold.code == 0
    assert sold.json["lines"] == [{"seats": ["A1", "A2"], "category": "stalls"}]
    assert sold.json["buyer"] == {"reference": None, "name": "Ada", "email": "ada@example.org"}
    printed = holdfast("sell", 1, "--quantity", 2, "--area", "stand").out
    reference = dict(line.split("\t") for line in printed.splitlines())["reference"]
    assert holdfast("booking", "show", reference, "--json").json["quantity"] == 2
    counts = holdfast("watch", 1, "--once", "--json").json
    assert (counts["booked"], counts["held"]) == (4, 0)
    assert holdfast("check").code == 0


def test_sell_combines_lines_in_one_booking(holdfast: Run, play: list[str]) -> None:
    sold = holdfast("sell", 1, "A4", "--best-available", 2, "--quantity", 1, "--json").json
    assert [line.get("seats") for line in sold["lines"]] == [["A4"], None, sold["lines"][2]["seats"]]
    assert sold["quantity"] == 4


def test_a_sale_under_a_retry_key_is_made_once(holdfast: Run, play: list[str]) -> None:
    """A script that got no answer sells again, and nobody pays twice. A refusal stays one, too."""
    sale = ("sell", 1, "--quantity", 2, "--area", "stand", "--json")
    first = holdfast(*sale, "--retry-key", "order-17").json
    assert holdfast(*sale, "--retry-key", "order-17").json == first
    assert holdfast(*sale, "--retry-key", "order-18").json["id"] != first["id"]
    other = holdfast("sell", 1, "--quantity", 1, "--area", "stand", "--retry-key", "order-17")
    assert other.complaint == "The retry key order-17 belongs to another sale: take a new key."
    for _ in range(2):
        refused = holdfast("sell", 1, "--quantity", 2, "--area", "stand", "--retry-key", "order-19")
        assert "available" in refused.complaint
        holdfast("booking", "cancel", first["id"], "--yes")
    assert holdfast("watch", 1, "--once", "--json").json["booked"] == 2


def test_metadata_goes_with_an_event_and_a_sale(holdfast: Run) -> None:
    made = holdfast("event", "create", "Concert", "--capacity", 5, "--metadata", "season=2027", "--json").json
    assert made["metadata"] == {"season": "2027"}
    changed = holdfast("event", "change", 1, "--metadata", "house=a=b", "--json").json
    assert changed["metadata"] == {"season": "2027", "house": "a=b"}
    sold = holdfast("sell", 1, "--quantity", 1, "--metadata", "order=17", "--json").json
    assert sold["metadata"] == {"order": "17"}
    assert "metadata\torder=17\n" in holdfast("booking", "show", sold["reference"]).out
    assert "has no =" in holdfast("sell", 1, "--quantity", 1, "--metadata", "order").complaint
    twice = holdfast("sell", 1, "--quantity", 1, "--metadata", "a=1", "--metadata", "a=2")
    assert "is given twice" in twice.complaint


@pytest.mark.parametrize("text", ["1_000", " 5", "5.0", "1e3", "٥", "０", "", "0x5"])
def test_a_number_is_read_as_strictly_as_in_a_body(holdfast: Run, text: str) -> None:
    for command in (
        ("event", "create", "X", "--capacity", text),
        ("event", "create", "X", "--max-per-hold", text),
        ("sell", 1, "--quantity", text),
        ("block", "add", 1, "--quantity", text),
    ):
        assert "is not a whole number" in holdfast(*command).complaint
    assert holdfast("event", "list", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ((1, "A1"), 1, "A1"),  # already sold
        ((1, "A2", "A1"), 1, "A1"),
        ((1, "Z9"), 1, "Z9"),
        ((1, "--quantity", 6, "--area", "stand"), 1, "available"),
        ((1, "--quantity", 0), 1, "`lines/0/quantity` must be 1 or more"),
        ((1,), 2, "--best-available"),
        ((1, "--area", "stand"), 2, "--area goes with --quantity"),
        ((1, "A2", "--category", "stalls"), 2, "--category goes with"),
        ((1, "A2", "--email", "nobody"), 1, "`buyer/email` must be an email address"),
        ((2, "A2"), 1, "There is no event 2: `holdfast event list` shows all."),
        ((3, "--quantity", 1), 1, "There is no event 3: `holdfast event list` shows all."),
    ],
)
def test_a_refused_sale_takes_nothing(
    holdfast: Run, play: list[str], arguments: tuple[object, ...], code: int, complaint: str
) -> None:
    holdfast("sell", 1, "A1")
    refused = holdfast("sell", *arguments)
    assert refused.code == code
    assert complaint in refused.complaint
    counts = holdfast("watch", 1, "--once", "--json").json
    assert (counts["booked"], counts["held"]) == (1, 0)


def test_a_draft_is_sold_after_it_was_published(holdfast: Run) -> None:
    holdfast("event", "create", "Concert", "--capacity", 5, "--draft")
    assert holdfast("sell", 1, "--quantity", 1).code == 1
    assert holdfast("event", "publish", 1, "--json").json["status"] == "published"
    assert holdfast("event", "publish", 1).code == 0
    assert holdfast("sell", 1, "--quantity", 1).code == 0


def test_bookings_are_listed_found_and_cancelled(holdfast: Run, play: list[str], database_url: str) -> None:
    first = holdfast("sell", 1, "A1", "--name", "Ada", "--json").json
    second = holdfast("sell", 1, "A2", "--json").json
    listed = holdfast("booking", "list", "--event", 1, "--json").json
    assert [booking["id"] for booking in listed] == [second["id"], first["id"]]
    by_hand = f"{first['reference'][:4]}-{first['reference'][4:]}".lower()
    for name in (first["reference"], by_hand, first["id"]):
        assert holdfast("booking", "show", name, "--json").json == first
    assert "--yes" in holdfast("booking", "cancel", first["reference"]).complaint
    kept = in_terminal("booking", "cancel", first["reference"], answers="n\n", database_url=database_url)
    assert (kept.code, "Nothing was changed." in kept.text) == (1, True)
    ended = in_terminal("booking", "cancel", first["reference"], answers="y\n", database_url=database_url)
    assert ended.code == 0, ended.text
    assert "1 admission of event 1, of Ada: A1. Cancel it?" in ended.text
    assert holdfast("booking", "cancel", first["reference"]).code == 0  # nothing is left to ask
    assert [one["id"] for one in holdfast("booking", "list", "--status", "confirmed", "--json").json] == [
        second["id"]
    ]
    assert "There is no booking 00000000: " in holdfast("booking", "show", "00000000").complaint
    assert "There is no booking Ada: " in holdfast("booking", "show", "Ada").complaint


def test_a_booking_is_exchanged_and_cancelled_in_part(holdfast: Run, play: list[str]) -> None:
    sold = holdfast("sell", 1, "A1", "A2", "--json").json["reference"]
    moved = holdfast(
        "booking", "exchange", sold, "--seat", "a3", "--returned-seat", "A1", "--yes", "--json"
    ).json
    assert [line["seats"] for line in moved["lines"]] == [["A2"], ["A3"]]
    assert holdfast("sell", 1, "A1").code == 0
    assert (
        "A1"
        in holdfast("booking", "exchange", sold, "--seat", "A1", "--returned-seat", "A2", "--yes").complaint
    )
    left = holdfast("booking", "cancel", sold, "--seat", "A2", "--yes", "--json").json
    assert (left["status"], left["lines"][0]["seats"]) == ("confirmed", ["A3"])
    assert "does not have seat A2" in holdfast("booking", "cancel", sold, "--seat", "A2", "--yes").complaint
    assert holdfast("booking", "exchange", sold, "--quantity", 1, "--area", "stand", "--yes").code == 0
    assert (
        holdfast("booking", "cancel", sold, "--quantity", 1, "--yes", "--json").json["status"] == "cancelled"
    )
    assert "what it gets" in holdfast("booking", "exchange", sold, "--yes").complaint


def test_blocks_are_added_listed_and_lifted(holdfast: Run, play: list[str]) -> None:
    block = holdfast("block", "add", 1, "A1", "A2", "--reason", "camera", "--json").json
    assert (block["seats"], block["reason"]) == (["A1", "A2"], "camera")
    assert holdfast("block", "add", 1, "--quantity", 2, "--area", "stand").code == 0
    assert "A1" in holdfast("sell", 1, "A1").complaint
    assert "A2" in holdfast("block", "add", 1, "A3", "A2").complaint
    assert len(holdfast("block", "list", 1, "--json").json) == 2
    assert "A1, A2\tcamera" in holdfast("block", "list", 1).out
    assert holdfast("block", "lift", 1, block["id"], "--json").json["lifted_at"] is not None
    assert len(holdfast("block", "list", 1, "--active", "--json").json) == 1
    assert holdfast("sell", 1, "A1").code == 0
    assert "has no block 7" in holdfast("block", "lift", 1, 7).complaint
    assert "`seats` and `quantity`" in holdfast("block", "add", 1).complaint


def test_change_sets_and_clears_what_is_named(holdfast: Run) -> None:
    holdfast("event", "create", "Concert", "--capacity", 5, "--venue", "Arena", "--max-per-hold", 4)
    changed = holdfast("event", "change", 1, "--name", "Gala", "--capacity", 8, "--clear", "venue",
                       "--clear", "max_per_hold", "--allow-partial", "--json").json  # fmt: skip
    assert (changed["name"], changed["capacity"], changed["venue"]) == ("Gala", 8, None)
    assert (changed["max_per_hold"], changed["allow_partial"]) == (None, True)
    assert holdfast("event", "change", 1, "--no-partial", "--json").json["allow_partial"] is False
    assert "at least one change" in holdfast("event", "change", 1).complaint
    assert (
        "exclude each other" in holdfast("event", "change", 1, "--venue", "X", "--clear", "venue").complaint
    )
    holdfast("sell", 1, "--quantity", 4)
    assert holdfast("event", "change", 1, "--capacity", 3).code == 1


def test_change_adds_seats(holdfast: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(theatre()))
    holdfast("event", "create", "Play")
    assert holdfast("event", "change", 1, "--seat-map", plan, "--json").json["capacity"] == 64


def test_an_event_is_cancelled_only_with_an_agreement(holdfast: Run, database_url: str) -> None:
    holdfast("event", "create", "Concert", "--capacity", 5)
    holdfast("sell", 1, "--quantity", 2)
    assert "has 2 booked and 0 held admissions" in holdfast("event", "cancel", 1).complaint
    kept = in_terminal("event", "cancel", 1, answers="\n", database_url=database_url)
    assert kept.code == 1
    assert holdfast("event", "show", 1, "--json").json["status"] == "published"
    assert holdfast("event", "cancel", 1, "--yes", "--json").json["status"] == "cancelled"


def test_reset_returns_everything_of_a_rehearsal(holdfast: Run, tmp_path: Path) -> None:
    made = holdfast("event", "create", "Rehearsal", "--capacity", 400, "--rehearsal", "--json").json
    assert made["rehearsal"] is True
    for _ in range(3):
        holdfast("sell", 1, "--quantity", 2)
    holdfast("block", "add", 1, "--quantity", 10)
    reset = holdfast("event", "reset", 1, "--json").json
    assert (reset["bookings_cancelled"], reset["blocks_lifted"], reset["available"]) == (3, 1, 400)
    assert holdfast("check").code == 0
    assert holdfast("event", "reset", 1).code == 0
    holdfast("event", "create", "Concert", "--capacity", 5)
    holdfast("sell", 2, "--quantity", 2)
    assert "is not a rehearsal" in holdfast("event", "reset", 2).complaint
    assert holdfast("watch", 2, "--once", "--json").json["booked"] == 2


def test_holds_are_listed_shown_and_released(holdfast: Run, play: list[str], database_url: str) -> None:
    held = asyncio.run(hold_seat(database_url, "A1"))
    (row,) = holdfast("hold", "list", 1, "--json").json
    assert (row["id"], row["status"], row["lines"][0]["seats"]) == (str(held), "active", ["A1"])
    table = holdfast("hold", "list", 1, "--csv").out
    assert ",A1," in table
    assert holdfast("hold", "show", held, "--json").json["id"] == row["id"]
    assert "A1" in holdfast("hold", "show", held).out
    assert "--yes" in holdfast("hold", "release", held).complaint
    assert holdfast("hold", "release", held, "--yes", "--json").json["status"] == "released"
    assert holdfast("hold", "release", held).code == 0  # nothing is left to ask
    assert holdfast("hold", "list", 1, "--status", "active", "--json").json == []
    other = str(held)[:-1] + ("1" if str(held).endswith("0") else "0")
    for unknown in ("nothing", other):
        assert "no" in holdfast("hold", "show", unknown).complaint, unknown


async def hold_seat(database_url: str, label: str) -> UUID:
    async with an_engine(database_url) as inventory:
        command = PlaceHold(hold_id=inventory.new_id(1), lines=(SeatsLine(labels=(label,)),), ttl_seconds=600)
        return (await inventory.execute(1, command)).id


def test_a_booking_goes_to_another_person(holdfast: Run, play: list[str], database_url: str) -> None:
    sold = holdfast("sell", 1, "A1", "--name", "Ada", "--email", "ada@example.org", "--json").json[
        "reference"
    ]
    mary = ("--name", "Mary Somerville", "--email", "mary@example.org")
    assert "--yes" in holdfast("booking", "transfer", sold, *mary).complaint
    kept = in_terminal("booking", "transfer", sold, *mary, answers="n\n", database_url=database_url)
    assert (kept.code, "Nothing was changed." in kept.text) == (1, True)
    given = holdfast("booking", "transfer", sold, *mary, "--language", "de", "--yes", "--json").json
    assert given["buyer"] == {"reference": None, "name": "Mary Somerville", "email": "mary@example.org"}
    assert given["metadata"] == {"mail_language": "de"}
    wrong = holdfast("booking", "transfer", sold, "--name", "Mary", "--email", "nowhere", "--yes")
    assert "email" in wrong.complaint
    holdfast("booking", "cancel", sold, "--yes")
    assert "cannot go to anybody else" in holdfast("booking", "transfer", sold, *mary, "--yes").complaint
