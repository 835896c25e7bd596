"""Sales: what events, seats, holds, bookings and users refuse."""

from __future__ import annotations

from holdfast.errors.base import Conflict, Gone, Invalid, NotFound


class EventNotFound(NotFound):
    code, title = "event_not_found", "Event not found"


class HoldNotFound(NotFound):
    code, title = "hold_not_found", "Hold not found"


class BookingNotFound(NotFound):
    code, title = "booking_not_found", "Booking not found"


class BlockNotFound(NotFound):
    code, title = "block_not_found", "Block not found"


class SeatNotFound(NotFound):
    code, title = "seat_not_found", "Seat not found"


class UserNotFound(NotFound):
    code, title = "user_not_found", "User not found"


class EventNotOnSale(Conflict):
    code, title = "event_not_on_sale", "Event not on sale"


class SalesStopped(Conflict):
    code, title = "sales_stopped", "Sales stopped"


class SeatTaken(Conflict):
    code, title = "seat_taken", "Seat taken"


class SeatBlocked(Conflict):
    code, title = "seat_blocked", "Seat blocked"


class SoldOut(Conflict):
    code, title = "sold_out", "Sold out"


class NotTogether(Conflict):
    code, title = "not_together", "Not together"


class HoldAlreadyConfirmed(Conflict):
    code, title = "hold_already_confirmed", "Hold already confirmed"


class BookingAlreadyCancelled(Conflict):
    code, title = "booking_already_cancelled", "Booking already cancelled"


class DuplicateSeat(Conflict):
    code, title = "duplicate_seat", "Duplicate seat"


class DuplicateEmail(Conflict):
    code, title = "duplicate_email", "Duplicate email"


class CapacityTaken(Conflict):
    """Capacity may shrink only to what is not taken."""

    code, title = "capacity_taken", "Capacity taken"


class InvalidTransition(Conflict):
    """The event's state has no such move (glossary: draft -> published -> cancelled)."""

    code, title = "invalid_transition", "Not possible in this state"


class InProgress(Conflict):
    code, title = "in_progress", "Still in progress"


class HoldExpired(Gone):
    code, title = "hold_expired", "Hold expired"


class HoldReleased(Gone):
    code, title = "hold_released", "Hold released"


class EventCancelled(Gone):
    code, title = "event_cancelled", "Event cancelled"


class SeatUnknown(Invalid):
    code, title = "seat_unknown", "Seat unknown"


class AreaUnknown(Invalid):
    code, title = "area_unknown", "Area unknown"


class AreaRequired(Invalid):
    code, title = "area_required", "Area required"


class BuyerRequired(Invalid):
    code, title = "buyer_required", "Buyer required"


class QuantityOverLimit(Invalid):
    code, title = "quantity_over_limit", "Quantity over limit"
