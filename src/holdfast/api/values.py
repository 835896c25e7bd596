"""Values: what the wire may say, and the types that it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from holdfast.errors import (
    BlockNotFound,
    BookingNotFound,
    EventNotFound,
    HoldNotFound,
    InvalidInput,
    NotFound,
    SeatNotFound,
)
from holdfast.ids import MAX_EVENT_NUMBER, read_id
from holdfast.inventory.seating.label import MAX_NAME_LENGTH, normalise_label, normalise_name

__all__ = [
    "BlockPath",
    "BookingPath",
    "Cursor",
    "EventPath",
    "EventRef",
    "FromPath",
    "HoldPath",
    "Id",
    "In",
    "Label",
    "LabelPath",
    "Limit",
    "Name",
    "ShortText",
    "Time",
    "TimeZone",
    "parse_event_ref",
    "parse_id",
    "parse_label",
    "parse_number",
    "parse_time",
]


class In(BaseModel):
    """What a client sends to `/v1`: strict types, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True)
class FromPath:
    """How a path parameter is read; what `parse` does not know (None) is answered as `missing`."""

    parse: Callable[[str], Any]
    missing: type[NotFound]


# Text


def _text(limit: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        try:
            return normalise_name(value, limit=limit)
        except InvalidInput as refused:
            raise _as_models_do(refused) from None

    return read


def _label(value: Any) -> str:
    try:
        return normalise_label(value)
    except InvalidInput as refused:
        raise _as_models_do(refused) from None


def _as_models_do(refused: InvalidInput) -> PydanticCustomError:
    """The rule lives in the domain; here its refusal becomes one of a model's, which knows the pointer."""
    code = refused.errors[0].code
    return PydanticCustomError(code, "{detail}", {"detail": refused.detail})


Name = Annotated[
    str,
    BeforeValidator(_text(MAX_NAME_LENGTH)),
    WithJsonSchema({"type": "string", "maxLength": MAX_NAME_LENGTH}),
]
ShortText = Annotated[str, BeforeValidator(_text(100)), WithJsonSchema({"type": "string", "maxLength": 100})]
Label = Annotated[
    str, BeforeValidator(_label), WithJsonSchema({"type": "string", "maxLength": 128, "examples": ["A-3-11"]})
]


def parse_label(text: str) -> str | None:
    try:
        return normalise_label(text)
    except InvalidInput:
        return None


# Identifiers

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[1-9][0-9]{0,12}")


def parse_id(text: str) -> UUID | None:
    """Canonical form only, in any case: the standard library would take braces, `urn:uuid:` and no dashes."""
    return read_id(text) if _UUID.fullmatch(text) else None


def parse_number(text: str) -> int | None:
    """An event's number in ASCII digits: `int()` would take `1_0`, ` 1` and other alphabets."""
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= MAX_EVENT_NUMBER else None


def parse_event_ref(text: str) -> UUID | int | None:
    return parse_number(text) or parse_id(text)


def _id(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "Must be a UUID, as a string")
    found = parse_id(value)
    if found is None:
        raise PydanticCustomError("wrong_format", "Must be a UUID in the form 8-4-4-4-12")
    return found


def _event_ref(value: Any) -> UUID | int:
    if isinstance(value, UUID):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MAX_EVENT_NUMBER:
            raise PydanticCustomError("out_of_range", "No event can have this number")
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "Must be an event's id (a UUID) or number")
    found = parse_id(value)
    if found is None:
        raise PydanticCustomError("wrong_format", "Must be an event's id (a UUID) or number")
    return found


_UUID_SCHEMA = {"type": "string", "format": "uuid"}
_REF_SCHEMA = {
    "anyOf": [_UUID_SCHEMA, {"type": "integer", "minimum": 1, "maximum": MAX_EVENT_NUMBER}],
    "description": "An event's id or its number.",
}

Id = Annotated[UUID, BeforeValidator(_id), WithJsonSchema(_UUID_SCHEMA)]
EventRef = Annotated[UUID | int, BeforeValidator(_event_ref), WithJsonSchema(_REF_SCHEMA)]
EventPath = Annotated[UUID | int, FromPath(parse_event_ref, EventNotFound), WithJsonSchema(_REF_SCHEMA)]
HoldPath = Annotated[UUID, FromPath(parse_id, HoldNotFound), WithJsonSchema(_UUID_SCHEMA)]
BookingPath = Annotated[UUID, FromPath(parse_id, BookingNotFound), WithJsonSchema(_UUID_SCHEMA)]
LabelPath = Annotated[str, FromPath(parse_label, SeatNotFound), WithJsonSchema({"type": "string"})]
BlockPath = Annotated[UUID, FromPath(parse_id, BlockNotFound), WithJsonSchema(_UUID_SCHEMA)]

# Times

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_END_OF_TIME = datetime(2101, 1, 1, tzinfo=UTC)


def parse_time(text: str) -> datetime | None:
    """RFC 3339 with an offset, 1970 to 2100, in UTC. A leap second is refused, as is `-00:00` (offset
    unknown).
    """
    form = _TIME.fullmatch(text)
    if form is None or form[4] == "-00:00":
        return None
    day, clock, fraction, offset = form.groups()
    offset = "+00:00" if offset in "Zz" else offset
    if offset[1:3] > "23" or offset[4:6] > "59":
        return None
    microseconds = f"{fraction[:7]:0<7}" if fraction else ""
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{microseconds}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if _FIRST_TIME <= moment < _END_OF_TIME else None


def _time(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", "Must be a time, as a string")
    found = parse_time(value)
    if found is None:
        raise PydanticCustomError(
            "wrong_format", "Must be an RFC 3339 time with an offset, between 1970 and 2100"
        )
    return found


Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-05T18:30:00Z"]}),
]


def _time_zone(value: str) -> str:
    """By name from the list: looking a name up in the file system would open `../../etc/passwd`."""
    if value not in _time_zones():
        raise PydanticCustomError("not_allowed", "Must be an IANA time zone, for example Europe/Berlin")
    return value


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


TimeZone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_time_zone)]

# Lists

Limit = Annotated[int, Field(ge=1, le=200, description="Items in one answer.")]
Cursor = Annotated[str, Field(min_length=1, max_length=1_000, description="`next` of the answer before.")]
