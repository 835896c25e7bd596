"""Rule for a booking that goes to another person.

| command | confirmed | cancelled | its event is cancelled |
|---|---|---|---|
| transfer | the other person's | 409 booking_already_cancelled | 410 event_cancelled |

It changes nothing that is sold. What opened the booking before opens it no more: its token becomes another one, each
ticket gets another code, and the account that bought it no longer reads it. The limit per buyer still counts it for
who bought it: a transfer must not let anybody buy more.
"""

from __future__ import annotations

from holdfast import errors
from holdfast.identity import identity_of
from holdfast.ids import text_of
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Booking, BookingStatus
from holdfast.inventory.rules.changes import TransferredBooking
from holdfast.inventory.rules.event import EventStatus
from holdfast.inventory.rules.holding import hold_of_booking
from holdfast.inventory.rules.metadata import in_language
from holdfast.inventory.rules.records import HoldRecord


def transfer(state: BatchState, command: c.TransferBooking) -> Booking:
    hold = hold_of_booking(state, command.booking_id, command.authority)
    if hold.booking_status is BookingStatus.CANCELLED:
        raise errors.BookingAlreadyCancelled(errors.BookingAlreadyCancelled.TRANSFER)
    if state.event.status is EventStatus.CANCELLED:
        raise errors.EventCancelled
    if _has(hold, command):
        state.changes.repeated = True
    else:
        _give(state, hold, command)
    return hold.to_booking(state)


def _has(hold: HoldRecord, command: c.TransferBooking) -> bool:
    """Return whether it is this person's already. A repeat must not void the tickets that they have by now."""
    return (
        hold.buyer_name == command.name
        and hold.buyer_email is not None
        and identity_of(hold.buyer_email) == identity_of(command.email)
    )


def _give(state: BatchState, hold: HoldRecord, command: c.TransferBooking) -> None:
    assert hold.booking_id is not None
    changes = state.changes
    changes.transfers[hold.id] = TransferredBooking(giver=hold.to_booking(state))
    hold.transfers, hold.transferred_at = hold.transfers + 1, state.now
    hold.token_hash = command.token_hash_of(hold.id, hold.transfers)
    hold.buyer_name, hold.buyer_email = command.name, command.email
    metadata = in_language(hold.metadata, command.language)
    if metadata != hold.metadata:
        hold.metadata = changes.booking_metadata[hold.id] = metadata
    changes.journal.append(
        {
            "change": "transferred",
            "hold": text_of(hold.id),
            "booking": text_of(hold.booking_id),
            "by": command.by,
        }
    )
