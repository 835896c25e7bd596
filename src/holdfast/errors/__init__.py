"""Errors: every error that Holdfast can return, and its texts.

HoldfastError
├── Refusal                      a business answer; the caller can act on it
│   ├── NotFound                 404  event_ | hold_ | booking_ | block_ not_found
│   ├── Conflict                 409  the state does not allow it
│   ├── Gone                     410  it existed, and no longer does
│   ├── Invalid                  422  parsed, but not allowed
│   ├── Malformed, BadRequest    400  cannot be parsed
│   ├── CredentialsRequired      401
│   ├── Forbidden                403
│   └── TooManyRequests          429
└── Fault                        ours, not the caller's; try again
    ├── Busy                     503  shed before any work began
    ├── Unavailable              503  certainly nothing was done
    └── OutcomeUnknown           503  may have been done: the same key settles it

A refusal is one item in the answer to a batch; the one-form raises the same object.
"""

from holdfast.errors.base import (
    Conflict,
    Fault,
    Gone,
    HoldfastError,
    Invalid,
    NotFound,
    Refusal,
    all_errors,
)
from holdfast.errors.faults import Busy, InvariantViolated, OutcomeUnknown, Unavailable
from holdfast.errors.fields import FieldError
from holdfast.errors.requests import (
    BadRequest,
    BodyTooLarge,
    CredentialsRequired,
    ExpectationFailed,
    Forbidden,
    HeadersTooLarge,
    IdempotencyKeyReused,
    InvalidInput,
    Malformed,
    MethodNotAllowed,
    PreconditionFailed,
    RequestTimeout,
    RouteNotFound,
    SessionEnded,
    TooManyRequests,
    UnsupportedMediaType,
    UriTooLong,
)
from holdfast.errors.sales import (
    AreaRequired,
    AreaUnknown,
    BlockNotFound,
    BookingAlreadyCancelled,
    BookingNotFound,
    BuyerRequired,
    CapacityTaken,
    DeliveryNotFound,
    DuplicateEmail,
    DuplicateSeat,
    EventCancelled,
    EventNotFound,
    EventNotOnSale,
    HoldAlreadyConfirmed,
    HoldExpired,
    HoldNotFound,
    HoldReleased,
    InProgress,
    InvalidTransition,
    NotTogether,
    QuantityOverLimit,
    SalesStopped,
    SeatBlocked,
    SeatMapNotFound,
    SeatNotFound,
    SeatTaken,
    SeatUnknown,
    SoldOut,
    TicketNotFound,
    UserNotFound,
    WebhookNotFound,
)
from holdfast.errors.staff import (
    LastOwner,
    LinkNotValid,
    MemberNotFound,
    OrganisationNotFound,
    PasskeyNotFound,
    SecondFactorRequired,
    SecondFactorState,
    SessionNotFound,
)
from holdfast.errors.tokens import AccessTokenInvalid, ClientRefused, ScopeTooNarrow, TokenRefused

__all__ = [
    "AccessTokenInvalid",
    "AreaRequired",
    "AreaUnknown",
    "BadRequest",
    "BlockNotFound",
    "BodyTooLarge",
    "BookingAlreadyCancelled",
    "BookingNotFound",
    "Busy",
    "BuyerRequired",
    "CapacityTaken",
    "ClientRefused",
    "Conflict",
    "CredentialsRequired",
    "DeliveryNotFound",
    "DuplicateEmail",
    "DuplicateSeat",
    "EventCancelled",
    "EventNotFound",
    "EventNotOnSale",
    "ExpectationFailed",
    "Fault",
    "FieldError",
    "Forbidden",
    "Gone",
    "HeadersTooLarge",
    "HoldAlreadyConfirmed",
    "HoldExpired",
    "HoldNotFound",
    "HoldReleased",
    "HoldfastError",
    "IdempotencyKeyReused",
    "InProgress",
    "Invalid",
    "InvalidInput",
    "InvalidTransition",
    "InvariantViolated",
    "LastOwner",
    "LinkNotValid",
    "Malformed",
    "MemberNotFound",
    "MethodNotAllowed",
    "NotFound",
    "NotTogether",
    "OrganisationNotFound",
    "OutcomeUnknown",
    "PasskeyNotFound",
    "PreconditionFailed",
    "QuantityOverLimit",
    "Refusal",
    "RequestTimeout",
    "RouteNotFound",
    "SalesStopped",
    "ScopeTooNarrow",
    "SeatBlocked",
    "SeatMapNotFound",
    "SeatNotFound",
    "SeatTaken",
    "SeatUnknown",
    "SecondFactorRequired",
    "SecondFactorState",
    "SessionEnded",
    "SessionNotFound",
    "SoldOut",
    "TicketNotFound",
    "TokenRefused",
    "TooManyRequests",
    "Unavailable",
    "UnsupportedMediaType",
    "UriTooLong",
    "UserNotFound",
    "WebhookNotFound",
    "all_errors",
]
