"""Values of the nouns: names, labels of seats, and references to events, holds, bookings and blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from holdfast.access.principals import ACCOUNT_PREFIX, is_key_id
from holdfast.errors import (
    BlockNotFound,
    BookingNotFound,
    DeliveryNotFound,
    EventNotFound,
    FieldError,
    HoldNotFound,
    InvalidInput,
    KeyNotFound,
    MemberNotFound,
    OrganisationNotFound,
    PasskeyNotFound,
    SeatMapNotFound,
    SeatNotFound,
    SessionNotFound,
    TicketNotFound,
    WebhookNotFound,
)
from holdfast.errors.fields import FIELD
from holdfast.http.values import UUID_SCHEMA, FromPath, parse_id
from holdfast.identity import identity_of, is_email
from holdfast.ids import MAX_EVENT_NUMBER, parse_reference
from holdfast.inventory.rules.event import MAX_QUANTITY_PER_HOLD
from holdfast.inventory.seating.label import MAX_NAME_LENGTH, normalise_label, normalise_name
from holdfast.languages import LANGUAGES

__all__ = [
    "BlockPath",
    "BookingPath",
    "BookingReference",
    "Bookmark",
    "ChosenPerson",
    "DeliveryPath",
    "Email",
    "EventPath",
    "EventRef",
    "HoldPath",
    "KeyPath",
    "Label",
    "LabelPath",
    "MemberPath",
    "Name",
    "OrganisationPath",
    "Paragraph",
    "PasskeyPath",
    "Person",
    "SessionPath",
    "ShortText",
    "SpokenLanguage",
    "TicketPath",
    "WebhookPath",
    "is_bookmark",
    "parse_bookmark",
    "parse_event_ref",
    "parse_label",
    "parse_number",
    "parse_ticket_number",
]

# Text


def _text(limit: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        try:
            return normalise_name(value, pointer=FIELD, limit=limit)
        except InvalidInput as refused:
            raise _as_models_do(refused) from None

    return read


def _label(value: Any) -> str:
    try:
        return normalise_label(value, pointer=FIELD)
    except InvalidInput as refused:
        raise _as_models_do(refused) from None


def _as_models_do(refused: InvalidInput) -> PydanticCustomError:
    """Turn the domain's refusal into a model's error, which adds the pointer."""
    (error,) = refused.errors
    return PydanticCustomError(error.code, "{text}", {"text": error.detail})


Name = Annotated[
    str,
    BeforeValidator(_text(MAX_NAME_LENGTH)),
    WithJsonSchema({"type": "string", "maxLength": MAX_NAME_LENGTH}),
]
ShortText = Annotated[str, BeforeValidator(_text(100)), WithJsonSchema({"type": "string", "maxLength": 100})]

Paragraph = Annotated[
    str, BeforeValidator(_text(2_000)), WithJsonSchema({"type": "string", "maxLength": 2_000})
]
"""A part of a letter, without a line break."""


def _email(value: str) -> str:
    if not is_email(value):
        raise PydanticCustomError("wrong_format", FieldError.EMAIL)
    return value


Email = Annotated[Name, AfterValidator(_email)]


def _spoken(code: str) -> str:
    if code not in LANGUAGES:
        raise PydanticCustomError("not_allowed", FieldError.LANGUAGE)
    return code


SpokenLanguage = Annotated[
    str, AfterValidator(_spoken), WithJsonSchema({"type": "string", "enum": ["de", "en"]})
]
"""The code of a language of the server."""

Person = ShortText
"""Names a buyer. It is compared by its identity, and like every text it must show something."""


def _not_an_account(value: str) -> str:
    """Refuse the reference of a signed-in buyer. Nobody else may give it: it opens the buyer's holds."""
    if identity_of(value).startswith(ACCOUNT_PREFIX):
        raise PydanticCustomError("not_allowed", FieldError.BUYER_RESERVED)
    return value


ChosenPerson = Annotated[Person, AfterValidator(_not_an_account)]
"""A buyer whom the caller names."""

Label = Annotated[
    str, BeforeValidator(_label), WithJsonSchema({"type": "string", "maxLength": 128, "examples": ["A-3-11"]})
]


def parse_label(text: str) -> str | None:
    try:
        return normalise_label(text)
    except InvalidInput:
        return None


# Identifiers

_NUMBER = re.compile(r"[1-9][0-9]{0,12}")


def parse_number(text: str) -> int | None:
    """Return an event's number from ASCII digits; else None. `int()` would accept `1_0`, ` 1` and other alphabets."""
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= MAX_EVENT_NUMBER else None


def parse_ticket_number(text: str) -> int | None:
    """Return the number of a ticket within its booking; else None."""
    number = parse_number(text)
    return None if number is None or number > MAX_QUANTITY_PER_HOLD else number


def parse_event_ref(text: str) -> UUID | int | None:
    return parse_number(text) or parse_id(text)


def _event_ref(value: Any) -> UUID | int:
    if isinstance(value, UUID):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MAX_EVENT_NUMBER:
            raise PydanticCustomError("out_of_range", FieldError.EVENT_NUMBER)
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", FieldError.EVENT_REF)
    found = parse_id(value)
    if found is None:
        raise PydanticCustomError("wrong_format", FieldError.EVENT_REF)
    return found


def _reference(value: Any) -> str:
    found = parse_reference(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("wrong_format", FieldError.BOOKING_REFERENCE)
    return found


_REF_SCHEMA = {
    "anyOf": [UUID_SCHEMA, {"type": "integer", "minimum": 1, "maximum": MAX_EVENT_NUMBER}],
    "description": "An event's id or its number.",
}


def _key_id(text: str) -> str | None:
    return text if is_key_id(text) else None


_NUMBER_SCHEMA = {"type": "integer", "minimum": 1}

EventRef = Annotated[UUID | int, BeforeValidator(_event_ref), WithJsonSchema(_REF_SCHEMA)]
BookingReference = Annotated[
    str,
    BeforeValidator(_reference),
    WithJsonSchema({"type": "string", "examples": ["02VWBM8G"], "description": "A booking's reference."}),
]
EventPath = Annotated[UUID | int, FromPath(parse_event_ref, EventNotFound), WithJsonSchema(_REF_SCHEMA)]
HoldPath = Annotated[UUID, FromPath(parse_id, HoldNotFound), WithJsonSchema(UUID_SCHEMA)]
BookingPath = Annotated[UUID, FromPath(parse_id, BookingNotFound), WithJsonSchema(UUID_SCHEMA)]
LabelPath = Annotated[str, FromPath(parse_label, SeatNotFound), WithJsonSchema({"type": "string"})]
SeatMapPath = Annotated[UUID, FromPath(parse_id, SeatMapNotFound), WithJsonSchema(UUID_SCHEMA)]
WebhookPath = Annotated[UUID, FromPath(parse_id, WebhookNotFound), WithJsonSchema(UUID_SCHEMA)]
KeyPath = Annotated[
    str,
    FromPath(_key_id, KeyNotFound),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9]{4,40}$", "examples": ["k3v9x0q2m7ab"]}),
]
DeliveryPath = Annotated[UUID, FromPath(parse_id, DeliveryNotFound), WithJsonSchema(UUID_SCHEMA)]
OrganisationPath = Annotated[
    int, FromPath(parse_number, OrganisationNotFound), WithJsonSchema(_NUMBER_SCHEMA)
]
MemberPath = Annotated[int, FromPath(parse_number, MemberNotFound), WithJsonSchema(_NUMBER_SCHEMA)]
SessionPath = Annotated[UUID, FromPath(parse_id, SessionNotFound), WithJsonSchema(UUID_SCHEMA)]
PasskeyPath = Annotated[UUID, FromPath(parse_id, PasskeyNotFound), WithJsonSchema(UUID_SCHEMA)]
TicketPath = Annotated[int, FromPath(parse_ticket_number, TicketNotFound), WithJsonSchema(_NUMBER_SCHEMA)]
BlockPath = Annotated[UUID, FromPath(parse_id, BlockNotFound), WithJsonSchema(UUID_SCHEMA)]


# Bookmarks


class Bookmark(NamedTuple):
    """A version within the history that its epoch names. Without an epoch it names no state."""

    epoch: str
    version: int


_BOOKMARK = re.compile(r"(?:([0-9a-f]{8})\.)?(0|[1-9][0-9]{0,17})")


def is_bookmark(text: str) -> bool:
    """Return whether the text is `{epoch}.{version}`, or a version alone."""
    return _BOOKMARK.fullmatch(text) is not None


def parse_bookmark(text: str) -> Bookmark:
    """Return the parts of a bookmark. Another text is one without an epoch."""
    found = _BOOKMARK.fullmatch(text)
    return Bookmark(found[1] or "", int(found[2])) if found else Bookmark("", 0)
