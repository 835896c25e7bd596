"""A complete sale through the SDK, on a real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast_client import UNCHANGED, AsyncClient, BestAvailable, Buyer, Client, Named, Quantity, errors
from support.ageing import lapse_hold

SEATS = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 5, "category": "stalls"}]}


def test_a_hold_becomes_a_booking_and_its_seats_return(client: Client) -> None:
    event = client.create_event("Concert", seat_map=SEATS, starts_at=datetime(2030, 1, 1, 19, tzinfo=UTC))
    assert (event.status, event.capacity, event.map_version) == ("published", 10, 1)
    hold = client.place_hold(
        event, Named("a-1-1", "A-1-2"), BestAvailable(2), ttl_seconds=60, buyer="customer-81"
    )
    assert (hold.status, hold.quantity, hold.buyer) == ("active", 4, Buyer(reference="customer-81"))
    assert hold.lines[0].seats == ("A-1-1", "A-1-2")
    assert client.get_hold(hold).id == hold.id
    longer = client.extend_hold(hold, ttl_seconds=600)
    assert longer.expires_at > hold.expires_at + timedelta(seconds=500)
    booking = client.confirm_hold(hold, buyer=Buyer(name="Ada", email="ada@example.org"))
    assert (booking.hold, booking.status, booking.quantity) == (hold.id, "confirmed", 4)
    assert booking.buyer == Buyer(reference="customer-81", name="Ada", email="ada@example.org")
    assert client.confirm_hold(hold).id == booking.id
    assert client.get_booking(booking, token=hold).id == booking.id
    assert [one.id for one in client.iterate_bookings(event=event)] == [booking.id]
    assert client.list_bookings(reference=booking.reference.lower()).items == (booking,)
    assert client.get_availability(event).booked == 4
    assert client.cancel_booking(booking, token=hold).status == "cancelled"
    assert client.cancel_booking(booking).status == "cancelled"
    assert client.get_availability(event).available == 10
    changes = [one.change for one in client.iterate_seat_changes(event, "A-1-1")]
    assert sorted(changes) == ["booked", "cancelled", "held"]


def test_a_booking_is_exchanged_and_cancelled_in_part(client: Client) -> None:
    event = client.create_event("Concert", capacity=5, seat_map={"labels": ["A-1-1", "A-1-2", "A-1-3"]})
    hold = client.place_hold(event, Named("A-1-1", "A-1-2"), Quantity(2))
    booking = client.confirm_hold(hold)
    moved = client.exchange_booking(booking, Named("A-1-3"), returns=[Named("A-1-1")])
    assert [line.seats for line in moved.lines if line.seats] == [("A-1-2",), ("A-1-3",)]
    with pytest.raises(errors.NotInBooking):
        client.exchange_booking(moved, Quantity(1), returns=[Named("A-1-1")])
    left = client.cancel_booking(moved, Named("A-1-3"), Quantity(1))
    assert (left.status, left.quantity) == ("confirmed", 2)
    assert client.exchange_booking(left, BestAvailable(2, together=False)).quantity == 2
    assert client.get_availability(event).booked == 2
    assert client.cancel_booking(left).status == "cancelled"


def test_a_booking_goes_to_another_person(client: Client) -> None:
    event = client.create_event("Concert", capacity=5)
    booking = client.confirm_hold(client.place_hold(event, Quantity(2)))
    given = client.transfer_booking(booking, "Mary Somerville", "mary@example.org", language="de")
    assert (given.id, given.buyer.name, given.buyer.email) == (
        booking.id,
        "Mary Somerville",
        "mary@example.org",
    )
    with pytest.raises(errors.Invalid):
        client.transfer_booking(given, "Mary", "nowhere")
    with pytest.raises(errors.BookingNotFound):
        client.get_booking(booking)  # its token is the person's before


def test_a_token_travels_with_everything_that_comes_of_its_hold(url: str, client: Client) -> None:
    """A guest keeps only the last object. Each of them opens the hold, and later the booking.

    The kind is an answer that drops what the call was given. I read every call of `sales` for it: these are the ones
    with a token. Others keep their filters (`iterate_…`), the ETag (`known`) and the key (errors).
    """
    event = client.create_event("Concert", capacity=5)
    with Client(url) as guest:
        guest._http.headers["x-forwarded-for"] = "203.0.113.7"  # a guest, also in open mode
        hold = guest.place_hold(event, Quantity(1))
        hold = guest.extend_hold(hold, ttl_seconds=600)
        hold = guest.get_hold(hold)
        token = hold.hold_token
        booking = guest.confirm_hold(hold)
        booking = guest.get_booking(booking)
        assert guest.get_booking(booking.id, token=booking).hold_token == token
        assert guest.confirm_hold(booking.hold, token=booking) == booking
        cancelled = guest.cancel_booking(booking)
        assert (cancelled.status, guest.get_booking(cancelled).status) == ("cancelled", "cancelled")

        released = guest.release_hold(guest.get_hold(guest.place_hold(event, Quantity(1))))
        assert guest.get_hold(released).status == "released"
        elsewhere = guest.place_hold(event, Quantity(1))
        by_id = guest.get_hold(elsewhere.id, token=f"{elsewhere.hold_token}\n")
        assert guest.confirm_hold(by_id).status == "confirmed"
        by_staff = client.release_hold_as_staff(event, guest.place_hold(event, Quantity(1)))
        assert guest.get_hold(by_staff).status == "released"


def test_what_an_answer_has_can_be_given_to_the_next_call(client: Client) -> None:
    """Members of the kind above: a hold's buyer, empty or not, in a filter and in a confirmation; a map's seats."""
    event = client.create_event("Concert", seat_map=SEATS | {"wheelchair": ["A-1-1"], "companion": ["A-1-2"]})
    hold = client.place_hold(event, Named("A-2-1"), buyer=Buyer(reference="ada"))
    assert [one.id for one in client.iterate_holds(event, buyer=hold.buyer)] == [hold.id]
    nobody = client.place_hold(event, Named("A-2-2"))
    assert client.confirm_hold(nobody, buyer=nobody.buyer).buyer == Buyer()
    seats = client.get_seat_map(event).sections[0].rows[0].seats
    assert [(seat.wheelchair, seat.companion) for seat in seats[:3]] == [
        (True, False),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize("id", [None, "", "..", True, 1.5, Buyer(reference="ada")])
def test_what_can_be_no_id_is_refused_before_it_is_sent(client: Client, id: Any) -> None:
    """It became a part of the path: `/v1/holds/None`, and another route for an empty one."""
    for call in (client.get_event, client.get_hold, client.cancel_booking, client.confirm_hold):
        with pytest.raises(errors.Unsendable):
            call(id)
    with pytest.raises(errors.Unsendable):
        client.place_hold(client.create_event("Concert", capacity=1), id)


def test_hold_keeps_its_buyer_for_the_booking(client: Client) -> None:
    event = client.create_event("Concert", capacity=2)
    ada = Buyer(reference="customer-81", name="Ada", email="ada@example.org")
    hold = client.place_hold(event, Quantity(1), buyer=ada)
    assert hold.buyer == client.get_hold(hold).buyer == ada
    assert client.confirm_hold(hold).buyer == ada
    hold = client.place_hold(event, Quantity(1), buyer=ada)
    booking = client.confirm_hold(hold, buyer=Buyer(name="Eve"))
    assert booking.buyer == Buyer(reference="customer-81", name="Eve", email="ada@example.org")


def test_metadata_is_kept_changed_and_searched(client: Client) -> None:
    event = client.create_event("Concert", capacity=3, metadata={"season": "2027"})
    assert client.change_event(event, metadata={"hall": "a"}).metadata == {"season": "2027", "hall": "a"}
    (found,) = client.list_events(metadata={"season": "2027", "hall": "a"}).items
    assert found.id == event.id
    hold = client.place_hold(event, Quantity(1), metadata={"cart": "5"})
    assert client.change_hold(hold, {"desk": "x"}).metadata == {"cart": "5", "desk": "x"}
    booking = client.confirm_hold(hold, metadata={"order": "1815", "desk": None})
    assert booking.metadata == {"cart": "5", "order": "1815"}
    changed = client.change_booking(booking, {"cart": None}, token=hold)
    assert changed.metadata == {"order": "1815"}
    assert client.list_bookings(metadata={"order": "1815"}).items == (changed,)
    assert client.list_bookings(metadata={"order": "1816"}).items == ()


def test_refusals_raise_their_classes(client: Client) -> None:
    event = client.create_event("Concert", seat_map=SEATS)
    hold = client.place_hold(event, Named("A-1-1"))
    with pytest.raises(errors.SeatTaken) as taken:
        client.place_hold(event, Named("A-2-1", "A-1-1"))
    assert taken.value.status == 409
    assert taken.value.errors[0].pointer == "/lines/0/seats/1"
    assert taken.value.request_id
    with pytest.raises(errors.SeatUnknown):
        client.place_hold(event, Named("Z-1-1"))
    with pytest.raises(errors.NotTogether):
        client.place_hold(event, BestAvailable(9))
    with pytest.raises(errors.HoldNotFound):
        client.get_hold(hold.id, token="hfh_" + "x" * 43)
    with pytest.raises(errors.EventNotFound):
        client.get_event(10**9)
    with pytest.raises(errors.InvalidInput):
        client.place_hold(event, Quantity(-1))
    assert client.release_hold(hold).status == "released"
    with pytest.raises(errors.HoldReleased):
        client.extend_hold(hold)


def test_an_expired_hold_raises_hold_expired(client: Client, database_url: str) -> None:
    event = client.create_event("Concert", capacity=1)
    late = client.place_hold(event, Quantity(1))
    lapse_hold(database_url, late.id)
    with pytest.raises(errors.HoldExpired):
        client.confirm_hold(late)
    assert client.confirm_hold(client.place_hold(event, Quantity(1))).status == "confirmed"


def test_an_event_passes_all_its_states(client: Client) -> None:
    event = client.create_event("Concert", capacity=5, status="draft", max_per_hold=2)
    with pytest.raises(errors.EventNotOnSale):
        client.place_hold(event, Quantity(1))
    assert client.publish_event(event).status == "published"
    changed = client.change_event(event, name="Recital", capacity=6, max_per_hold=None, venue=UNCHANGED)
    assert (changed.name, changed.capacity, changed.max_per_hold) == ("Recital", 6, None)
    assert client.stop_sales(event).sales_stopped
    with pytest.raises(errors.SalesStopped):
        client.place_hold(event.number, Quantity(1))
    assert not client.resume_sales(event).sales_stopped
    hold = client.place_hold(event, Quantity(3))
    assert [one.id for one in client.iterate_holds(event)] == [hold.id]
    assert client.release_hold_as_staff(event, hold).status == "released"
    client.place_hold(event, Quantity(1))
    assert client.cancel_event(event).status == "cancelled"
    with pytest.raises(errors.EventCancelled):
        client.place_hold(event, Quantity(1))


def test_blocks_take_seats_off_sale_until_lifted(client: Client) -> None:
    event = client.create_event("Concert", seat_map=SEATS, areas=[{"name": "floor", "capacity": 9}])
    seats = client.block_admissions(event, seats=["A-1-1", "A-1-2"], reason="sight lines")
    floor = client.block_admissions(event, area="floor", quantity=4)
    assert {one.id for one in client.iterate_blocks(event, limit=1)} == {seats.id, floor.id}
    assert client.get_availability(event).blocked == 6
    assert [seat.label for seat in client.list_seats(event).items] == ["A-1-1", "A-1-2"]
    with pytest.raises(errors.SeatBlocked):
        client.place_hold(event, Named("A-1-1"))
    client.lift_block(event, seats)
    assert client.get_availability(event).blocked == 4


def test_a_known_availability_is_returned_unchanged(client: Client) -> None:
    """The same object while nothing has changed; then the new state, with the changes since."""
    event = client.create_event("Concert", capacity=5)
    first = client.get_availability(event)
    assert client.get_availability(event, known=first) is first
    client.place_hold(event, Quantity(2))
    second = client.get_availability(event, known=first)
    assert (second.available, second.held) == (3, 2)
    since = client.get_availability(event, since=first)
    assert since.changes
    assert not since.reset
    assert client.get_availability(event, as_of=first.as_of).available == 5


def test_seats_and_their_map_are_read(client: Client) -> None:
    event = client.create_event("Concert", seat_map=SEATS)
    hold = client.place_hold(event, Named("A-1-3"))
    (held,) = client.list_seats(event).items
    assert (held.label, held.status, held.until) == ("A-1-3", "held", hold.expires_at)
    every = client.list_seats(event, all=True).items
    assert len(every) == 10
    packed = client.get_packed_seats(event)
    assert packed.statuses[:10] == tuple(seat.status for seat in every)
    assert (packed.version, packed.map_version, packed.lapsed) == (1, 1, 0)
    drawn = client.get_seat_map(event)
    assert (drawn.map_version, drawn.categories) == (1, ("stalls",))
    assert [seat.label for seat in drawn.sections[0].rows[1].seats] == [f"A-2-{n}" for n in range(1, 6)]
    assert client.get_seat_map(event, version=1) == drawn


def test_iteration_reads_all_pages(client: Client) -> None:
    numbers = [client.create_event(f"Concert {n}", capacity=1).number for n in range(5)]
    first = client.list_events(limit=2)
    assert len(first.items) == 2
    assert first.next is not None
    assert sorted(one.number for one in client.iterate_events(limit=2)) == numbers
    assert list(client.iterate_events(status="cancelled")) == []


def test_health_and_readiness_are_read(client: Client) -> None:
    assert client.get_health().ready
    assert client.get_readiness().ready


async def test_the_async_client_sells_too(url: str) -> None:
    async with AsyncClient(url) as client:
        event = await client.create_event("Concert", capacity=3)
        hold = await client.place_hold(event, Quantity(3))
        booking = await client.confirm_hold(hold)
        assert [one.id async for one in client.iterate_bookings(event=event, limit=1)] == [booking.id]
        with pytest.raises(errors.SoldOut):
            await client.place_hold(event, Quantity(1))


def test_a_stored_seat_map_serves_several_events(client: Client) -> None:
    stored = client.create_seat_map("Hall", {"labels": ["A1", "A2"], "wheelchair": ["A1"]})
    later = client.add_seat_map_version(stored.id, "Hall", {"labels": ["A1"]})
    assert (stored.version, later.version) == (1, 2)
    event = client.create_event("Concert", seat_map={"id": stored.id, "version": 1})
    hold = client.place_hold(event, BestAvailable(1, accessible=True))
    assert hold.lines[0].seats == ("A1",)
    assert client.get_stored_seat_map(stored.id).seat_map == {"labels": ["A1"]}
    assert stored.id in [each.id for each in client.iterate_seat_maps()]
    with pytest.raises(errors.SeatMapNotFound):
        client.get_stored_seat_map(stored.id, version=3)
