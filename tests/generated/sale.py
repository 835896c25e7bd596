"""A sale with the client that openapi-python-client makes: counted and seated, to the end, and watched."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator

from tickets.api.availability import get_availability
from tickets.api.bookings import cancel_booking, confirm_hold, get_booking, list_bookings
from tickets.api.events import create_event
from tickets.api.holds import extend_hold, get_hold, place_hold
from tickets.models import (
    Booking,
    BookingStatus,
    BuyerDetails,
    Change,
    ConfirmHold,
    CreateEvent,
    CreateEventSeatMap,
    Event,
    EventStatus,
    ExtendHold,
    Hold,
    HoldStatus,
    PlacedHold,
    PlaceHold,
    RequestedLine,
    SeatsLine,
    Snapshot,
)

from tickets import Client

client = Client(base_url=os.environ["HOLDFAST_URL"], raise_on_unexpected_status=True)


def messages(event: int) -> Iterator[Snapshot | Change]:
    """Yield the messages of a stream, read with their schemas."""
    kinds = {"snapshot": Snapshot, "change": Change}
    with client.get_httpx_client().stream("GET", f"/v1/events/{event}/stream") as answer:
        name = ""
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield kinds[name].from_dict(json.loads(value))


key = str(uuid.uuid4())
counted = create_event.sync(client=client, body=CreateEvent(name="Concert", capacity=3), idempotency_key=key)
assert isinstance(counted, Event)
assert counted.status is EventStatus.PUBLISHED
rows = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 4, "category": "stalls"}]}
seated = create_event.sync(
    client=client, body=CreateEvent(name="Play", seat_map=CreateEventSeatMap.from_dict(rows))
)
assert isinstance(seated, Event)

stream = messages(seated.number)
snapshot = next(stream)
assert isinstance(snapshot, Snapshot)
assert (snapshot.available, snapshot.seats) == (8, [])

hold = place_hold.sync(
    client=client,
    idempotency_key=str(uuid.uuid4()),
    body=PlaceHold(
        event=seated.number,
        lines=[RequestedLine(seats=["A-1-1", "A-1-2"]), RequestedLine(best_available=2, category="stalls")],
        buyer=BuyerDetails(name="Ada", email="ada@example.org"),
    ),
)
assert isinstance(hold, PlacedHold)
change = next(stream)
assert isinstance(change, Change)
assert [seat.status.value for seat in change.seats] == ["held"] * 4
stream.close()

longer = extend_hold.sync(
    hold.id, client=client, hold_token=hold.hold_token, body=ExtendHold(ttl_seconds=900)
)
assert isinstance(longer, Hold)
assert longer.expires_at > hold.expires_at
read = get_hold.sync(hold.id, client=client, hold_token=hold.hold_token)
assert isinstance(read, Hold)
assert read.status is HoldStatus.ACTIVE

for status in (201, 200):
    confirmed = confirm_hold.sync_detailed(
        client=client, body=ConfirmHold(hold=hold.id, hold_token=hold.hold_token)
    )
    assert confirmed.status_code == status
    booking = confirmed.parsed
    assert isinstance(booking, Booking)
    assert (booking.status, booking.quantity, booking.buyer.name) == (BookingStatus.CONFIRMED, 4, "Ada")
    assert all(isinstance(line, SeatsLine) and len(line.seats) == 2 for line in booking.lines)
    again = get_booking.sync(booking.id, client=client, hold_token=hold.hold_token)
    assert isinstance(again, Booking)
    assert again.id == booking.id

refused = place_hold.sync(
    client=client, body=PlaceHold(event=counted.number, lines=[RequestedLine(quantity=4)])
)
assert refused is not None
assert refused.code.value == "sold_out"

left = get_availability.sync(seated.id, client=client)
assert (left.booked, left.available) == (4, 4)
listed = list_bookings.sync(client=client, event=seated.id, limit=10)
assert [one.id for one in listed.items] == [booking.id]
cancelled = cancel_booking.sync(booking.id, client=client, hold_token=hold.hold_token)
assert cancelled.status is BookingStatus.CANCELLED
print("sold")
