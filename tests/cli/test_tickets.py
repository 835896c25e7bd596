"""The box office's commands for tickets: list them, issue one again, and check a code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from support.commands import Run
from support.printed import pages_of
from support.wallet_files import wallet_settings

KEY = {"secret_key": "the secret key of the commands, at least 32 long"}


@pytest.fixture
def booking(holdfast: Run) -> Any:
    """Two admissions of event 1."""
    assert holdfast("event", "create", "Play", "--capacity", 5).code == 0
    return holdfast("sell", 1, "--quantity", 2, "--name", "Ada", "--json").json


def test_the_tickets_of_a_booking_are_listed_without_their_codes(holdfast: Run, booking: Any) -> None:
    """A code lets somebody in, so only a program gets it."""
    reference = booking["reference"]
    found = holdfast("tickets", "list", reference, "--json", **KEY).json
    assert [(one["reference"], one["area"], one["status"]) for one in found] == [
        (f"{reference}-{number}", "general", "valid") for number in (1, 2)
    ]
    printed = holdfast("tickets", "list", booking["id"], **KEY).out
    assert f"{reference}-1\tvalid\tgeneral" in printed
    assert "HF1" not in printed
    assert holdfast("tickets", "list", reference, "--csv", **KEY).out.count(reference) == 2


def test_a_lost_ticket_is_issued_again(holdfast: Run, booking: Any) -> None:
    reference = booking["reference"]
    lost = holdfast("tickets", "list", reference, "--json", **KEY).json[1]["code"]
    assert "only --yes agrees" in holdfast("tickets", "reissue", reference, 2, **KEY).complaint
    assert holdfast("tickets", "reissue", reference, 2, "--yes", "--json", **KEY).json["revision"] == 1
    refused = holdfast("tickets", "check", 1, lost, "--json", **KEY)
    assert (refused.code, refused.json["verdict"], refused.json["reason"]) == (1, "void", "reissued")
    code = holdfast("tickets", "list", reference, "--json", **KEY).json[1]["code"]
    valid = holdfast("tickets", "check", 1, code, **KEY)
    assert (valid.code, valid.out.splitlines()[0]) == (0, "verdict\tvalid")
    assert "reissued_by\tcli" in valid.out
    assert holdfast("tickets", "reissue", reference, 3, "--yes", **KEY).complaint.startswith(
        "The booking has no such ticket"
    )


def test_a_code_of_another_server_is_unknown(holdfast: Run, booking: Any) -> None:
    code = holdfast("tickets", "list", booking["reference"], "--json", **KEY).json[0]["code"]
    other = {"secret_key": "the secret key of another server, also 32 long"}
    assert holdfast("tickets", "check", 1, code, "--json", **other).json["reason"] == "not_ours"
    assert (
        "There is no event 9: `holdfast event list` shows all."
        in holdfast("tickets", "check", 9, code, **KEY).complaint
    )


def test_codes_need_the_servers_key(holdfast: Run, booking: Any) -> None:
    assert "HOLDFAST_SECRET_KEY is not set" in holdfast("tickets", "list", booking["reference"]).complaint


def test_tickets_are_written_as_a_pdf(holdfast: Run, booking: Any, tmp_path: Path) -> None:
    file = tmp_path / "tickets.pdf"
    assert holdfast("tickets", "pdf", booking["reference"], file, **KEY).code == 0
    codes = [one["code"] for one in holdfast("tickets", "list", booking["reference"], "--json", **KEY).json]
    assert [page.codes for page in pages_of(file.read_bytes())] == [[code] for code in codes]
    refused = holdfast("tickets", "pdf", booking["reference"], tmp_path / "none" / "x.pdf", **KEY)
    assert "Cannot write" in refused.complaint
    assert "no such ticket" in holdfast("tickets", "pdf", booking["id"], file, "--first", 3, **KEY).complaint


def test_a_ticket_goes_to_a_wallet(holdfast: Run, booking: Any, tmp_path: Path) -> None:
    file, reference = tmp_path / "ticket.pkpass", booking["reference"]
    given = {**KEY, **wallet_settings()}
    assert holdfast("tickets", "wallet", reference, 2, file, **given).code == 0
    with ZipFile(file) as archive:
        made = json.loads(archive.read("pass.json"))
    assert made["serialNumber"] == f"{reference}-2"
    link = holdfast("tickets", "wallet", reference, 1, "--google", **given)
    assert (link.code, link.out.startswith("https://pay.google.com/gp/v/save/ey")) == (0, True)
    for choice in ((), (file, "--google")):
        assert "Give a FILE" in holdfast("tickets", "wallet", reference, 1, *choice, **given).complaint
    without = holdfast("tickets", "wallet", reference, 1, file, **KEY)
    assert (
        without.complaint
        == "This server makes no passes for this wallet: print the ticket, or show its code."
    )


def test_a_buyer_reads_the_language_of_the_option(holdfast: Run, booking: Any, tmp_path: Path) -> None:
    file = tmp_path / "tickets.pdf"
    assert holdfast("tickets", "pdf", booking["reference"], file, "--language", "de", **KEY).code == 0
    assert "Ticket 1 von 2" in pages_of(file.read_bytes())[0].text
    assert holdfast("tickets", "pdf", booking["reference"], file, **KEY, language="de").code == 0
    assert "Ticket 1 von 2" in pages_of(file.read_bytes())[0].text
    refused = holdfast("tickets", "pdf", booking["reference"], file, "--language", "fr", **KEY)
    assert refused.complaint == "--language must be one of en, de; it is 'fr'."
    sold = holdfast("sell", 1, "--quantity", 1, "--email", "ada@example.org", "--language", "de", "--json")
    assert sold.json["metadata"] == {"mail_language": "de"}
    mailed = holdfast("booking", "mail", sold.json["reference"], "--json", **KEY)
    assert mailed.json["subject"] == "Ihre Buchung: Play"
