"""Errors: every error that a call can raise.

HoldfastError                     code, status, detail, errors, request_id, idempotency_key
├── Refused                       the server's answer; the same request gets the same answer again
│   ├── NotFound             404  EventNotFound, HoldNotFound, BookingNotFound, BlockNotFound, SeatNotFound, …
│   ├── Conflict             409  SeatTaken, SeatBlocked, SoldOut, NotTogether, EventNotOnSale, SalesStopped, …
│   ├── Gone                 410  HoldExpired, HoldReleased, EventCancelled
│   ├── Invalid              422  InvalidInput, SeatUnknown, AreaUnknown, AreaRequired, BuyerRequired, …
│   └── CredentialsRequired  401; Forbidden 403
├── TryAgain                      all retries failed; the same call may succeed later
│   ├── RequestTimeout       408  the request did not arrive completely in time; nothing was done
│   ├── RateLimited          429; Busy, Unavailable 503: nothing was done
│   ├── OutcomeUnknown       503  may have been done: the same Idempotency-Key settles it
│   └── Unreachable               no answer; may have been done, as above
│       └── NoServer              nothing has ever answered at this address; raised at once, nothing was sent
├── BadAnswer                     an answer that is not one of Holdfast's
└── Unsendable                    a ValueError, too: an argument that no request can carry; nothing was sent

No text of an error quotes a credential, a token, a key or a body, and none comes from another library.
An unknown code is raised as the branch of its status, with the code kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One error in one part of the input; `pointer` is a JSON Pointer into the body that was sent."""

    pointer: str
    code: str
    detail: str


class HoldfastError(Exception):
    """Root of the tree.

    `code` is stable. `status` is None without an answer. `facts` are further members of the answer, for example
    how many admissions were free. A POST without an answer can be repeated with `idempotency_key`.
    `retry_after_seconds` is how long the server asks to wait; None if it does not say.
    """

    CODE: ClassVar[str] = "error"
    STATUS: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        status: int | None = None,
        errors: tuple[FieldError, ...] = (),
        facts: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        idempotency_key: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.CODE
        self.status = status if status is not None else self.STATUS
        self.errors = errors
        self.facts: Mapping[str, Any] = facts or {}
        self.request_id = request_id
        self.idempotency_key = idempotency_key
        self.retry_after_seconds = retry_after_seconds

    def __str__(self) -> str:
        about = f"{self.status} {self.code}" if self.status is not None else self.code
        return f"{self.detail} ({about}{f', request {self.request_id}' if self.request_id else ''})"


class Refused(HoldfastError):
    """The server's answer: nothing was changed, and the same request gets the same answer again."""


class NotFound(Refused):
    """It does not exist, or it is not yours."""

    STATUS = 404
    CODE = "not_found"


class EventNotFound(NotFound):
    CODE = "event_not_found"


class HoldNotFound(NotFound):
    """There is no such hold, or the token is wrong."""

    CODE = "hold_not_found"


class BookingNotFound(NotFound):
    CODE = "booking_not_found"


class TicketNotFound(NotFound):
    CODE = "ticket_not_found"


class BlockNotFound(NotFound):
    CODE = "block_not_found"


class SeatMapNotFound(NotFound):
    CODE = "seat_map_not_found"


class SeatNotFound(NotFound):
    CODE = "seat_not_found"


class WebhookNotFound(NotFound):
    CODE = "webhook_not_found"


class DeliveryNotFound(NotFound):
    CODE = "delivery_not_found"


class KeyNotFound(NotFound):
    CODE = "key_not_found"


class OrganisationNotFound(NotFound):
    CODE = "organisation_not_found"


class MemberNotFound(NotFound):
    CODE = "member_not_found"


class SessionNotFound(NotFound):
    CODE = "session_not_found"


class PasskeyNotFound(NotFound):
    CODE = "passkey_not_found"


class UserNotFound(NotFound):
    CODE = "user_not_found"


class Conflict(Refused):
    """The current state does not allow it."""

    STATUS = 409


class KeyEnded(Conflict):
    CODE = "key_ended"


class EventNotOnSale(Conflict):
    CODE = "event_not_on_sale"


class SalesStopped(Conflict):
    CODE = "sales_stopped"


class SeatTaken(Conflict):
    CODE = "seat_taken"


class SeatBlocked(Conflict):
    CODE = "seat_blocked"


class SoldOut(Conflict):
    CODE = "sold_out"


class NotTogether(Conflict):
    """Enough seats are free, but not side by side."""

    CODE = "not_together"


class HoldAlreadyConfirmed(Conflict):
    CODE = "hold_already_confirmed"


class BookingAlreadyCancelled(Conflict):
    CODE = "booking_already_cancelled"


class NotInBooking(Conflict):
    CODE = "not_in_booking"


class DuplicateSeat(Conflict):
    CODE = "duplicate_seat"


class DuplicateEmail(Conflict):
    CODE = "duplicate_email"


class CapacityTaken(Conflict):
    """Capacity cannot shrink below what is taken."""

    CODE = "capacity_taken"


class LastOwner(Conflict):
    CODE = "last_owner"


class SecondFactorState(Conflict):
    CODE = "second_factor_state"


class InvalidTransition(Conflict):
    """The event's state does not allow this transition."""

    CODE = "invalid_transition"


class InProgress(Conflict):
    """The same creation of an event, with the same key, is still running."""

    CODE = "in_progress"


class Gone(Refused):
    """It existed, and has ended."""

    STATUS = 410


class LinkNotValid(Gone):
    CODE = "link_not_valid"


class HoldExpired(Gone):
    CODE = "hold_expired"


class HoldReleased(Gone):
    CODE = "hold_released"


class EventCancelled(Gone):
    CODE = "event_cancelled"


class Invalid(Refused):
    """Well-formed but not allowed; `errors` name the parts."""

    STATUS = 422


class InvalidInput(Invalid):
    CODE = "invalid_input"


class SeatUnknown(Invalid):
    CODE = "seat_unknown"


class AreaUnknown(Invalid):
    CODE = "area_unknown"


class AreaRequired(Invalid):
    CODE = "area_required"


class BuyerRequired(Invalid):
    CODE = "buyer_required"


class QuantityOverLimit(Invalid):
    CODE = "quantity_over_limit"


class IdempotencyKeyReused(Invalid):
    CODE = "idempotency_key_reused"


class CredentialsRequired(Refused):
    STATUS = 401
    CODE = "credentials_required"


class TokenRefused(Refused):
    """Only the token endpoint answers it, in a form of its own."""

    STATUS = 400
    CODE = "token_refused"


class ClientRefused(TokenRefused):
    """Only the token endpoint answers it, in a form of its own."""

    STATUS = 401
    CODE = "client_refused"


class SecondFactorRequired(CredentialsRequired):
    CODE = "second_factor_required"


class Forbidden(Refused):
    STATUS = 403
    CODE = "forbidden"


class TryAgain(HoldfastError):
    """All retries failed; the same call may succeed later."""


class RequestTimeout(TryAgain):
    STATUS = 408
    CODE = "request_timeout"


class RateLimited(TryAgain):
    STATUS = 429
    CODE = "rate_limited"


class Busy(TryAgain):
    STATUS = 503
    CODE = "busy"


class Unavailable(TryAgain):
    STATUS = 503
    CODE = "unavailable"


class OutcomeUnknown(TryAgain):
    """It may have been done. The same call with this error's `idempotency_key` settles it."""

    STATUS = 503
    CODE = "outcome_unknown"


class Unreachable(TryAgain):
    """No answer came. The request may have been carried out, as with OutcomeUnknown."""

    CODE = "unreachable"


class NoServer(Unreachable):
    """No connection, and this client has never had an answer: the address is wrong, or nothing runs there.

    It is raised at once. With `Retries(wait_for_server=True)` the call is retried until the server starts.
    """

    CODE = "no_server"


class BadAnswer(HoldfastError):
    """An answer that is not one of Holdfast's, for example from another server or a broken proxy."""

    CODE = "bad_answer"


class Unsendable(HoldfastError, ValueError):
    """An argument that no request can carry, such as an API key with a line break. Nothing was sent."""

    CODE = "unsendable"
