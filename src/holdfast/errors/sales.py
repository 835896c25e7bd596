"""Sales: errors of events, seats, holds, bookings and users."""

from __future__ import annotations

from holdfast.errors.base import Conflict, Gone, Invalid, NotFound


class EventNotFound(NotFound):
    code, title = "event_not_found", "Event not found"
    detail = "There is no event with this id or number: check it, or list the events."

    NOT_YET = "The event did not exist then."
    NONE_SEATED = "There is no event with numbered seats."


class HoldNotFound(NotFound):
    code, title = "hold_not_found", "Hold not found"
    detail = "There is no hold with this id, or its token is another one: check both."

    NOT_RESERVED = "The seat is not reserved, or its reservation has expired: reserve it again."
    RESERVATION = "There is no reservation with this id: check it."


class BookingNotFound(NotFound):
    code, title = "booking_not_found", "Booking not found"
    detail = "There is no booking with this id, or the token is not that of its hold: check both."


class TicketNotFound(NotFound):
    code, title = "ticket_not_found", "Ticket not found"
    detail = "The booking has no such ticket: list its tickets for their numbers."


class BlockNotFound(NotFound):
    code, title = "block_not_found", "Block not found"
    detail = "The event has no block with this id: list its blocks."


class SeatNotFound(NotFound):
    code, title = "seat_not_found", "Seat not found"
    detail = "There is no seat with this id or label: read the seat map."

    IN_EVENT = "The event has no seat with this id or label: read its seat map."
    IN_SHOW = "The show has no seat with this number: read its seats."


class SeatMapNotFound(NotFound):
    code, title = "seat_map_not_found", "Seat map not found"
    detail = "There is no stored seat map with this id, or it has no such version: list the seat maps."


class WebhookNotFound(NotFound):
    code, title = "webhook_not_found", "Webhook not found"
    detail = "There is no webhook with this id: list the webhooks."


class DeliveryNotFound(NotFound):
    code, title = "delivery_not_found", "Delivery not found"
    detail = "The webhook has no delivery with this id: list its deliveries."


class UserNotFound(NotFound):
    code, title = "user_not_found", "User not found"
    detail = "There is no user with this id: make the user first."


class EventNotOnSale(Conflict):
    code, title = "event_not_on_sale", "Event not on sale"
    detail = "The event is not on sale yet."

    DRAFT = "The event is a draft: publish it first."
    ENDED = "The sale ended at {off_sale_at}."
    NOT_YET = "The event is not on sale yet: the sale begins at {on_sale_at}."


class SalesStopped(Conflict):
    code, title = "sales_stopped", "Sales stopped"
    detail = "The organiser has stopped sales: try again later."


class SeatTaken(Conflict):
    code, title = "seat_taken", "Seat taken"
    detail = "The seat is taken: choose another one."
    brief = "{field} is taken."

    BY_ANOTHER = "The seat is not reserved by this user: reserve it first."
    OF_LARGER_HOLD = "The seat belongs to a hold of several seats: confirm all of them together."


class SeatBlocked(Conflict):
    code, title = "seat_blocked", "Seat blocked"
    detail = "The seat is not for sale: choose another one."
    brief = "{field} is not for sale."


class SoldOut(Conflict):
    code, title = "sold_out", "Sold out"
    detail = "Nothing is left: what others hold may come back."
    brief = "{field} is more than what is left."

    NO_ADMISSIONS = "The event has no admissions: give it a capacity, areas or a seat map first."
    CLOSED = "The area is closed: choose another one."
    NO_WHEELCHAIR = "No wheelchair place is available: what others hold may come back."
    TABLES_LEFT = " Tables that are sold whole are left, but they do not add up to this number."
    RESERVED_LEFT = " Wheelchair places are left: ask for them with `accessible`."


class NotTogether(Conflict):
    code, title = "not_together", "Not together"
    detail = "There are not enough seats together: ask for fewer, or send `together: false`."

    APART = (
        "There are not {quantity} seats together; {free} are free. Ask for fewer, or send `together: false`."
    )
    brief = "{field} is more than the seats that are free side by side."


class HoldAlreadyConfirmed(Conflict):
    code, title = "hold_already_confirmed", "Hold already confirmed"
    detail = "The hold is a booking already: read or cancel the booking."


class BookingAlreadyCancelled(Conflict):
    code, title = "booking_already_cancelled", "Booking already cancelled"
    detail = "The booking of this hold was cancelled: place a new hold."

    EXCHANGE = "The booking was cancelled, so it has nothing to exchange."
    TICKETS = "The booking was cancelled, so its tickets are void."
    TRANSFER = "The booking was cancelled, so it cannot go to anybody else."


class NotInBooking(Conflict):
    """A booking can only return what it has."""

    code, title = "not_in_booking", "Not in the booking"
    detail = "The booking does not have this: read its `lines`."

    QUANTITY = "The booking has only {quantity} admissions of this area: read its `lines`."
    SEAT = "The booking does not have seat {label}: read its `lines`."
    SEATS_ONLY = "The booking has seats only: name them in `seats`."


class DuplicateSeat(Conflict):
    code, title = "duplicate_seat", "Duplicate seat"
    detail = "The same seat is named twice: name it once."
    brief = "{field} is named before: name each seat once."

    EXISTS = "There is a seat {label} already: give the new one another label."


class DuplicateEmail(Conflict):
    code, title = "duplicate_email", "Duplicate email"
    detail = "There is an account with this email address: use that account."


class CapacityTaken(Conflict):
    """Capacity can only shrink to what is taken."""

    code, title = "capacity_taken", "Capacity taken"
    detail = "More admissions are taken than the new capacity: lift blocks or cancel bookings first."

    REMOVED = "{taken} admissions of {name} are taken: close it, and remove it once nobody has any."


class InvalidTransition(Conflict):
    """The event's state does not allow this change (glossary: draft -> published -> cancelled)."""

    code, title = "invalid_transition", "Not possible in this state"
    detail = "The event's state does not allow this change: read its `status`."


class InProgress(Conflict):
    code, title = "in_progress", "Still in progress"
    detail = "The first request with this Idempotency-Key is still running: send it again in a second."


class HoldExpired(Gone):
    code, title = "hold_expired", "Hold expired"
    detail = "The hold has expired: place a new one."

    RESERVATION = "The reservation has expired: reserve again."


class HoldReleased(Gone):
    code, title = "hold_released", "Hold released"
    detail = "The hold was released: place a new one."


class EventCancelled(Gone):
    code, title = "event_cancelled", "Event cancelled"
    detail = "The event is cancelled: nothing of it is sold any more."


class SeatUnknown(Invalid):
    code, title = "seat_unknown", "Seat unknown"
    detail = "The event has no seat with this label: read its seat map."
    brief = "{field} is not a seat of the event."

    LABEL = "The event has no seat {label}."
    NOT_SEATED = "The event has no numbered seats: ask for a `quantity`."


class AreaUnknown(Invalid):
    code, title = "area_unknown", "Area unknown"
    detail = "The event has no such area."
    brief = "{field} is not an area of the event."

    CATEGORY = "The event has no such category."
    CATEGORY_BRIEF = "{field} is not a category of the event."
    HAS = " It has {names}."
    IN_CHANGE = (
        "The event has no area {name}; it has {known}. To rename an area, name it by its id. "
        'To add one, say "add": true.'
    )
    ID_IN_CHANGE = "The event has no area with this id; it has {known}."
    CATEGORY_IN_CHANGE = (
        "The event has no category {name}; it has {known}. To rename a category, name it by its id in `categories`. "
        'To add one, put it there with "add": true.'
    )
    CATEGORY_ID_IN_CHANGE = "The event has no category with this id; it has {known}."


class AreaRequired(Invalid):
    code, title = "area_required", "Area required"
    detail = "The event has several areas: name one."
    brief = "{field} is required: the event has several areas."

    NAMES = "The event has several areas: name one of {names}."


class BuyerRequired(Invalid):
    code, title = "buyer_required", "Buyer required"
    detail = "This event limits admissions per buyer: name the buyer."
    brief = "{field} is required: the event limits admissions per buyer."

    NO_EMAIL = "The booking has no mail address."


class QuantityOverLimit(Invalid):
    code, title = "quantity_over_limit", "Quantity over limit"
    detail = "The quantity is over the event's limit: ask for fewer."

    LIVE = "At most {limit} admissions in all holds of one buyer."
