"""Tickets through the SDK, on a real server: read, issue again, check at the door."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from holdfast_client import Buyer, Client, Named, Quantity, errors
from support.printed import pages_of
from support.threaded_server import threaded_server
from support.wallet_files import wallet_settings

SEATS = {"sections": [{"name": "A", "rows": 1, "seats_per_row": 5, "category": "stalls"}]}


def test_attendees_are_read_in_pages_and_as_a_file(client: Client) -> None:
    event = client.create_event("Concert", capacity=5)
    booking = client.confirm_hold(client.place_hold(event, Quantity(3), buyer=Buyer(name="Ada")))
    found = list(client.iterate_attendees(event, limit=2))
    assert [(one.number, one.name, one.area) for one in found] == [(n, "Ada", "general") for n in (1, 2, 3)]
    assert {one.booking for one in found} == {booking.id}
    assert client.list_attendees(event, status="cancelled").items == ()
    assert client.get_attendees_csv(event, language="de").decode("utf-8-sig").startswith("Buchung,")
    assert client.get_attendees_workbook(event).startswith(b"PK")


def test_a_ticket_opens_the_door_until_it_is_issued_again(client: Client) -> None:
    event = client.create_event(
        "Concert", capacity=10, seat_map=SEATS, starts_at=datetime(2030, 1, 1, 19, tzinfo=UTC)
    )
    booking = client.confirm_hold(client.place_hold(event, Named("A-1-1"), Quantity(2, area="general")))
    tickets = list(client.iterate_tickets(booking, limit=2))
    assert [one.number for one in tickets] == [1, 2, 3]
    assert tickets[0].seat is not None
    assert (tickets[0].seat.label, tickets[0].seat.row, tickets[0].category) == ("A-1-1", "1", "stalls")
    assert [one.area for one in tickets[1:]] == ["general", "general"]
    code = tickets[0].code
    assert code is not None
    assert code not in repr(tickets[0]), "no log shows it"
    checked = client.check_ticket(event, code)
    assert (checked.verdict, checked.reason) == ("valid", None)
    assert checked.ticket is not None
    assert (checked.ticket.reference, checked.ticket.code) == (tickets[0].reference, None)

    assert client.get_tickets_pdf(booking).startswith(b"%PDF-")
    assert b"SUMMARY:Concert" in client.get_booking_calendar(booking)
    assert b"SUMMARY:Concert" in client.get_event_calendar(event)

    again = client.reissue_ticket(booking, tickets[0])
    assert (again.number, again.revision) == (1, 1)
    assert client.check_ticket(event, code).reason == "reissued"
    with pytest.raises(errors.TicketNotFound):
        client.reissue_ticket(booking, 4)
    client.cancel_booking(booking)
    assert {(one.status, one.code) for one in client.list_tickets(booking).items} == {("void", None)}
    with pytest.raises(errors.BookingAlreadyCancelled):
        client.reissue_ticket(booking, 1)


def test_a_ticket_goes_to_a_wallet(database_url: str) -> None:
    with threaded_server(database_url, **wallet_settings()) as url, Client(url) as client:
        event = client.create_event("Concert", capacity=10)
        booking = client.confirm_hold(client.place_hold(event, Quantity(1)))
        (ticket,) = client.list_tickets(booking).items
        made = [client.get_apple_pass(booking, one, revision=0) for one in (ticket, 1)]
        assert all(one.startswith(b"PK") for one in made)
        assert client.get_google_wallet_link(booking, ticket).startswith("https://pay.google.com/gp/v/save/")
        client.cancel_booking(booking)
        with pytest.raises(errors.BookingAlreadyCancelled):
            client.get_google_wallet_link(booking, ticket)


def test_files_and_mails_are_in_the_language_of_a_call(client: Client) -> None:
    event = client.create_event("Concert", capacity=10, starts_at=datetime(2030, 1, 1, 19, tzinfo=UTC))
    buyer = Buyer(email="ada@example.org")
    booking = client.confirm_hold(client.place_hold(event, Quantity(1)), buyer=buyer, language="de")
    assert booking.metadata == {"mail_language": "de"}
    assert client.mail_booking(booking).subject == "Ihre Buchung: Concert"
    assert "Reihe" not in pages_of(client.get_tickets_pdf(booking))[0].text
    assert "Dienstag, 1. Januar 2030" in pages_of(client.get_tickets_pdf(booking, language="de"))[0].text
    assert b"Buchung" in client.get_booking_calendar(booking, language="de")
    assert b"Buchung" not in client.get_booking_calendar(booking)
    client.request_booking_link(booking.reference, "ada@example.org", language="de")
    client.sign_up("Ada", "ada@example.org", "analytical engine of 1837", language="de")


def test_a_server_without_wallets_has_no_pass(client: Client) -> None:
    event = client.create_event("Concert", capacity=10)
    booking = client.confirm_hold(client.place_hold(event, Quantity(1)))
    with pytest.raises(errors.NotFound):
        client.get_apple_pass(booking, 1)


def test_a_link_finds_a_booking(client: Client) -> None:
    """A wrong guess is answered like a right one, and a link that was never sent opens nothing."""
    event = client.create_event("Concert", capacity=10)
    booking = client.confirm_hold(client.place_hold(event, Quantity(1)), buyer=Buyer(email="ada@example.org"))
    for reference in (booking.reference, "ZZZZZZZZ"):
        client.request_booking_link(reference, "ada@example.org")
    with pytest.raises(errors.LinkNotValid):
        client.use_booking_link("x" * 43)
