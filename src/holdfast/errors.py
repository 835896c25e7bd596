"""Errors: the one tree of everything that Holdfast may answer instead of what was asked.

HoldfastError
├── Refusal                      a business answer; the caller can act on it
│   ├── NotFound                 404  event_ | hold_ | booking_ | block_ not_found
│   ├── Conflict                 409  the state does not allow it
│   ├── Gone                     410  it was there, and is no longer
│   ├── InvalidInput             422  parsed, but not allowed
│   ├── Malformed                400  cannot be parsed
│   ├── CredentialsRequired      401
│   ├── Forbidden                403
│   └── TooManyRequests          429
└── Fault                        ours, not the caller's; try again
    ├── Busy                     503  shed before anything was begun
    ├── Unavailable              503  certainly nothing was done
    └── OutcomeUnknown           503  may have been done: the same key settles it

A refusal is an item of a batch's answer; in the one-form the same object is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing wrong with one part of the input; `pointer` is a JSON Pointer (RFC 6901) into the body."""

    pointer: str
    code: str
    detail: str

    def as_dict(self) -> dict[str, str]:
        return {"pointer": self.pointer, "code": self.code, "detail": self.detail}


class HoldfastError(Exception):
    """Root of the tree. `code` is stable and snake_case, `status` is the HTTP status in `/v1`."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Error"

    def __init__(
        self, detail: str | None = None, *, errors: tuple[FieldError, ...] = (), **facts: Any
    ) -> None:
        self.detail = detail or f"{self.title}."
        self.errors = errors
        self.facts = facts
        """Further members of the answer, for example `available`."""
        super().__init__(self.detail)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, HoldfastError)
            and type(self) is type(other)
            and (self.detail, self.errors, self.facts) == (other.detail, other.errors, other.facts)
        )

    __hash__ = Exception.__hash__


class Refusal(HoldfastError):
    """A business answer: nothing was changed, and asking again the same way gives the same."""


class NotFound(Refusal):
    status = 404


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


class RouteNotFound(NotFound):
    code, title = "not_found", "Not found"


class Conflict(Refusal):
    status = 409


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


class Gone(Refusal):
    status = 410


class HoldExpired(Gone):
    code, title = "hold_expired", "Hold expired"


class HoldReleased(Gone):
    code, title = "hold_released", "Hold released"


class EventCancelled(Gone):
    code, title = "event_cancelled", "Event cancelled"


class Invalid(Refusal):
    status = 422


class InvalidInput(Invalid):
    code, title = "invalid_input", "Invalid input"


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


class IdempotencyKeyReused(Invalid):
    code, title = "idempotency_key_reused", "Idempotency-Key reused"


class Malformed(Refusal):
    status = 400
    code, title = "malformed_json", "Malformed JSON"


class BadRequest(Refusal):
    """A header, path or protocol element that cannot be read."""

    status = 400
    code, title = "bad_request", "Bad request"


class ExpectationFailed(Refusal):
    status = 417
    code, title = "expectation_failed", "Expectation failed"


class CredentialsRequired(Refusal):
    status = 401
    code, title = "credentials_required", "Credentials required"


class Forbidden(Refusal):
    status = 403
    code, title = "forbidden", "Forbidden"


class MethodNotAllowed(Refusal):
    status = 405
    code, title = "method_not_allowed", "Method not allowed"


class RequestTimeout(Refusal):
    status = 408
    code, title = "request_timeout", "Request timeout"


class PreconditionFailed(Refusal):
    """If-Match or If-None-Match asks for another state."""

    status = 412
    code, title = "precondition_failed", "Precondition failed"


class BodyTooLarge(Refusal):
    status = 413
    code, title = "body_too_large", "Body too large"


class UriTooLong(Refusal):
    status = 414
    code, title = "uri_too_long", "URI too long"


class UnsupportedMediaType(Refusal):
    status = 415
    code, title = "unsupported_media_type", "Unsupported media type"


class HeadersTooLarge(Refusal):
    status = 431
    code, title = "headers_too_large", "Headers too large"


class TooManyRequests(Refusal):
    status = 429
    code, title = "rate_limited", "Rate limited"


class Fault(HoldfastError):
    """Ours, not the caller's. `retry_after_seconds` goes out as `Retry-After`."""

    status = 503
    retry_after_seconds: ClassVar[int] = 1


class Busy(Fault):
    """Shed before anything was begun: certainly no effect."""

    code, title = "busy", "Busy"


class Unavailable(Fault):
    """The database could not be asked: certainly no effect."""

    code, title = "unavailable", "Unavailable"


class OutcomeUnknown(Fault):
    """The commit's answer was lost. The same Idempotency-Key, or the same hold and token, settles it."""

    code, title = "outcome_unknown", "Outcome unknown"


class InvariantViolated(Fault):
    """The database refused what the engine had decided: a bug. It sold nothing, and is counted."""

    code, title = "unavailable", "Unavailable"


def all_errors() -> dict[str, type[HoldfastError]]:
    """Every concrete error by its code, for OpenAPI and the documentation."""
    found: dict[str, type[HoldfastError]] = {}
    waiting = [HoldfastError]
    while waiting:
        cls = waiting.pop()
        waiting.extend(cls.__subclasses__())
        if "code" in cls.__dict__ and cls is not HoldfastError:
            found.setdefault(cls.code, cls)
    return found
