"""Rules for an existing hold: extend, release, confirm, cancel its booking, reclaim.

| command | active | lapsed | released | confirmed | booking cancelled |
|---|---|---|---|---|---|
| extend  | longer | 410 hold_expired | 410 hold_released | 409 hold_already_confirmed | 409 booking_already_cancelled |
| release | released | 410 hold_expired | the same | 409 hold_already_confirmed | 409 booking_already_cancelled |
| confirm | a booking | 410 hold_expired | 410 hold_released | the same booking | 409 booking_already_cancelled |

In a cancelled event, extend and confirm of a live or released hold return 410 event_cancelled. An extension keeps
admissions from other buyers, so it is refused like a new hold: after the sale's end, before its start, and while sales
are stopped. A live hold can be confirmed at any time: its buyer was promised the admissions until `expires_at`.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from uuid import UUID

from holdfast import errors
from holdfast.errors import FieldError
from holdfast.identity import identity_of
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Booking, BookingStatus, like_booking
from holdfast.inventory.rules.changes import NewBooking
from holdfast.inventory.rules.event import EventStatus
from holdfast.inventory.rules.hold import Hold, HoldStatus, Shared
from holdfast.inventory.rules.metadata import merged, with_language
from holdfast.inventory.rules.records import HoldRecord


def extend(state: BatchState, command: c.ExtendHold) -> Hold:
    """Extend from now on. An extension never shortens a hold, and never passes the event's max lifetime."""
    hold = _hold_of(state, command.hold_id, command.authority)
    _refuse_unless_active(state, hold)
    refusal = state.event.refuse_sale(state.now)
    if refusal is not None:
        raise refusal
    rules = state.event.rules
    ttl = timedelta(seconds=command.ttl_seconds or rules.hold_ttl_seconds)
    latest = hold.placed_at + timedelta(seconds=rules.max_hold_ttl_seconds)
    until = max(hold.expires_at, min(state.now + ttl, latest))
    if until != hold.expires_at:
        state.extend(hold, until, by=command.by)
    return hold.to_hold(state, state.now)


def release(state: BatchState, command: c.ReleaseHold) -> Hold:
    hold = _hold_of(state, command.hold_id, command.authority)
    match hold.status_at(state.now, state.event.status):
        case HoldStatus.EXPIRED:
            raise errors.HoldExpired(expired_at=hold.expires_at)
        case HoldStatus.CONFIRMED:
            raise _already_confirmed(hold)
        case HoldStatus.ACTIVE:
            state.release(hold, by=command.by)
        case HoldStatus.RELEASED if hold.status is HoldStatus.ACTIVE:  # its event was cancelled
            state.release(hold, by=command.by)
        case HoldStatus.RELEASED:
            state.changes.repeated = True
    return hold.to_hold(state, state.now)


def confirm(state: BatchState, command: c.ConfirmHold) -> Booking:
    hold = _hold_of(state, command.hold_id, command.authority)
    if hold.status is HoldStatus.CONFIRMED:
        if hold.booking_status is BookingStatus.CANCELLED:
            raise errors.BookingAlreadyCancelled
        state.changes.repeated = True
        return hold.to_booking(state)
    _refuse_unless_active(state, hold)
    _refuse_other_buyer(hold, command.buyer)
    email = command.buyer_email or hold.buyer_email
    is_mailed = email is not None or hold.buyer is not None
    state.confirm(
        hold,
        NewBooking(
            id=command.booking_id,
            hold_id=hold.id,
            name=command.buyer_name or hold.buyer_name,
            email=email,
            by=command.by,
            metadata=with_language(
                merged(hold.metadata, command.metadata), command.language if is_mailed else None
            ),
        ),
    )
    return _new_booking(state, hold)


def _new_booking(state: BatchState, hold: HoldRecord) -> Booking:
    """Return the booking of a hold that this batch has just confirmed. Many of a batch differ in their ids only."""
    terms = hold.plain_terms
    first = None if terms is None else state.alike.bookings.get(terms)
    if first is not None and hold.booking_id is not None:
        return like_booking(first, hold.booking_id, hold.id, first.shared)
    booking = hold.to_booking(state, created=True)
    if terms is not None:
        state.alike.bookings[terms] = like_booking(booking, booking.id, booking.hold_id, Shared())
    return booking


def change(state: BatchState, command: c.ChangeHold) -> Hold:
    hold = _hold_of(state, command.hold_id, command.authority)
    _refuse_unless_active(state, hold)
    metadata = merged(hold.metadata, command.metadata)
    if metadata != hold.metadata:
        hold.metadata = state.changes.hold_metadata[hold.id] = metadata
    return hold.to_hold(state, state.now)


def change_booking(state: BatchState, command: c.ChangeBooking) -> Booking:
    hold = hold_of_booking(state, command.booking_id, command.authority)
    metadata = merged(hold.metadata, command.metadata)
    if metadata != hold.metadata:
        hold.metadata = state.changes.booking_metadata[hold.id] = metadata
    return hold.to_booking(state)


def cancel_booking(state: BatchState, command: c.CancelBooking) -> Booking:
    hold = hold_of_booking(state, command.booking_id, command.authority)
    if hold.booking_status is BookingStatus.CONFIRMED:
        state.cancel_booking(hold, by=command.by)
    else:
        state.changes.repeated = True
    return hold.to_booking(state)


def reclaim(state: BatchState, command: c.ReclaimLapsed) -> int:
    """Return the number of rewritten rows. If no lapsed hold remains, the lower bound of the scan moves up to now."""
    cancelled = state.event.status is EventStatus.CANCELLED
    done = 0
    for hold in state.lapsed[: command.limit]:
        if hold.status is not HoldStatus.ACTIVE:
            continue
        if cancelled:  # readers see it as released since the cancellation, so the row must say the same
            state.release(hold, by="event_cancelled")
        elif hold.expires_at <= state.now:
            state.reclaim(hold)
        else:
            continue
        done += 1
    if state.lapsed_complete and not cancelled:
        full = len(state.lapsed) >= command.limit
        bound = state.lapsed[command.limit - 1].expires_at if full else state.now
        state.changes.reclaimed_until = min(bound, state.now)
    return done


class WrongToken(errors.HoldNotFound):
    """The hold exists, but belongs to someone else. `/v1` returns the same answer as for no hold."""


def _hold_of(state: BatchState, hold_id: UUID, authority: c.Authority) -> HoldRecord:
    hold = state.holds.get(hold_id)
    if hold is None:
        raise errors.HoldNotFound
    if not is_allowed(hold, authority):
        raise WrongToken
    return hold


def hold_of_booking(state: BatchState, booking_id: UUID, authority: c.Authority) -> HoldRecord:
    hold = state.by_booking.get(booking_id)
    if hold is None or not is_allowed(hold, authority):
        raise errors.BookingNotFound
    return hold


def is_allowed(hold: HoldRecord, authority: c.Authority) -> bool:
    if authority.staff:
        return True
    if authority.buyer is not None:
        return not hold.transfers and is_same_buyer(hold.buyer, authority.buyer)
    if authority.token_hash is None or hold.token_hash is None:
        return False
    return hmac.compare_digest(authority.token_hash, hold.token_hash)


def is_same_buyer(one: str | None, other: str) -> bool:
    return one == other or (one is not None and identity_of(one) == identity_of(other))


def _refuse_unless_active(state: BatchState, hold: HoldRecord) -> None:
    match hold.status_at(state.now, state.event.status):
        case HoldStatus.EXPIRED:
            raise errors.HoldExpired(expired_at=hold.expires_at)
        case HoldStatus.RELEASED if (
            state.event.status is EventStatus.CANCELLED
        ):  # reclaimed meanwhile, or not
            raise errors.EventCancelled
        case HoldStatus.RELEASED:
            raise errors.HoldReleased
        case HoldStatus.CONFIRMED:
            raise _already_confirmed(hold)


def _refuse_other_buyer(hold: HoldRecord, buyer: str | None) -> None:
    """Refuse a change of buyer: the limit per buyer was checked for the hold's own buyer."""
    if buyer is not None and not is_same_buyer(hold.buyer, buyer):
        raise errors.InvalidInput.in_field("/buyer", "not_allowed", FieldError.BUYER_OF_HOLD)


def _already_confirmed(hold: HoldRecord) -> errors.Refusal:
    if hold.booking_status is BookingStatus.CANCELLED:
        return errors.BookingAlreadyCancelled()
    return errors.HoldAlreadyConfirmed()
