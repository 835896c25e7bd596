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

from collections.abc import Iterator, Mapping
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


def error_of(
    status: int,
    document: object,
    *,
    request_id: str | None = None,
    idempotency_key: str | None = None,
    retry_after_seconds: float | None = None,
) -> HoldfastError:
    """Return the error for an answer of this status; its problem document may be missing or foreign."""
    members = document if isinstance(document, dict) else {}
    code = members.get("code")
    code = code if isinstance(code, str) else None
    kind = _by_code().get(code or "") or _by_status(status)
    return kind(
        str(next(filter(None, map(members.get, _TEXTS)), None) or _foreign(status)),
        code=code,
        status=status,
        errors=tuple(_field_errors(members.get("errors"))),
        facts={name: value for name, value in members.items() if name not in _MEMBERS},
        request_id=request_id or _text(members.get("instance")),
        idempotency_key=idempotency_key,
        retry_after_seconds=retry_after_seconds,
    )


def _foreign(status: int) -> str:
    """Return the text for an answer without a problem document: a proxy's, or that of another program."""
    if status == 429:
        return "The server, or a proxy before it, answered 429: it limits how often you may ask."
    if status in (502, 503, 504):
        return f"A proxy or the server answered {status}: no Holdfast server is ready behind this address."
    return (
        f"The server answered {status}, and not as Holdfast does: check its address (HOLDFAST_URL or `url`)."
    )


_TEXTS = ("detail", "error_description", "error")
"""Where the text of an error stands: in a problem, in an error of OAuth, and in one of a dialect."""

_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "instance", "error", "errors"})
_BRANCHES: Mapping[int, type[HoldfastError]] = {
    401: CredentialsRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    408: RequestTimeout,
    410: Gone,
    422: Invalid,
    429: RateLimited,
    502: Unreachable,
    503: Unavailable,
    504: Unreachable,
}


def _by_status(status: int) -> type[HoldfastError]:
    return _BRANCHES.get(status) or (Refused if 400 <= status < 500 else BadAnswer)


def _by_code() -> dict[str, type[HoldfastError]]:
    return {kind.CODE: kind for kind in _below(HoldfastError) if "CODE" in kind.__dict__}


def _below(kind: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _field_errors(given: object) -> Iterator[FieldError]:
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict):
            yield FieldError(
                pointer=_text(one.get("pointer")) or "",
                code=_text(one.get("code")) or "",
                detail=_text(one.get("detail")) or "",
            )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
