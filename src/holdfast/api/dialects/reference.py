"""References: the ids and times of the documents' clients, parsed leniently.

An id is a UUID, an integer, or a decimal string. An impossible id is not malformed but absent: the dialect's 404.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from holdfast.api.values import parse_event_ref
from holdfast.errors import FieldError, HoldNotFound, SeatNotFound, UserNotFound
from holdfast.http.values import FromPath, parse_id, parse_time
from holdfast.ids import MAX_EVENT_NUMBER, split_seat_id

__all__ = [
    "EventRef",
    "LenientTime",
    "SeatPath",
    "SeatRef",
    "UserPath",
    "read_hold_id",
    "read_seat_id",
]

NOWHERE = 0
"""The reference of an impossible id: a number that no event and no seat has."""

_DIGITS = re.compile(r"[1-9][0-9]{0,18}")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(\.[0-9]{1,9})?"
    r" ?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def read_event_id(value: Any) -> UUID | int:
    if isinstance(value, UUID):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 < value <= MAX_EVENT_NUMBER else NOWHERE
    if isinstance(value, str):
        return parse_event_ref(value) or NOWHERE
    raise PydanticCustomError("wrong_type", FieldError.ID)


def read_hold_id(value: Any) -> UUID:
    """Return a hold's id. Raises HoldNotFound for a value that cannot be one."""
    found = parse_id(value) if isinstance(value, str) else None
    if found is None:
        raise HoldNotFound
    return found


def read_seat_id(text: str) -> int | None:
    """Return a seat's id; None for a value that cannot be one."""
    value = int(text) if _DIGITS.fullmatch(text) else 0
    number, seat = split_seat_id(value)
    return value if 0 < number <= MAX_EVENT_NUMBER and seat > 0 else None


def _read_seat_id(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("wrong_type", FieldError.SEAT_ID)
    return read_seat_id(str(value)) or NOWHERE


def _read_user_id(text: str) -> int | None:
    return int(text) if _DIGITS.fullmatch(text) else None


def _read_time(value: Any) -> datetime:
    """Return a time in ISO 8601, as `datetime.isoformat` and JavaScript write it. Without an offset it is UTC."""
    if not isinstance(value, str):
        raise PydanticCustomError("wrong_type", FieldError.TIME_TYPE)
    form = _TIME.fullmatch(value)
    found = None
    if form is not None:
        day, minutes, seconds, fraction, offset = form.groups()
        offset = offset or "Z"
        if len(offset) == 5:
            offset = f"{offset[:3]}:{offset[3:]}"
        found = parse_time(f"{day}T{minutes or '00:00'}{seconds or ':00'}{fraction or ''}{offset}")
    if found is None:
        raise PydanticCustomError("wrong_format", FieldError.TIME_FORM_ISO)
    return found


_EVENT_SCHEMA = {
    "anyOf": [
        {"type": "string", "format": "uuid"},
        {"type": "integer"},
        {"type": "string", "pattern": "^[1-9][0-9]*$"},
    ],
    "description": "A UUID, a number, or a number as a string.",
}
_NUMBER_SCHEMA = {"type": "integer", "format": "int64"}

EventRef = Annotated[UUID | int, BeforeValidator(read_event_id), WithJsonSchema(_EVENT_SCHEMA)]
SeatRef = Annotated[int, BeforeValidator(_read_seat_id), WithJsonSchema(_NUMBER_SCHEMA)]
SeatPath = Annotated[int, FromPath(read_seat_id, SeatNotFound), WithJsonSchema(_NUMBER_SCHEMA)]
UserPath = Annotated[int, FromPath(_read_user_id, UserNotFound), WithJsonSchema(_NUMBER_SCHEMA)]
LenientTime = Annotated[
    datetime, BeforeValidator(_read_time), WithJsonSchema({"type": "string", "format": "date-time"})
]
